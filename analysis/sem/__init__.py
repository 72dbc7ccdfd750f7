"""Structural-equation models: lavaan's syntax and conventions, lavaan's numbers."""

from analysis.sem.fit_model import fit
from analysis.sem.result import Estimate, SemResult

__all__ = ["Estimate", "SemResult", "fit"]
