"""Sample moments of ordinal, and of ordinal and continuous, data: what DWLS and WLSMV estimate from.

Thresholds come from the margins; then each correlation by maximum likelihood given them: polychoric for two ordinal
variables, polyserial for an ordinal and a continuous one, Pearson for two continuous ones. Order, signs and the
treatment of empty cells are lavaan 0.6's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.errors import DataError, Problem
from analysis.sem.ordinal.coding import CodedAnswers, code_answers
from analysis.sem.ordinal.continuous import continuous_pairs, fit_pearson, standardise_columns
from analysis.sem.ordinal.influence import ContinuousPart, OrdinalPart, gamma_matrix
from analysis.sem.ordinal.layout import StatisticLayout, statistic_labels, statistic_layout
from analysis.sem.ordinal.normal import FAR
from analysis.sem.ordinal.polychoric import CorrelationFit, fit_polychoric, padded_thresholds
from analysis.sem.ordinal.polychoric_influence import polychoric_influence, threshold_influence
from analysis.sem.ordinal.polyserial import fit_polyserial, polyserial_data
from analysis.sem.ordinal.tables import PairTables, pair_tables

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.intp]

NEARLY_ONE = 0.99


@dataclass(frozen=True, slots=True)
class EmptyCells:
    """A pair whose two-way table has an empty cell; ``filled``: 0.5 was added to it, margins kept (2 × 2 only)."""

    first: str
    second: str
    filled: bool


@dataclass(frozen=True, slots=True)
class OrdinalMoments:
    """Moments of ``p`` variables, some ordinal, and the asymptotic covariance of the ``s`` statistics among them.

    ``categories``, ``thresholds``: codes observed, and thresholds between them, by variable; empty for continuous
    ones. ``mean`` (p,): 0 for ordinal ones. ``covariance`` (p, p): unit variance for ordinal ones; divisor N.
    ``wls_observed`` (s,), ``labels``: thresholds and, with sign turned, means in order of variables; variances of
    continuous variables; lower triangle column by column. ``gamma`` (s, s): N times their covariance. ``warnings``:
    sentences on correlations at or near 1 or without convergence.
    """

    names: tuple[str, ...]
    n_observations: int
    n_dropped: int
    categories: tuple[Array, ...]
    thresholds: tuple[Array, ...]
    mean: Array
    covariance: Array
    wls_observed: Array
    gamma: Array
    labels: tuple[str, ...]
    empty_cells: tuple[EmptyCells, ...]
    warnings: tuple[str, ...]


def ordinal_moments(
    columns: Array,
    is_ordinal: Flags,
    names: Sequence[str],
    missing: Literal["listwise", "pairwise"] = "listwise",
    expected: Sequence[Array] | None = None,
) -> OrdinalMoments:
    """Moments of ``columns`` (N, p), NaN where missing; ordinal variables hold whole codes, in any numbering.

    ``missing``: rows with a missing value are left out, or each statistic takes the rows it can (lavaan's
    "available.cases"). ``expected``: codes that each ordinal variable must show (as in a multi-group fit).
    Raises DataError, naming all variables at fault: not whole numbers, one category alone, more than 30, a category
    that only incomplete rows have, constant or infinite continuous values, 2 × 2 tables with an empty diagonal.
    """
    answers, rows = _coded_rows(columns, is_ordinal, names, missing, expected)
    layout = statistic_layout(is_ordinal, [len(codes) for codes in answers.categories])
    ordinal = _ordinal_estimates(answers, [names[int(k)] for k in layout.ordinal])
    continuous = _continuous_estimates(rows[:, layout.continuous], [names[int(k)] for k in layout.continuous], ordinal)
    covariance, mean = _covariance(layout, ordinal, continuous)
    part = OrdinalPart(answers, ordinal.influence, ordinal.tables.first, ordinal.tables.second, ordinal.cells)
    return OrdinalMoments(
        names=tuple(names),
        n_observations=len(rows),
        n_dropped=len(columns) - len(rows),
        categories=_by_variable(layout, answers.categories),
        thresholds=_by_variable(layout, [row[row < FAR] for row in ordinal.thresholds]),
        mean=mean,
        covariance=covariance,
        wls_observed=_statistics(layout, ordinal.thresholds, mean, covariance),
        gamma=gamma_matrix(layout, part, continuous.part if layout.continuous.size else None, len(rows)),
        labels=statistic_labels(layout, names),
        empty_cells=_empty_cells(ordinal.tables, [names[int(k)] for k in layout.ordinal]),
        warnings=_warnings(names, layout, ordinal, continuous, covariance),
    )


def _coded_rows(
    columns: Array, is_ordinal: Flags, names: Sequence[str], missing: str, expected: Sequence[Array] | None
) -> tuple[CodedAnswers, Array]:
    """Coded answers and the rows they are of."""
    chosen = np.flatnonzero(is_ordinal)
    ordinal_names = [names[int(k)] for k in chosen]
    answers = code_answers(columns[:, chosen], ordinal_names, expected)
    gone = np.isnan(columns)
    dropped = gone.any(axis=1) if missing == "listwise" else gone.all(axis=1)
    if not dropped.any():
        return answers, columns
    rows = columns[~dropped]
    if len(rows) == 0:
        raise DataError(Problem("no row is complete", "data", 'use missing="pairwise", or impute beforehand'))
    # A category that only dropped rows have would be merged in silence; it is refused, as by lavaan.
    return code_answers(rows[:, chosen], ordinal_names, answers.categories), rows


@dataclass(frozen=True, slots=True)
class _OrdinalEstimates:
    answers: CodedAnswers
    thresholds: Array
    tables: PairTables
    fit: CorrelationFit
    influence: Array
    cells: Array


def _ordinal_estimates(answers: CodedAnswers, names: Sequence[str]) -> _OrdinalEstimates:
    n = answers.codes.shape[1]
    thresholds = padded_thresholds(answers.margins)
    tables = pair_tables(answers)
    _require_correlations(tables, names)
    pairs = thresholds[tables.first], thresholds[tables.second]
    fit = fit_polychoric(tables.adjusted, *pairs)
    influence = threshold_influence(answers.margins, thresholds, n)
    by_pair = influence[tables.first], influence[tables.second]
    cells = polychoric_influence(tables.counts, pairs, fit.rho, by_pair, n)
    return _OrdinalEstimates(answers, thresholds, tables, fit, influence, cells)


@dataclass(frozen=True, slots=True)
class _ContinuousEstimates:
    part: ContinuousPart
    pearson: CorrelationFit
    polyserial: CorrelationFit


def _continuous_estimates(columns: Array, names: Sequence[str], ordinal: _OrdinalEstimates) -> _ContinuousEstimates:
    data = standardise_columns(columns, names)
    pairs, mixed = continuous_pairs(data), polyserial_data(data, ordinal.answers, ordinal.thresholds)
    pearson, polyserial = fit_pearson(pairs), fit_polyserial(mixed)
    return _ContinuousEstimates(ContinuousPart(data, pairs, pearson.rho, mixed, polyserial.rho), pearson, polyserial)


def _pair_groups(
    layout: StatisticLayout, ordinal: _OrdinalEstimates, continuous: _ContinuousEstimates
) -> list[tuple[Integers, Integers, CorrelationFit]]:
    """Positions of the first and second variables of the pairs of each kind, and the fit of their correlations."""
    tables, pairs, mixed = ordinal.tables, continuous.part.pairs, continuous.part.mixed
    return [
        (layout.ordinal[tables.first], layout.ordinal[tables.second], ordinal.fit),
        (layout.continuous[mixed.continuous], layout.ordinal[mixed.ordinal], continuous.polyserial),
        (layout.continuous[pairs.first], layout.continuous[pairs.second], continuous.pearson),
    ]


def _covariance(
    layout: StatisticLayout, ordinal: _OrdinalEstimates, continuous: _ContinuousEstimates
) -> tuple[Array, Array]:
    """Covariance-like matrix (p, p) and means (p,)."""
    correlation = np.eye(len(layout.pair))
    for first, second, fit in _pair_groups(layout, ordinal, continuous):
        correlation[first, second] = correlation[second, first] = fit.rho
    variance, mean = np.ones(len(layout.pair)), np.zeros(len(layout.pair))
    variance[layout.continuous] = continuous.part.data.variance
    mean[layout.continuous] = continuous.part.data.mean
    deviation = np.sqrt(variance)
    covariance = correlation * deviation[:, None] * deviation
    np.fill_diagonal(covariance, variance)
    return covariance, mean


def _statistics(layout: StatisticLayout, thresholds: Array, mean: Array, covariance: Array) -> Array:
    statistics = np.empty(layout.size)
    statistics[layout.threshold] = thresholds[layout.threshold_variable, layout.threshold_number]
    statistics[layout.mean] = -mean[layout.continuous]
    statistics[layout.variance] = np.diag(covariance)[layout.continuous]
    pairs = np.triu_indices(len(covariance), 1)
    statistics[layout.pair[pairs]] = covariance[pairs]
    return statistics


def _by_variable(layout: StatisticLayout, of_ordinal: Sequence[Array]) -> tuple[Array, ...]:
    out = [np.empty(0)] * len(layout.pair)
    for variable, values in zip(layout.ordinal, of_ordinal, strict=True):
        out[variable] = values
    return tuple(out)


def _require_correlations(tables: PairTables, names: Sequence[str]) -> None:
    broken = np.flatnonzero(tables.is_degenerate)
    if broken.size:
        raise DataError(
            Problem(
                f"'{names[tables.first[k]]}' and '{names[tables.second[k]]}' determine each other: two cells of their "
                "2 × 2 table are empty, and their correlation has no estimate inside ±1",
                "data",
                "leave one of the two out",
            )
            for k in broken
        )


def _empty_cells(tables: PairTables, names: Sequence[str]) -> tuple[EmptyCells, ...]:
    return tuple(
        EmptyCells(names[tables.first[k]], names[tables.second[k]], bool(tables.was_filled[k]))
        for k in np.flatnonzero(tables.has_empty)
    )


def _warnings(
    names: Sequence[str],
    layout: StatisticLayout,
    ordinal: _OrdinalEstimates,
    continuous: _ContinuousEstimates,
    covariance: Array,
) -> tuple[str, ...]:
    notes = []
    for first, second, fit in _pair_groups(layout, ordinal, continuous):
        for k in np.flatnonzero(fit.is_edge | ~fit.converged | (np.abs(fit.rho) > NEARLY_ONE)):
            what = f"the correlation of '{names[first[k]]}' and '{names[second[k]]}'"
            if not fit.converged[k]:
                notes.append(f"{what} did not converge")
            elif fit.is_edge[k]:
                notes.append(f"{what} has no estimate inside ±1: the likelihood rises to the bound ({fit.rho[k]:.3f})")
            else:
                notes.append(f"{what} is nearly ±1 ({fit.rho[k]:.3f})")
    if np.linalg.eigvalsh(covariance)[0] <= 0:
        notes.append("the matrix of correlations, each estimated from its own pair, is not positive definite")
    return tuple(notes)
