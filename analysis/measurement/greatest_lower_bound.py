"""The greatest lower bound to the reliability of a sum."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_GAP = 1e-9  # duality gap at which the search ends, as a share of the sum of the item variances
_SHRINK = 0.2  # of the barrier's weight after each centring
_MAX_STEPS = 400
_SINGULAR = 1e-10  # smallest eigenvalue of the correlations


@dataclass(frozen=True, slots=True)
class GreatestLowerBound:
    """``value``; ``error_variances`` (k,) of the items at the bound; ``gap``: how far ``value`` can be from the bound.

    The gap is that between the problem and its dual, divided by the variance of the sum: the bound lies in
    [value - gap, value].
    """

    value: float
    error_variances: Array
    gap: float


def greatest_lower_bound(covariance: Array) -> GreatestLowerBound:
    """The smallest reliability that the sum of k items with this positive definite ``covariance`` (k, k) can have.

    The sum of k error variances θ is made as large as can be while Σ - diag(θ) stays a covariance matrix and no θ is
    negative; then glb = 1 - Σθ / 1'Σ1 (Woodhouse & Jackson 1977, Psychometrika 42, 579-591; ten Berge, Snijders &
    Zegers 1981, Psychometrika 46, 201-213: constrained minimum-trace factor analysis). psych::glb.algebraic solves
    the same problem; psych::glb.fa puts communalities of a factor analysis in its place, which need not be a bound.

    The problem is convex. The sum less a barrier, Σθ + μ (log det(Σ - diag θ) + Σ log θ), is maximised by Newton's
    steps for ever smaller μ; the centre is within 2kμ of the optimum (Boyd & Vandenberghe 2004, Convex Optimization,
    section 11.6). Sample values lie above the population's, the more so the more items there are for the respondents.
    Raises numpy.linalg.LinAlgError where the covariance is not positive definite.
    """
    deviations = np.sqrt(np.diag(covariance))
    scaled = covariance / np.outer(deviations, deviations)
    weights = deviations**2 / (deviations**2).mean()
    smallest = float(np.linalg.eigvalsh(scaled)[0])
    if not smallest > _SINGULAR:
        raise np.linalg.LinAlgError("the covariance is not positive definite")
    error = np.full(len(scaled), 0.5 * smallest)
    barrier = 1.0
    for _ in range(_MAX_STEPS):
        step, decrement = _newton_step(scaled, weights, error, barrier)
        error = error + step / (1.0 + decrement)
        if decrement < 0.1:
            if 2.0 * len(error) * barrier < _GAP * len(error):
                break
            barrier *= _SHRINK
    total = float(covariance.sum())
    error_variances = error * deviations**2
    gap = 2.0 * len(error) * barrier * float((deviations**2).mean()) / total
    return GreatestLowerBound(1.0 - float(error_variances.sum()) / total, error_variances, gap)


def _newton_step(scaled: Array, weights: Array, error: Array, barrier: float) -> tuple[Array, float]:
    """Newton's step (k,) for w'θ / μ + log det(R - diag θ) + Σ log θ, and its decrement, which damps it.

    The function is self-concordant: a step divided by 1 + decrement stays inside the domain.
    """
    precision = np.linalg.inv(scaled - np.diag(error))
    gradient = weights / barrier - np.diag(precision) + 1.0 / error
    hessian = precision * precision + np.diag(1.0 / error**2)
    step = np.linalg.solve(hessian, gradient)
    return step, float(np.sqrt(max(float(gradient @ step), 0.0)))
