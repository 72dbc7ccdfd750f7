"""Continuous variables beside ordinal ones: means, variances, Pearson correlations and their scores.

Continuous variables are ``z`` (c, N), standardised, 0 where missing; ``seen`` (c, N) is 1 where observed. Scores
are derivatives of the normal log-likelihood of each row, 0 where a value is missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import DataError, Problem
from analysis.sem.ordinal.polychoric import CorrelationFit, maximise

Array = NDArray[np.float64]
Integers = NDArray[np.intp]

PEARSON_BOUND = 1.0 - 1e-12


@dataclass(frozen=True, slots=True)
class ContinuousData:
    """Means (c,), variances (c,) with divisor N, standardised values (c, N) with 0 and ``seen`` 0 where missing."""

    mean: Array
    variance: Array
    z: Array
    seen: Array


def standardise_columns(columns: Array, names: Sequence[str]) -> ContinuousData:
    """Moments of each column of ``columns`` (N, c) over its observed values.

    Raises DataError for columns that are infinite somewhere, constant, or empty.
    """
    values = np.array(columns.T, dtype=float, order="C")
    seen = ~np.isnan(values)
    n = np.maximum(seen.sum(axis=1), 1)
    filled = np.where(seen, values, 0.0)
    with np.errstate(invalid="ignore"):
        mean = filled.sum(axis=1) / n
        centred = np.where(seen, filled - mean[:, None], 0.0)
        variance = (centred**2).sum(axis=1) / n
    _require_spread(mean, variance, names)
    return ContinuousData(mean, variance, centred / np.sqrt(variance)[:, None], seen.astype(float))


def _require_spread(mean: Array, variance: Array, names: Sequence[str]) -> None:
    infinite = ~np.isfinite(variance)
    # Rounding leaves a constant column with a variance of about (eps * mean)^2.
    with np.errstate(invalid="ignore"):
        constant = ~infinite & ~(variance > 1e-24 * mean**2)
    problems = [
        Problem(f"'{name}' has infinite values", "data") for name, is_so in zip(names, infinite, strict=True) if is_so
    ]
    problems += [
        Problem(f"'{name}' is constant: everyone gave the same answer", "data", "leave it out of the model")
        for name, is_so in zip(names, constant, strict=True)
        if is_so
    ]
    if problems:
        raise DataError(problems)


def margin_scores(data: ContinuousData, rows: slice) -> tuple[Array, Array]:
    """Scores (c, n) of the mean and of the variance for some rows."""
    z = data.z[:, rows]
    by_mean = z / np.sqrt(data.variance)[:, None]
    by_variance = (z * z - data.seen[:, rows]) / (2.0 * data.variance)[:, None]
    return by_mean, by_variance


@dataclass(frozen=True, slots=True)
class PearsonScores:
    """Scores (m, n) of the correlation and of mean and variance of each variable, for pairs and rows."""

    rho: Array
    first_mean: Array
    first_variance: Array
    second_mean: Array
    second_variance: Array


@dataclass(frozen=True, slots=True)
class ContinuousPairs:
    """Pairs (m,) of continuous variables by position, and the sums over rows that their likelihood needs.

    ``n``, ``xx``, ``xy``, ``yy`` (m,): number of rows with both observed, and sums of products of z-scores over them.
    """

    first: Integers
    second: Integers
    n: Array
    xx: Array
    xy: Array
    yy: Array


def continuous_pairs(data: ContinuousData) -> ContinuousPairs:
    """All pairs of continuous variables, ``first < second``."""
    first, second = (index.astype(np.intp) for index in np.triu_indices(len(data.z), 1))
    squares = (data.z**2) @ data.seen.T
    return ContinuousPairs(
        first,
        second,
        (data.seen @ data.seen.T)[first, second],
        squares[first, second],
        (data.z @ data.z.T)[first, second],
        squares[second, first],
    )


def fit_pearson(pairs: ContinuousPairs) -> CorrelationFit:
    """Maximum-likelihood correlations (m,) given means and variances: the sample's where rows are complete."""

    def derivatives(rho: Array, chosen: Integers) -> tuple[Array, Array]:
        n, xy = pairs.n[chosen], pairs.xy[chosen]
        squares = pairs.xx[chosen] + pairs.yy[chosen]
        free = 1.0 - rho * rho
        form = squares - 2.0 * rho * xy
        score = (n * rho + xy) / free - rho * form / free**2
        curvature = (n * (1.0 + rho**2) + 4.0 * rho * xy - form) / free**2 - 4.0 * rho**2 * form / free**3
        return score, curvature

    return maximise(derivatives, pairs.xy / np.sqrt(pairs.xx * pairs.yy), PEARSON_BOUND)


def pearson_scores(data: ContinuousData, pairs: ContinuousPairs, rho: Array, rows: slice) -> PearsonScores:
    """Scores of the bivariate normal log-likelihood of each pair for some rows."""
    both = data.seen[pairs.first, rows] * data.seen[pairs.second, rows]
    x, y = data.z[pairs.first, rows] * both, data.z[pairs.second, rows] * both
    r = rho[:, None]
    free = 1.0 - r * r
    form = x * x - 2.0 * r * x * y + y * y
    by_rho = (r * both + x * y) / free - r * form / free**2
    deviation = [np.sqrt(data.variance)[index][:, None] for index in (pairs.first, pairs.second)]
    mean = [(own - r * other) / (free * sd) for own, other, sd in ((x, y, deviation[0]), (y, x, deviation[1]))]
    variance = [
        ((own * own - r * x * y) / free - both) / (2.0 * sd * sd) for own, sd in ((x, deviation[0]), (y, deviation[1]))
    ]
    return PearsonScores(by_rho, mean[0], variance[0], mean[1], variance[1])
