"""Arithmetic on variables within a formula (``log(income + 1)``, ``I(x^2)``, ``center(x)``), by numpy alone.

The text of a formula is never handed to Python: an expression is parsed into the few nodes below, and only
these can be computed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from analysis.multilevel.tokens import Cursor

Array = NDArray[np.float64]
MAXIMUM_DEPTH = 40


def center(x: Array) -> Array:
    """``x`` minus the mean of its answered values, as R's ``scale(x, scale = FALSE)``."""
    return x - np.nanmean(x)


def standardize(x: Array) -> Array:
    """``x`` centred and divided by its standard deviation (denominator n - 1), as R's ``scale(x)``."""
    return center(x) / np.nanstd(x, ddof=1)


FUNCTIONS: Mapping[str, Callable[[Array], Array]] = {
    "center": center,
    "scale": standardize,
    "log": np.log,
    "exp": np.exp,
    "sqrt": np.sqrt,
    "I": lambda x: x,
}
GROUP_FUNCTIONS = ("within", "between")
OPERATIONS: Mapping[str, Callable[[Array, Array], Array]] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.divide,
    "^": np.power,
}
_PLAIN_NAME = re.compile(r"(?:[^\W\d]|\.(?!\d))[\w.]*")
_PRECEDENCE = {"+": 1, "-": 1, "*": 2, "/": 2, "^": 4}


@dataclass(frozen=True, slots=True)
class Number:
    """A constant; ``text`` as it was written."""

    text: str


@dataclass(frozen=True, slots=True)
class Name:
    """A variable of the data."""

    text: str


@dataclass(frozen=True, slots=True)
class Negative:
    """A minus sign before a value."""

    operand: Expression


@dataclass(frozen=True, slots=True)
class Operation:
    """Two values joined by one of + - * / ^."""

    operator: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Call:
    """A function of one value."""

    function: str
    argument: Expression


@dataclass(frozen=True, slots=True)
class GroupPart:
    """The mean of a value in each group of ``group`` ("between"), or what is left of the value ("within").

    ``group`` is empty until the formula says which it is where none is ``written``.
    """

    function: str
    argument: Expression
    group: str
    written: bool


Expression = Number | Name | Negative | Operation | Call | GroupPart


def parse_arithmetic(cursor: Cursor, level: int = 0, depth: int = 0) -> Expression:
    """Read an expression whose operators bind at least as tightly as ``level``. Raises SpecificationError."""
    left = _operand(cursor, depth)
    while cursor.here.kind == "operator" and _PRECEDENCE.get(cursor.here.text, 0) > level:
        operator = cursor.take().text
        binding = _PRECEDENCE[operator] - (1 if operator == "^" else 0)
        left = Operation(operator, left, parse_arithmetic(cursor, binding, depth + 1))
    return left


def parse_call(cursor: Cursor, function: str, depth: int = 0) -> Call | GroupPart:
    """Read the argument of a function whose name was just read, up to the closing parenthesis."""
    cursor.expect("(", "'(' was expected")
    argument = parse_arithmetic(cursor, depth=depth + 1)
    group = ""
    if function in GROUP_FUNCTIONS and cursor.at(","):
        cursor.take()
        if cursor.here.kind != "name":
            cursor.fail("a grouping variable was expected")
        group = cursor.take().text
    cursor.expect(")", "')' was expected")
    if function in GROUP_FUNCTIONS:
        return GroupPart(function, argument, group, written=bool(group))
    return Call(function, argument)


def _operand(cursor: Cursor, depth: int) -> Expression:
    if depth > MAXIMUM_DEPTH:
        cursor.fail("the expression is nested too deeply")
    if cursor.here.kind == "number":
        return Number(cursor.take().text)
    if cursor.here.kind == "name":
        if len(cursor.rest) > 1 and cursor.rest[1].text == "(" and cursor.rest[1].kind == "operator":
            return parse_call(cursor, known_function(cursor), depth)
        return Name(cursor.take().text)
    if cursor.at("-"):
        cursor.take()
        return Negative(parse_arithmetic(cursor, _PRECEDENCE["*"], depth + 1))
    if cursor.at("("):
        cursor.take()
        inner = parse_arithmetic(cursor, depth=depth + 1)
        cursor.expect(")", "')' was expected")
        return inner
    return cursor.fail("a variable, a number or a function was expected")


def known_function(cursor: Cursor) -> str:
    """Read the name of a function of one value; fails at any other name."""
    if cursor.here.text not in FUNCTIONS and cursor.here.text not in GROUP_FUNCTIONS:
        known = ", ".join((*FUNCTIONS, *GROUP_FUNCTIONS, "poly", "C", "factor"))
        cursor.fail("not a function a formula may use here", f"known functions: {known}")
    return cursor.take().text


@dataclass(frozen=True, slots=True)
class Columns:
    """What the names of an expression stand for: values (n,) by variable, codes (n,) by grouping variable.

    A missing value is NaN, a missing group -1.
    """

    values: Mapping[str, Array]
    codes: Mapping[str, NDArray[np.intp]] = field(default_factory=dict)


def evaluate(expression: Expression, columns: Columns) -> Array:
    """Values of an expression, shape (n,) or () for a constant; NaN where a variable or a group is missing."""
    with np.errstate(all="ignore"):
        return _evaluate(expression, columns)


def _evaluate(expression: Expression, columns: Columns) -> Array:
    match expression:
        case Number(text):
            return np.float64(text) * np.ones(())
        case Name(text):
            return columns.values[text]
        case Negative(operand):
            return -_evaluate(operand, columns)
        case Call(function, argument):
            return FUNCTIONS[function](_evaluate(argument, columns))
        case GroupPart(function, argument, group, _):
            codes = columns.codes[group]
            values = np.where(codes < 0, np.nan, _evaluate(argument, columns))
            means = group_means(values, codes)
            return means if function == "between" else values - means
        case Operation(operator, left, right):
            return OPERATIONS[operator](_evaluate(left, columns), _evaluate(right, columns))


def group_means(values: Array, codes: NDArray[np.intp]) -> Array:
    """Mean of the answered ``values`` (n,) of each row's group; NaN where the value is missing.

    Means are taken of differences from one value of the group, so that where all are equal, the mean is that value.
    """
    known = ~np.isnan(values)
    one = np.zeros(int(codes.max(initial=0)) + 1)
    one[codes[known]] = values[known]
    sums = np.bincount(codes[known], (values - one[codes])[known], minlength=len(one))
    counts = np.bincount(codes[known], minlength=len(one))
    return np.asarray(np.where(known, (one + sums / counts)[codes], np.nan))


def names(expression: Expression) -> Iterator[str]:
    """Variables whose values an expression takes, in the order they are written."""
    match expression:
        case Name(text):
            yield text
        case Negative(inner) | Call(_, inner) | GroupPart(_, inner, _, _):
            yield from names(inner)
        case Operation(_, left, right):
            yield from names(left)
            yield from names(right)


def grouped_by(expression: Expression) -> Iterator[str]:
    """Grouping variables of ``within`` and ``between`` in an expression."""
    match expression:
        case GroupPart(_, inner, group, _):
            yield from grouped_by(inner)
            yield group
        case Negative(inner) | Call(_, inner):
            yield from grouped_by(inner)
        case Operation(_, left, right):
            yield from grouped_by(left)
            yield from grouped_by(right)


def with_group(expression: Expression, group: str) -> Expression:
    """The expression, ``within`` and ``between`` that name no group taking ``group``."""
    match expression:
        case GroupPart(_, inner, own, _):
            return replace(expression, argument=with_group(inner, group), group=own or group)
        case Negative(inner):
            return Negative(with_group(inner, group))
        case Call(function, inner):
            return Call(function, with_group(inner, group))
        case Operation(operator, left, right):
            return Operation(operator, with_group(left, group), with_group(right, group))
        case _:
            return expression


def deparse(expression: Expression, level: int = 0) -> str:
    """The expression as R prints it in the name of a term: ``log(x + 1)``, ``I(x^2)``."""
    match expression:
        case Number(text):
            return text
        case Name(text):
            return text if _PLAIN_NAME.fullmatch(text) else f"`{text}`"
        case Negative(operand):
            return f"-{deparse(operand, 2)}"
        case Call(function, argument):
            return f"{function}({deparse(argument)})"
        case GroupPart(function, argument, group, written):
            return f"{function}({deparse(argument)}{f', {group}' if written else ''})"
        case Operation(operator, left, right):
            return _deparse_operation(operator, left, right, level)


def _deparse_operation(operator: str, left: Expression, right: Expression, level: int) -> str:
    binding = _PRECEDENCE[operator]
    sides = (binding, binding - 1) if operator == "^" else (binding - 1, binding)
    space = "" if operator in "/^" else " "
    text = f"{deparse(left, sides[0])}{space}{operator}{space}{deparse(right, sides[1])}"
    return f"({text})" if binding <= level else text
