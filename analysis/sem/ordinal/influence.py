"""Asymptotic covariance of thresholds, means, variances and correlations, from what each row contributes to them.

Two-step estimators (Muthén 1984, Psychometrika 49, 115-132; Jöreskog 1994, Psychometrika 59, 381-389): with A the
derivatives of all estimating equations, block-triangular, and B the sum of products of their scores, N times
A⁻¹ B A⁻ᵀ. As in lavaan, blocks of A are sums of products of scores of the pair's own likelihood over the rows.

Thresholds and polychoric correlations enter each row as influences already, looked up by answer or by cell. What
involves a continuous variable enters as raw scores, and a linear map turns their products into those of influences.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.ordinal.coding import CodedAnswers
from analysis.sem.ordinal.continuous import ContinuousData, ContinuousPairs, margin_scores, pearson_scores
from analysis.sem.ordinal.layout import StatisticLayout
from analysis.sem.ordinal.polyserial import PolyserialData, PolyserialScores, polyserial_scores, row_blocks

Array = NDArray[np.float64]
Integers = NDArray[np.intp]
# Positions of the first and second variable of pairs, and their correlations.
_Correlations = tuple[tuple[Integers, Integers, Array], ...]


@dataclass(frozen=True, slots=True)
class OrdinalPart:
    """Influences on ``thresholds`` (o, K - 1, K), and of ``cells`` (m, K + 1, K + 1) on polychoric correlations.

    ``first``, ``second`` (m,): ordinal variables of each pair. The last row and column of cells: answer missing.
    """

    answers: CodedAnswers
    thresholds: Array
    first: Integers
    second: Integers
    cells: Array


@dataclass(frozen=True, slots=True)
class ContinuousPart:
    """Continuous variables, their pairs among themselves and with ordinal ones, and the correlations (m,) of both."""

    data: ContinuousData
    pairs: ContinuousPairs
    pearson: Array
    mixed: PolyserialData
    polyserial: Array


@dataclass(frozen=True, slots=True)
class _Sums:
    """Sums over rows: products of the entries (s, s), and of pair scores with scores of their margins (s, s)."""

    products: Array
    crossed: Array


def gamma_matrix(layout: StatisticLayout, ordinal: OrdinalPart, continuous: ContinuousPart | None, n: int) -> Array:
    """N times the covariance (s, s) of the statistics in the order of ``layout``, for ``n`` rows."""
    products, crossed = np.zeros((layout.size, layout.size)), np.zeros((layout.size, layout.size))
    lookups = _lookups(layout, ordinal)
    for rows in row_blocks(n):
        entries = np.zeros((layout.size, rows.stop - rows.start))
        _enter_ordinal(entries, layout, ordinal, lookups, rows)
        if continuous is not None:
            _enter_margins(entries, layout, continuous, rows)
            _enter_mixed(entries, crossed, layout, continuous, rows)
            _enter_pearson(entries, crossed, layout, continuous, rows)
        products += entries @ entries.T
    if continuous is None:
        return products / n
    mapping = _influence_map(layout, continuous, _Sums(products, crossed), n)
    result: Array = mapping @ (products / n) @ mapping.T
    return result


def _lookups(layout: StatisticLayout, part: OrdinalPart) -> tuple[Array, Array]:
    """Influence on each threshold by answer (t, K + 1), and on each correlation by cell (m, (K + 1)²)."""
    width = part.answers.n_codes + 1
    by_answer = np.zeros((len(layout.threshold), width))
    by_answer[:, :-1] = part.thresholds[layout.threshold_variable, layout.threshold_number]
    return by_answer, part.cells.reshape(len(part.first), width * width)


def _enter_ordinal(
    entries: Array, layout: StatisticLayout, part: OrdinalPart, lookups: tuple[Array, Array], rows: slice
) -> None:
    by_answer, by_cell = lookups
    codes = part.answers.codes[:, rows]
    width = part.answers.n_codes + 1
    entries[layout.threshold] = _look_up(by_answer, codes[layout.threshold_variable])
    place = layout.pair[layout.ordinal[part.first], layout.ordinal[part.second]]
    entries[place] = _look_up(by_cell, (codes * width)[part.first] + codes[part.second])


def _look_up(table: Array, columns: Integers) -> Array:
    """Entry (m, n) of each row of ``table`` at the given columns (m, n), which are written over."""
    columns += (table.shape[1] * np.arange(len(table), dtype=np.intp))[:, None]
    result: Array = table.ravel().take(columns)
    return result


def _enter_margins(entries: Array, layout: StatisticLayout, part: ContinuousPart, rows: slice) -> None:
    entries[layout.mean], entries[layout.variance] = margin_scores(part.data, rows)


def _enter_mixed(entries: Array, crossed: Array, layout: StatisticLayout, part: ContinuousPart, rows: slice) -> None:
    pairs = part.mixed
    scores = polyserial_scores(pairs, part.polyserial, rows)
    place = layout.pair[layout.continuous[pairs.continuous], layout.ordinal[pairs.ordinal]]
    entries[place] = scores.rho
    crossed[place, layout.mean[pairs.continuous]] += (scores.rho * scores.mean).sum(axis=1)
    crossed[place, layout.variance[pairs.continuous]] += (scores.rho * scores.variance).sum(axis=1)
    by_threshold = _sums_by_threshold(pairs, scores, rows)
    mine = pairs.ordinal[:, None] == layout.threshold_variable[None, :]
    pair, threshold = np.nonzero(mine)
    crossed[place[pair], layout.threshold[threshold]] += by_threshold[pair, layout.threshold_number[threshold]]


def _sums_by_threshold(pairs: PolyserialData, scores: PolyserialScores, rows: slice) -> Array:
    """Sums of products (m, K - 1) of the scores of the correlation and of each threshold."""
    width = pairs.answers.n_codes + 1
    n_pairs = len(pairs.ordinal)
    offset = width * np.arange(n_pairs, dtype=np.intp)[:, None]
    cells = (offset + pairs.answers.codes[:, rows][pairs.ordinal]).ravel()
    sums = np.zeros((2, n_pairs, width))
    for side, edge in enumerate((scores.upper, scores.lower)):
        products = np.bincount(cells, (scores.rho * edge).ravel(), n_pairs * width)
        sums[side] = products.reshape(n_pairs, width)
    result: Array = sums[0, :, : width - 2] + sums[1, :, 1 : width - 1]
    return result


def _enter_pearson(entries: Array, crossed: Array, layout: StatisticLayout, part: ContinuousPart, rows: slice) -> None:
    pairs = part.pairs
    scores = pearson_scores(part.data, pairs, part.pearson, rows)
    place = layout.pair[layout.continuous[pairs.first], layout.continuous[pairs.second]]
    entries[place] = scores.rho
    for index, mean, variance in (
        (pairs.first, scores.first_mean, scores.first_variance),
        (pairs.second, scores.second_mean, scores.second_variance),
    ):
        crossed[place, layout.mean[index]] += (scores.rho * mean).sum(axis=1)
        crossed[place, layout.variance[index]] += (scores.rho * variance).sum(axis=1)


def _influence_map(layout: StatisticLayout, part: ContinuousPart, sums: _Sums, n: int) -> Array:
    """Matrix (s, s) that turns entries into influences: identity for what is ordinal alone."""
    mapping = np.eye(layout.size)
    for mean, variance in zip(layout.mean, layout.variance, strict=True):
        block = np.ix_([mean, variance], [mean, variance])
        mapping[block] = n * np.linalg.inv(sums.products[block])
    correlations: _Correlations = (
        (layout.continuous[part.mixed.continuous], layout.ordinal[part.mixed.ordinal], part.polyserial),
        (layout.continuous[part.pairs.first], layout.continuous[part.pairs.second], part.pearson),
    )
    margins = mapping.copy()
    for first, second, _ in correlations:
        place = layout.pair[first, second]
        information = np.diag(sums.products)[place]
        inverse = np.divide(1.0, information, out=np.zeros_like(information), where=information > 0)
        mapping[place] = (n * np.eye(layout.size)[place] - sums.crossed[place] @ margins) * inverse[:, None]
    _map_to_covariances(mapping, layout, part, correlations)
    mapping[layout.mean] *= -1.0
    return mapping


def _map_to_covariances(
    mapping: Array, layout: StatisticLayout, part: ContinuousPart, correlations: _Correlations
) -> None:
    """From influences on correlations to those on covariances: the delta method in the standard deviations."""
    n_variables = len(layout.pair)
    variance, place_of_variance = np.ones(n_variables), np.full(n_variables, -1, dtype=np.intp)
    variance[layout.continuous], place_of_variance[layout.continuous] = part.data.variance, layout.variance
    for first, second, rho in correlations:
        place = layout.pair[first, second]
        covariance = rho * np.sqrt(variance[first] * variance[second])
        mapping[place] *= np.sqrt(variance[first] * variance[second])[:, None]
        for index in (first, second):
            slope = np.where(place_of_variance[index] >= 0, covariance / (2.0 * variance[index]), 0.0)
            mapping[place] += slope[:, None] * mapping[place_of_variance[index]]
