"""Arithmetic on labels (``ind := a*b``, ``a == 2*b``): parsed by Python's own grammar, never evaluated by it.

An expression is walked node by node with values and gradients together (forward differentiation), so that
delta-method standard errors and constraint Jacobians are exact.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_NAME = re.compile(r"(?<![\w.])[^\W\d][\w.]*|(?<![\w.])\.[^\W\d][\w.]*")

# Each function with its derivative.
_DERIVATIVES: dict[str, tuple[Callable[[float], float], Callable[[float], float]]] = {
    "exp": (np.exp, np.exp),
    "log": (np.log, lambda x: 1.0 / x),
    "sqrt": (np.sqrt, lambda x: 0.5 / np.sqrt(x)),
    "abs": (abs, np.sign),
}
FUNCTIONS = frozenset(_DERIVATIVES)


class ExpressionError(ValueError):
    """The text is not arithmetic on labels."""


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed expression: its text and the names it needs, in order of first appearance."""

    text: str
    names: tuple[str, ...]
    tree: ast.expr

    def evaluate(self, values: Mapping[str, tuple[float, Array]]) -> tuple[float, Array]:
        """Value and gradient, given (value, gradient) of each name. NaN where it is not defined."""
        bound = {f"v{i}": values[name] for i, name in enumerate(self.names)}
        with np.errstate(all="ignore"):
            return _walk(self.tree, bound)


@lru_cache(maxsize=1024)
def parse_expression(text: str) -> Expression:
    """Parse arithmetic with + - * / ^, parentheses, numbers, labels, exp, log, sqrt and abs.

    Raises ExpressionError, with the reason, on anything else.
    """
    names: list[str] = []

    def placeholder(match: re.Match[str]) -> str:
        name = match.group()
        if name in FUNCTIONS and text[match.end() :].lstrip().startswith("("):
            return name
        if name not in names:
            names.append(name)
        return f"v{names.index(name)}"

    source = _NAME.sub(placeholder, text).replace("^", "**").strip()
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ExpressionError(f"'{text}' is not an arithmetic expression") from None
    _check(tree, text)
    return Expression(text, tuple(names), tree)


def _check(node: ast.expr, text: str) -> None:
    match node:
        case ast.Constant(value=int() | float()):
            return
        case ast.Name():
            return
        case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
            _check(operand, text)
        case ast.BinOp(op=ast.Add() | ast.Sub() | ast.Mult() | ast.Div() | ast.Pow(), left=left, right=right):
            _check(left, text)
            _check(right, text)
        case ast.Call(func=ast.Name(id=name), args=[argument], keywords=[]) if name in FUNCTIONS:
            _check(argument, text)
        case _:
            raise ExpressionError(f"'{text}' holds more than + - * / ^, parentheses, exp, log, sqrt and abs")


def _walk(node: ast.expr, values: Mapping[str, tuple[float, Array]]) -> tuple[float, Array]:
    match node:
        case ast.Constant(value=value):
            return float(value), np.zeros(1)  # type: ignore[arg-type]
        case ast.Name(id=name):
            return values[name]
        case ast.UnaryOp(op=op, operand=operand):
            value, gradient = _walk(operand, values)
            sign = -1.0 if isinstance(op, ast.USub) else 1.0
            return sign * value, sign * gradient
        case ast.Call(func=ast.Name(id=name), args=[argument]):
            function, derivative = _DERIVATIVES[name]
            value, gradient = _walk(argument, values)
            return float(function(value)), derivative(value) * gradient
        case ast.BinOp(op=op, left=left, right=right):
            return _binary(op, _walk(left, values), _walk(right, values))
        case _:
            raise AssertionError("the expression was checked when it was parsed")


def _binary(op: ast.operator, left: tuple[float, Array], right: tuple[float, Array]) -> tuple[float, Array]:
    (a, da), (b, db) = left, right
    match op:
        case ast.Add():
            return a + b, da + db
        case ast.Sub():
            return a - b, da - db
        case ast.Mult():
            return a * b, b * da + a * db
        case ast.Div():
            a, b = np.float64(a), np.float64(b)
            return float(a / b), (da - a / b * db) / b
        case _:
            power = np.float64(a) ** b
            slope = b * np.float64(a) ** (b - 1) * da
            # The exponent's own derivative needs log(a), which a constant exponent must not ask for.
            return float(power), slope + (power * np.log(np.float64(a)) * db if np.any(db) else 0.0)
