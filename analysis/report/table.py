"""A table: the data as written to CSV at full precision, and the columns that a page shows of it."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from analysis.report.rounding import NONE, Kind, absent, interval, show

_TRIGGERS = ("=", "+", "-", "@", "\t", "\n")
RESPONSES = "responses"


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a page's table. Two keys make an interval; ``absent`` says what a '–' in it means.

    ``lang`` is the language of its words; ``french`` names a column whose words stand below those of this one.
    """

    keys: tuple[str, ...]
    header: str
    kind: Kind = Kind.TEXT
    absent: str = "not available"
    lang: str = "en"
    french: str = ""

    @property
    def numeric(self) -> bool:
        """Whether cells are aligned to the right."""
        return self.kind not in {Kind.TEXT, Kind.YES_NO}

    def cell(self, row: pd.Series) -> Cell:
        """The cell of ``row`` as a reader sees it."""
        if len(self.keys) == 2:
            return Cell(interval(row[self.keys[0]], row[self.keys[1]], self.kind))
        return Cell(show(row[self.keys[0]], self.kind), show(row[self.french], Kind.TEXT) if self.french else "")


@dataclass(frozen=True, slots=True)
class Table:
    """One table. ``question`` is what it answers, ``caption`` what it holds.

    ``frame`` is written to ``tables/<id>.csv``; ``view`` (by default the same rows) is what ``columns`` show;
    ``group`` names the column of the view whose changes start a new block of rows; a ``folded`` table opens on
    demand. ``notes`` are sentences below it.
    """

    id: str
    question: str
    caption: str
    frame: pd.DataFrame
    columns: tuple[Column, ...]
    view: pd.DataFrame | None = None
    group: str | None = None
    notes: tuple[str, ...] = ()
    folded: bool = False

    @property
    def shown(self) -> pd.DataFrame:
        """The frame whose rows the page shows."""
        return self.frame if self.view is None else self.view

    def blocks(self) -> list[Block]:
        """Rows as a reader sees them, in blocks of consecutive rows with the same ``group``."""
        blocks: list[Block] = []
        for _, row in self.shown.iterrows():
            title = "" if self.group is None else show(row[self.group], Kind.TEXT)
            if not blocks or blocks[-1].title != title:
                blocks.append(Block(title))
            blocks[-1].rows.append([column.cell(row) for column in self.columns])
        return blocks

    def all_notes(self) -> list[str]:
        """The table's notes, and what each '–' in it means."""
        return [*self.notes, *self._dashes()]

    def _dashes(self) -> Iterator[str]:
        reasons: dict[str, list[str]] = {}
        for column in self.columns:
            cells = self.shown[list(column.keys)].map(absent).any(axis=None)
            if cells and column.absent:
                reasons.setdefault(column.absent, []).append(column.header)
        for reason, headers in reasons.items():
            yield f"{NONE} ({', '.join(headers)}): {reason}."


@dataclass(frozen=True, slots=True)
class Cell:
    """What stands in a cell, and below it the same in French (empty: nothing)."""

    text: str
    french: str = ""


@dataclass(frozen=True, slots=True)
class Block:
    """Consecutive rows under one title (empty: none)."""

    title: str
    rows: list[list[Cell]] = field(default_factory=list)


def side_by_side(frame: pd.DataFrame, names: Sequence[str], measures: Sequence[tuple[str, str, Kind]]) -> pd.DataFrame:
    """A view with one row a measure (key, label, kind) and one column a row of ``frame``, under ``names``.

    Cells are already shown, or None where there is no value; the column ``measure`` holds the labels.
    """
    rows = []
    for key, label, kind in measures:
        cells = (None if absent(value) else show(value, kind) for value in frame[key])
        rows.append({"measure": label, **dict(zip(names, cells, strict=True))})
    return pd.DataFrame(rows, columns=["measure", *names], dtype=object)


def to_csv(frame: pd.DataFrame, simulated: bool) -> str:
    """``frame`` as CSV text: UTF-8, '\\n', numbers to ten significant digits, an index never written.

    The last column, ``responses``, says on every row whether the responses were simulated or collected, so that a
    table taken out of its folder still says so. Text that a spreadsheet would run as a formula (starting with
    = + - @, tab or line end) is preceded by an apostrophe; numbers never are.
    """
    origin = "simulated" if simulated else "collected"
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([*(_text(str(name)) for name in frame.columns), RESPONSES])
    for row in frame.itertuples(index=False, name=None):
        writer.writerow([*(_csv_cell(value) for value in row), origin])
    return out.getvalue()


def _csv_cell(value: Any) -> str:
    if absent(value):
        return ""
    if isinstance(value, str):
        return _text(value)
    if str(value) in {"True", "False"}:
        return str(value).lower()
    # adding zero turns -0.0 into 0.0
    return format(float(value) + 0.0, ".10g")


def _text(value: str) -> str:
    value = value.replace("\r\n", "\n").replace("\r", "\n")
    return f"'{value}" if value.startswith(_TRIGGERS) else value
