"""Partial least squares path models: composites, consistent PLS, their quality, prediction and groups."""

from analysis.pls.estimate import fit
from analysis.pls.result import PlsEstimate, PlsResult

__all__ = ["PlsEstimate", "PlsResult", "fit"]
