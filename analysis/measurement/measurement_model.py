"""The measurement part of a model in lavaan syntax, and the variants of it that validity is tested by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from analysis.errors import ModelError, Problem
from analysis.sem.expression import parse_expression
from analysis.sem.format import format_model
from analysis.sem.modifiers import Modifier
from analysis.sem.syntax import ParsedModel, Statement, parse_model


@dataclass(frozen=True, slots=True)
class MeasurementModel:
    """Constructs and their items as a model measures them.

    ``text``: loadings, (co)variances and constraints, in lavaan syntax. ``unit_text``: the same for constructs of unit
    variance, their markers free. ``scales``: construct → items, those of a higher-order construct being the items of
    the constructs that measure it. ``separate``: constructs that are measured by items, none of which measures
    another; ``distinct``: those of them that are no part of a higher-order construct. ``tops``: constructs that
    measure no other. ``orthogonal``: pairs of constructs whose covariance is fixed. ``rigid``: constructs with several
    loadings fixed at a number, which leave no marker to free. ``left_out``: the model has further parts.
    """

    name: str
    text: str
    unit_text: str
    scales: Mapping[str, tuple[str, ...]]
    separate: tuple[str, ...]
    distinct: tuple[str, ...]
    tops: tuple[str, ...]
    orthogonal: frozenset[frozenset[str]]
    rigid: frozenset[str]
    left_out: bool

    @property
    def items(self) -> tuple[str, ...]:
        """All items, each once, in the order of the constructs."""
        return tuple(dict.fromkeys(item for members in self.scales.values() for item in members))


def measurement_model(text: str, name: str) -> MeasurementModel:
    """Keep what measures: ``=~``, and ``~~`` among constructs and items; where there are regressions, constructs
    covary freely in their place.

    Raises SpecificationError for faulty syntax, ModelError where the model measures nothing or has blocks.
    """
    parsed = parse_model(text, name)
    _require_scales(parsed)
    indicators = _indicators(parsed.statements)
    kept = _measuring(parsed.statements, indicators)
    labels = {value for s in kept for m in s.modifiers for value in m.values if isinstance(value, str)}
    relations = tuple(
        r for r in parsed.relations if r.op != ":=" and set(parse_expression(f"({r.lhs}) - ({r.rhs})").names) <= labels
    )
    fixed = [s for s in kept if s.op == "=~" and _fixed_at(s) not in {None, 0.0}]
    rigid = {s.lhs for s in fixed if sum(other.lhs == s.lhs for other in fixed) > 1}
    separate = tuple(construct for construct in indicators if _is_separate(construct, indicators))
    tops = tuple(c for c in indicators if not any(c in members for members in indicators.values()))
    return MeasurementModel(
        name=name,
        text=format_model(ParsedModel(kept, relations, name)),
        unit_text=format_model(ParsedModel(_of_unit_variance(kept, indicators, rigid), relations, name)),
        scales={construct: _items(construct, indicators) for construct in indicators},
        separate=separate,
        distinct=tuple(construct for construct in separate if construct in tops),
        tops=tops,
        orthogonal=frozenset(
            frozenset({s.lhs, s.rhs}) for s in kept if s.op == "~~" and s.lhs != s.rhs and _fixed_at(s) is not None
        ),
        rigid=frozenset(rigid),
        left_out=len(kept) < len(parsed.statements),
    )


def with_lines(text: str, *lines: str) -> str:
    """A model with further lines."""
    return "\n".join([text.rstrip(), *lines]) + "\n"


def with_starts(text: str, starts: Mapping[tuple[str, str], float]) -> str:
    """A model whose loadings, by (construct, item), start at ``starts``."""
    parsed = parse_model(text)

    def started(s: Statement) -> Statement:
        if s.op != "=~" or (s.lhs, s.rhs) not in starts:
            return s
        start = Modifier("start", (starts[s.lhs, s.rhs],))
        return replace(s, modifiers=(*(m for m in s.modifiers if m.kind != "start"), start))

    return format_model(replace(parsed, statements=tuple(started(s) for s in parsed.statements)))


def merged(text: str, construct: str, other: str) -> str:
    """A model of constructs at unit variance, with the items of ``other`` measuring ``construct`` in its place."""
    parsed = parse_model(text)
    moved = [replace(s, lhs=construct) if s.op == "=~" and s.lhs == other else s for s in parsed.statements]
    kept = sorted((s for s in moved if other not in {s.lhs, s.rhs}), key=_loadings_first)
    return format_model(replace(parsed, statements=tuple(kept)))


def alone(model: MeasurementModel, construct: str) -> str:
    """The part of a model that measures one construct: its loadings, its variance, and what its items share."""
    parsed = parse_model(model.text, model.name)
    own = {construct, *model.scales[construct]}
    kept = [s for s in parsed.statements if s.lhs in own and s.rhs in own]
    return format_model(ParsedModel(tuple(kept), (), model.name))


def _loadings_first(statement: Statement) -> bool:
    return statement.op != "=~"


def _require_scales(parsed: ParsedModel) -> None:
    problems = []
    blocks = [s for s in parsed.statements if s.group is not None or s.level is not None]
    if blocks:
        what, where = "scales are measured in one sample, without blocks", f"{parsed.filename}:{blocks[0].line}"
        problems.append(Problem(what, where, "give the model of one group or level"))
    if not any(s.op == "=~" for s in parsed.statements):
        hint = "scales are its latent variables: write e.g. trust =~ t1 + t2 + t3"
        problems.append(Problem("the model has no latent variable", parsed.filename, hint))
    if problems:
        raise ModelError(problems)


def _indicators(statements: Sequence[Statement]) -> dict[str, tuple[str, ...]]:
    found: dict[str, dict[str, None]] = {}
    for s in statements:
        if s.op == "=~":
            found.setdefault(s.lhs, {})[s.rhs] = None
    return {construct: tuple(members) for construct, members in found.items()}


def _measuring(statements: Sequence[Statement], indicators: Mapping[str, Sequence[str]]) -> tuple[Statement, ...]:
    known = {*indicators, *(member for members in indicators.values() for member in members)}
    explains = any(s.op == "~" and s.rhs != "1" for s in statements)

    def measures(s: Statement) -> bool:
        if s.op != "~~":
            return s.op == "=~"
        # Beside regressions a covariance of constructs is one of residuals, and restricts something else.
        among_constructs = s.lhs != s.rhs and {s.lhs, s.rhs} <= set(indicators)
        return {s.lhs, s.rhs} <= known and not (explains and among_constructs)

    return tuple(s for s in statements if measures(s))


def _of_unit_variance(
    statements: Sequence[Statement], constructs: Mapping[str, Sequence[str]], rigid: set[str]
) -> tuple[Statement, ...]:
    """Without the variances of constructs, and without the number at a construct's only fixed loading."""

    def freed(s: Statement) -> Statement:
        marker = s.op == "=~" and s.lhs not in rigid and _fixed_at(s) not in {None, 0.0}
        return replace(s, modifiers=tuple(m for m in s.modifiers if m.kind != "fixed")) if marker else s

    return tuple(freed(s) for s in statements if not (s.op == "~~" and s.lhs == s.rhs and s.lhs in constructs))


def _items(construct: str, indicators: Mapping[str, Sequence[str]]) -> tuple[str, ...]:
    """The observed variables below a construct; a circle of constructs is left to the engine to refuse."""
    items: dict[str, None] = {}
    waiting, seen = [construct], {construct}
    while waiting:
        for member in indicators[waiting.pop(0)]:
            if member not in indicators:
                items[member] = None
            elif member not in seen:
                seen.add(member)
                waiting.append(member)
    return tuple(items)


def _is_separate(construct: str, indicators: Mapping[str, Sequence[str]]) -> bool:
    own = set(indicators[construct])
    elsewhere = {member for other, members in indicators.items() if other != construct for member in members}
    return not own & set(indicators) and not own & elsewhere


def _fixed_at(statement: Statement) -> float | None:
    numbers = [m.values[0] for m in statement.modifiers if m.kind == "fixed" and isinstance(m.values[0], float)]
    return numbers[0] if numbers else None
