"""Structural-equation models: lavaan's syntax and conventions, lavaan's numbers."""

from analysis.sem.estimate import estimate
from analysis.sem.factor_scores import factor_scores
from analysis.sem.fit_model import fit
from analysis.sem.interaction import with_products
from analysis.sem.modification import modification_indices
from analysis.sem.nested import compare, compare_models
from analysis.sem.residuals import residuals
from analysis.sem.result import Estimate, SemResult
from analysis.sem.score_tests import score_tests
from analysis.sem.simple_slopes import johnson_neyman, simple_slopes
from analysis.sem.standardised_solution import standardised_solution

__all__ = [
    "Estimate",
    "SemResult",
    "compare",
    "compare_models",
    "estimate",
    "factor_scores",
    "fit",
    "johnson_neyman",
    "modification_indices",
    "residuals",
    "score_tests",
    "simple_slopes",
    "standardised_solution",
    "with_products",
]
