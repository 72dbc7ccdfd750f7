"""Measurement invariance over each of the groupings that a study names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pandas as pd

from analysis.errors import SmartCityError
from analysis.measurement.invariance import Search, invariance
from analysis.measurement.invariance_result import Invariance
from analysis.measurement.invariance_sample import Treatment

# Rows that a group must have to be compared; smaller ones are left out, and said.
LEAST = 100


@dataclass(frozen=True, slots=True)
class GroupInvariance:
    """``found`` by grouping, in the order of the study; ``left_out`` the labels of groups that are too small, with
    their rows; ``absent`` why a grouping has no result.
    """

    found: dict[str, Invariance]
    left_out: dict[str, tuple[tuple[str, int], ...]]
    absent: dict[str, str]


@dataclass(frozen=True, slots=True)
class Grouping:
    """How a column groups respondents: cut into bands at ``cuts``, or, without cuts, by its answers ``levels``. The
    first group in either order is the one that others are compared with.
    """

    cuts: tuple[float, ...]
    levels: tuple[str, ...]


def group_invariance(
    text: str, data: pd.DataFrame, groupings: Mapping[str, Grouping], treatment: Treatment, search: Search
) -> GroupInvariance:
    """Test the measurement model ``text`` over each grouping of a column of ``data``.

    ``treatment`` says how, whatever its column of groups. What cannot be compared is reported, not raised.
    """
    found: dict[str, Invariance] = {}
    left_out: dict[str, tuple[tuple[str, int], ...]] = {}
    absent: dict[str, str] = {}
    for name, grouping in groupings.items():
        kept, left_out[name] = grouped(data, name, grouping)
        try:
            found[name] = invariance(text, kept, replace(treatment, group=name), search, name)
        except SmartCityError as error:
            absent[name] = "; ".join(f"{problem.where}: {problem.what}" for problem in error.problems)
    return GroupInvariance(found, left_out, absent)


def grouped(data: pd.DataFrame, name: str, grouping: Grouping) -> tuple[pd.DataFrame, tuple[tuple[str, int], ...]]:
    """Rows in the order of their groups, labels in the column ``name``; and groups too small to count, with their rows,
    whose labels are missing.
    """
    labels = bands(data[name], grouping.cuts) if grouping.cuts else data[name]
    levels = band_labels(grouping.cuts) if grouping.cuts else grouping.levels
    groups = pd.Series(pd.Categorical(labels, levels, ordered=True), index=data.index)
    sizes = groups.value_counts(sort=False)
    small = sizes[(sizes > 0) & (sizes < LEAST)]
    # Groups count in the order in which rows name them.
    kept = data.assign(**{name: groups.where(~groups.isin(small.index))}).sort_values(name, kind="stable")
    kept[name] = kept[name].astype(object)
    return kept, tuple((str(label), int(n)) for label, n in small.items())


def band_labels(cuts: Sequence[float]) -> tuple[str, ...]:
    """Labels of the bands that ``cuts`` start: '< 35', '35 to < 50', '≥ 50'."""
    shown = [f"{cut:g}" for cut in cuts]
    between = (f"{low} to < {high}" for low, high in pairwise(shown))
    return (f"< {shown[0]}", *between, f"≥ {shown[-1]}")


def bands(values: pd.Series, cuts: Sequence[float]) -> pd.Series:
    """The band of each value; missing where the value is."""
    labels = np.array(band_labels(cuts), dtype=object)
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    chosen = labels[np.searchsorted(np.asarray(cuts, dtype=float), numbers, side="right").clip(max=len(cuts))]
    return pd.Series(np.where(np.isnan(numbers), None, chosen), index=values.index, dtype=object)
