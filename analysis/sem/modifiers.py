"""What stands before ``*`` in a model: values, labels, starting values, and c() with one of them per group."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from analysis.errors import nearest
from analysis.sem.tokens import StatementError, Token

# NA marks a parameter that is explicitly free; a tuple holds one value per group.
ModifierValue = float | str | None


@dataclass(frozen=True, slots=True)
class Modifier:
    """What stands before ``*``: a fixed value, a starting value, a label, or NA (kind "free"), per group."""

    kind: Literal["fixed", "start", "label", "mixed", "free"]
    values: tuple[ModifierValue, ...]


_FUNCTIONS = frozenset({"start", "label", "equal", "c", "fixed"})
_BOUNDS = {"lower": ">", "upper": "<"}
_EXAMPLE = "write e.g. 0.5*x, a*x or NA*x"


def modifier_of(tokens: list[Token], sign: Token) -> Modifier:
    """The modifier written by ``tokens`` before ``sign`` ("*", or "?" for a starting value).

    Raises StatementError for anything else.
    """
    if not tokens:
        raise StatementError(sign.start, f"nothing stands before '{sign.text}'", _EXAMPLE)
    function = tokens[0].text if len(tokens) > 1 and tokens[1].text == "(" else None
    if function is None:
        value = _value(tokens)
        return _start((value,), tokens[0]) if sign.text == "?" else _plain((value,))
    if function not in _FUNCTIONS:
        raise _unknown_function(tokens[0])
    if tokens[-1].text != ")":
        raise StatementError(tokens[-1].start, "'*' or '+' is missing before this", "write e.g. start(0.5)*x")
    values = _arguments(tokens)
    if function == "start" or sign.text == "?":
        return _start(values, tokens[0])
    if function in {"label", "equal"}:
        return Modifier("label", tuple(None if value is None else str(value) for value in values))
    return _plain(values)


def beside(tokens: list[Token], form: str) -> StatementError:
    """The error of several words where one is expected."""
    first, second = tokens[0], tokens[1]
    if second.text == "(":
        closing = tokens[-1]
        if first.text in _FUNCTIONS and closing.text != ")":
            return StatementError(closing.start, "'*' is missing before this", f"write {first.text}(…)*{closing.text}")
        return _unknown_function(first)
    if second.text == "-":
        meant = f"-1*{tokens[2].text}" if len(tokens) > 2 else "-1*x"
        return StatementError(second.start, "variables are not subtracted", f"join them by '+', as in + {meant}")
    if {first.kind, second.kind} <= {"name", "number"}:
        what = f"'+' is missing between '{first.text}' and '{second.text}'"
        return StatementError(second.start, what, f"write {first.text} + {second.text}")
    return StatementError(second.start, "one variable name is expected here", form)


def _unknown_function(token: Token) -> StatementError:
    what = f"'{token.text}(…)' is not a modifier"
    if token.text in _BOUNDS:
        sign = _BOUNDS[token.text]
        return StatementError(token.start, what, f"give a label and write the bound by itself: a {sign} 0")
    if token.kind == "name" and token.text in {"log", "exp", "sqrt", "I", "factor", "scale", "ordered"}:
        return StatementError(token.start, what, "transform the variable in the data, before the model")
    return StatementError(token.start, what, f"{nearest(token.text, _FUNCTIONS)}; write e.g. c(a, b)*x or start(0.5)*x")


def _start(values: tuple[ModifierValue, ...], at: Token) -> Modifier:
    if any(isinstance(value, str) for value in values):
        raise StatementError(at.start, "a starting value is a number", "write e.g. start(0.5)*x")
    return Modifier("start", values)


def _plain(values: tuple[ModifierValue, ...]) -> Modifier:
    kinds = {"free" if v is None else "label" if isinstance(v, str) else "fixed" for v in values}
    kind = kinds.pop() if len(kinds) == 1 else "mixed"
    return Modifier(kind, values)  # type: ignore[arg-type]


def _arguments(tokens: list[Token]) -> tuple[ModifierValue, ...]:
    """Values between the parentheses of a function, or of the c() in it."""
    function, opening, *inside = tokens[:-1]
    if len(inside) > 2 and inside[0].text == "c" and inside[1].text == "(" and inside[-1].text == ")":
        return _arguments(inside)
    parts: list[list[Token]] = [[]]
    for token in inside:
        if token.text == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    if any(not part for part in parts):
        raise StatementError(opening.start, "an empty place between the commas", "write e.g. c(a, b)")
    for part in parts:
        if len(part) > 1 and part[0].kind != "sign" and part[1].kind != "sign":
            what = f"a comma is missing between '{part[0].text}' and '{part[1].text}'"
            raise StatementError(part[1].start, what, f"write {function.text}({part[0].text}, {part[1].text})")
    return tuple(_value(part) for part in parts)


def _value(tokens: list[Token]) -> ModifierValue:
    """A number, a label, or None for NA."""
    sign = 1.0
    if len(tokens) > 1 and tokens[0].text in {"-", "+"}:
        sign = -1.0 if tokens[0].text == "-" else 1.0
        tokens = tokens[1:]
        if tokens[0].kind != "number":
            raise StatementError(tokens[0].start, "a number is expected after the sign", "labels have no sign")
    if len(tokens) > 1:
        raise beside(tokens, _EXAMPLE)
    token = tokens[0]
    if token.kind not in {"number", "name", "string"}:
        raise StatementError(token.start, "a number or a label is expected here", _EXAMPLE)
    if token.kind == "number":
        if not math.isfinite(float(token.text)):
            raise StatementError(token.start, f"'{token.text}' is too large a number", _EXAMPLE)
        return sign * float(token.text)
    return None if token.text == "NA" else token.text.strip("\"'")
