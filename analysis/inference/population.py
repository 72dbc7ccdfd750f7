"""A population in lavaan syntax, every parameter fixed: its moments, and what is wrong with it.

A population has one level, or two (``level: 1`` and ``level: 2``) whose contributions to an observed variable add up.
At level 1 a product ``x:w`` multiplies a variable of the respondent by one of the cluster: a random slope. Several
groups have their values in ``c(…)``. A threshold ``x | 0.5*t1`` cuts the continuous variable x into ordered answers.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem, SpecificationError
from analysis.inference.rows import Key, key
from analysis.sem.syntax import Statement, parse_model

Array = NDArray[np.float64]

_INDEFINITE = -1e-9


@dataclass(frozen=True, slots=True)
class Product:
    """``value`` times variable ``own`` of level 1 times variable ``shared`` of level 2 is added to ``outcome``."""

    outcome: int
    own: int
    shared: int
    value: float


@dataclass(frozen=True, slots=True)
class Level:
    """Variables v = m + A v + u, cov(u) = S: ``paths`` A (k, k) into rows, ``residual`` S (k, k), ``intercept`` m (k,).

    ``total`` (k, k) is (I - A)^-1. ``products`` stand at level 1 alone.
    """

    names: tuple[str, ...]
    paths: Array
    residual: Array
    intercept: Array
    total: Array
    products: tuple[Product, ...] = ()

    @property
    def covariance(self) -> Array:
        """Covariance of all variables (k, k), without what products add."""
        return np.asarray(self.total @ self.residual @ self.total.T)

    @property
    def mean(self) -> Array:
        """Means of all variables (k,)."""
        return np.asarray(self.total @ self.intercept)


@dataclass(frozen=True, slots=True)
class PopulationGroup:
    """One group; ``between`` is None in a population of one level."""

    within: Level
    between: Level | None

    @property
    def names(self) -> tuple[str, ...]:
        """All variables of either level."""
        return tuple(dict.fromkeys((*self.within.names, *(self.between.names if self.between else ()))))

    def moments(self, names: Sequence[str]) -> tuple[Array, Array]:
        """Covariance (p, p) and mean (p,) of one respondent's ``names``, sums over the levels.

        A product x·w of independent variables with means of zero has variance var(x) var(w), and its covariance with
        any variable that is no product is zero.
        """
        within = self.within
        if self.between is not None and within.products:
            own, shared = within.covariance, self.between.covariance
            added = within.residual.copy()
            for p in within.products:
                for q in within.products:
                    added[p.outcome, q.outcome] += p.value * q.value * own[p.own, q.own] * shared[p.shared, q.shared]
            within = replace(within, residual=added)
        covariance, mean = np.zeros((len(names), len(names))), np.zeros(len(names))
        for level in (within, self.between):
            if level is None:
                continue
            here = [i for i, name in enumerate(names) if name in level.names]
            at = [level.names.index(names[i]) for i in here]
            covariance[np.ix_(here, here)] += level.covariance[np.ix_(at, at)]
            mean[here] += level.mean[at]
        return covariance, mean


@dataclass(frozen=True, slots=True)
class Population:
    """``values`` are those of the text by level (0 where there are none) and key, one a group; ``thresholds`` the
    ascending cuts of ordinal variables; ``items`` what measures a latent variable.
    """

    text: str
    groups: tuple[PopulationGroup, ...]
    values: Mapping[tuple[int, Key], tuple[float, ...]]
    thresholds: Mapping[str, tuple[float, ...]]
    items: tuple[str, ...]

    @property
    def two_level(self) -> bool:
        """Whether respondents share something with their cluster."""
        return self.groups[0].between is not None

    def knows(self, name: Key) -> bool:
        """Whether the text gives a parameter a value, at any level."""
        return any((level, name) in self.values for level in (0, 1, 2))


def read_population(text: str, filename: str = "population.lav") -> Population:
    """Read a population. Raises SpecificationError for faulty syntax and ModelError with everything that keeps it from
    being one: parameters without a value, variables without a variance, covariances that contradict each other.
    """
    parsed = parse_model(text, filename)
    statements = parsed.statements
    if problems := [*_without_value(statements, filename), *_levels_mixed(statements, filename)]:
        raise ModelError(problems)
    n_groups = max(len(_values(s)) for s in statements)
    levels = sorted({int(s.level or 0) for s in statements if s.op != "|"})
    groups = tuple(_group(statements, levels, g, filename) for g in range(n_groups))
    population = Population(
        text=text,
        groups=groups,
        values={(int(s.level or 0), _key(s)): _values_of_groups(s, n_groups) for s in statements},
        thresholds=_thresholds(statements, filename),
        items=tuple(dict.fromkeys(s.rhs for s in statements if s.op == "=~")),
    )
    if problems := [*_impossible(population, filename)]:
        raise ModelError(problems)
    return population


def _key(statement: Statement) -> Key:
    if statement.op == "~" and statement.rhs == "1":
        return statement.lhs, "~1", ""
    return key(statement.lhs, statement.op, statement.rhs)


def _values(statement: Statement) -> tuple[float, ...]:
    """The fixed values of a statement, one or one a group; none where it has none."""
    found = [m.values for m in statement.modifiers if m.kind == "fixed"]
    values = found[0] if found else ()
    return tuple(float(v) for v in values if isinstance(v, int | float))


def _values_of_groups(statement: Statement, n_groups: int) -> tuple[float, ...]:
    values = _values(statement)
    return values * n_groups if len(values) == 1 else values


def _without_value(statements: Sequence[Statement], filename: str) -> Iterator[Problem]:
    counts = {len(_values(s)) for s in statements}
    for s in statements:
        place = f"{filename}:{s.line}"
        if not _values(s):
            what = f"the population gives no value for {s.lhs} {s.op} {s.rhs}"
            yield Problem(what, place, f"write e.g. 0.5*{s.rhs}: every parameter of a population is fixed")
        elif len(counts - {0, 1}) > 1 and len(_values(s)) > 1:
            yield Problem("c(…) has another number of values elsewhere", place, "give one value a group")
        elif s.op not in {"=~", "~", "~~", "|"}:
            yield Problem(f"'{s.op}' is not known in a population", place, "use =~, ~, ~~ and |")


def _levels_mixed(statements: Sequence[Statement], filename: str) -> Iterator[Problem]:
    levels = {s.level for s in statements}
    if levels not in ({None}, {"1", "2"}):
        for s in statements:
            if s.level not in {"1", "2"}:
                yield Problem("this stands outside 'level: 1' and 'level: 2'", f"{filename}:{s.line}", "move it below")
        if levels <= {"1", "2"}:
            yield Problem("one of the two levels is missing", filename, "write 'level: 1' and 'level: 2'")


def _thresholds(statements: Sequence[Statement], filename: str) -> dict[str, tuple[float, ...]]:
    cuts: dict[str, tuple[float, ...]] = {}
    for s in statements:
        if s.op == "|":
            cuts[s.lhs] = (*cuts.get(s.lhs, ()), _values(s)[0])
    crossed = [name for name, values in cuts.items() if list(values) != sorted(set(values))]
    if crossed:
        raise SpecificationError(
            Problem(f"the thresholds of {name} do not ascend", filename, "write t1 below t2") for name in crossed
        )
    return cuts


def _group(statements: Sequence[Statement], levels: Sequence[int], group: int, filename: str) -> PopulationGroup:
    if len(levels) < 2:
        return PopulationGroup(_level([s for s in statements if s.op != "|"], (), group, filename), None)
    between = _level([s for s in statements if s.level == "2" and s.op != "|"], (), group, filename)
    within = _level([s for s in statements if s.level == "1" and s.op != "|"], between.names, group, filename)
    return PopulationGroup(within, between)


def _level(statements: Sequence[Statement], shared: Sequence[str], group: int, filename: str) -> Level:
    """One level; ``shared`` are the variables of the level above, which products may name."""
    names = tuple(dict.fromkeys(n for s in statements for n in (s.lhs, s.rhs) if n != "1" and ":" not in n))
    at = {name: i for i, name in enumerate(names)}
    paths, residual, intercept = np.zeros((len(names),) * 2), np.zeros((len(names),) * 2), np.zeros(len(names))
    products, problems = [], []
    for s in statements:
        value = _values(s)[min(group, len(_values(s)) - 1)]
        if ":" in s.rhs or ":" in s.lhs:
            product = _product(s, value, at, shared)
            problems += [Problem(product, f"{filename}:{s.line}")] if isinstance(product, str) else []
            products += [product] if isinstance(product, Product) else []
        elif s.op == "=~":
            paths[at[s.rhs], at[s.lhs]] = value
        elif s.op == "~~":
            residual[at[s.lhs], at[s.rhs]] = residual[at[s.rhs], at[s.lhs]] = value
        elif s.rhs == "1":
            intercept[at[s.lhs]] = value
        else:
            paths[at[s.lhs], at[s.rhs]] = value
    try:
        total = np.asarray(np.linalg.inv(np.eye(len(names)) - paths), dtype=np.float64)
    except np.linalg.LinAlgError:
        problems.append(Problem("the paths run in a circle that has no solution", filename))
    fed = [p for p in products if not problems and any(abs(total[p.own, q.outcome]) > 0 for q in products)]
    problems += [Problem(f"{names[p.own]} depends on a product and is part of one", filename) for p in fed]
    if problems:
        raise ModelError(problems)
    return Level(names, paths, residual, intercept, total, tuple(products))


def _product(s: Statement, value: float, at: Mapping[str, int], shared: Sequence[str]) -> Product | str:
    """The product of a statement, or what is wrong with it."""
    factors = s.rhs.split(":")
    if s.op != "~" or s.lhs not in at or len(factors) != 2:
        return f"{s.lhs} {s.op} {s.rhs}: a product has two factors and is a predictor"
    own, other = [f for f in factors if f not in shared or f in at], [f for f in factors if f in shared and f not in at]
    if len(own) != 1 or len(other) != 1 or own[0] not in at:
        return f"{s.rhs}: one factor has to be of level 1, the other of level 2 alone"
    return Product(at[s.lhs], at[own[0]], list(shared).index(other[0]), value)


def _impossible(population: Population, filename: str) -> Iterator[Problem]:
    for g, group in enumerate(population.groups):
        where = filename if len(population.groups) == 1 else f"{filename}, group {g + 1}"
        for level in (group.within, group.between):
            if level is not None:
                yield from _indefinite(level, where)
        for product in group.within.products:
            assert group.between is not None
            for name, mean in (
                (group.within.names[product.own], group.within.mean[product.own]),
                (group.between.names[product.shared], group.between.mean[product.shared]),
            ):
                if mean != 0:
                    yield Problem(f"{name} is part of a product and has a mean", where, "leave its mean at zero")


def _indefinite(level: Level, where: str) -> Iterator[Problem]:
    """Negative variances, then covariances that contradict each other."""
    variances = np.diag(level.residual)
    negative = [name for name, v in zip(level.names, variances, strict=True) if v < 0]
    for name in negative:
        yield Problem(f"the variance of {name} is negative", where, "give it a positive one")
    if negative:
        return
    deviations = np.where(variances > 0, np.sqrt(variances), 1.0)
    values, vectors = np.linalg.eigh(level.residual / np.outer(deviations, deviations))
    if values[0] < _INDEFINITE:
        weight = np.abs(vectors[:, 0])
        names = [name for name, w in zip(level.names, weight, strict=True) if w > 0.1 * weight.max()]
        what = f"the population is impossible: the covariances of {', '.join(names)} contradict each other"
        yield Problem(what, where, "lower the covariances, or raise the variances: not positive definite")
