"""Second stage given covariates: the residual correlation of two ordinal variables, each respondent with bounds of
their own (Muthen 1984, Psychometrika 49, 115-132, eq. 11 to 13).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.sem.ordinal.normal import bivariate_cdf, bivariate_density
from analysis.sem.ordinal.regression import ProbitMargin, density

Array = NDArray[np.float64]

_BOUND = 0.9999
_STEPS = 200
_TOLERANCE = 1e-10
_SIGNS = np.array([[1.0, -1.0], [-1.0, 1.0]])


def residual_polychoric(first: ProbitMargin, second: ProbitMargin) -> float:
    """Correlation of the residuals of two latent responses by maximum likelihood, margins given.

    Steps by the sum of squared scores, kept inside the bounds. It stands at the bound where the likelihood rises to it.
    """
    rho = 0.0
    for _ in range(_STEPS):
        scores = correlation_scores(first, second, rho)
        moved = float(np.clip(rho + scores.sum() / (scores @ scores), -_BOUND, _BOUND))
        if abs(moved - rho) < _TOLERANCE:
            return moved
        rho = moved
    return rho


def correlation_scores(first: ProbitMargin, second: ProbitMargin, rho: float) -> Array:
    """Derivatives of each respondent's log-likelihood by the correlation (n,): the density summed over the corners
    of the rectangle, over its probability.
    """
    rows, columns, each = _corners(first, second, rho)
    slope, _ = bivariate_density(rows, columns, each)
    return np.asarray((slope * _SIGNS).sum(axis=(1, 2)) / _probability(rows, columns, each))


@dataclass(frozen=True, slots=True)
class RectangleScores:
    """Derivatives (n,) of each respondent's log-likelihood by the correlation, and by the lower and the upper bound
    of either latent response.
    """

    rho: Array
    first: tuple[Array, Array]
    second: tuple[Array, Array]


def rectangle_scores(first: ProbitMargin, second: ProbitMargin, rho: float) -> RectangleScores:
    """A bound moves the probability by the density there times the other's probability given it (Olsson 1979)."""
    rows, columns, each = _corners(first, second, rho)
    probability = _probability(rows, columns, each)
    root = np.sqrt(1.0 - rho * rho)

    def by_bounds(own: Array, other: Array) -> tuple[Array, Array]:
        given = np.diff(ndtr((other[:, None, :] - rho * own[:, :, None]) / root), axis=2)[:, :, 0]
        slope = density(own) * given / probability[:, None]
        return -slope[:, 0], slope[:, 1]

    return RectangleScores(correlation_scores(first, second, rho), by_bounds(rows, columns), by_bounds(columns, rows))


def _corners(first: ProbitMargin, second: ProbitMargin, rho: float) -> tuple[Array, Array, Array]:
    rows = np.column_stack([first.lower, first.upper])
    columns = np.column_stack([second.lower, second.upper])
    return rows, columns, np.full(len(rows), rho)


def _probability(rows: Array, columns: Array, rho: Array) -> Array:
    """Probability (n,) of each respondent's rectangle, kept positive."""
    rectangle = (bivariate_cdf(rows, columns, rho) * _SIGNS).sum(axis=(1, 2))
    return np.asarray(np.maximum(rectangle, np.finfo(float).tiny))
