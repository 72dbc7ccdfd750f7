"""Verdicts: whether a printed number can follow from others, and what would explain it where it cannot."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise

from analysis.review.article import Cell
from analysis.review.columns import COLUMNS
from analysis.review.interval import Interval
from analysis.review.printed import Printed, UnreadableNumberError, read_number


class Verdict(StrEnum):
    """What a check finds of a cell."""

    CONSISTENT = "consistent"
    INCONSISTENT = "inconsistent"
    NOT_RECOMPUTABLE = "not recomputable"


@dataclass(frozen=True, slots=True)
class Reading:
    """One way to compute a number, in the words of the field, and the values it can give."""

    name: str
    interval: Interval


@dataclass(frozen=True, slots=True)
class Finding:
    """What one check finds of one cell.

    ``readings``: those that give the printed number, or, where none does, those tried. ``recomputed``: the values of
    the first reading that fits, or of the nearest. ``off``: the gap to it, in the unit of the cell. ``mend``: what
    would explain an inconsistent cell. ``missing``: what a recomputation lacks. ``remark``: what else to know.
    """

    cell: Cell
    verdict: Verdict
    readings: tuple[str, ...] = ()
    recomputed: Interval | None = None
    off: float = 0.0
    mend: str = ""
    missing: str = ""
    remark: str = ""
    check: str = ""


def judge(cell: Cell, readings: Sequence[Reading], mends: Sequence[Reading] = (), remark: str = "") -> Finding:
    """The verdict on a cell that holds a number. ``mends`` are readings that would be a mistake, but explain one.

    Readings without a value (not a number) do not count; where none is left, the cell is not recomputable.
    """
    printed = cell.printed
    assert printed is not None
    readings = [reading for reading in readings if reading.interval.lower <= reading.interval.upper]
    if not readings:
        return lacking(cell, "numbers for which it is defined", remark)
    fitting = [reading for reading in readings if reading.interval.meets(printed.interval)]
    if fitting:
        names = tuple(dict.fromkeys(reading.name for reading in fitting if reading.name))
        return Finding(cell, Verdict.CONSISTENT, names, fitting[0].interval, remark=remark)
    nearest = min(readings, key=lambda reading: reading.interval.distance(printed.interval))
    return Finding(
        cell,
        Verdict.INCONSISTENT,
        tuple(dict.fromkeys(reading.name for reading in readings if reading.name)),
        nearest.interval,
        off=nearest.interval.distance(printed.interval),
        mend=explanation(cell, printed, readings, mends),
        remark=remark,
    )


def lacking(cell: Cell, missing: str, remark: str = "") -> Finding:
    """A cell that cannot be recomputed."""
    return Finding(cell, Verdict.NOT_RECOMPUTABLE, missing=missing, remark=remark)


def explanation(cell: Cell, printed: Printed, readings: Sequence[Reading], mends: Sequence[Reading]) -> str:
    """What would explain an inconsistent cell: another reading, truncation, or a slip of one character."""
    for mend in mends:
        if mend.interval.meets(printed.interval):
            return f"it would follow {mend.name}"
    cut = truncated(printed)
    for reading in readings:
        if cut is not None and reading.interval.meets(cut):
            return "it would follow if the number were cut off and not rounded"
    for slip, text in slips(printed.text, count=COLUMNS[cell.column].count):
        if any(reading.interval.meets(slip.interval) for reading in readings):
            return f"a typo would explain it: {text} in place of {printed.text.strip()}"
    return ""


def truncated(printed: Printed) -> Interval | None:
    """All numbers that are printed so when digits are cut off; None for whole numbers and bounds."""
    if printed.relation or printed.unit >= 1:
        return None
    step = printed.unit if printed.value >= 0 else -printed.unit
    return Interval(min(printed.value, printed.value + step), max(printed.value, printed.value + step))


def slips(text: str, *, count: bool) -> Iterator[tuple[Printed, str]]:
    """Numbers one slip away from a printed one: two digits swapped, one digit changed, the sign, a zero too many."""
    plain = text.strip()
    digits = [i for i, character in enumerate(plain) if character.isdigit()]
    candidates = [
        plain[:i] + plain[j] + plain[i + 1 : j] + plain[i] + plain[j + 1 :]
        for i, j in pairwise(digits)
        if plain[i] != plain[j]
    ]
    candidates += [plain[1:] if plain[:1] in "-−–" else f"-{plain}"]
    candidates += [
        plain[:i] + digit + plain[i + 1 :] for i in reversed(digits) for digit in "0123456789" if digit != plain[i]
    ]
    point = plain.find(".")
    if point >= 0:
        candidates += [f"{plain[: point + 1]}0{plain[point + 1 :]}"]
    for candidate in candidates:
        try:
            yield read_number(candidate, count=count), candidate
        except UnreadableNumberError:
            continue
