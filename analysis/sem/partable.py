"""The parameter table: the hub between syntax, engine and report.

Syntax fills it with what was written, ``defaults`` adds what a model needs but nobody writes, and free
parameters are numbered here: rows tied by a label, or by an equality over groups, are one parameter.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem, nearest
from analysis.sem.defaults import Defaults, Roles, complete_rows, roles_of
from analysis.sem.expression import Expression, parse_expression
from analysis.sem.parameter import Parameter
from analysis.sem.syntax import ParsedModel, Statement

Array = NDArray[np.float64]

CLUSTERS = "name the column that says to which cluster a row belongs: --cluster COL"

GROUP_EQUAL = (
    "loadings",
    "intercepts",
    "means",
    "thresholds",
    "regressions",
    "residuals",
    "residual.covariances",
    "lv.variances",
    "lv.covariances",
)


@dataclass(frozen=True, slots=True)
class Relation:
    """A definition (``:=``, with its name) or a constraint (``==``, ``<``, ``>``: expression against zero)."""

    name: str
    op: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How a table is filled. ``groups`` are labels in order; ``thresholds`` counts those of each ordinal variable."""

    std_lv: bool = False
    meanstructure: bool = False
    groups: tuple[str, ...] = ("",)
    group_equal: tuple[str, ...] = ()
    group_partial: tuple[str, ...] = ()
    thresholds: tuple[tuple[str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Level:
    """One level of a two-level model: its observed variables, and the covariates among them with fixed moments."""

    observed: tuple[str, ...]
    exogenous: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ParameterTable:
    """All parameters of a model, group by group in lavaan's order: as written, variances, covariances, means.

    In a two-level model ``levels`` holds both levels, and they stand in the place of groups: rows of level 1 have
    group 0, those of level 2 group 1.

    Tables are told apart by identity, so that what is derived from one can be kept; what it says of itself is
    computed once, and that is why it has no slots.
    """

    parameters: tuple[Parameter, ...]
    definitions: tuple[Relation, ...]
    constraints: tuple[Relation, ...]
    observed: tuple[str, ...]
    latent: tuple[str, ...]
    exogenous: tuple[str, ...]
    groups: tuple[str, ...]
    meanstructure: bool
    levels: tuple[Level, ...] = ()

    @property
    def n_groups(self) -> int:
        """Number of groups of respondents; levels are none."""
        return 1 if self.levels else len(self.groups)

    def group_of(self, row: Parameter) -> str | None:
        """The group's label, None where there is one group."""
        return self.groups[row.group] if self.n_groups > 1 else None

    def level_of(self, row: Parameter) -> int:
        """1 within clusters and in models of one level, 2 between clusters."""
        return row.group + 1 if self.levels else 1

    def suffix(self, group: int) -> str:
        """What tells names apart where there are several groups or levels."""
        return f" [{self.groups[group]}]" if len(self.groups) > 1 else ""

    @cached_property
    def ordinal(self) -> tuple[str, ...]:
        """Observed variables that are cut from latent responses."""
        return tuple(dict.fromkeys(row.lhs for row in self.parameters if row.op == "~*~"))

    @cached_property
    def n_free(self) -> int:
        """Number of free parameters; tied parameters count once."""
        return max((row.free for row in self.parameters), default=0)

    def free_names(self) -> tuple[str, ...]:
        """Name of each free parameter: that of the first row that holds it, with its group or level where there are
        several.
        """
        names = {}
        for row in reversed(self.parameters):
            names[row.free] = row.name + self.suffix(row.group)
        return tuple(names[index] for index in range(1, self.n_free + 1))


def build_table(model: ParsedModel, options: TableOptions | None = None) -> ParameterTable:
    """Fill the table from parsed syntax and lavaan's defaults.

    Raises ModelError for operators and blocks that this engine does not estimate, unknown groups and kinds of
    equality, and for labels that definitions or constraints miss.
    """
    options = options or TableOptions()
    _refuse(model, options)
    roles = roles_of(model.statements)
    has_means = any(s.op == "~" and s.rhs == "1" for s in model.statements)
    several = len(options.groups) > 1
    defaults = Defaults(
        std_lv=options.std_lv,
        meanstructure=options.meanstructure or has_means or several or bool(options.thresholds),
        thresholds=dict(options.thresholds),
        free_scales="thresholds" in options.group_equal,
    )
    rows: list[Parameter] = []
    for group, label in enumerate(options.groups):
        rows += complete_rows(_of_group(model.statements, label), roles, defaults, group)
    rows = number_free(_tied(_with_free_means(rows, roles, options), roles, options))
    definitions, constraints = relations_of(model, rows)
    return ParameterTable(
        tuple(rows), definitions, constraints,
        roles.observed, roles.latent, roles.exogenous, options.groups, defaults.meanstructure,
    )  # fmt: skip


def row_values(table: ParameterTable, theta: Array) -> Array:
    """Value of every row of the table at ``theta`` (n_free,), shape (n_rows,)."""
    fixed = np.array([0.0 if row.fixed is None else row.fixed for row in table.parameters])
    index = np.array([row.free for row in table.parameters])
    return np.where(index > 0, np.append(theta, np.nan)[index - 1], fixed)


def bind_exogenous(table: ParameterTable, moments: Sequence[tuple[Array, Array]]) -> ParameterTable:
    """Fix the moments of observed covariates to the sample's: (covariance, mean) of each group."""
    if not table.exogenous:
        return table
    at = {name: i for i, name in enumerate(table.observed)}

    def value(row: Parameter) -> float:
        covariance, mean = moments[row.group]
        return float(mean[at[row.lhs]] if row.op == "~1" else covariance[at[row.lhs], at[row.rhs]])

    rows = (replace(row, fixed=value(row)) if row.exogenous else row for row in table.parameters)
    return replace(table, parameters=tuple(rows))


def given_covariates(table: ParameterTable) -> ParameterTable:
    """The table of an ordinal model that implies moments given its covariates, and means where these are 0: their own
    moments are 0. Other tables are as they were.
    """
    if not table.ordinal:
        return table
    p = len(table.observed)
    return bind_exogenous(table, [(np.zeros((p, p)), np.zeros(p))] * len(table.groups))


def _of_group(statements: Sequence[Statement], label: str) -> list[Statement]:
    return [s for s in statements if s.group is None or s.group == label]


def _refuse(model: ParsedModel, options: TableOptions) -> None:
    problems = [
        Problem(f"'{s.op}' is not estimated here", f"{model.filename}:{s.line}", "use =~, ~, ~~, ~ 1 and :=")
        for s in model.statements
        if s.op == "<~" or (s.op in {"|", "~*~"} and not options.thresholds)
    ]
    problems += [
        Problem("a model with blocks of levels needs clusters", f"{model.filename}:{s.line}", CLUSTERS)
        for s in model.statements
        if s.level is not None
    ][:1]
    problems += [
        Problem(f"the data have no group '{label}'", model.filename, nearest(label, options.groups))
        for label in dict.fromkeys(s.group for s in model.statements if s.group is not None)
        if label not in options.groups
    ]
    problems += [
        Problem(f"'{kind}' is no kind of parameter that groups can share", "--group-equal", nearest(kind, GROUP_EQUAL))
        for kind in options.group_equal
        if kind not in GROUP_EQUAL
    ]
    problems += [
        Problem(f"{len(m.values)} values in c() for {len(options.groups)} groups", f"{model.filename}:{s.line}")
        for s in model.statements
        for m in s.modifiers
        if len(m.values) not in {1, len(options.groups)}
    ]
    if problems:
        raise ModelError(problems)


def _with_free_means(rows: list[Parameter], roles: Roles, options: TableOptions) -> list[Parameter]:
    """Latent means are free after the first group where intercepts are equal; variances where loadings are.

    Equal intercepts put the groups on one scale, on which the first group's latent mean is the origin; equal
    loadings do the same for the unit of a latent identified by its variance.
    """
    anchors = {"thresholds"} if options.thresholds else {"intercepts"}
    freed = []
    for row in rows:
        mean = row.op == "~1" and row.lhs in roles.latent and bool(anchors & set(options.group_equal))
        unit = row.is_variance and row.lhs in roles.latent and options.std_lv and "loadings" in options.group_equal
        if row.group > 0 and not row.user and (mean or unit):
            freed.append(replace(row, free=1, fixed=None))
        else:
            freed.append(row)
    return freed


def _tied(rows: list[Parameter], roles: Roles, options: TableOptions) -> list[Parameter]:
    """Tie the kinds of ``group_equal`` over groups, but for the parameters named in ``group_partial``."""
    released = {_canonical(text) for text in options.group_partial}
    tied = []
    for row in rows:
        shared = _kind(row, roles) in options.group_equal and not row.tie and _canonical(row.name) not in released
        tied.append(replace(row, tie=f"={row.name}") if shared else row)
    return tied


def _kind(row: Parameter, roles: Roles) -> str:
    """The kind of a parameter in the words of ``group_equal``; empty for fixed moments of covariates."""
    latent = row.lhs in roles.latent
    if row.exogenous:
        return ""
    if row.op == "=~":
        return "loadings"
    if row.op == "~":
        return "regressions"
    if row.op == "~*~":
        return ""
    if row.op == "|":
        return "thresholds"
    if row.op == "~1":
        return "means" if latent else "intercepts"
    if latent:
        return "lv.variances" if row.is_variance else "lv.covariances"
    return "residuals" if row.is_variance else "residual.covariances"


def _canonical(text: str) -> str:
    compact = "".join(text.split())
    if "~~" in compact:
        return "~~".join(sorted(compact.split("~~", 1)))
    return compact


def number_free(rows: Sequence[Parameter]) -> list[Parameter]:
    """Count free parameters; a tie that holds a fixed row fixes every row in it."""
    fixed = {row.tie: row.fixed for row in rows if row.tie and row.free == 0}
    numbers: dict[str, int] = {}
    numbered: list[Parameter] = []
    count = 0
    for row in rows:
        if row.free == 0:
            numbered.append(row)
        elif row.tie in fixed:
            numbered.append(replace(row, free=0, fixed=fixed[row.tie]))
        else:
            count += row.tie not in numbers
            number = numbers.setdefault(row.tie, count) if row.tie else count
            numbered.append(replace(row, free=number))
    return numbered


def relations_of(model: ParsedModel, rows: Sequence[Parameter]) -> tuple[tuple[Relation, ...], tuple[Relation, ...]]:
    """Definitions and constraints of a model; raises ModelError for labels that no row carries."""
    known = {row.label for row in rows if row.label}
    problems: list[Problem] = []
    definitions: list[Relation] = []
    constraints: list[Relation] = []
    for relation in model.relations:
        where = f"{model.filename}:{relation.line}"
        text = relation.rhs if relation.op == ":=" else f"({relation.lhs}) - ({relation.rhs})"
        expression = parse_expression(text)
        labels = ", ".join(sorted(known)) or "none"
        problems += [
            Problem(f"'{relation.lhs} {relation.op} {relation.rhs}' uses label '{name}', which no parameter carries",
                    where, f"known labels: {labels}")
            for name in expression.names
            if name not in known
        ]  # fmt: skip
        if relation.op == ":=":
            known.add(relation.lhs)
            definitions.append(Relation(relation.lhs, ":=", expression))
        else:
            constraints.append(Relation(f"{relation.lhs} {relation.op} {relation.rhs}", relation.op, expression))
    if problems:
        raise ModelError(problems)
    return tuple(definitions), tuple(constraints)
