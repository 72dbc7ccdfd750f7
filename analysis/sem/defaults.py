"""What lavaan adds to a model as written, one group at a time: residual variances, covariances, intercepts.

These are the rules of ``sem()`` and ``cfa()`` (auto.var, auto.cov.lv.x, auto.cov.y, auto.fix.first,
auto.fix.single, int.ov.free): Rosseel (2012), Journal of Statistical Software 48(2), section 3.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import combinations

from analysis.sem.modifiers import Modifier
from analysis.sem.parameter import FREED, Parameter
from analysis.sem.syntax import Statement


@dataclass(frozen=True, slots=True)
class Roles:
    """Which variable plays which part in a model; ``exogenous`` are observed covariates with fixed moments."""

    latent: tuple[str, ...]
    indicators: tuple[str, ...]
    outcomes: tuple[str, ...]
    predictors: tuple[str, ...]
    observed: tuple[str, ...]
    exogenous: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Defaults:
    """The choices that decide what is added. ``thresholds`` counts those of each ordinal variable, and
    ``free_scales`` lets the scale of its latent response vary after the first group, as equal thresholds allow.
    """

    std_lv: bool = False
    meanstructure: bool = False
    thresholds: Mapping[str, int] | None = None
    free_scales: bool = False


def roles_of(statements: Sequence[Statement]) -> Roles:
    """Sort variables into roles; observed variables in lavaan's order: items, outcomes, predictors, others."""
    latent = _unique(s.lhs for s in statements if s.op == "=~")
    indicators = _unique(s.rhs for s in statements if s.op == "=~")
    paths = [s for s in statements if s.op == "~" and s.rhs != "1"]
    outcomes, predictors = _unique(s.lhs for s in paths), _unique(s.rhs for s in paths)
    moments = [s for s in statements if s.op in {"~~", "|", "~*~"} or (s.op == "~" and s.rhs == "1")]
    mentioned = {name for s in moments for name in ((s.lhs,) if s.op == "|" else (s.lhs, s.rhs))} - {"1"}
    others = _unique(name for s in moments for name in (s.lhs, s.rhs) if name in mentioned)
    everything = (*indicators, *outcomes, *predictors, *others)
    observed = _unique(name for name in everything if name not in latent)
    barred = {*latent, *indicators, *outcomes, *mentioned}
    exogenous = tuple(name for name in predictors if name not in barred)
    return Roles(latent, indicators, outcomes, predictors, observed, exogenous)


def complete_rows(statements: Sequence[Statement], roles: Roles, defaults: Defaults, group: int) -> list[Parameter]:
    """All rows of one group: as written, then variances, covariances, intercepts and thresholds."""
    written = [_written(statement, group) for statement in statements]
    if not defaults.std_lv:
        written = _fix_markers(written, roles)
    has = {_key(row) for row in written}
    added = [
        *_variances(written, roles, defaults),
        *_covariances(roles),
        *_exogenous_moments(roles),
        *(_intercepts(roles, defaults) if defaults.meanstructure else []),
        *_thresholds(defaults.thresholds or {}, free_scale=group > 0 and defaults.free_scales),
    ]
    return [*written, *(replace(row, group=group) for row in added if _key(row) not in has)]


def _unique(names: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(names))


def _key(row: Parameter) -> tuple[str, ...]:
    pair = sorted((row.lhs, row.rhs)) if row.op == "~~" else (row.lhs, row.rhs)
    return (row.op, *pair)


def _written(statement: Statement, group: int) -> Parameter:
    op = "~1" if statement.op == "~" and statement.rhs == "1" else statement.op
    rhs = "" if op == "~1" else statement.rhs
    row = Parameter(statement.lhs, op, rhs, user=True, free=1, group=group)
    for modifier in statement.modifiers:
        row = _modified(row, modifier)
    return row


def _modified(row: Parameter, modifier: Modifier) -> Parameter:
    """Apply the group's value of a modifier; a single value holds for all groups."""
    values = modifier.values
    value = values[row.group] if row.group < len(values) else values[0]
    if modifier.kind == "start":
        return replace(row, start=None if value is None else float(value))
    if value is None:
        return replace(row, free=FREED, fixed=None)
    if isinstance(value, str):
        return replace(row, label=value, tie=value)
    return replace(row, free=0, fixed=float(value))


def _fix_markers(written: list[Parameter], roles: Roles) -> list[Parameter]:
    """The first loading of each latent is 1, unless it is given a value or freed by NA."""
    rows = list(written)
    for name in roles.latent:
        first = next(i for i, row in enumerate(rows) if row.op == "=~" and row.lhs == name)
        if rows[first].free == 1:
            rows[first] = replace(rows[first], free=0, fixed=1.0)
    return rows


def _variances(written: list[Parameter], roles: Roles, defaults: Defaults) -> list[Parameter]:
    """Residual variances: 1 for a standardised latent, 0 for the only item of a latent, else free.

    That of an ordinal variable is no parameter: its latent response has unit variance.
    """
    n_items = Counter(row.lhs for row in written if row.op == "=~")
    single = {row.rhs for row in written if row.op == "=~" and n_items[row.lhs] == 1}
    ordinal = defaults.thresholds or {}
    rows = []
    for name in (*(v for v in roles.observed if v not in roles.exogenous), *roles.latent):
        fixed: float | None = None
        if name in ordinal or (name in roles.latent and defaults.std_lv):
            fixed = 1.0
        elif name in single and name not in roles.latent:
            fixed = 0.0
        rows.append(Parameter(name, "~~", name, user=False, free=int(fixed is None), fixed=fixed))
    return rows


def _covariances(roles: Roles) -> list[Parameter]:
    """Exogenous latents covary, and so do outcomes that neither predict nor indicate anything."""
    dependent = {*roles.indicators, *roles.outcomes}
    free_latents = [name for name in roles.latent if name not in dependent]
    final = {name for name in roles.outcomes if name not in {*roles.predictors, *roles.indicators}}
    ends = [name for name in (*roles.latent, *roles.observed) if name in final]
    pairs = [*combinations(free_latents, 2), *combinations(ends, 2)]
    return [Parameter(a, "~~", b, user=False, free=1) for a, b in pairs]


def _exogenous_moments(roles: Roles) -> list[Parameter]:
    names = roles.exogenous
    return [Parameter(a, "~~", b, user=False, exogenous=True) for i, a in enumerate(names) for b in names[i:]]


def _intercepts(roles: Roles, defaults: Defaults) -> list[Parameter]:
    rows = []
    for name in (*roles.observed, *roles.latent):
        if name in roles.exogenous:
            rows.append(Parameter(name, "~1", "", user=False, exogenous=True))
        elif name in roles.latent or name in (defaults.thresholds or {}):
            rows.append(Parameter(name, "~1", "", user=False, fixed=0.0))
        else:
            rows.append(Parameter(name, "~1", "", user=False, free=1))
    return rows


def _thresholds(counts: Mapping[str, int], free_scale: bool) -> list[Parameter]:
    cuts = [Parameter(name, "|", f"t{k}", user=False, free=1) for name, n in counts.items() for k in range(1, n + 1)]
    fixed = None if free_scale else 1.0
    scales = [Parameter(name, "~*~", name, user=False, free=int(free_scale), fixed=fixed) for name in counts]
    return [*cuts, *scales]
