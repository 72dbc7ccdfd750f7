"""Partial least squares path models: composites, consistent PLS, their quality, prediction and groups."""

from analysis.pls.estimate import fit
from analysis.pls.groups import GroupComparison, compare_groups
from analysis.pls.importance import ImportanceMap, importance_map
from analysis.pls.predict import Prediction, pls_predict
from analysis.pls.result import PlsEstimate, PlsResult

__all__ = [
    "GroupComparison",
    "ImportanceMap",
    "PlsEstimate",
    "PlsResult",
    "Prediction",
    "compare_groups",
    "fit",
    "importance_map",
    "pls_predict",
]
