"""Whether one model is nested in another, and where in it: the procedure of Bentler & Satorra."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.sem.constraints import minimise_constrained
from analysis.sem.discrepancy.least_squares import LeastSquares, Statistics
from analysis.sem.implied import structure_of
from analysis.sem.moments import SampleMoments
from analysis.sem.objective import Objective
from analysis.sem.partable import ParameterTable, given_covariates
from analysis.sem.solution import Solution, likelihood_objective
from analysis.sem.starting_values import starting_values
from analysis.sem.twolevel.objective import TwoLevelObjective

Array = NDArray[np.float64]

# The full model reproduces the restricted model's moments, or it misses them by more than rounding error.
_REPRODUCED = 1e-9


@dataclass(frozen=True, slots=True)
class Nesting:
    """How closely the full model reproduces the restricted model's moments (``discrepancy``, zero where it is
    nested), and its parameters ``theta`` (n_free,) there.
    """

    discrepancy: float
    theta: Array

    @property
    def nested(self) -> bool:
        """Whether the restricted model's moments are among the full model's."""
        return self.discrepancy < _REPRODUCED


def nesting(restricted: Solution, full: Solution) -> Nesting:
    """Fit the full model to the restricted model's implied moments.

    Bentler & Satorra (2010), Testing model nesting and equivalence, Psychological Methods 15(2), 111-123. Tried from
    the restricted model's own estimates, from the full model's, and from plain starting values.
    """
    objective, samples = _target(restricted, full)
    best = Nesting(np.inf, full.optimum.theta)
    for start in (_mapped(restricted, full), full.optimum.theta, starting_values(full.table, samples)):
        optimum, _ = minimise_constrained(full.table, objective, start)
        if optimum.value < best.discrepancy:
            best = Nesting(optimum.value, optimum.theta)
        if best.nested:
            break
    return best


def _mapped(restricted: Solution, full: Solution) -> Array:
    """The restricted model's values in the full model's parameters: zero for paths and covariances it lacks."""
    known = {_key(solution_row): value for solution_row, value in _rows(restricted)}
    theta = full.optimum.theta.copy()
    for (row, _), parameter in zip(_rows(full), full.table.parameters, strict=True):
        if parameter.free:
            absent = 0.0 if parameter.op in {"~", "~~", "=~"} and not parameter.is_variance else None
            value = known.get(_key(row), absent)
            if value is not None:
                theta[parameter.free - 1] = value
    return theta


def _rows(solution: Solution) -> list[tuple[tuple[int, str, str, str], float]]:
    rows = [(row.group, row.op, row.lhs, row.rhs) for row in solution.table.parameters]
    return list(zip(rows, solution.values.tolist(), strict=True))


def _key(row: tuple[int, str, str, str]) -> tuple[object, ...]:
    group, op, lhs, rhs = row
    return (group, op, *sorted((lhs, rhs))) if op == "~~" else row


def _target(restricted: Solution, full: Solution) -> tuple[Objective, list[SampleMoments]]:
    """The full model's objective with the restricted model's moments in place of the sample's."""
    names = full.table.observed
    order = [restricted.table.observed.index(name) for name in names]
    samples = []
    for sample, at in zip(restricted.samples, restricted.implied, strict=True):
        mean = at.mean if restricted.table.meanstructure else sample.mean
        covariance = at.covariance * np.outer(at.delta, at.delta)
        samples.append(replace(sample, names=names, covariance=covariance[np.ix_(order, order)], mean=mean[order]))
    if isinstance(full.objective, TwoLevelObjective):
        return full.objective.at_moments(samples), samples
    if not isinstance(full.objective.parts[0].discrepancy, LeastSquares):
        return likelihood_objective(full.table, samples, None), samples
    parts = [
        replace(
            part, structure=structure_of(given_covariates(full.table), g), discrepancy=_refilled(restricted, full, g)
        )
        for g, part in enumerate(full.objective.parts)
    ]
    return Objective(tuple(parts), full.objective.n_observations), samples


def _refilled(restricted: Solution, full: Solution, group: int) -> LeastSquares:
    """The full model's statistics at the restricted model's values of them."""
    theirs, ours = restricted.objective.parts[group].discrepancy, full.objective.parts[group].discrepancy
    assert isinstance(theirs, LeastSquares)
    assert isinstance(ours, LeastSquares)
    values = dict(
        zip(
            statistic_names(theirs.statistics, restricted.table),
            theirs.fitted(restricted.implied[group]),
            strict=True,
        )
    )
    observed = np.array([values[name] for name in statistic_names(ours.statistics, full.table)])
    return replace(ours, observed=observed)


def statistic_names(statistics: Statistics, table: ParameterTable) -> Sequence[tuple[str, ...]]:
    """What each statistic is: a threshold with its number, a mean, a pair of variables, or a slope."""
    names: list[tuple[str, ...]] = [()] * statistics.q
    seen: dict[int, int] = {}
    for place, variable in zip(statistics.threshold.tolist(), statistics.threshold_of.tolist(), strict=True):
        seen[variable] = seen.get(variable, 0) + 1
        names[place] = (table.observed[variable], f"t{seen[variable]}", "|")
    for place, variable in zip(statistics.mean.tolist(), statistics.mean_of.tolist(), strict=True):
        names[place] = (table.observed[variable], "~1")
    pairs = zip(statistics.covariance.tolist(), statistics.first.tolist(), statistics.second.tolist(), strict=True)
    for place, first, second in pairs:
        names[place] = tuple(sorted((table.observed[first], table.observed[second])))
    slopes = zip(statistics.slope.tolist(), statistics.slope_of.tolist(), statistics.slope_on.tolist(), strict=True)
    for place, variable, covariate in slopes:
        names[place] = (table.observed[variable], "~", table.observed[covariate])
    return names
