"""Groups made ready once for all rungs: checked whole, their moments taken, and each model solved on them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, EstimationError, ModelError, Problem
from analysis.sem.defaults import roles_of
from analysis.sem.estimators import Estimator, choose
from analysis.sem.explicit import minimise_explicit
from analysis.sem.groups import GroupRows, Selection, group_labels, label_of, rows_of_groups
from analysis.sem.implied import structure_of
from analysis.sem.least_squares import solve_least_squares
from analysis.sem.moments import require_columns, require_numbers
from analysis.sem.ordinal.coding import code_answers
from analysis.sem.partable import ParameterTable
from analysis.sem.solution import Solution, solve
from analysis.sem.statistics import GroupStatistics, for_table, ordinal_categories, ordinal_groups
from analysis.sem.syntax import parse_model

Array = NDArray[np.float64]

# So many groups are told of one by one, where they are too small.
_MANY = 20
_ESTIMATORS = ("ML", "MLR", "MLM", "DWLS", "WLSMV")


@dataclass(frozen=True, slots=True)
class Treatment:
    """How groups are compared: the column of groups, and options of ``sem.fit``."""

    group: str
    estimator: str | None = None
    missing: str = "listwise"
    ordered: str | Sequence[str] = ()
    cluster: str | None = None


@dataclass(frozen=True, slots=True)
class GroupedSample:
    """The groups' rows, and for ordinal items their codes and statistics. ``n_without_group`` rows name no group."""

    groups: tuple[str, ...]
    estimator: Estimator
    rows: tuple[GroupRows, ...]
    categories: Mapping[str, Array]
    n_without_group: int

    @property
    def nobs(self) -> tuple[int, ...]:
        """Rows by group."""
        return tuple(len(rows.values) for rows in self.rows)


def grouped_sample(text: str, data: pd.DataFrame, treatment: Treatment, name: str) -> GroupedSample:
    """Check the groups of ``data`` for the items of ``text`` and take their rows.

    Raises ModelError for columns that are not there and options that do not go together, and DataError with everything
    that is wrong in any group: too few rows, items that do not vary, answers that nobody gave.
    """
    ordinal = bool(treatment.ordered)
    if treatment.estimator not in {None, *_ESTIMATORS}:
        what = f"{treatment.estimator} has no test of invariance here"
        raise ModelError(Problem(what, "--estimator", f"take one of {', '.join(_ESTIMATORS)}"))
    clustered = treatment.cluster is not None
    estimator = choose(treatment.estimator, treatment.missing, ordinal=ordinal, clustered=clustered, weighted=False)
    roles = roles_of(parse_model(text, name).statements)
    require_columns(data, [*roles.observed, treatment.group])
    if treatment.group in roles.observed:
        what = f"'{treatment.group}' is an item of the model and the column of groups"
        raise ModelError(Problem(what, "--group", "name another column, or leave the item out"))
    labels = group_labels(data, treatment.group)
    if len(labels) > _MANY and len(labels) * (len(roles.observed) + 1) > len(data):
        size = f"{len(data)} rows of {len(roles.observed)} items"
        what = f"'{treatment.group}' has {len(labels)} groups, too many for {size}"
        raise DataError(Problem(what, "--group", "name a column of few groups, or join them beforehand"))
    selection = Selection(treatment.missing, treatment.group, None, treatment.cluster)
    categories = ordinal_categories(data, roles, treatment.ordered, selection)
    require_numbers(data, roles.observed)
    code_answers(data[list(categories)].to_numpy(dtype=float, na_value=np.nan), list(categories))
    if problems := list(_problems(data, roles.observed, labels, selection, categories)):
        raise DataError(problems)
    rows = rows_of_groups(data, roles.observed, (), labels, selection)
    return GroupedSample(labels, estimator, tuple(rows), categories, int(data[treatment.group].isna().sum()))


def statistics_at(sample: GroupedSample, table: ParameterTable) -> tuple[GroupStatistics, ...]:
    """Statistics of the groups of ordinal items, none for continuous ones."""
    return tuple(ordinal_groups(table, sample.rows, sample.categories)) if sample.categories else ()


def solve_on(
    sample: GroupedSample, statistics: Sequence[GroupStatistics], table: ParameterTable, before: Solution | None,
    name: str,
) -> Solution:  # fmt: skip
    """Solve a model on the groups, from the values of the rung ``before``, and from the usual ones where that leads
    nowhere. Errors are those of ``sem.estimate``.
    """
    if before is not None:
        try:
            return solve_on(sample, statistics, _started(table, before), None, name)
        except EstimationError:
            return solve_on(sample, statistics, table, None, name)
    if not statistics:
        return solve(table, [rows.moments for rows in sample.rows], sample.rows, sample.estimator, name)
    own = [for_table(group, table, structure_of(table, index)) for index, group in enumerate(statistics)]
    return replace(solve_least_squares(table, own, sample.estimator, name, minimise_explicit), rows=sample.rows)


def _started(table: ParameterTable, before: Solution) -> ParameterTable:
    keys = [(row.group, row.op, row.lhs, row.rhs) for row in before.table.parameters]
    values = dict(zip(keys, before.values.tolist(), strict=True))
    rows = (replace(row, start=values.get((row.group, row.op, row.lhs, row.rhs))) for row in table.parameters)
    return replace(table, parameters=tuple(rows))


def _problems(
    data: pd.DataFrame, names: Sequence[str], labels: Sequence[str], selection: Selection,
    categories: Mapping[str, Array],
) -> Iterator[Problem]:  # fmt: skip
    """What is wrong in each group."""
    assert selection.group is not None
    values = require_numbers(data, names)
    of_row = data[selection.group].map(label_of, na_action="ignore")
    for label in labels:
        own = values[(of_row == label).to_numpy(dtype=bool, na_value=False)]
        absent = np.isnan(own)
        own = own[~(absent.any(axis=1) if selection.missing == "listwise" else absent.all(axis=1))]
        place = f"data, group {label}"
        if len(own) <= len(names):
            what = f"{len(own)} rows that can be used are too few for {len(names)} items"
            yield Problem(what, place, "leave these rows out, or join the group with another")
            continue
        for name, answers in zip(names, own.T, strict=True):
            given = np.unique(answers[~np.isnan(answers)])
            if len(given) < 2:
                yield Problem(f"'{name}' does not vary", place, "leave the item out of the model, or the group out")
            elif len(empty := np.setdiff1d(categories.get(name, given), given)):
                shown = ", ".join(f"{code:g}" for code in empty)
                hint = "merge the answer with its neighbour in all groups, or leave the group out"
                yield Problem(f"nobody answered {shown} to '{name}'", place, hint)
