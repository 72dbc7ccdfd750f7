"""The parameter table: the hub between syntax, engine and report.

Syntax fills it with what was written; lavaan's defaults add what a model needs but nobody writes: residual
variances, covariances of exogenous latents and of outcomes that predict nothing, marker loadings, intercepts.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, replace
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem
from analysis.sem.expression import Expression, ExpressionError, parse_expression
from analysis.sem.syntax import Modifier, ParsedModel, Statement

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row. ``free`` counts from 1; rows that share a label share it; 0 marks a fixed parameter.

    ``fixed`` is the value of a fixed parameter (None while a fixed exogenous moment awaits its data),
    ``exogenous`` marks the moments of observed covariates, which are fixed to the sample's.
    """

    lhs: str
    op: str
    rhs: str
    user: bool
    free: int = 0
    fixed: float | None = None
    start: float | None = None
    label: str = ""
    exogenous: bool = False

    @property
    def name(self) -> str:
        """The parameter as it is written in lavaan syntax."""
        return f"{self.lhs} ~ 1" if self.op == "~1" else f"{self.lhs} {self.op} {self.rhs}"


@dataclass(frozen=True, slots=True)
class Definition:
    """A defined parameter (``:=``) with its parsed expression."""

    name: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class ParameterTable:
    """All parameters of a model, in lavaan's order: as written, variances, covariances, intercepts."""

    parameters: tuple[Parameter, ...]
    definitions: tuple[Definition, ...]
    observed: tuple[str, ...]
    latent: tuple[str, ...]
    exogenous: tuple[str, ...]
    meanstructure: bool

    @property
    def n_free(self) -> int:
        """Number of free parameters; parameters equal by label count once."""
        return max((row.free for row in self.parameters), default=0)

    def free_names(self) -> tuple[str, ...]:
        """Name of each free parameter: that of the first row that holds it."""
        first = {row.free: row.name for row in reversed(self.parameters) if row.free}
        return tuple(first[index] for index in range(1, self.n_free + 1))


@dataclass(frozen=True, slots=True)
class _Roles:
    """Which variable plays which part in a model."""

    latent: tuple[str, ...]
    indicators: tuple[str, ...]
    outcomes: tuple[str, ...]
    predictors: tuple[str, ...]
    observed: tuple[str, ...]


def build_table(model: ParsedModel, *, std_lv: bool = False, meanstructure: bool = False) -> ParameterTable:
    """Fill the table from parsed syntax and add lavaan's defaults.

    ``std_lv`` identifies each latent by its variance and not by its first loading. Raises ModelError for
    operators that this engine does not estimate, for labels that definitions miss, and for circular roles.
    """
    _refuse(model)
    meanstructure = meanstructure or any(s.op == "~" and s.rhs == "1" for s in model.statements)
    roles = _roles(model.statements)
    written = [_written(statement) for statement in model.statements]
    exogenous = _exogenous(roles, written)
    if not std_lv:
        written = _fix_markers(written, roles)
    rows = [*written, *_defaults(written, roles, exogenous, meanstructure, std_lv)]
    rows = _number(rows)
    definitions = _definitions(model, rows)
    return ParameterTable(tuple(rows), definitions, roles.observed, roles.latent, exogenous, meanstructure)


def bind_exogenous(table: ParameterTable, covariance: Array, mean: Array) -> ParameterTable:
    """Fix the moments of observed covariates to the sample's (arrays in the order of ``table.observed``)."""
    at = {name: i for i, name in enumerate(table.observed)}

    def value(row: Parameter) -> float:
        return float(mean[at[row.lhs]] if row.op == "~1" else covariance[at[row.lhs], at[row.rhs]])

    rows = (replace(row, fixed=value(row)) if row.exogenous else row for row in table.parameters)
    return replace(table, parameters=tuple(rows))


def _refuse(model: ParsedModel) -> None:
    problems = [
        Problem(f"'{s.op}' is not estimated here", f"{model.filename}:{s.line}", "use =~, ~, ~~, ~ 1 and :=")
        for s in model.statements
        if s.op in {"<~", "|", "~*~"}
    ]
    problems += [
        Problem("blocks of groups or levels are not estimated here", f"{model.filename}:{s.line}")
        for s in model.statements
        if s.level is not None or s.group is not None
    ][:1]
    problems += [
        Problem(f"constraint '{r.lhs} {r.op} {r.rhs}' is not estimated here", f"{model.filename}:{r.line}",
                "write equal parameters with one label: f =~ a*x1 + a*x2")
        for r in model.relations
        if r.op != ":="
    ]  # fmt: skip
    if problems:
        raise ModelError(problems)


def _roles(statements: Iterable[Statement]) -> _Roles:
    statements = list(statements)
    latent = _unique(s.lhs for s in statements if s.op == "=~")
    indicators = _unique(s.rhs for s in statements if s.op == "=~")
    outcomes = _unique(s.lhs for s in statements if s.op == "~" and s.rhs != "1")
    predictors = _unique(s.rhs for s in statements if s.op == "~" and s.rhs != "1")
    others = _unique(name for s in statements if s.op == "~~" or s.rhs == "1" for name in (s.lhs, s.rhs) if name != "1")
    # lavaan's order of observed variables: indicators, outcomes, predictors, the rest.
    observed = _unique(name for name in (*indicators, *outcomes, *predictors, *others) if name not in set(latent))
    return _Roles(latent, indicators, outcomes, predictors, observed)


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _written(statement: Statement) -> Parameter:
    op = "~1" if statement.op == "~" and statement.rhs == "1" else statement.op
    rhs = "" if op == "~1" else statement.rhs
    row = Parameter(statement.lhs, op, rhs, user=True, free=1)
    for modifier in statement.modifiers:
        row = _modified(row, modifier)
    return row


def _modified(row: Parameter, modifier: Modifier) -> Parameter:
    value = modifier.values[0]
    match modifier.kind:
        case "fixed":
            return replace(row, free=0, fixed=float(value))  # type: ignore[arg-type]
        case "start":
            return replace(row, start=None if value is None else float(value))
        case "label":
            return replace(row, label=str(value))
        case _:
            # NA: explicitly free. -1 survives the fixing of markers and is then numbered like the others.
            return replace(row, free=-1, fixed=None)


def _exogenous(roles: _Roles, written: list[Parameter]) -> tuple[str, ...]:
    """Observed predictors that are nothing else, and whose moments the model does not mention."""
    mentioned = {name for row in written if row.op in {"~~", "~1"} for name in (row.lhs, row.rhs)}
    barred = {*roles.latent, *roles.indicators, *roles.outcomes, *mentioned}
    return tuple(name for name in roles.predictors if name not in barred)


def _fix_markers(written: list[Parameter], roles: _Roles) -> list[Parameter]:
    """The first loading of each latent is 1, unless it is given a value or freed by NA."""
    first = {name: next(i for i, r in enumerate(written) if r.op == "=~" and r.lhs == name) for name in roles.latent}
    rows = list(written)
    for i in first.values():
        if rows[i].free == 1:
            rows[i] = replace(rows[i], free=0, fixed=1.0)
    return rows


def _defaults(
    written: list[Parameter], roles: _Roles, exogenous: tuple[str, ...], meanstructure: bool, std_lv: bool
) -> list[Parameter]:
    """What lavaan adds to a model as written (auto.var, auto.cov.lv.x, auto.cov.y, auto.fix.single, means)."""
    has = {(row.op, *sorted((row.lhs, row.rhs))) for row in written}
    n_items = Counter(row.lhs for row in written if row.op == "=~")
    single = {row.rhs for row in written if row.op == "=~" and n_items[row.lhs] == 1}
    rows: list[Parameter] = []
    for name in (*(v for v in roles.observed if v not in exogenous), *roles.latent):
        if ("~~", name, name) not in has:
            rows.append(_variance(name, name in roles.latent and std_lv, name in single))
    dependent = {*roles.indicators, *roles.outcomes}
    free_latents = [name for name in roles.latent if name not in dependent]
    final = [n for n in roles.outcomes if n not in {*roles.predictors, *roles.indicators}]
    # Outcomes of one kind keep lavaan's order: latent before observed.
    final = [n for n in roles.latent if n in final] + [n for n in roles.observed if n in final]
    for group in (free_latents, final):
        for a, b in combinations(group, 2):
            if ("~~", *sorted((a, b))) not in has:
                rows.append(Parameter(a, "~~", b, user=False, free=1))
    for i, a in enumerate(exogenous):
        rows += [Parameter(a, "~~", b, user=False, exogenous=True) for b in exogenous[i:]]
    if meanstructure:
        rows += _intercepts(has, roles, exogenous)
    return rows


def _variance(name: str, standardised: bool, single: bool) -> Parameter:
    if standardised:
        return Parameter(name, "~~", name, user=False, fixed=1.0)
    if single:
        return Parameter(name, "~~", name, user=False, fixed=0.0)
    return Parameter(name, "~~", name, user=False, free=1)


def _intercepts(has: set[tuple[str, ...]], roles: _Roles, exogenous: tuple[str, ...]) -> list[Parameter]:
    rows = []
    for name in (*roles.observed, *roles.latent):
        if ("~1", "", name) in has:
            continue
        if name in exogenous:
            rows.append(Parameter(name, "~1", "", user=False, exogenous=True))
        elif name in roles.latent:
            rows.append(Parameter(name, "~1", "", user=False, fixed=0.0))
        else:
            rows.append(Parameter(name, "~1", "", user=False, free=1))
    return rows


def _number(rows: list[Parameter]) -> list[Parameter]:
    """Count free parameters; a label held by a fixed row fixes every row that shares it."""
    fixed = {row.label: row.fixed for row in rows if row.label and row.free == 0}
    numbers: dict[str, int] = {}
    numbered: list[Parameter] = []
    count = 0
    for row in rows:
        if row.free == 0:
            numbered.append(row)
        elif row.label in fixed:
            numbered.append(replace(row, free=0, fixed=fixed[row.label]))
        elif row.label in numbers:
            numbered.append(replace(row, free=numbers[row.label]))
        else:
            count += 1
            if row.label:
                numbers[row.label] = count
            numbered.append(replace(row, free=count))
    return numbered


def _definitions(model: ParsedModel, rows: list[Parameter]) -> tuple[Definition, ...]:
    known = {row.label for row in rows if row.label}
    problems: list[Problem] = []
    definitions: list[Definition] = []
    for relation in model.relations:
        where = f"{model.filename}:{relation.line}"
        try:
            expression = parse_expression(relation.rhs)
        except ExpressionError as error:
            problems.append(Problem(str(error), where, "write arithmetic on labels, e.g. indirect := a*b"))
            continue
        unknown = [name for name in expression.names if name not in known]
        problems += [
            Problem(f"'{relation.lhs}' uses label '{name}', which no parameter carries", where,
                    f"known labels: {', '.join(sorted(known)) or 'none'}")
            for name in unknown
        ]  # fmt: skip
        known.add(relation.lhs)
        definitions.append(Definition(relation.lhs, expression))
    if problems:
        raise ModelError(problems)
    return tuple(definitions)
