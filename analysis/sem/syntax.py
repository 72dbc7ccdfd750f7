"""lavaan model syntax in, statements out; every mistake at once, with line, column and a caret.

The syntax is the one documented in Rosseel (2012), lavaan: An R package for structural equation modeling,
Journal of Statistical Software 48(2), section 3, doi:10.18637/jss.v048.i02.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal

from analysis.errors import Problem, SpecificationError

Operator = Literal["=~", "<~", "~", "~~", "|", "~*~"]
RelationOperator = Literal[":=", "==", "<", ">"]

# NA marks a parameter that is explicitly free; a tuple holds one value per group.
ModifierValue = float | str | None


@dataclass(frozen=True, slots=True)
class Modifier:
    """What stands before ``*``: a fixed value, a starting value, a label, or NA (kind "free"), per group."""

    kind: Literal["fixed", "start", "label", "mixed", "free"]
    values: tuple[ModifierValue, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """One relation between two variables. An intercept has ``rhs`` "1"; a threshold ``lhs | t1``.

    ``level`` and ``group`` name the block the statement stands in, None outside blocks.
    """

    lhs: str
    op: Operator
    rhs: str
    modifiers: tuple[Modifier, ...] = ()
    level: str | None = None
    group: str | None = None
    line: int = 0
    column: int = 0


@dataclass(frozen=True, slots=True)
class Relation:
    """A defined parameter (``:=``) or a constraint (``==``, ``<``, ``>``) between expressions of labels."""

    lhs: str
    op: RelationOperator
    rhs: str
    line: int = 0


@dataclass(frozen=True, slots=True)
class ParsedModel:
    """All statements of a model in the order written."""

    statements: tuple[Statement, ...]
    relations: tuple[Relation, ...]
    filename: str


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    start: int  # offset in the whole text


_TOKENS = re.compile(
    r"""(?P<space>[ \t\r]+)
      | (?P<comment>[\#!][^\n]*)
      | (?P<newline>[\n;])
      | (?P<string>"[^"\n]*"|'[^'\n]*')
      | (?P<operator>=~|<~|~\*~|~~|:=|==|[~|<>])
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>[^\W\d][\w.]*(?::[^\W\d][\w.]*)?|\.[^\W\d][\w.]*)
      | (?P<sign>[-+*?(),:/^=])
      | (?P<bad>.)""",
    re.VERBOSE,
)

_FORMS = {
    "=~": "factor =~ item1 + item2",
    "<~": "composite <~ item1 + item2",
    "~": "outcome ~ predictor1 + predictor2",
    "~~": "variable1 ~~ variable2",
    "|": "item | t1 + t2",
    "~*~": "item ~*~ item",
    ":=": "name := expression of labels",
    "==": "label1 == label2",
    "<": "label < 1",
    ">": "label > 0",
}
_RELATIONS = frozenset({":=", "==", "<", ">"})
_FUNCTIONS = frozenset({"start", "label", "equal", "c", "fixed"})


@dataclass(slots=True)
class _Reader:
    """Position in the tokens of one statement, with the problems found so far."""

    text: str
    filename: str
    problems: list[Problem] = field(default_factory=list)

    def where(self, offset: int) -> tuple[int, int]:
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    def report(self, offset: int, what: str, hint: str) -> None:
        line, column = self.where(offset)
        shown = self.text.split("\n")[line - 1].rstrip()
        pointer = " " * (column - 1) + "^"
        self.problems.append(Problem(f"{what}\n    {shown}\n    {pointer}", f"{self.filename}:{line}:{column}", hint))


class _StatementError(Exception):
    def __init__(self, offset: int, what: str, hint: str) -> None:
        super().__init__(what)
        self.offset, self.what, self.hint = offset, what, hint


def parse_model(text: str, filename: str = "model") -> ParsedModel:
    """Parse lavaan syntax.

    Raises SpecificationError with one Problem per faulty statement, each with ``filename:line:column``, the
    line, a caret under the mistake and the form that was expected.
    """
    reader = _Reader(text.replace("\r\n", "\n").replace("\r", "\n"), filename)
    statements: list[Statement] = []
    relations: list[Relation] = []
    level: str | None = None
    group: str | None = None
    for tokens in _split(reader):
        try:
            block = _block(tokens, reader.text)
            if block is not None:
                if block[0] == "level":
                    level = block[1]
                else:
                    group, level = block[1], None
            elif any(token.text in _RELATIONS and token.kind == "operator" for token in tokens):
                relations.append(_relation(tokens, reader))
            else:
                statements.extend(_formula(tokens, reader, level, group))
        except _StatementError as error:
            reader.report(error.offset, error.what, error.hint)
    if reader.problems:
        raise SpecificationError(reader.problems)
    if not statements:
        raise SpecificationError(Problem("the model is empty", filename, f"write e.g. {_FORMS['=~']}"))
    return ParsedModel(_merge(statements), tuple(relations), filename)


def _split(reader: _Reader) -> Iterator[list[_Token]]:
    """Cut the text into statements: a line goes on where it ends, or the next begins, in the middle of one."""
    current: list[_Token] = []
    depth = 0
    pending_newline = False
    for match in _TOKENS.finditer(reader.text):
        kind = str(match.lastgroup)
        token = _Token(kind, match.group(), match.start())
        if kind in {"space", "comment"}:
            continue
        if kind == "bad":
            reader.report(token.start, f"'{token.text}' has no meaning here", "remove it")
            continue
        if kind == "newline":
            if token.text == ";" and current:
                yield current
                current, depth, pending_newline = [], 0, False
            pending_newline = bool(current)
            continue
        continues = depth > 0 or _is_open(current) or _goes_on(token, current)
        if pending_newline and not continues:
            yield current
            current, depth = [], 0
        pending_newline = False
        depth = max(0, depth + (token.text == "(") - (token.text == ")"))
        current.append(token)
    if current:
        yield current


def _goes_on(token: _Token, before: list[_Token]) -> bool:
    """Whether a line that begins with ``token`` continues the statement before it."""
    if token.kind == "operator":
        return not any(earlier.kind == "operator" for earlier in before)
    return token.kind == "sign" and token.text in "+*?"


def _is_open(tokens: list[_Token]) -> bool:
    """Whether the statement so far ends in an operator or sign that asks for more."""
    return bool(tokens) and (
        tokens[-1].kind == "operator" or (tokens[-1].kind == "sign" and tokens[-1].text in "+-*?/^,(")
    )


def _block(tokens: list[_Token], text: str) -> tuple[str, str] | None:
    """``group: label`` or ``level: 2`` as (kind, label); None where the statement is no block header."""
    kind, colon, label = text[tokens[0].start : tokens[-1].start + len(tokens[-1].text)].partition(":")
    kind = kind.strip().lower()
    if not colon or kind not in {"group", "level"} or any(token.kind == "operator" for token in tokens):
        return None
    label = label.strip().strip("\"'")
    if not label or "\n" in label:
        hint = "write 'group: label' or 'level: 1'"
        raise _StatementError(tokens[0].start, "a block header is expected", hint)
    return kind, label


def _relation(tokens: list[_Token], reader: _Reader) -> Relation:
    positions = [i for i, token in enumerate(tokens) if token.kind == "operator"]
    operator = tokens[positions[0]]
    if len(positions) > 1:
        second = tokens[positions[1]]
        raise _StatementError(second.start, "two operators in one statement", f"write {_FORMS[operator.text]}")
    lhs, rhs = tokens[: positions[0]], tokens[positions[0] + 1 :]
    if not lhs or not rhs:
        raise _StatementError(operator.start, f"'{operator.text}' needs both sides", f"write {_FORMS[operator.text]}")
    if operator.text == ":=" and (len(lhs) != 1 or lhs[0].kind != "name"):
        raise _StatementError(lhs[0].start, "a defined parameter is one name", f"write {_FORMS[':=']}")
    line, _ = reader.where(tokens[0].start)
    left, right = (" ".join(token.text for token in side) for side in (lhs, rhs))
    return Relation(left, operator.text, right, line)  # type: ignore[arg-type]


def _formula(tokens: list[_Token], reader: _Reader, level: str | None, group: str | None) -> Iterator[Statement]:
    positions = [i for i, token in enumerate(tokens) if token.kind == "operator"]
    if not positions:
        raise _StatementError(tokens[0].start, "no operator in this statement", "use one of =~ ~ ~~ := ==")
    operator = tokens[positions[0]]
    form = f"write {_FORMS[operator.text]}"
    if len(positions) > 1:
        raise _StatementError(tokens[positions[1]].start, "two operators in one statement", form)
    lhs = list(_terms(tokens[: positions[0]], operator, form))
    rhs = list(_terms(tokens[positions[0] + 1 :], operator, form))
    for name, modifiers, offset in lhs:
        if modifiers or name in {"0", "1"}:
            raise _StatementError(offset, "the left side is plain names", form)
        for other, its_modifiers, its_offset in rhs:
            if other in {"0", "1"} and operator.text != "~":
                raise _StatementError(its_offset, f"'{other}' is not a variable", form)
            line, column = reader.where(its_offset)
            if other == "0":  # y ~ 0 means an intercept of zero
                zero = (Modifier("fixed", (0.0,)),)
                yield Statement(name, "~", "1", zero, level, group, line, column)
                continue
            yield Statement(name, operator.text, other, its_modifiers, level, group, line, column)  # type: ignore[arg-type]


def _terms(tokens: list[_Token], operator: _Token, form: str) -> Iterator[tuple[str, tuple[Modifier, ...], int]]:
    """Terms between plus signs: (variable, modifiers, offset)."""
    if not tokens:
        raise _StatementError(operator.start, f"'{operator.text}' needs both sides", form)
    start, depth = 0, 0
    for i, token in enumerate([*tokens, _Token("sign", "+", tokens[-1].start)]):
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "+" and token.kind == "sign" and depth <= 0:
            if i == start:
                raise _StatementError(token.start, "a variable is missing beside '+'", form)
            yield _term(tokens[start:i], form)
            start = i + 1


def _term(tokens: list[_Token], form: str) -> tuple[str, tuple[Modifier, ...], int]:
    parts: list[list[_Token]] = [[]]
    signs: list[str] = []
    depth = 0
    for token in tokens:
        depth += (token.text == "(") - (token.text == ")")
        if token.kind == "sign" and token.text in "*?" and depth == 0:
            signs.append(token.text)
            parts.append([])
        else:
            parts[-1].append(token)
    variable = parts[-1]
    if len(variable) != 1 or variable[0].kind not in {"name", "number"}:
        offending = variable[1] if len(variable) > 1 else (variable or tokens)[0]
        raise _StatementError(offending.start, "one variable name is expected here", form)
    if variable[0].kind == "number" and variable[0].text not in {"0", "1"}:
        raise _StatementError(variable[0].start, f"'{variable[0].text}' is not a variable", form)
    modifiers = tuple(_modifier(part, sign, tokens[0].start) for part, sign in zip(parts, signs, strict=False))
    return variable[0].text, modifiers, variable[0].start


def _modifier(tokens: list[_Token], sign: str, offset: int) -> Modifier:
    if not tokens:
        raise _StatementError(offset, "nothing stands before '*'", "write e.g. 0.5*x, a*x or NA*x")
    function = tokens[0].text if len(tokens) > 1 and tokens[1].text == "(" else None
    if function is None:
        value = _value(tokens)
        return _plain((value,)) if sign == "*" else Modifier("start", (value,))
    if function not in _FUNCTIONS or tokens[-1].text != ")":
        raise _StatementError(
            tokens[0].start, f"'{function}(…)' is not a modifier", "use c(), start(), label(), equal()"
        )
    values = tuple(_value(part) for part in _arguments(tokens[2:-1], tokens[1]))
    if function == "start":
        return Modifier("start", values)
    if function in {"label", "equal"}:
        return Modifier("label", tuple(None if value is None else str(value) for value in values))
    return _plain(values)


def _plain(values: tuple[ModifierValue, ...]) -> Modifier:
    kinds = {"free" if v is None else "label" if isinstance(v, str) else "fixed" for v in values}
    kind = kinds.pop() if len(kinds) == 1 else "mixed"
    return Modifier(kind, values)  # type: ignore[arg-type]


def _arguments(tokens: list[_Token], opening: _Token) -> list[list[_Token]]:
    parts: list[list[_Token]] = [[]]
    for token in tokens:
        if token.text == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    if any(not part for part in parts):
        raise _StatementError(opening.start, "an empty place between the commas", "write e.g. c(a, b)")
    return parts


def _value(tokens: list[_Token]) -> ModifierValue:
    """A number, a label, or None for NA."""
    sign = 1.0
    if len(tokens) > 1 and tokens[0].text in {"-", "+"}:
        sign = -1.0 if tokens[0].text == "-" else 1.0
        tokens = tokens[1:]
    if len(tokens) != 1 or tokens[0].kind not in {"number", "name", "string"}:
        raise _StatementError(tokens[0].start, "a number or a label is expected here", "e.g. 0.5*x, a*x or NA*x")
    token = tokens[0]
    if token.kind == "number":
        return sign * float(token.text)
    return None if token.text == "NA" else token.text.strip("\"'")


def _merge(statements: list[Statement]) -> tuple[Statement, ...]:
    """Join terms given twice (``f =~ a*x + start(2)*x``): their modifiers add up."""
    merged: dict[tuple[str, ...], Statement] = {}
    for statement in statements:
        names = (statement.lhs, statement.rhs)
        pair = tuple(sorted(names)) if statement.op == "~~" else names
        key = (*pair, statement.op, str(statement.level), str(statement.group))
        first = merged.get(key)
        if first is None:
            merged[key] = statement
        else:
            merged[key] = Statement(
                first.lhs, first.op, first.rhs, first.modifiers + statement.modifiers,
                first.level, first.group, first.line, first.column,
            )  # fmt: skip
    return tuple(merged.values())
