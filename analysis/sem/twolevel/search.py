"""Which minimum of the two-level likelihood is taken: there may be several, and the lowest need not be the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.sem.constraints import minimise_constrained
from analysis.sem.moments import SampleMoments
from analysis.sem.objective import Objective
from analysis.sem.optimise import Optimum
from analysis.sem.partable import ParameterTable, Relation, row_values
from analysis.sem.starts import minimise_from_starts, starts

Array = NDArray[np.float64]
Found = tuple[Optimum, tuple[Relation, ...]]

_SECOND = "loadings alike"


def least_improper_minimum(table: ParameterTable, objective: Objective, samples: Sequence[SampleMoments]) -> Found:
    """The minimum that the usual starts lead to, or, where variances of level 2 are below zero there, that of a second
    start if they are less so.

    With negative variances the likelihood may have no bound, so that a lower minimum tells nothing for itself; near
    zero they are an estimate's error, far below they are a solution of another kind.
    """
    found = minimise_from_starts(table, objective, samples)
    worst = impropriety(table, objective, found[0].theta) if found[0].converged else 0.0
    if worst == 0.0:
        return found
    start = next(theta for words, theta in starts(table, samples) if words == _SECOND)
    optimum, binding = minimise_constrained(table, objective, start)
    if optimum.converged and impropriety(table, objective, optimum.theta) < 0.9 * worst:
        return replace(optimum, start=_SECOND), binding
    return found


def impropriety(table: ParameterTable, objective: Objective, theta: Array) -> float:
    """How far variances of level 2 are below zero, summed as shares of what their variables have in all."""
    between = objective.implied(theta)[1]
    total = dict(zip(objective.parts[1].structure.names, np.abs(np.diag(between.full_covariance)), strict=True))
    values = row_values(table, theta)
    below = [
        -value / max(total[row.lhs], 1e-300)
        for row, value in zip(table.parameters, values, strict=True)
        if row.group == 1 and row.is_variance and value < 0
    ]
    return float(sum(below))
