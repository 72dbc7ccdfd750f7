"""A parsed model back to lavaan syntax: one formula a line, which parses to the same statements."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import groupby

from analysis.sem.modifiers import Modifier, ModifierValue
from analysis.sem.syntax import ParsedModel, Statement

_NAME = re.compile(r"[^\W\d][\w.]*|\.[^\W\d][\w.]*")
_BLOCK_LABEL = re.compile(r"\w+")


def format_model(parsed: ParsedModel) -> str:
    """Write the statements, block by block in their order, then definitions and constraints.

    ``parse_model`` gives back the same statements and relations, but for their lines and columns. Neighbours with
    the same left side and operator share a line; a term with several modifiers is written once for each, as lavaan
    documents it (``f =~ a*x + start(0.8)*x``).
    """
    lines: list[str] = []
    block: tuple[str | None, str | None] = (None, None)
    for (group, level, lhs, op), members in groupby(parsed.statements, lambda s: (s.group, s.level, s.lhs, s.op)):
        lines += _headers(block, (group, level))
        block = (group, level)
        lines.append(f"{lhs} {op} {' + '.join(_term(member) for member in members)}")
    lines += [f"{relation.lhs} {relation.op} {relation.rhs}" for relation in parsed.relations]
    return "\n".join(lines) + "\n"


def _headers(before: tuple[str | None, str | None], after: tuple[str | None, str | None]) -> list[str]:
    """Lines that lead from one block to the next; a group's header also ends the level before it."""
    (_, old_level), (group, level) = before, after
    opens_group = group is not None and (group != before[0] or (level is None and old_level is not None))
    headers = [f"group: {_block_label(group)}"] if opens_group and group is not None else []
    if level is not None and (opens_group or level != old_level):
        headers.append(f"level: {_block_label(level)}")
    return headers


def _block_label(label: str) -> str:
    return label if _BLOCK_LABEL.fullmatch(label) else _quoted(label)


def _term(statement: Statement) -> str:
    if not statement.modifiers:
        return statement.rhs
    return " + ".join(f"{_modifier(modifier)}*{statement.rhs}" for modifier in statement.modifiers)


def _modifier(modifier: Modifier) -> str:
    values = _values(modifier.values)
    return f"start({values})" if modifier.kind == "start" else values


def _values(values: Sequence[ModifierValue]) -> str:
    written = [_value(value) for value in values]
    return written[0] if len(written) == 1 else f"c({', '.join(written)})"


def _value(value: ModifierValue) -> str:
    """A number with all its digits, a label (quoted where it is no plain name), or NA."""
    if value is None:
        return "NA"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return value if _NAME.fullmatch(value) and value != "NA" else _quoted(value)


def _quoted(text: str) -> str:
    return f"'{text}'" if '"' in text else f'"{text}"'
