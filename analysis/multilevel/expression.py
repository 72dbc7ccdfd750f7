"""Arithmetic on variables within a formula (``log(income + 1)``, ``I(x^2)``, ``center(x)``), by numpy alone.

The text of a formula is never handed to Python: an expression is parsed into the few nodes below, and only
these can be computed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

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
_OPERATIONS: Mapping[str, Callable[[Array, Array], Array]] = {
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


Expression = Number | Name | Negative | Operation | Call


def parse_arithmetic(cursor: Cursor, level: int = 0, depth: int = 0) -> Expression:
    """Read an expression whose operators bind at least as tightly as ``level``. Raises SpecificationError."""
    left = _operand(cursor, depth)
    while cursor.here.kind == "operator" and _PRECEDENCE.get(cursor.here.text, 0) > level:
        operator = cursor.take().text
        binding = _PRECEDENCE[operator] - (1 if operator == "^" else 0)
        left = Operation(operator, left, parse_arithmetic(cursor, binding, depth + 1))
    return left


def parse_call(cursor: Cursor, function: str, depth: int = 0) -> Call:
    """Read the argument of a function whose name was just read, up to the closing parenthesis."""
    cursor.expect("(", "'(' was expected")
    argument = parse_arithmetic(cursor, depth=depth + 1)
    cursor.expect(")", "')' was expected")
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
    if cursor.here.text not in FUNCTIONS:
        known = ", ".join((*FUNCTIONS, "poly", "C", "factor"))
        cursor.fail("not a function a formula may use here", f"known functions: {known}")
    return cursor.take().text


def evaluate(expression: Expression, variables: Mapping[str, Array]) -> Array:
    """Values of an expression, shape (rows,) or () for a constant; NaN where a variable is missing."""
    with np.errstate(all="ignore"):
        match expression:
            case Number(text):
                return np.float64(text) * np.ones(())
            case Name(text):
                return variables[text]
            case Negative(operand):
                return -evaluate(operand, variables)
            case Call(function, argument):
                return FUNCTIONS[function](evaluate(argument, variables))
            case Operation(operator, left, right):
                return _OPERATIONS[operator](evaluate(left, variables), evaluate(right, variables))


def names(expression: Expression) -> Iterator[str]:
    """Variables of an expression, in the order they are written."""
    match expression:
        case Name(text):
            yield text
        case Negative(inner) | Call(_, inner):
            yield from names(inner)
        case Operation(_, left, right):
            yield from names(left)
            yield from names(right)


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
        case Operation(operator, left, right):
            return _deparse_operation(operator, left, right, level)


def _deparse_operation(operator: str, left: Expression, right: Expression, level: int) -> str:
    binding = _PRECEDENCE[operator]
    sides = (binding, binding - 1) if operator == "^" else (binding - 1, binding)
    space = "" if operator in "/^" else " "
    text = f"{deparse(left, sides[0])}{space}{operator}{space}{deparse(right, sides[1])}"
    return f"({text})" if binding <= level else text
