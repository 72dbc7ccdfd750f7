"""Second stage given covariates: the residual correlation of two ordinal variables, each respondent with bounds of
their own (Muthen 1984, Psychometrika 49, 115-132, eq. 11 to 13).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.sem.ordinal.normal import bivariate_cdf, bivariate_density
from analysis.sem.ordinal.polychoric import CELL_FLOOR, POLYCHORIC_BOUND, maximise
from analysis.sem.ordinal.regression import ProbitMargin, density

Array = NDArray[np.float64]
Integers = NDArray[np.intp]


def residual_polychoric(first: ProbitMargin, second: ProbitMargin) -> float:
    """Correlation of the residuals of two latent responses by maximum likelihood, margins given.

    It stands at the bound where the likelihood rises to it. The start is a step from independence, where the score is
    the product of the two residuals' expectations.
    """

    def derivatives(rho: Array, _: Integers) -> tuple[Array, Array]:
        rows, columns, each = _corners(first, second, float(rho[0]))
        inverse = 1.0 / _probability(rows, columns, each)
        slope, curve = (_rectangle(values) * inverse for values in bivariate_density(rows, columns, each))
        return np.array([slope.sum()]), np.array([curve.sum() - slope @ slope])

    product = _expected_residual(first) * _expected_residual(second)
    start = product.sum() / (product @ product)
    return float(maximise(derivatives, np.array([start]), POLYCHORIC_BOUND).rho[0])


def _expected_residual(margin: ProbitMargin) -> Array:
    """Expectation (n,) of each respondent's residual given the answer: thresholds move the likelihood against it."""
    return np.asarray(-margin.scores[:, : len(margin.thresholds)].sum(axis=1))


def correlation_scores(first: ProbitMargin, second: ProbitMargin, rho: float) -> Array:
    """Derivatives of each respondent's log-likelihood by the correlation (n,): the density summed over the corners
    of the rectangle, over its probability.
    """
    rows, columns, each = _corners(first, second, rho)
    slope, _ = bivariate_density(rows, columns, each)
    return _rectangle(slope) / _probability(rows, columns, each)


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

    by_rho = _rectangle(bivariate_density(rows, columns, each)[0]) / probability
    return RectangleScores(by_rho, by_bounds(rows, columns), by_bounds(columns, rows))


def _corners(first: ProbitMargin, second: ProbitMargin, rho: float) -> tuple[Array, Array, Array]:
    rows = np.column_stack([first.lower, first.upper])
    columns = np.column_stack([second.lower, second.upper])
    return rows, columns, np.full(len(rows), rho)


def _probability(rows: Array, columns: Array, rho: Array) -> Array:
    """Probability (n,) of each respondent's rectangle, kept positive."""
    return np.asarray(np.maximum(_rectangle(bivariate_cdf(rows, columns, rho)), CELL_FLOOR))


def _rectangle(corners: Array) -> Array:
    """From values (n, 2, 2) at the corners to those of the rectangle (n,): second differences."""
    return np.asarray(corners[:, 1, 1] - corners[:, 0, 1] - corners[:, 1, 0] + corners[:, 0, 0])
