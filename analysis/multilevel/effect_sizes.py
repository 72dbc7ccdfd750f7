"""Sizes of effects: intraclass correlation, design effect, standardised coefficients."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.multilevel.design import Design

Array = NDArray[np.float64]


def intraclass_correlation(between: float, within: float) -> float:
    """Share of the variance between groups: τ² / (τ² + σ²) (Snijders & Bosker 2012, section 3.3)."""
    return between / (between + within)


def design_effect(icc: float, mean_size: float) -> float:
    """By how much clustering inflates the variance of a mean: 1 + (m − 1) ICC (Kish 1965), m mean group size."""
    return 1.0 + (mean_size - 1.0) * icc


def standardised(design: Design, beta: Array) -> Array:
    """Coefficients (p,) in standard deviations of outcome and column over rows: b sd(x) / sd(y) (Hox, Moerbeek &
    van de Schoot 2018, Multilevel Analysis, section 2.4); NaN for the intercept and other constant columns.
    """
    spread = design.X.std(axis=0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.where(spread > 0, beta * spread / design.y.std(ddof=1), np.nan)
