"""Draw answers from a population model: residents within communes, latent variables, rounded items.

An item of respondent i in commune j is

    y*_ij = mean + Σ loading · η_ij + e_ij  (level 1)  +  Σ loading · η_j + e_j  (level 2),

with the latent variables of each level given by η = B η + ζ, ζ normal; the answer is y*_ij rounded to the
nearest code and held within the answer scale. A product such as ``satisfaction:offer`` at level 1 multiplies
a latent variable of the respondent by a variable of the commune.

Sums are written out term by term and in a fixed order, and the Cholesky factor is this module's own: the same
seed gives the same codes on every platform, whatever library multiplies its matrices.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import Problem, SpecificationError

Values = dict[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class PopulationParameter:
    """One fixed parameter of the population model in lavaan's terms; ``level`` is 1 or 2.

    The mean of an item has op ``~`` and rhs "1", or op ``~1`` and any rhs.
    """

    level: int
    lhs: str
    op: str
    rhs: str
    value: float


@dataclass(frozen=True, slots=True)
class Draw:
    """Answers drawn from a population.

    codes: item → code of each respondent (n,), in the direction of its construct.
    context: commune variable of the model → value of each commune (m,), in its population's standard
    deviations around zero, to two decimals.
    """

    codes: Mapping[str, NDArray[np.int64]]
    context: Mapping[str, NDArray[np.float64]]


@dataclass(frozen=True, slots=True)
class _Level:
    """The parameters of one level, by what they do."""

    loadings: Mapping[str, tuple[tuple[str, float], ...]]  # item → (latent, loading)
    paths: Mapping[str, tuple[tuple[str, float], ...]]  # outcome → (predictor, coefficient)
    variables: tuple[str, ...]  # all that has a variance and is no item
    covariance: Mapping[frozenset[str], float]
    means: Mapping[str, float]


def draw_answers(
    parameters: Iterable[PopulationParameter],
    ranges: Mapping[str, tuple[int, int]],
    commune_of: NDArray[np.int64],
    n_communes: int,
    rng: np.random.Generator,
) -> Draw:
    """Draw one answer to each item for each respondent.

    ``ranges`` gives the lowest and highest code of each item, ``commune_of`` (n,) the position of each
    respondent's commune. Raises SpecificationError when the model leaves an item or a path undefined.
    """
    table = tuple(parameters)
    within, between = (_level(table, level, ranges) for level in (1, 2))
    _check_items(within, between, ranges)
    shared = _disturbances(between, n_communes, rng)
    latent = {name for loadings in between.loadings.values() for name, _ in loadings}
    context = {name: _standardised(values) for name, values in shared.items() if name not in latent}
    shared = _solve(between.paths, {**shared, **context})
    own = _disturbances(within, len(commune_of), rng)
    own = _solve(within.paths, {**own, **{name: values[commune_of] for name, values in context.items()}})
    codes = {}
    for item, (low, high) in ranges.items():
        mean = within.means.get(item, 0.0) + between.means.get(item, 0.0)
        answer = mean + _item(item, within, own, rng) + _item(item, between, shared, rng)[commune_of]
        codes[item] = np.clip(np.floor(answer + 0.5), low, high).astype(np.int64)
    return Draw(codes, context)


def _level(table: Sequence[PopulationParameter], level: int, items: Iterable[str]) -> _Level:
    loadings: dict[str, tuple[tuple[str, float], ...]] = {}
    paths: dict[str, tuple[tuple[str, float], ...]] = {}
    covariance: dict[frozenset[str], float] = {}
    means: dict[str, float] = {}
    for row in (row for row in table if row.level == level):
        if row.op == "=~":
            loadings[row.rhs] = (*loadings.get(row.rhs, ()), (row.lhs, row.value))
        elif row.op == "~~":
            covariance[frozenset((row.lhs, row.rhs))] = row.value
        elif row.op == "~1" or row.rhs == "1":
            means[row.lhs] = row.value
        elif row.op == "~":
            paths[row.lhs] = (*paths.get(row.lhs, ()), (row.rhs, row.value))
    observed = set(items)
    variances = [next(iter(pair)) for pair in covariance if len(pair) == 1]
    return _Level(loadings, paths, tuple(v for v in variances if v not in observed), covariance, means)


def _check_items(within: _Level, between: _Level, ranges: Mapping[str, tuple[int, int]]) -> None:
    without = [item for item in ranges if item not in within.loadings]
    without += [item for item in ranges if item not in within.means and item not in between.means]
    if without:
        names = ", ".join(dict.fromkeys(without))
        hint = "give each item a loading at level 1 and a mean"
        raise SpecificationError(Problem(f"the population says too little of {names}", "population", hint))


def _disturbances(level: _Level, size: int, rng: np.random.Generator) -> Values:
    """Jointly normal disturbances of the variables of a level, each (size,)."""
    names = level.variables
    factor = _cholesky([[level.covariance.get(frozenset((a, b)), 0.0) for b in names] for a in names])
    normal = [rng.standard_normal(size) for _ in names]
    drawn: Values = {}
    for i, name in enumerate(names):
        total = np.zeros(size)
        for j in range(i + 1):
            total = total + factor[i][j] * normal[j]
        drawn[name] = total
    return drawn


def _cholesky(matrix: Sequence[Sequence[float]]) -> list[list[float]]:
    """Lower factor of a positive semidefinite matrix; a variable without variance gets a row of zeros."""
    size = len(matrix)
    factor = [[0.0] * size for _ in range(size)]
    for i in range(size):
        for j in range(i + 1):
            rest = matrix[i][j] - math.fsum(factor[i][k] * factor[j][k] for k in range(j))
            if i != j:
                factor[i][j] = rest / factor[j][j] if factor[j][j] > 0 else 0.0
            elif rest < 0:
                hint = "lower its covariances, or raise its variance"
                what = f"the covariances of variable {i + 1} are larger than its variance allows"
                raise SpecificationError(Problem(what, "population", hint))
            else:
                factor[i][i] = math.sqrt(rest)
    return factor


def _standardised(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean 0 and standard deviation 1 over communes, to two decimals, as a published index would be."""
    count = len(values)
    mean = math.fsum(values.tolist()) / count
    centred = values - mean
    deviation = math.sqrt(math.fsum((centred * centred).tolist()) / max(count - 1, 1))
    return np.asarray(np.round(centred / deviation, 2) + 0.0)


def _solve(paths: Mapping[str, tuple[tuple[str, float], ...]], disturbances: Values) -> Values:
    """Outcomes in causal order: disturbance plus coefficient times predictor."""
    solved = {name: values for name, values in disturbances.items() if name not in paths}
    waiting = [name for name in paths if name in disturbances]
    while waiting:
        ready = [name for name in waiting if all(_known(term, solved) for term, _ in paths[name])]
        if not ready:
            what = f"the paths to {', '.join(waiting)} run in a circle or start from nowhere"
            raise SpecificationError(Problem(what, "population", "give every predictor a variance"))
        for name in ready:
            total = disturbances[name]
            for term, coefficient in paths[name]:
                total = total + coefficient * _term(term, solved)
            solved[name] = total
        waiting = [name for name in waiting if name not in solved]
    return solved


def _known(term: str, solved: Values) -> bool:
    return all(part in solved for part in term.split(":"))


def _term(term: str, solved: Values) -> NDArray[np.float64]:
    first, *others = (solved[part] for part in term.split(":"))
    for other in others:
        first = first * other
    return first


def _item(item: str, level: _Level, latent: Values, rng: np.random.Generator) -> NDArray[np.float64]:
    """What one level contributes to an item: loadings times latent variables, and its residual."""
    size = len(next(iter(latent.values())))
    total = math.sqrt(level.covariance.get(frozenset((item,)), 0.0)) * rng.standard_normal(size)
    for name, loading in level.loadings.get(item, ()):
        total = total + loading * latent[name]
    return total
