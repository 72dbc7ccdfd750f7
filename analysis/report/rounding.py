"""The one place where numbers are rounded: every number a reader sees on a page or in a figure passes here.

Conventions of the Publication Manual of the American Psychological Association (7th ed., section 6.36): no zero
before the point for statistics that cannot exceed 1, p to three decimals and '< .001' below, a true minus sign.
"""

from __future__ import annotations

import math
from enum import Enum
from typing import Any

NONE = "–"
MINUS = "\u2212"


class Kind(Enum):
    """How a column is shown."""

    TEXT = "text"
    COUNT = "whole number"
    PERCENT = "share of 1 shown in per cent, one decimal"
    NUMBER = "two decimals"
    ESTIMATE = "three decimals"
    BOUNDED = "statistic within ±1: three decimals, no leading zero"
    CORRELATION = "statistic within ±1: two decimals, no leading zero"
    PVALUE = "three decimals, '< .001' below"
    TINY = "scientific notation, two significant digits"
    FREE = "as written, up to four significant digits"
    YES_NO = "yes or no"
    SHOWN = "already shown: text aligned as a number"


_DECIMALS = {Kind.COUNT: 0, Kind.NUMBER: 2, Kind.ESTIMATE: 3, Kind.BOUNDED: 3, Kind.CORRELATION: 2}


def absent(value: Any) -> bool:
    """Whether a cell holds no value: None, NaN, pandas' NA or an empty text."""
    if value is None or value == "":
        return True
    try:
        return bool(math.isnan(value))
    except (TypeError, ValueError):
        return False


def show(value: Any, kind: Kind) -> str:
    """``value`` as a reader sees it; a value that is absent is '–'."""
    if absent(value):
        return NONE
    if kind in {Kind.TEXT, Kind.SHOWN}:
        return str(value)
    if kind is Kind.YES_NO:
        return "yes" if value else "no"
    number = float(value)
    if math.isinf(number):
        return "∞" if number > 0 else f"{MINUS}∞"
    return _signed(_number(number, kind))


def with_places(value: Any, decimals: int) -> str | None:
    """``value`` with so many decimals; None where it is absent."""
    return None if absent(value) else _signed(f"{float(value):.{decimals}f}")


def interval(lower: Any, upper: Any, kind: Kind) -> str:
    """An interval in brackets; '–' where it has no limits."""
    if absent(lower) or absent(upper):
        return NONE
    return f"[{show(lower, kind)}, {show(upper, kind)}]"


def p_phrase(value: Any) -> str:
    """P as words of a sentence or figure: 'p < .001', 'p = .034', or 'p –'."""
    text = show(value, Kind.PVALUE)
    return f"p {text}" if text[0] in "<>" + NONE else f"p = {text}"


def stars(value: Any) -> str:
    """Mark of significance; 'n.s.' is written out, so that it never looks like an omission."""
    if absent(value):
        return ""
    for limit, mark in ((0.001, "***"), (0.01, "**"), (0.05, "*")):
        if value < limit:
            return mark
    return " n.s."


def _number(number: float, kind: Kind) -> str:
    if kind is Kind.PVALUE:
        return _pvalue(number)
    if kind is Kind.PERCENT:
        return f"{100 * number:.1f} %"
    if kind is Kind.TINY:
        return "0" if number == 0 else f"{number:.1e}"
    if kind is Kind.FREE:
        return f"{number:.4g}"
    text = f"{number:.{_DECIMALS[kind]}f}"
    return _without_zero(text) if kind in {Kind.BOUNDED, Kind.CORRELATION} else text


def _pvalue(number: float) -> str:
    if number < 0.001:
        return "< .001"
    if number > 0.999:
        return "> .999"
    return _without_zero(f"{number:.3f}")


def _without_zero(text: str) -> str:
    return text.replace("0.", ".", 1) if text.startswith(("0.", "-0.")) else text


def _signed(text: str) -> str:
    """A true minus sign, and none before a zero."""
    if text.startswith("-") and not any(digit in text for digit in "123456789"):
        return text[1:]
    return MINUS + text[1:] if text.startswith("-") else text
