"""Numbers as they are printed: text to an interval of half a unit in the last place each side."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from analysis.review.interval import Interval, exactly

MOST_DIGITS = 100
# What stands for a number that is not there.
ABSENT = frozenset({"", "-", "–", "—", "−", "n/a", "na", "not printed", "not printed here", "."})

_MINUS = str.maketrans(dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\uff0d\ufe63", "-"))
_SPACES = re.compile(r"[\s\u00a0\u2007\u2009\u202f]+")
_NOT_SIGNIFICANT = re.compile(r"n\.?\s?s\.?", re.IGNORECASE)
_MARKS = re.compile(
    r"\*+|†+|‡+|§|\^?\(?[a-z](?:,[a-z])*\)?|[ᵃᵇᶜᵈᵉᶠᵍʰⁱʲᵏˡᵐⁿᵒᵖʳˢᵗᵘᵛʷˣʸᶻ¹²³⁴⁵⁶⁷⁸⁹⁰]+|n\.?s\.?", re.IGNORECASE
)
_NUMBER = re.compile(
    r"(?P<opening>[(\[]?)(?P<relation>[<>≤≥=~≈]?)(?P<sign>[-+]?)"
    r"(?P<digits>\d[\d,']*(?:\.\d*)?|\.\d+|,\d+)"
    r"(?:(?:[eE]|[x×·*]10\^?)(?P<power>[-+]?\d+))?(?P<percent>%?)(?P<closing>[)\]]?)(?P<marks>.*)"
)


class UnreadableNumberError(ValueError):
    """The text of a cell is no number; the message says why."""


@dataclass(frozen=True, slots=True)
class Printed:
    """A printed number.

    ``text``: as printed. ``value``: the number, a bound for '<.001', 0.05 for 'n.s.'. ``interval``: all numbers that
    would be printed so. ``unit``: one in the last place. ``stars``: marks of significance glued to it. ``marks``:
    letters of footnotes. ``relation``: '<', '>' or ''. ``notes``: what a reader of the review must know of the reading.
    """

    text: str
    value: float
    interval: Interval
    unit: float
    stars: str = ""
    marks: str = ""
    relation: str = ""
    notes: tuple[str, ...] = ()

    @property
    def decimals(self) -> int:
        """Number of printed decimals; 0 for whole numbers."""
        return max(0, round(-math.log10(self.unit)))


def is_absent(text: str) -> bool:
    """Whether a cell is empty, or says that its number is not printed."""
    return text.strip().casefold() in ABSENT


def read_number(text: str, *, count: bool = False) -> Printed:
    """Read one printed number.

    ``count``: a whole number, so that '1,204' is one thousand two hundred and four and not 1.204, and no rounding
    is allowed for. Decimal commas are read and noted. Raises UnreadableNumberError.
    """
    compact = _SPACES.sub("", text.translate(_MINUS)).replace("−", "-")
    if _NOT_SIGNIFICANT.fullmatch(compact):
        return Printed(text, 0.05, Interval(0.05, 1.0), 0.01, relation=">", notes=("'n.s.' is read as p ≥ .05",))
    found = _NUMBER.fullmatch(compact)
    if found is None:
        raise UnreadableNumberError(f"'{text}' is no number")
    stars, marks = _split_marks(found["marks"], text)
    digits, notes = _point(found["digits"], count=count)
    power = int(found["power"] or 0)
    decimals = len(digits.partition(".")[2])
    if abs(power) + len(digits) > MOST_DIGITS:
        raise UnreadableNumberError(f"'{text}' is beyond what is printed in a table")
    value = float(f"{found['sign']}{digits}e{power}")
    unit = 10.0 ** (power - decimals)
    if found["opening"]:
        notes = (*notes, "brackets around the number are left out")
    relation = {"≤": "<", "≥": ">"}.get(found["relation"], found["relation"].strip("=~≈"))
    return Printed(text, value, _interval(value, unit, relation, count=count), unit, stars, marks, relation, notes)


def _interval(value: float, unit: float, relation: str, *, count: bool) -> Interval:
    if relation == "<":
        return Interval(-math.inf, value)
    if relation == ">":
        return Interval(value, math.inf)
    if count and unit >= 1:
        return exactly(value)
    return Interval(value - 0.5 * unit, value + 0.5 * unit)


def _point(digits: str, *, count: bool) -> tuple[str, tuple[str, ...]]:
    """Digits with a decimal point, and what was noted on the way."""
    plain = digits.replace("'", "")
    if "," not in plain:
        return plain, ()
    grouped = re.fullmatch(r"[1-9]\d{0,2}(,\d{3})+(\.\d*)?", plain) is not None
    if grouped and (count or "." in plain or plain.count(",") > 1):
        return plain.replace(",", ""), ("commas separate thousands",)
    if plain.count(",") > 1 or "." in plain:
        raise UnreadableNumberError(f"'{digits}' has commas that separate neither thousands nor decimals")
    return plain.replace(",", "."), ("decimal comma",)


def _split_marks(text: str, whole: str) -> tuple[str, str]:
    """Stars and footnote letters behind a number."""
    stars, marks, rest = "", "", text
    while rest:
        found = _MARKS.match(rest)
        if found is None:
            hint = "one number a cell" if re.search(r"\d", rest) else "no number"
            raise UnreadableNumberError(f"'{whole}': '{rest}' behind the number cannot be read ({hint})")
        mark = found[0]
        rest = rest[len(mark) :]
        if set(mark) <= set("*†‡"):
            stars += mark
        else:
            marks += mark
    return stars, marks
