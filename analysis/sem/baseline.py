"""The baseline model: observed variables uncorrelated, but for the moments of fixed covariates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.sem.moments import SampleMoments
from analysis.sem.parameter import Parameter
from analysis.sem.partable import ParameterTable
from analysis.sem.patterns import Patterns

Array = NDArray[np.float64]


@lru_cache(maxsize=64)  # many fits of one model share its table
def baseline_table(table: ParameterTable) -> ParameterTable:
    """Variances (and means) free in every group; fixed exogenous moments as in ``table``."""
    rows: list[Parameter] = []
    for group in range(len(table.groups)):
        free = [name for name in table.observed if name not in (*table.exogenous, *table.ordinal)]
        added = [Parameter(name, "~~", name, user=False, free=1, group=group) for name in free]
        if table.meanstructure:
            added += [Parameter(name, "~1", "", user=False, free=1, group=group) for name in free]
        rows += [*added, *_kept(table, group)]
    count = 0
    numbered = []
    for row in rows:
        count += row.free
        numbered.append(replace(row, free=count) if row.free else row)
    return replace(table, parameters=tuple(numbered), definitions=(), constraints=(), latent=())


def _kept(table: ParameterTable, group: int) -> list[Parameter]:
    """Fixed exogenous moments; of ordinal variables unit latent responses and free thresholds, and given covariates
    every variable's free slopes on them.
    """
    kept = [row for row in table.parameters if row.exogenous and row.group == group]
    if table.ordinal:
        explained = [name for name in table.observed if name not in table.exogenous]
        kept += [
            Parameter(name, "~", x, user=False, free=1, group=group) for x in table.exogenous for name in explained
        ]
    for name in table.ordinal:
        kept.append(Parameter(name, "~~", name, user=False, fixed=1.0, group=group))
        kept.append(Parameter(name, "~*~", name, user=False, fixed=1.0, group=group))
    cuts = [row for row in table.parameters if row.op == "|" and row.group == group]
    return [*kept, *(Parameter(row.lhs, "|", row.rhs, user=False, free=1, group=group) for row in cuts)]


def baseline_estimates(
    table: ParameterTable, samples: Sequence[SampleMoments], patterns: Sequence[Patterns] | None
) -> Array:
    """Its maximum-likelihood estimates (n_free,): variables are independent, so each has its own moments.

    With missing values (``patterns``) these are the moments over the rows in which the variable is observed.
    """
    at = {name: i for i, name in enumerate(table.observed)}
    moments = [
        (np.diag(sample.covariance), sample.mean) if patterns is None else _available(patterns[group])
        for group, sample in enumerate(samples)
    ]
    theta = np.zeros(table.n_free)
    for row in table.parameters:
        if row.free:
            variance, mean = moments[row.group]
            theta[row.free - 1] = variance[at[row.lhs]] if row.op == "~~" else mean[at[row.lhs]]
    return theta


def _available(patterns: Patterns) -> tuple[Array, Array]:
    """Variances and means over the rows in which each variable is observed."""
    share = patterns.share[:, None] * patterns.observed
    mean = (share * patterns.mean).sum(axis=0) / share.sum(axis=0)
    _, second = patterns.about(mean)
    return (share * np.diagonal(second, axis1=1, axis2=2)).sum(axis=0) / share.sum(axis=0), mean
