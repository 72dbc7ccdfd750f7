"""The ledger of an article's own numbers: published → rerun → difference → verdict.

Authors keep ``published.yaml`` beside their study. It names each printed number by the cell of the report's tables that
holds it, and every run then says whether it still gives that number, within the rounding of what is printed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from numbers import Integral, Real
from typing import Any

import pandas as pd
from pydantic import Field

from analysis.checked import Mistake, mapping, parse_checked, sequence
from analysis.errors import nearest
from analysis.review.interval import exactly
from analysis.review.printed import UnreadableNumberError, is_absent, read_number
from analysis.review.schema import TextLoader
from analysis.specification import Specification


class PublishedNumber(Specification):
    """One printed number, as text, and the cell that holds it: ``tables/<table>.csv``, a row, a column.

    ``row`` has, for as many columns as it takes to name one row, what stands in them. ``place``: where the article
    prints it.
    """

    printed: str
    table: str
    column: str
    row: dict[str, str] = Field(default={})
    place: str = ""


class LedgerFile(Specification):
    """The content of ``published.yaml``; all of its values are text, so that 0.70 keeps its zero."""

    citation: str
    numbers: tuple[PublishedNumber, ...] = Field(min_length=1)


class Kept(StrEnum):
    """Whether a rerun gives the published number."""

    WITHIN = "within rounding"
    DIFFERS = "differs"
    NOT_FOUND = "not found"


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger.

    ``value``: what the rerun gives, in per cent where the published number is; None where it has no such number, for
    which ``reason`` says why. ``difference``: value less published number; None where a bound is published ('<.001').
    """

    number: PublishedNumber
    verdict: Kept
    value: float | None = None
    difference: float | None = None
    reason: str = ""


def parse_ledger(text: str, filename: str) -> LedgerFile:
    """Parse ``published.yaml``; raises SpecificationError with every mistake at its line."""
    return parse_checked(text, filename, LedgerFile, _mistakes, TextLoader)


def _mistakes(raw: Mapping[str, Any]) -> Iterator[Mistake]:
    for index, number in enumerate(sequence(raw, "numbers")):
        printed = mapping(number).get("printed")
        if not isinstance(printed, str):
            continue
        path = ("numbers", index, "printed")
        hint = "copy the number as printed, one a line"
        if is_absent(printed):
            yield Mistake(path, "no number is printed", hint)
            continue
        try:
            read_number(printed)
        except UnreadableNumberError as error:
            yield Mistake(path, str(error), hint)


def compare(number: PublishedNumber, tables: Mapping[str, pd.DataFrame]) -> Entry:
    """The line of one published number; ``tables`` are those of the rerun by name, at full precision.

    Within rounding: the value lies in the interval of all numbers that are printed so, half a unit in the last place
    each side, or within the printed bound.
    """
    found = _cell(number, tables)
    if isinstance(found, str):
        return Entry(number, Kept.NOT_FOUND, reason=found)
    printed = read_number(number.printed, count=isinstance(found, Integral))
    value = float(found) * (100 if "%" in number.printed else 1)
    same = printed.interval.meets(exactly(value))
    difference = None if printed.relation else value - printed.value
    return Entry(number, Kept.WITHIN if same else Kept.DIFFERS, value, difference)


def _cell(number: PublishedNumber, tables: Mapping[str, pd.DataFrame]) -> Real | str:
    """The number in the cell, or why there is none."""
    if number.table not in tables:
        return f"there is no table '{number.table}'; {nearest(number.table, tables)}"
    frame = tables[number.table]
    for name in (number.column, *number.row):
        if name not in frame.columns:
            return f"table '{number.table}' has no column '{name}'; {nearest(name, map(str, frame.columns))}"
    chosen = frame
    for name, wanted in number.row.items():
        known = {wanted.strip(), wanted.strip().removeprefix("'")}  # the CSV files have an apostrophe before '=~'
        chosen = chosen[[_written(value) in known for value in chosen[name]]]
    if len(chosen) != 1:
        return f"{len(chosen)} rows of table '{number.table}' are so; 'row' has to name one"
    value = chosen[number.column].tolist()[0]
    if not isinstance(value, Real) or isinstance(value, bool) or pd.isna(float(value)):
        return "the cell holds no number"
    return value


def _written(value: object) -> str:
    """A value as the CSV file has it."""
    if isinstance(value, Real) and not isinstance(value, bool):
        return format(float(value), ".10g")
    return str(value).lower() if isinstance(value, bool) else str(value).strip()
