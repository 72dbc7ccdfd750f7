"""Structural-equation models: lavaan's syntax and conventions, lavaan's numbers."""

from analysis.sem.estimate import fit
from analysis.sem.result import Estimate, SemResult

__all__ = ["Estimate", "SemResult", "fit"]
