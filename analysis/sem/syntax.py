"""lavaan model syntax in, statements out; every mistake at once, with line, column and a caret.

The syntax is the one documented in Rosseel (2012), lavaan: An R package for structural equation modeling,
Journal of Statistical Software 48(2), section 3, doi:10.18637/jss.v048.i02.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

from analysis.errors import Problem, SpecificationError, nearest
from analysis.sem.expression import FUNCTIONS, ExpressionError, parse_expression
from analysis.sem.mistakes import require_no_mistake
from analysis.sem.modifiers import Modifier, beside, modifier_of
from analysis.sem.tokens import FORMS, Reader, StatementError, Token, split_statements

Operator = Literal["=~", "<~", "~", "~~", "|", "~*~"]
RelationOperator = Literal[":=", "==", "<", ">"]


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


_RELATIONS = frozenset({":=", "==", "<", ">"})


def parse_model(text: str, filename: str = "model") -> ParsedModel:
    """Parse lavaan syntax.

    Raises SpecificationError with one Problem per faulty statement, each with ``filename:line:column``, the
    line, a caret under the mistake and the form that was expected.
    """
    reader = Reader(text.replace("\r\n", "\n").replace("\r", "\n"), filename)
    statements: list[Statement] = []
    relations: list[Relation] = []
    level: str | None = None
    group: str | None = None
    for tokens in split_statements(reader.text):
        try:
            block = _block(tokens, reader.text)
            if block is not None:
                if block[0] == "level":
                    level = block[1]
                else:
                    group, level = block[1], None
                continue
            require_no_mistake(tokens, reader.text)
            if any(token.text in _RELATIONS and token.kind == "operator" for token in tokens):
                relations.append(_relation(tokens, reader))
            else:
                statements.extend(_formula(tokens, reader, level, group))
        except StatementError as error:
            reader.report(error)
    if reader.problems:
        raise SpecificationError(reader.problems)
    if not statements:
        raise SpecificationError(Problem("the model is empty", filename, f"write e.g. {FORMS['=~']}"))
    return ParsedModel(_merge(statements), tuple(relations), filename)


def _block(tokens: list[Token], text: str) -> tuple[str, str] | None:
    """``group: label`` or ``level: 2`` as (kind, label); None where the statement is no block header."""
    kind, colon, label = text[tokens[0].start : tokens[-1].end].partition(":")
    kind = kind.strip().lower()
    if not colon or kind not in {"group", "level"} or any(token.kind in {"operator", "bad"} for token in tokens):
        return None
    label = label.strip()
    if tokens[-1].kind == "string" and tokens[-1].text == label:
        label = label[1:-1].strip()
    if not label or any(quote in label and "\n" in label for quote in "\"'"):
        raise StatementError(tokens[0].start, "a block header is expected", "write 'group: label' or 'level: 1'")
    return kind, label


def _relation(tokens: list[Token], reader: Reader) -> Relation:
    positions = [i for i, token in enumerate(tokens) if token.kind == "operator"]
    operator = tokens[positions[0]]
    form = f"write {FORMS[operator.text]}"
    if len(positions) > 1:
        raise StatementError(tokens[positions[1]].start, "two operators in one statement", form)
    lhs, rhs = tokens[: positions[0]], tokens[positions[0] + 1 :]
    if not lhs or not rhs:
        raise StatementError(operator.start, f"'{operator.text}' needs both sides", form)
    if operator.text == ":=" and (len(lhs) != 1 or lhs[0].kind != "name"):
        raise StatementError(lhs[0].start, "a defined parameter is one name", form)
    line, _ = reader.where(tokens[0].start)
    left, right = (_arithmetic(side) for side in (lhs, rhs))
    return Relation(left, operator.text, right, line)  # type: ignore[arg-type]


def _arithmetic(tokens: list[Token]) -> str:
    """One side of a relation as text, known to be arithmetic."""
    for token, following in pairwise(tokens):
        ends = token.kind in {"name", "number"} or token.text == ")"
        if ends and following.kind in {"name", "number"}:
            what = f"a sign is missing between '{token.text}' and '{following.text}'"
            raise StatementError(following.start, what, f"write e.g. {token.text}*{following.text}")
        if token.kind == "name" and following.text == "(" and token.text not in FUNCTIONS:
            hint = nearest(token.text, FUNCTIONS)
            raise StatementError(token.start, f"'{token.text}(…)' is no function that is known here", hint)
    text = " ".join(token.text for token in tokens)
    try:
        parse_expression(text)
    except ExpressionError as error:
        raise StatementError(tokens[0].start, str(error), "write arithmetic on labels, e.g. a*b + c") from None
    return text


def _formula(tokens: list[Token], reader: Reader, level: str | None, group: str | None) -> Iterator[Statement]:
    positions = [i for i, token in enumerate(tokens) if token.kind == "operator"]
    operator = tokens[positions[0]]
    form = f"write {FORMS[operator.text]}"
    if len(positions) > 1:
        raise StatementError(tokens[positions[1]].start, "two operators in one statement", form)
    lhs = list(_terms(tokens[: positions[0]], operator, form))
    rhs = list(_terms(tokens[positions[0] + 1 :], operator, form))
    for name, modifiers, offset in lhs:
        if modifiers or name in {"0", "1"}:
            raise StatementError(offset, "the left side is plain names", form)
        for other, its_modifiers, its_offset in rhs:
            if other in {"0", "1"} and operator.text != "~":
                raise StatementError(its_offset, f"'{other}' is not a variable", form)
            line, column = reader.where(its_offset)
            if other == "0":  # y ~ 0 means an intercept of zero
                zero = (Modifier("fixed", (0.0,)),)
                yield Statement(name, "~", "1", zero, level, group, line, column)
                continue
            yield Statement(name, operator.text, other, its_modifiers, level, group, line, column)  # type: ignore[arg-type]


def _terms(tokens: list[Token], operator: Token, form: str) -> Iterator[tuple[str, tuple[Modifier, ...], int]]:
    """Terms between plus signs: (variable, modifiers, offset)."""
    if not tokens:
        raise StatementError(operator.start, f"'{operator.text}' needs both sides", form)
    start, depth = 0, 0
    for i, token in enumerate([*tokens, Token("sign", "+", tokens[-1].start)]):
        depth += (token.text == "(") - (token.text == ")")
        if token.text == "+" and token.kind == "sign" and depth <= 0:
            if i == start:
                raise StatementError(token.start, "a variable is missing beside '+'", form)
            yield _term(tokens[start:i], form)
            start = i + 1


def _term(tokens: list[Token], form: str) -> tuple[str, tuple[Modifier, ...], int]:
    parts: list[list[Token]] = [[]]
    signs: list[Token] = []
    depth = 0
    for token in tokens:
        depth += (token.text == "(") - (token.text == ")")
        if token.kind == "sign" and token.text in "*?" and depth == 0:
            signs.append(token)
            parts.append([])
        else:
            parts[-1].append(token)
    variable = _variable(parts[-1], signs, form)
    modifiers = tuple(modifier_of(part, sign) for part, sign in zip(parts, signs, strict=False))
    return variable.text, modifiers, variable.start


def _variable(part: list[Token], signs: list[Token], form: str) -> Token:
    """The one name (or 0, or 1) that a term ends in."""
    if not part:
        raise StatementError(signs[-1].start, f"a variable is missing after '{signs[-1].text}'", "write e.g. a*x")
    first = part[0]
    if first.text == "-":
        meant = f"-1*{part[1].text}" if len(part) > 1 else "-1*x"
        raise StatementError(first.start, "variables are not subtracted", f"write {meant} to fix it to minus one")
    if len(part) > 1:
        raise beside(part, form)
    if first.kind not in {"name", "number"}:
        raise StatementError(first.start, "one variable name is expected here", form)
    if first.kind == "number" and first.text not in {"0", "1"}:
        raise StatementError(first.start, f"'{first.text}' is not a variable", form)
    return first


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
