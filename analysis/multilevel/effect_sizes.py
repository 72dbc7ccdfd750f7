"""Shares of variance of a mixed model."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.multilevel.design import Design

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ExplainedVariance:
    """Marginal (fixed effects) and conditional (fixed and random effects) share of explained variance."""

    marginal: float
    conditional: float


def intraclass_correlation(between: float, within: float) -> float:
    """Share of the variance between groups: τ² / (τ² + σ²) (Snijders & Bosker 2012, section 3.3)."""
    return between / (between + within)


def design_effect(icc: float, mean_size: float) -> float:
    """By how much clustering inflates the variance of a mean: 1 + (m − 1) ICC (Kish 1965), m mean group size."""
    return 1.0 + (mean_size - 1.0) * icc


def explained_variance(design: Design, beta: Array, covariances: Sequence[Array], sigma2: float) -> ExplainedVariance:
    """R² of Nakagawa & Schielzeth (2013, Methods in Ecology and Evolution 4), random slopes by Johnson (2014).

    ``beta`` (p,), ``covariances`` (q, q) of the effects of each random block. The variance of the fixed part is that
    of X β over rows (denominator n - 1), of the random part the mean of diag(Z Σ Z').
    """
    # Columns are centred first: the variance of an intercept alone is then exactly zero.
    fixed = float(np.var((design.X - design.X.mean(axis=0)) @ beta, ddof=1))
    n = len(design.y)
    random = sum(
        float(((block.Z.T @ block.Z) * covariance).sum()) / n
        for block, covariance in zip(design.blocks, covariances, strict=True)
    )
    total = fixed + random + sigma2
    return ExplainedVariance(fixed / total, (fixed + random) / total)
