"""Structural-equation models: lavaan's syntax and conventions, lavaan's numbers."""

from analysis.sem.estimate import estimate
from analysis.sem.factor_scores import factor_scores
from analysis.sem.fit_model import fit
from analysis.sem.modification import modification_indices
from analysis.sem.nested import compare, compare_models
from analysis.sem.residuals import residuals
from analysis.sem.result import Estimate, SemResult
from analysis.sem.score_tests import score_tests
from analysis.sem.standardised_solution import standardised_solution

__all__ = [
    "Estimate",
    "SemResult",
    "compare",
    "compare_models",
    "estimate",
    "factor_scores",
    "fit",
    "modification_indices",
    "residuals",
    "score_tests",
    "standardised_solution",
]
