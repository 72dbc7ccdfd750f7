"""Where each sample statistic stands in lavaan's order, and what it is called."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.intp]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class StatisticLayout:
    """Positions of the statistics: thresholds and means by variable, variances, then pairs column by column.

    ``ordinal`` (o,) and ``continuous`` (c,): positions of the variables in the data. ``threshold_variable`` and
    ``threshold_number`` (t,): ordinal variable and threshold, both from 0, that stand at ``threshold`` (t,).
    ``mean``, ``variance`` (c,): where those of a continuous variable stand. ``pair`` (p, p): where the pair stands,
    symmetric. ``size``: number of statistics.
    """

    ordinal: Integers
    continuous: Integers
    threshold_variable: Integers
    threshold_number: Integers
    threshold: Integers
    mean: Integers
    variance: Integers
    pair: Integers
    size: int


def statistic_layout(is_ordinal: Flags, n_categories: Sequence[int]) -> StatisticLayout:
    """Layout for variables of which some are ordinal, with ``n_categories`` (o,) categories."""
    ordinal, continuous = np.flatnonzero(is_ordinal), np.flatnonzero(~is_ordinal)
    entries = np.ones(len(is_ordinal), dtype=np.intp)
    thresholds = np.asarray(n_categories, dtype=np.intp) - 1
    entries[ordinal] = thresholds
    start = np.cumsum(entries) - entries
    variable = np.repeat(np.arange(len(ordinal)), thresholds)
    number = np.arange(thresholds.sum()) - np.repeat(np.cumsum(thresholds) - thresholds, thresholds)
    n_margins = int(entries.sum())
    first, second = np.triu_indices(len(is_ordinal), 1)
    pair = np.full((len(is_ordinal), len(is_ordinal)), -1, dtype=np.intp)
    pair[first, second] = pair[second, first] = n_margins + len(continuous) + np.arange(len(first))
    return StatisticLayout(
        ordinal,
        continuous,
        variable,
        number,
        start[ordinal][variable] + number,
        start[continuous],
        n_margins + np.arange(len(continuous)),
        pair,
        n_margins + len(continuous) + len(first),
    )


def statistic_labels(layout: StatisticLayout, names: Sequence[str]) -> tuple[str, ...]:
    """lavaan's parameter names: ``u1|t1``, ``y~1``, ``y~~y``, ``u1~~y`` (in order of the data)."""
    labels = [""] * layout.size
    for place, variable, number in zip(
        layout.threshold, layout.threshold_variable, layout.threshold_number, strict=True
    ):
        labels[place] = f"{names[int(layout.ordinal[variable])]}|t{number + 1}"
    for variable, mean, variance in zip(layout.continuous, layout.mean, layout.variance, strict=True):
        name = names[int(variable)]
        labels[mean], labels[variance] = f"{name}~1", f"{name}~~{name}"
    pairs = [f"{first}~~{second}" for first, second in combinations(names, 2)]
    return (*labels[: layout.size - len(pairs)], *pairs)
