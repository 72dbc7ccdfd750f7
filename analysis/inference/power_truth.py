"""What is true of a structural-equation model in a population.

The truth of a parameter is what the model's estimate tends to as the sample grows: the model fitted to the moments of
the population. Where the model holds there, that is the population's own value in the scale of the model.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem
from analysis.inference.population import Population
from analysis.inference.population_draw import Sampler
from analysis.inference.power_fits import Target
from analysis.inference.rows import Key, key, written
from analysis.sem.bootstrap.result import Statistic
from analysis.sem.effects import evaluate
from analysis.sem.moment_fits import free_rows
from analysis.sem.moments import SampleMoments
from analysis.sem.parameter import Parameter
from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]
Place = tuple[Key, int]  # a parameter and its group or level, counted from 0

_LARGE = 10**9  # observations of the population
_ZERO = 1e-9  # what the search for the truth leaves of a zero


def place(row: Parameter) -> Place:
    """By what a row is found in another table of the same model."""
    return key(row.lhs, row.op, row.rhs), row.group


def population_samples(sampler: Sampler, names: Sequence[str], ordered: Sequence[str]) -> list[SampleMoments]:
    """The population's moments by group; ``ordered`` variables are in standard deviations, around zero, as latent
    responses are.
    """
    samples = []
    for group in sampler.population.groups:
        covariance, mean = group.moments(names)
        scale = np.array([covariance[i, i] ** -0.5 if name in ordered else 1.0 for i, name in enumerate(names)])
        mean = np.where([name in ordered for name in names], 0.0, mean)
        samples.append(SampleMoments(tuple(names), covariance * np.outer(scale, scale), mean, _LARGE))
    return samples


def threshold_truth(sampler: Sampler, ordered: Sequence[str]) -> dict[Place, float]:
    """Thresholds of ``ordered`` variables in standard deviations of their latent responses."""
    truth: dict[Place, float] = {}
    for g, group in enumerate(sampler.population.groups):
        covariance, mean = group.moments(ordered)
        for i, name in enumerate(ordered):
            for j, cut in enumerate((sampler.cuts[name] - mean[i]) / np.sqrt(covariance[i, i]), start=1):
                truth[key(name, "|", f"t{j}"), g] = float(cut)
    return truth


def require_values(table: ParameterTable, population: Population, name: str) -> None:
    """Raise ModelError naming every free loading and path of the model that the population says nothing of."""
    problems = []
    for row in table.parameters:
        path = row.free and row.user and row.op in {"=~", "~"} and row.group == 0
        if path and not population.knows(key(row.lhs, row.op, row.rhs)):
            what = f"the population gives no value for {written(row.lhs, row.op, row.rhs)}"
            hint = f"write {row.lhs} {row.op} 0*{row.rhs} in it, or the value that you expect"
            problems.append(Problem(what, name, hint))
    if problems:
        raise ModelError(problems)


def target_of(
    table: ParameterTable, sampler: Sampler, known: Mapping[Place, float], fit: tuple[float, int] | None
) -> Target:
    """Statistics of ``table`` with their truth, ``known`` by place; ``fit`` is F and df at the population's moments."""
    values = np.array([known.get(place(row), np.nan) for row in table.parameters])
    values[np.abs(values) < _ZERO] = 0.0
    of_free = {row.free: v for row, v in zip(table.parameters, values, strict=True) if np.isfinite(v)}
    values = np.array([of_free.get(row.free, np.nan) for row in table.parameters])  # equal parameters have one truth
    fixed = np.array([np.nan if row.fixed is None else row.fixed for row in table.parameters])
    values = np.where([bool(row.free) for row in table.parameters], values, fixed)
    defined, _ = evaluate(table, values)
    rows = [table.parameters[i] for i in free_rows(table)]
    return Target(
        observed=sampler.names,
        statistics=tuple(_statistics(table, rows)),
        truth=np.append(values[free_rows(table)], [defined[d.name] for d in table.definitions]),
        discrepancy=None if fit is None else fit[0],
        df=None if fit is None else fit[1],
    )


def values_by_name(table: ParameterTable, population: Population) -> dict[Place, float]:
    """What the population says of the rows of a two-level ``table``, at the same level."""
    found = {place(row): population.values.get((row.group + 1, place(row)[0])) for row in table.parameters}
    return {at: values[0] for at, values in found.items() if values is not None}


def _statistics(table: ParameterTable, rows: Sequence[Parameter]) -> Iterator[Statistic]:
    for row in rows:
        group = table.groups[row.group] if len(table.groups) > 1 else None
        yield Statistic(row.lhs, row.op, row.rhs, group, row.label, True)
    for definition in table.definitions:
        yield Statistic(definition.name, ":=", definition.expression.text, None, definition.name, True)
