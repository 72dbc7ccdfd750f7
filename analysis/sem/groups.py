"""The rows of each group as estimation needs them: values, weights, clusters, and their saturated moments."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, Problem
from analysis.sem.moments import SampleMoments, require_columns, require_numbers, require_variance
from analysis.sem.patterns import IntArray, Patterns, patterns_of
from analysis.sem.saturated import Saturated, saturated_moments

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Selection:
    """Which rows count and how: ``missing`` is "listwise" or "fiml"; columns of group, weights and clusters."""

    missing: str = "listwise"
    group: str | None = None
    weights: str | None = None
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class GroupRows:
    """One group: ``values`` (n, p), NaN where missing, and the rows' ``positions`` (n,) in the data; ``weights`` (n,)
    with mean 1 and ``clusters`` (n,) as codes from 0, None where there are none; ``saturated`` are the moments of the
    saturated model.
    """

    names: tuple[str, ...]
    positions: IntArray
    values: Array
    weights: Array | None
    clusters: IntArray | None
    patterns: Patterns
    saturated: Saturated
    n_dropped: int

    @property
    def moments(self) -> SampleMoments:
        """Sample moments: of complete rows, or what EM finds for incomplete ones."""
        return SampleMoments(
            self.names, self.saturated.covariance, self.saturated.mean, len(self.values), self.n_dropped
        )


def rows_of_groups(
    data: pd.DataFrame, names: Sequence[str], fixed: Sequence[str], labels: Sequence[str], selection: Selection
) -> list[GroupRows]:
    """Select and sort the rows of ``data`` over the model's variables ``names``, group by group.

    Listwise, every row with a missing value is dropped; under full information only empty rows are, and rows
    that lack a ``fixed`` covariate. Rows without weight, cluster or group never count. Raises ModelError for
    columns the data lack and DataError for data that cannot be used.
    """
    extra = [column for column in (selection.weights, selection.cluster, selection.group) if column is not None]
    require_columns(data, [*names, *extra])
    values = require_numbers(data, names)
    kept = _complete(values, names, fixed, selection)
    for column in extra:
        kept &= data[column].notna().to_numpy()
    weights = _weights(data, selection.weights)
    of_group = _group_masks(data, labels, selection)
    groups = []
    for label, mask in zip(labels, of_group, strict=True):
        rows = mask & kept
        clusters = _clusters(data, selection, rows)
        # A copy of large data is worth avoiding; every row is the usual case.
        chosen = values if rows.all() else values[rows]
        place = "data" if selection.group is None else f"data, group {label}"
        _require_usable(chosen, names, place)
        groups.append(_rows(chosen, names, weights, rows, clusters, int((mask & ~kept).sum())))
    return groups


def group_labels(data: pd.DataFrame, group: str) -> tuple[str, ...]:
    """Labels of the groups in the order in which they first appear, as lavaan has it; missing labels are none.

    Raises ModelError for a column the data lack and DataError where there is one group alone.
    """
    require_columns(data, [group])
    labels = tuple(label_of(value) for value in data[group].dropna().unique())
    if len(labels) < 2:
        raise DataError(Problem(f"'{group}' has {len(labels)} group", "data", "name a column with two groups or more"))
    return labels


def label_of(value: object) -> str:
    """The label of a group or cluster: whole numbers without their decimals."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _complete(values: Array, names: Sequence[str], fixed: Sequence[str], selection: Selection) -> NDArray[np.bool_]:
    missing = np.isnan(values)
    if selection.missing == "listwise":
        return np.asarray(~missing.any(axis=1))
    is_fixed = np.array([name in fixed for name in names])
    return np.asarray(~missing.all(axis=1) & ~missing[:, is_fixed].any(axis=1))


def _group_masks(data: pd.DataFrame, labels: Sequence[str], selection: Selection) -> list[NDArray[np.bool_]]:
    if selection.group is None:
        return [np.ones(len(data), dtype=bool)]
    of_row = data[selection.group].map(label_of, na_action="ignore")
    return [(of_row == label).to_numpy(dtype=bool, na_value=False) for label in labels]


def _weights(data: pd.DataFrame, column: str | None) -> Array | None:
    if column is None:
        return None
    weights = require_numbers(data, [column])[:, 0]
    if np.any(weights[~np.isnan(weights)] <= 0):
        raise DataError(Problem(f"'{column}' holds weights that are not positive", "data", "leave out these rows"))
    return weights


def _clusters(data: pd.DataFrame, selection: Selection, rows: NDArray[np.bool_]) -> IntArray | None:
    if selection.cluster is None:
        return None
    codes, labels = pd.factorize(data.loc[rows, selection.cluster])
    if len(labels) < 2:
        what = f"'{selection.cluster}' has {len(labels)} cluster"
        raise DataError(Problem(what, "data", "cluster-robust standard errors need many clusters"))
    return codes.astype(np.int64)


def _require_usable(values: Array, names: Sequence[str], place: str) -> None:
    """Raise DataError for too few rows, constant variables, and variables never observed together."""
    if len(values) <= len(names):
        what = f"{len(values)} rows are too few for {len(names)} variables"
        raise DataError(Problem(what, place, "check missing values and the sizes of groups"))
    require_variance(values, names, place)
    present = ~np.isnan(values)
    if present.all():
        return
    together = present.T.astype(np.float64) @ present
    if pairs := [f"{names[i]} and {names[j]}" for i, j in np.argwhere(np.triu(together == 0, 1))]:
        what = f"never observed together: {'; '.join(pairs)}"
        raise DataError(Problem(what, place, "leave one of each pair out: nothing is known of their covariance"))


def _rows(
    values: Array, names: Sequence[str], all_weights: Array | None, mask: NDArray[np.bool_],
    clusters: IntArray | None, n_dropped: int,
) -> GroupRows:  # fmt: skip
    weights = None if all_weights is None else all_weights[mask] / all_weights[mask].mean()
    patterns = patterns_of(values, weights)
    positions = np.flatnonzero(mask).astype(np.int64)
    saturated = saturated_moments(patterns)
    return GroupRows(tuple(names), positions, values, weights, clusters, patterns, saturated, n_dropped)
