"""Polychoric correlations of many pairs at once, given their thresholds, and the influence of each cell on them.

A batch is ``m`` two-way tables with at most ``K`` categories a side: ``counts`` (m, K, K), ``first`` and ``second``
(m, K - 1) the thresholds of the row and the column variable, padded by ``FAR`` where a variable has fewer
categories. The leading axis may hold pairs, or resamples times pairs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri

from analysis.sem.ordinal.normal import FAR, bivariate_cdf, bivariate_density

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.intp]

# lavaan's: correlations are sought within these bounds, and a cell's probability is at least this.
POLYCHORIC_BOUND = 0.999
CELL_FLOOR = float(np.sqrt(np.finfo(float).eps))

_STEP_TOLERANCE = 1e-6
_GAIN_TOLERANCE = 1e-13  # of log-likelihood
_MAX_ITERATIONS = 60
_HEIGHT_AT_ZERO = 1.0 / np.sqrt(2.0 * np.pi)


@dataclass(frozen=True, slots=True)
class CorrelationFit:
    """Correlations (m,) at which each log-likelihood is largest between two bounds.

    ``is_edge`` (m,): the likelihood still rises at a bound, or levels off toward it, so that the estimate is as good as
    ±1. ``converged`` (m,): the last step was below 1e-6, which quadratic convergence squares, or gained nothing.
    ``iterations``: evaluations of the derivatives.
    """

    rho: Array
    is_edge: Flags
    converged: Flags
    iterations: int


def maximise(
    derivatives: Callable[[Array, Integers], tuple[Array, Array]], start: Array, bound: float
) -> CorrelationFit:
    """Newton's method in each of ``m`` correlations, kept between points where the score changes sign.

    ``derivatives(rho, chosen)`` gives score and second derivative of the log-likelihoods numbered ``chosen``. A step
    out of the bracket, or from where the likelihood is convex, is replaced by bisection; the first step beyond
    ± ``bound`` tries the bound itself.
    """
    rho = np.clip(start, -0.95 * bound, 0.95 * bound)
    low, high = np.full_like(rho, -bound), np.full_like(rho, bound)
    is_edge = np.zeros(rho.shape, dtype=bool)
    active = np.arange(len(rho))
    iterations = 0
    while active.size and iterations < _MAX_ITERATIONS:
        iterations += 1
        here = rho[active]
        score, curvature = derivatives(here, active)
        rising = score > 0
        low[active] = np.where(rising, here, low[active])
        high[active] = np.where(rising, high[active], here)
        step = _step(here, score, curvature, (low[active], high[active]), bound)
        stuck = ((score > 0) & (here >= bound)) | ((score < 0) & (here <= -bound))
        going = (np.abs(step) > _STEP_TOLERANCE) & ~stuck
        gains = np.abs(score * step) > _GAIN_TOLERANCE
        is_edge[active] = stuck | (going & ~gains)
        going &= gains
        rho[active] = np.where(is_edge[active], here, here + step)
        active = active[going]
    converged = np.ones(rho.shape, dtype=bool)
    converged[active] = False
    return CorrelationFit(rho, is_edge, converged, iterations)


def _step(here: Array, score: Array, curvature: Array, bracket: tuple[Array, Array], bound: float) -> Array:
    low, high = bracket
    concave = curvature < 0
    newton = here - score / np.where(concave, curvature, -1.0)
    # A bound that has never been tried is tried as it is; elsewhere a step outside the bracket is halved.
    beyond_high = (newton >= high) | (~concave & (score > 0))
    beyond_low = (newton <= low) | (~concave & (score < 0))
    to_high = np.where(high >= bound, bound, 0.5 * (here + high))
    to_low = np.where(low <= -bound, -bound, 0.5 * (here + low))
    target = np.where(beyond_high, to_high, np.where(beyond_low, to_low, newton))
    return np.where(score == 0, 0.0, target - here)


def cell_probabilities(first: Array, second: Array, rho: Array) -> Array:
    """Probabilities (m, K, K) of the cells that thresholds ``first`` and ``second`` cut out, at least CELL_FLOOR."""
    m, rows, columns = len(rho), first.shape[1], second.shape[1]
    corners = np.zeros((m, rows + 2, columns + 2))
    corners[:, 1:-1, 1:-1] = bivariate_cdf(first, second, rho)
    corners[:, 1:-1, -1] = ndtr(first)
    corners[:, -1, 1:-1] = ndtr(second)
    corners[:, -1, -1] = 1.0
    result: Array = np.maximum(_rectangles(corners), CELL_FLOOR)
    return result


def cell_derivatives(first: Array, second: Array, rho: Array) -> tuple[Array, Array]:
    """First and second derivatives (m, K, K) of the cell probabilities with respect to ``rho``."""
    density, slope = bivariate_density(first, second, rho)
    return _rectangles(_bordered(density)), _rectangles(_bordered(slope))


def _bordered(inner: Array) -> Array:
    m, rows, columns = inner.shape
    out = np.zeros((m, rows + 2, columns + 2))
    out[:, 1:-1, 1:-1] = inner
    return out


def _rectangles(corners: Array) -> Array:
    """Second differences: from values at the corners to values of the cells."""
    across = corners[:, 1:] - corners[:, :-1]
    return across[:, :, 1:] - across[:, :, :-1]


def fit_polychoric(counts: Array, first: Array, second: Array) -> CorrelationFit:
    """Maximum-likelihood correlations (m,) given the thresholds (Olsson 1979, two-step)."""

    def derivatives(rho: Array, chosen: Integers) -> tuple[Array, Array]:
        n, a, b = counts[chosen], first[chosen], second[chosen]
        probability = cell_probabilities(a, b, rho)
        slope, curve = cell_derivatives(a, b, rho)
        slope /= probability
        curve /= probability
        weighted = n * slope
        return weighted.sum(axis=(1, 2)), (n * curve - weighted * slope).sum(axis=(1, 2))

    return maximise(derivatives, starting_correlation(counts, first, second), POLYCHORIC_BOUND)


def starting_correlation(counts: Array, first: Array, second: Array) -> Array:
    """Correlation (m,) at which the covariance of the category numbers is the observed one.

    That covariance is the sum over k of rho^k / k! times the k-th Hermite coefficients of both codings; four terms,
    solved by Newton's method, leave little to do.
    """
    total = counts.sum(axis=(1, 2))
    x, y = np.arange(counts.shape[1], dtype=float), np.arange(counts.shape[2], dtype=float)
    row, column = counts.sum(axis=2) @ x / total, counts.sum(axis=1) @ y / total
    covariance = (counts @ y) @ x / total - row * column
    terms = _hermite_coefficients(first) * _hermite_coefficients(second) / np.array([1.0, 2.0, 6.0, 24.0])
    powers = np.arange(1, 5)
    rho = np.clip(covariance / terms[:, 0], -0.9, 0.9)
    for _ in range(3):
        power = rho[:, None] ** (powers - 1)
        slope = np.maximum((terms * powers * power).sum(axis=1), 0.2 * terms[:, 0])
        rho = np.clip(rho - ((terms * power).sum(axis=1) * rho - covariance) / slope, -0.95, 0.95)
    result: Array = rho
    return result


def _hermite_coefficients(thresholds: Array) -> Array:
    """Coefficients (m, 4) of the category number, a function of the normal variable, on Hermite polynomials 1 to 4."""
    t = thresholds
    height = heights(t)
    polynomials = (np.ones_like(t), t, t * t - 1.0, t * (t * t - 3.0))
    return np.stack([(height * polynomial).sum(axis=1) for polynomial in polynomials], axis=1)


def padded_thresholds(margins: Array) -> Array:
    """Thresholds (p, K - 1) from the counts (p, K) of each variable's categories, ``FAR`` beyond the last category."""
    below = np.cumsum(margins, axis=1)
    share = below[:, :-1] / below[:, -1:]
    inside = share < 1.0
    result: Array = np.where(inside, ndtri(np.where(inside, share, 0.5)), FAR)
    return result


def heights(thresholds: Array) -> Array:
    """Standard normal density at the thresholds."""
    result: Array = _HEIGHT_AT_ZERO * np.exp(-0.5 * thresholds * thresholds)
    return result
