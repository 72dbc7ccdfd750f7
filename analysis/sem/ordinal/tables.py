"""Two-way tables of all pairs of ordinal variables at once, and what lavaan does about their empty cells."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.ordinal.coding import CodedAnswers

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.intp]

# Rows at a time, so that memory doesn't grow with them; a float32 counts exactly to 2^24.
BLOCK = 16384


@dataclass(frozen=True, slots=True)
class PairTables:
    """Tables of the pairs (``first``, ``second``) (m,) of variables, ``first < second``, column-wise lower triangle.

    ``counts`` (m, K, K) as observed; ``adjusted`` (m, K, K) with the empty cell of a 2 × 2 table filled;
    ``has_empty``, ``was_filled``, ``is_degenerate`` (m,): an empty cell; an empty cell that was filled; a 2 × 2 table
    with both cells of a diagonal empty, whose correlation has no finite estimate.
    """

    first: Integers
    second: Integers
    counts: Array
    adjusted: Array
    has_empty: Flags
    was_filled: Flags
    is_degenerate: Flags


def pair_tables(answers: CodedAnswers) -> PairTables:
    """Count every pair of variables by one product of their indicator matrices."""
    n_variables, n_codes = answers.margins.shape
    first, second = (index.astype(np.intp) for index in np.triu_indices(n_variables, 1))
    counts = _cross_counts(answers.codes, n_codes)[first, :, second, :]
    sizes = np.array([len(codes) for codes in answers.categories], dtype=np.intp)
    inside = np.arange(n_codes) < sizes[:, None]
    possible = inside[first][:, :, None] & inside[second][:, None, :]
    empty = possible & (counts == 0)
    two_by_two = (sizes[first] == 2) & (sizes[second] == 2)
    degenerate = two_by_two & (_both(empty, 0) | _both(empty, 1))
    filled = two_by_two & (empty.sum(axis=(1, 2)) == 1)
    return PairTables(first, second, counts, _fill(counts, empty, filled), empty.any(axis=(1, 2)), filled, degenerate)


def _cross_counts(codes: Integers, n_codes: int) -> Array:
    """Counts (o, K, o, K) of all pairs of categories; a missing answer is in none."""
    n_variables, n = codes.shape
    width = n_variables * n_codes
    total = np.zeros((width, width))
    numbers = np.arange(n_codes)[None, :, None]
    for start in range(0, n, BLOCK):
        chosen = codes[:, None, start : start + BLOCK] == numbers
        indicators = chosen.astype(np.float32).reshape(width, chosen.shape[2])
        total += indicators @ indicators.T
    return total.reshape(n_variables, n_codes, n_variables, n_codes)


def _both(empty: Flags, row: int) -> Flags:
    """Are both cells of the diagonal that starts in ``row`` of the first column empty?"""
    result: Flags = empty[:, row, 0] & empty[:, 1 - row, 1]
    return result


def _fill(counts: Array, empty: Flags, filled: Flags) -> Array:
    """Add 0.5 to the one empty cell of a 2 × 2 table, and keep its margins (lavaan's ``zero.add``)."""
    adjusted = counts.copy()
    on_diagonal = empty[:, 0, 0] | empty[:, 1, 1]
    sign = np.where(on_diagonal, 0.5, -0.5)[filled]
    pattern = np.array([[1.0, -1.0], [-1.0, 1.0]])
    adjusted[filled, :2, :2] += sign[:, None, None] * pattern
    return adjusted
