"""Parameter tables of two-level models: the model's own, the unrestricted one and the baseline."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from analysis.sem.defaults import Defaults, Roles, complete_rows, roles_of
from analysis.sem.parameter import Parameter
from analysis.sem.partable import Level, ParameterTable, number_free, relations_of
from analysis.sem.syntax import ParsedModel
from analysis.sem.twolevel.levels import LEVELS, statements_of_levels


def two_level_table(model: ParsedModel, *, std_lv: bool) -> ParameterTable:
    """Each level filled by itself with lavaan's defaults; labels tie parameters over levels as within one.

    The intercept of a variable of both levels belongs to level 2 and is zero in level 1. Errors are those of
    ``statements_of_levels`` and of labels that definitions or constraints miss.
    """
    of_level = statements_of_levels(model)
    roles = tuple(roles_of(statements) for statements in of_level)
    defaults = Defaults(std_lv=std_lv, meanstructure=True)
    rows: list[Parameter] = []
    for level, (statements, of_roles) in enumerate(zip(of_level, roles, strict=True)):
        rows += complete_rows(statements, of_roles, defaults, level)
    rows = number_free([_intercept_between(row, roles[1]) for row in rows])
    definitions, constraints = relations_of(model, rows)
    return ParameterTable(
        parameters=tuple(rows),
        definitions=definitions,
        constraints=constraints,
        observed=_joined(part.observed for part in roles),
        latent=_joined(part.latent for part in roles),
        exogenous=_joined(part.exogenous for part in roles),
        groups=LEVELS,
        meanstructure=True,
        levels=tuple(Level(part.observed, part.exogenous) for part in roles),
    )


def unrestricted_table(table: ParameterTable) -> ParameterTable:
    """All variances, covariances and means of both levels free; covariates are like any other variable."""
    rows: list[Parameter] = []
    for group, level in enumerate(table.levels):
        names = level.observed
        rows += [_free(a, "~~", b, group) for i, a in enumerate(names) for b in names[i:]]
        rows += [_free(name, "~1", "", group) for name in _with_mean(table, group)]
    return _other(table, rows)


def baseline_table(table: ParameterTable) -> ParameterTable:
    """Variances and means free on both levels and no covariance; fixed moments of covariates as in ``table``."""
    rows: list[Parameter] = []
    for group, level in enumerate(table.levels):
        free = [name for name in level.observed if name not in level.exogenous]
        rows += [_free(name, "~~", name, group) for name in free]
        rows += [_free(name, "~1", "", group) for name in _with_mean(table, group) if name in free]
        rows += [row for row in table.parameters if row.exogenous and row.group == group]
    return _other(table, rows)


def _free(lhs: str, op: str, rhs: str, group: int) -> Parameter:
    return Parameter(lhs, op, rhs, user=False, free=1, group=group)


def _with_mean(table: ParameterTable, group: int) -> list[str]:
    """Variables whose mean is of this level: all of level 2, and what level 1 alone holds."""
    within, between = table.levels
    return list(between.observed) if group else [name for name in within.observed if name not in between.observed]


def _intercept_between(row: Parameter, between: Roles) -> Parameter:
    if row.op == "~1" and row.group == 0 and row.lhs in between.observed:
        return replace(row, free=0, fixed=0.0, exogenous=False)
    return row


def _other(table: ParameterTable, rows: Sequence[Parameter]) -> ParameterTable:
    """``rows`` over the same variables."""
    return replace(table, parameters=tuple(number_free(rows)), definitions=(), constraints=(), latent=())


def _joined(names: Iterable[Sequence[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(name for of_level in names for name in of_level))
