"""Second stage given covariates for any two variables: the residual correlation, and how it hangs on both margins."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.ordinal.polychoric import maximise
from analysis.sem.ordinal.polyserial import POLYSERIAL_BOUND, answer_scores, row_derivatives
from analysis.sem.ordinal.regression import LinearMargin, ProbitMargin, bound_scores
from analysis.sem.ordinal.residual_correlation import rectangle_scores, residual_polychoric

Array = NDArray[np.float64]
Integers = NDArray[np.intp]
Margin = ProbitMargin | LinearMargin


@dataclass(frozen=True, slots=True)
class ResidualPair:
    """Residual correlation of two variables; scores ``by_rho`` (n,) of the pair's likelihood by it, and their sums of
    products with its scores by the parameters of either margin, (k_first,) and (k_second,).
    """

    rho: float
    by_rho: Array
    crossed_first: Array
    crossed_second: Array


def residual_pair(first: Margin, second: Margin) -> ResidualPair:
    """By maximum likelihood given the margins: polychoric, polyserial or Pearson."""
    if isinstance(first, ProbitMargin):
        if isinstance(second, ProbitMargin):
            return _polychoric(first, second)
        turned = _polyserial(second, first)
        return ResidualPair(turned.rho, turned.by_rho, turned.crossed_second, turned.crossed_first)
    return _polyserial(first, second) if isinstance(second, ProbitMargin) else _pearson(first, second)


def _polychoric(first: ProbitMargin, second: ProbitMargin) -> ResidualPair:
    rho = residual_polychoric(first, second)
    scores = rectangle_scores(first, second, rho)
    crossed = [
        scores.rho @ bound_scores(lower, upper, margin.codes, margin.covariates, len(margin.thresholds))
        for margin, (lower, upper) in ((first, scores.first), (second, scores.second))
    ]
    return ResidualPair(rho, scores.rho, crossed[0], crossed[1])


def _polyserial(first: LinearMargin, second: ProbitMargin) -> ResidualPair:
    """Of a continuous and an ordinal variable: Olsson, Drasgow & Dorans (1982, Psychometrika 47, 337-347)."""
    z, lower, upper = first.z[None], second.lower[None], second.upper[None]
    both = np.ones_like(z)

    def derivatives(rho: Array, chosen: Integers) -> tuple[Array, Array]:
        return row_derivatives(z[chosen], lower[chosen], upper[chosen], both[chosen], rho)

    start = np.atleast_1d(first.z @ (second.scores[:, : len(second.thresholds)].sum(axis=1)) / -len(first.z))
    rho = maximise(derivatives, start, POLYSERIAL_BOUND).rho
    scores = answer_scores(z, lower, upper, both, np.array([[first.variance]]), rho)
    by_rho = scores.rho[0]
    by_margin = np.column_stack([_by_line(scores.mean[0], first.covariates), scores.variance[0]])
    cuts = bound_scores(scores.lower[0], scores.upper[0], second.codes, second.covariates, len(second.thresholds))
    return ResidualPair(float(rho[0]), by_rho, by_rho @ by_margin, by_rho @ cuts)


def _pearson(first: LinearMargin, second: LinearMargin) -> ResidualPair:
    """Of two continuous variables: the correlation of residuals, and scores of the bivariate normal likelihood."""
    x, y = first.z, second.z
    rho = float(x @ y) / len(x)
    free = 1.0 - rho * rho
    by_rho = (rho + x * y) / free - rho * (x * x - 2.0 * rho * x * y + y * y) / free**2
    crossed = []
    for margin, own, other in ((first, x, y), (second, y, x)):
        by_mean = (own - rho * other) / (free * np.sqrt(margin.variance))
        by_variance = ((own * own - rho * x * y) / free - 1.0) / (2.0 * margin.variance)
        crossed.append(by_rho @ np.column_stack([_by_line(by_mean, margin.covariates), by_variance]))
    return ResidualPair(rho, by_rho, crossed[0], crossed[1])


def _by_line(by_mean: Array, covariates: Array) -> Array:
    """Scores (n, 1 + c) by intercept and slopes, from those by the expectation."""
    return np.column_stack([by_mean, by_mean[:, None] * covariates])
