"""Moments given covariates (lavaan's conditional.x): thresholds, intercepts and slopes, then residual correlations.

Two-step estimators as without covariates (Muthén 1984, Psychometrika 49, 115-132): each variable alone on x, then each
pair given both margins. Rows are respondents.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.ordinal.coding import code_answers
from analysis.sem.ordinal.continuous import standardise_columns
from analysis.sem.ordinal.layout import StatisticLayout, statistic_layout
from analysis.sem.ordinal.normal import FAR
from analysis.sem.ordinal.polychoric import padded_thresholds
from analysis.sem.ordinal.regression import LinearMargin, ProbitMargin, linear_margin, probit_margin
from analysis.sem.ordinal.residual_pair import Margin, residual_pair

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class ConditionalMoments:
    """Moments of ``p`` variables given ``c`` covariates, and N times the covariance of the ``s`` statistics.

    ``thresholds`` by variable, empty for continuous ones; ``mean`` (p,) where covariates are 0, itself 0 for ordinal
    variables; ``slopes`` (p, c); ``covariance`` (p, p) of residuals, of unit variance for ordinal variables.
    ``observed`` (s,) and ``gamma`` (s, s) are in the order of ``layout``, then come slopes, covariate by covariate.
    """

    layout: StatisticLayout
    thresholds: tuple[Array, ...]
    mean: Array
    slopes: Array
    covariance: Array
    observed: Array
    gamma: Array


def conditional_moments(
    columns: Array, covariates: Array, is_ordinal: Flags, names: Sequence[str], expected: Sequence[Array]
) -> ConditionalMoments:
    """Moments of ``columns`` (N, p) given ``covariates`` (N, c), all complete; ``expected`` are the codes that each
    ordinal variable must show.

    Raises DataError for data as ``ordinal_moments`` does, and EstimationError where covariates separate categories.
    """
    ordinal, continuous = np.flatnonzero(is_ordinal), np.flatnonzero(~is_ordinal)
    answers = code_answers(columns[:, ordinal], [names[int(v)] for v in ordinal], expected)
    standardise_columns(columns[:, continuous], [names[int(v)] for v in continuous])  # refuses what has no variance
    layout = statistic_layout(is_ordinal, [len(codes) for codes in answers.categories])
    starts = [row[row < FAR] for row in padded_thresholds(answers.margins)]
    margins: list[Margin] = []
    for variable, name in enumerate(names):
        if is_ordinal[variable]:
            k = int(np.searchsorted(ordinal, variable))
            margins.append(probit_margin(answers.codes[k], covariates, starts[k], name))
        else:
            margins.append(linear_margin(columns[:, variable], covariates))
    return _assembled(layout, margins)


def _assembled(layout: StatisticLayout, margins: Sequence[Margin]) -> ConditionalMoments:
    """Every pair's correlation, and all statistics with the influence of each respondent on them."""
    p, n = len(margins), len(margins[0].scores)
    of_margin = [_influence(margin.scores) for margin in margins]
    influence = np.empty((layout.size + p * len(margins[0].slopes), n))
    for variable in range(p):
        _enter_margin(influence, layout, variable, margins[variable], of_margin[variable])
    variance = np.array([margin.variance if isinstance(margin, LinearMargin) else 1.0 for margin in margins])
    covariance = np.diag(variance)
    for v, w in combinations(range(p), 2):
        pair = residual_pair(margins[v], margins[w])
        own = n * pair.by_rho - pair.crossed_first @ of_margin[v] - pair.crossed_second @ of_margin[w]
        # Without information the correlation is unknown; the least positive number keeps that finite.
        own /= max(float(pair.by_rho @ pair.by_rho), np.finfo(float).tiny)
        # The delta method from correlations to covariances, in the variances of continuous variables.
        for k in (v, w):
            if isinstance(margins[k], LinearMargin):
                own += pair.rho / (2.0 * variance[k]) * of_margin[k][-1]
        spread = np.sqrt(variance[v] * variance[w])
        influence[layout.pair[v, w]] = spread * own
        covariance[v, w] = covariance[w, v] = spread * pair.rho
    slopes = np.array([margin.slopes for margin in margins])
    mean = np.array([margin.intercept if isinstance(margin, LinearMargin) else 0.0 for margin in margins])
    thresholds = tuple(m.thresholds if isinstance(m, ProbitMargin) else np.zeros(0) for m in margins)
    observed = np.concatenate([_statistics(layout, thresholds, mean, covariance), slopes.T.ravel()])
    return ConditionalMoments(layout, thresholds, mean, slopes, covariance, observed, influence @ influence.T / n)


def _enter_margin(influence: Array, layout: StatisticLayout, variable: int, margin: Margin, own: Array) -> None:
    """Put the influences (k, n) on one variable's parameters where its statistics stand."""
    c = len(margin.slopes)
    if isinstance(margin, ProbitMargin):
        first = len(margin.thresholds)
        influence[layout.threshold[layout.ordinal[layout.threshold_variable] == variable]] = own[:first]
    else:
        first = 1
        influence[layout.mean[layout.continuous == variable]] = -own[:1]
        influence[layout.variance[layout.continuous == variable]] = own[-1:]
    influence[layout.size + variable + len(layout.pair) * np.arange(c)] = own[first : first + c]


def _influence(scores: Array) -> Array:
    """Influence (k, n) of each respondent on the estimates of a margin: n (U'U)^-1 U' of its scores U (n, k)."""
    return np.asarray(len(scores) * np.linalg.solve(scores.T @ scores, scores.T))


def _statistics(layout: StatisticLayout, thresholds: Sequence[Array], mean: Array, covariance: Array) -> Array:
    statistics = np.empty(layout.size)
    statistics[layout.threshold] = np.concatenate([*thresholds, np.zeros(0)])
    statistics[layout.mean] = -mean[layout.continuous]
    statistics[layout.variance] = np.diag(covariance)[layout.continuous]
    pairs = np.triu_indices(len(covariance), 1)
    statistics[layout.pair[pairs]] = covariance[pairs]
    return statistics
