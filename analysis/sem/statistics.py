"""Sample statistics of a group for least squares: their vector, its weight, and its sampling covariance."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem, nearest
from analysis.sem.casewise import lower_triangle
from analysis.sem.defaults import Roles
from analysis.sem.discrepancy.least_squares import LeastSquares, Statistics
from analysis.sem.groups import GroupRows, Selection
from analysis.sem.implied import Structure, structure_of
from analysis.sem.moments import SampleMoments, require_columns, require_numbers, require_regular
from analysis.sem.ordinal.conditional import conditional_moments
from analysis.sem.ordinal.layout import StatisticLayout, statistic_layout
from analysis.sem.ordinal.moments import OrdinalMoments, ordinal_moments
from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class GroupStatistics:
    """One group: its discrepancy, its sample moments (for residuals and starting values), and N times the covariance
    of the statistics (q, q), which estimators with robust inference need and others leave empty.
    """

    discrepancy: LeastSquares
    sample: SampleMoments
    gamma: Array


def continuous_statistics(table: ParameterTable, sample: SampleMoments, estimator: str) -> GroupStatistics:
    """Means (where the model has them) and the lower triangle of the covariance, divided by N - 1 as lavaan does
    for least squares. GLS weighs by normal theory at the sample, ULS not at all.
    """
    if estimator == "GLS":
        require_regular(sample)
    p, n = len(sample.names), sample.n_observations
    unbiased = replace(sample, covariance=sample.covariance * n / (n - 1))
    i, j = lower_triangle(p)
    n_means = p if table.meanstructure else 0
    means = np.arange(n_means, dtype=np.int64)
    chosen = Statistics(
        q=n_means + len(i),
        threshold=np.zeros(0, dtype=np.int64),
        threshold_of=np.zeros(0, dtype=np.int64),
        threshold_row=np.zeros(0, dtype=np.int64),
        mean=means,
        mean_of=means,
        mean_sign=np.ones(n_means),
        covariance=n_means + np.arange(len(i), dtype=np.int64),
        first=i,
        second=j,
    )
    observed = np.concatenate([sample.mean[:n_means], unbiased.covariance[i, j]])
    weight = np.ones(chosen.q) if estimator == "ULS" else normal_weight(unbiased.covariance, n_means > 0)
    return GroupStatistics(LeastSquares(observed, weight, chosen), unbiased, np.zeros((0, 0)))


def normal_weight(covariance: Array, meanstructure: bool) -> Array:
    """Inverse of the normal-theory covariance of means and lower triangle: D'(S^-1 x S^-1) D / 2, and S^-1 of means."""
    inverse = np.linalg.inv(covariance)
    i, j = lower_triangle(len(covariance))
    block = inverse[np.ix_(i, i)] * inverse[np.ix_(j, j)] + inverse[np.ix_(i, j)] * inverse[np.ix_(j, i)]
    once = np.where(i == j, 0.5, 1.0)
    block = block * np.outer(once, once)
    if not meanstructure:
        return np.asarray(block)
    p, q = len(covariance), len(i)
    return np.block([[inverse, np.zeros((p, q))], [np.zeros((q, p)), block]])


def ordinal_categories(
    data: pd.DataFrame, roles: Roles, ordered: str | Sequence[str], selection: Selection
) -> dict[str, Array]:
    """Codes of each ordinal variable over the rows that are used; "all" means every variable the model explains.

    Raises ModelError for names that are no variable of the model.
    """
    if not ordered:
        return {}
    explained = [name for name in roles.observed if name not in roles.exogenous]
    names = explained if ordered == "all" else [ordered] if isinstance(ordered, str) else list(ordered)
    unknown = [name for name in names if name not in roles.observed]
    if unknown:
        raise ModelError(
            Problem(f"'{name}' is no variable of the model", "--ordered", nearest(name, roles.observed))
            for name in unknown
        )
    extra = [selection.group] if selection.group is not None else []
    require_columns(data, [*roles.observed, *extra])
    values = require_numbers(data, roles.observed)
    used = data[extra].notna().all(axis=1).to_numpy() & ~np.isnan(values).any(axis=1)
    return {name: np.unique(values[used, roles.observed.index(name)]) for name in names}


def ordinal_groups(
    table: ParameterTable, rows: Sequence[GroupRows], categories: Mapping[str, Array]
) -> list[GroupStatistics]:
    """Statistics of each group, given the model's fixed covariates; every group must show every code."""
    is_ordinal = np.array([name in categories for name in table.observed])
    expected = [categories[name] for name in table.observed if name in categories]
    if table.exogenous:
        return [
            _conditional_statistics(table, structure_of(table, index), group, expected)
            for index, group in enumerate(rows)
        ]
    return [
        _ordinal_statistics(
            table,
            structure_of(table, index),
            # Incomplete rows were left out before.
            replace(
                ordinal_moments(group.values, is_ordinal, table.observed, expected=expected),
                n_dropped=group.n_dropped,
            ),
        )
        for index, group in enumerate(rows)
    ]


def _ordinal_statistics(table: ParameterTable, structure: Structure, moments: OrdinalMoments) -> GroupStatistics:
    """Thresholds, means, variances and correlations of ordinal and continuous variables, weighed by the inverse of
    their sampling variances.
    """
    is_ordinal = np.array([name in table.ordinal for name in table.observed])
    layout = statistic_layout(is_ordinal, [len(codes) for codes in moments.categories if len(codes)])
    sample = SampleMoments(
        table.observed,
        moments.covariance,
        moments.mean,
        moments.n_observations,
        moments.n_dropped,
        moments.thresholds,
    )
    chosen = _chosen(table, structure, layout, np.arange(len(table.observed)))
    return GroupStatistics(
        LeastSquares(moments.wls_observed, 1.0 / np.diag(moments.gamma), chosen), sample, moments.gamma
    )


def _conditional_statistics(
    table: ParameterTable, structure: Structure, rows: GroupRows, expected: Sequence[Array]
) -> GroupStatistics:
    """Statistics given fixed covariates: their sample moments are 0 with the others, and of divisor N - 1."""
    fixed = np.array([name in table.exogenous for name in table.observed])
    x, y = np.flatnonzero(fixed), np.flatnonzero(~fixed)
    names = [table.observed[int(v)] for v in y]
    is_ordinal = np.array([name in table.ordinal for name in names])
    found = conditional_moments(rows.values[:, y], rows.values[:, x], is_ordinal, names, expected)
    n = len(rows.values)
    mean, covariance = rows.saturated.mean.copy(), np.zeros((len(fixed), len(fixed)))
    mean[y] = found.mean
    covariance[np.ix_(x, x)] = rows.saturated.covariance[np.ix_(x, x)] * n / (n - 1)
    covariance[np.ix_(y, y)] = found.covariance
    thresholds = [np.zeros(0)] * len(fixed)
    for v, cuts in zip(y.tolist(), found.thresholds, strict=True):
        thresholds[v] = cuts
    sample = SampleMoments(table.observed, covariance, mean, n, rows.n_dropped, tuple(thresholds))
    chosen = _chosen(table, structure, found.layout, y)
    size = len(x) * len(y)
    chosen = replace(
        chosen,
        q=chosen.q + size,
        slope=chosen.q + np.arange(size, dtype=np.int64),
        slope_of=np.tile(y, len(x)).astype(np.int64),
        slope_on=np.repeat(x, len(y)).astype(np.int64),
    )
    weight = 1.0 / np.diag(found.gamma)
    return GroupStatistics(LeastSquares(found.observed, weight, chosen), sample, found.gamma)


def _chosen(table: ParameterTable, structure: Structure, layout: StatisticLayout, at: NDArray[np.intp]) -> Statistics:
    """Statistics in the order of ``layout``, whose variables stand ``at`` (v,) these places of the table's."""
    variables = at[layout.ordinal[layout.threshold_variable]].astype(np.int64)
    first, second = np.triu_indices(len(at), 1)
    continuous = at[layout.continuous]
    return Statistics(
        q=layout.size,
        threshold=layout.threshold.astype(np.int64),
        threshold_of=variables,
        threshold_row=threshold_rows(table, structure, variables),
        mean=layout.mean.astype(np.int64),
        mean_of=continuous.astype(np.int64),
        mean_sign=-np.ones(len(continuous)),
        covariance=np.concatenate([layout.variance, layout.pair[first, second]]).astype(np.int64),
        first=np.concatenate([continuous, at[first]]).astype(np.int64),
        second=np.concatenate([continuous, at[second]]).astype(np.int64),
    )


def threshold_rows(table: ParameterTable, structure: Structure, variables: IntArray) -> IntArray:
    """Rows of ``structure`` that hold the thresholds of ``variables``, which stand in ascending order of each."""
    at = {
        (table.parameters[row].lhs, table.parameters[row].rhs): position
        for position, row in enumerate(structure.rows)
        if table.parameters[row].op == "|"
    }
    seen: Counter[int] = Counter()
    rows = []
    for variable in variables.tolist():
        seen[variable] += 1
        rows.append(at[table.observed[variable], f"t{seen[variable]}"])
    return np.array(rows, dtype=np.int64)


def for_table(group: GroupStatistics, table: ParameterTable, structure: Structure) -> GroupStatistics:
    """The same statistics for another table of the same variables, such as that of the baseline model."""
    chosen = group.discrepancy.statistics
    rows = threshold_rows(table, structure, chosen.threshold_of)
    discrepancy = replace(group.discrepancy, statistics=replace(chosen, threshold_row=rows))
    return replace(group, discrepancy=discrepancy)


def require_fit_for_ordinal(table: ParameterTable, predictors: Sequence[str]) -> None:
    """Raise ModelError for what ordinal models here do not hold: ordinal predictors."""
    problems = [
        Problem(f"the ordinal variable '{name}' predicts others", "model", "treat it as continuous, or as an indicator")
        for name in predictors
        if name in table.ordinal
    ]
    if problems:
        raise ModelError(problems)
