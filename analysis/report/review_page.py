"""A review as a page: the tables as printed, each number marked with its verdict and with what it rests on.

One HTML file that needs no network. A sign and a border tell verdicts apart wherever colour does not.
"""

from __future__ import annotations

import base64
import hashlib
from collections import Counter
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

from analysis.report import review_words as words
from analysis.report.templates import template, verbatim
from analysis.review.article import key
from analysis.review.columns import COLUMNS
from analysis.review.result import row_label
from analysis.review.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Mapping

    from analysis.review.article import Cell, Table
    from analysis.review.interval import Interval
    from analysis.review.result import Review
    from analysis.review.verdict import Finding

SIGNS = {Verdict.CONSISTENT: "✓", Verdict.INCONSISTENT: "✗", Verdict.NOT_RECOMPUTABLE: "?"}


@dataclass(frozen=True, slots=True)
class Note:
    """What one check says of one number, in words; empty where there is nothing to say."""

    check: str
    verdict: Verdict
    formula: str
    source: str
    recomputed: str
    readings: str
    mend: str
    missing: str
    remark: str


@dataclass(frozen=True, slots=True)
class Mark:
    """One number as printed, or the words of a claim, with its verdict.

    ``id`` is unique on the page; ``verdict`` is None where no check concerns it. ``label`` says where it stands;
    ``read`` is the interval it was read as.
    """

    id: str
    label: str
    text: str
    numeric: bool
    verdict: Verdict | None
    read: str
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """One table as printed. ``whole``: numbers that hold for all its rows. Rows have as many cells as headings."""

    name: str
    title: str
    source: str
    headings: tuple[str, ...]
    numeric: tuple[bool, ...]
    rows: tuple[tuple[Mark | None, ...], ...]
    whole: tuple[Mark, ...]
    notes: str
    counts: Mapping[Verdict, int]


def review_page(review: Review, source: str) -> str:
    """The page as HTML; ``source`` names the file that was reviewed. Every word of the file is escaped."""
    script = verbatim("review_page.js")
    allowed = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    text = template("review_page.html.jinja").render(
        marks=_Marks(review),
        review=review,
        file=review.article.file,
        source=source,
        counts={verdict: review.count(verdict) for verdict in Verdict},
        signs=SIGNS,
        Verdict=Verdict,
        report=words.report_text(review),
        by_check=review.by_check().to_dict("records"),
        missing=words.missing(review),
        reading_notes=words.reading_notes(review),
        style=verbatim("page.css", "review_page.css"),
        script=script,
        allowed=allowed,
    )
    return text.replace("\r\n", "\n")


@dataclass(frozen=True)
class _Marks:
    """The marks of a review, table by table."""

    review: Review

    @cached_property
    def _findings(self) -> Mapping[tuple[str, int, int, str], list[Finding]]:
        found: dict[tuple[str, int, int, str], list[Finding]] = {}
        for finding in self.review.findings:
            found.setdefault(key(finding.cell), []).append(finding)
        return found

    @cached_property
    def grids(self) -> tuple[Grid, ...]:
        """Every table, in the order of the file."""
        return tuple(self._grid(table) for table in self.review.article.tables.values())

    @cached_property
    def whole(self) -> tuple[Mark, ...]:
        """Numbers that hold for the whole article."""
        return tuple(self._mark(cell, cell.column) for cell in self.review.article.numbers.values())

    @cached_property
    def claims(self) -> tuple[Mark, ...]:
        """What the text says in words."""
        cells = {key(f.cell): f.cell for f in self.review.findings if f.cell.of == "claim" and not f.cell.table}
        return tuple(self._mark(cell, "") for cell in cells.values())

    def _grid(self, table: Table) -> Grid:
        width = max(len(table.headings), *(len(row) for row in table.grid))
        padding = (None,) * width
        kinds = [COLUMNS[name].text for name, _ in table.columns]
        rows = [tuple(self._mark(cell, self._place(cell)) for cell in row) for row in table.grid]
        verdicts = Counter(mark.verdict for row in rows for mark in row if mark.verdict is not None)
        return Grid(
            name=table.name,
            title=words.title(self.review, table.name),
            source=table.file.csv or "",
            headings=(*table.headings, *("" for _ in range(width - len(table.headings)))),
            numeric=tuple(not kinds[min(i, len(kinds) - 1)] for i in range(width)),
            rows=tuple((*row, *padding[len(row) :]) for row in rows),
            whole=tuple(self._mark(cell, cell.column) for cell in table.attributes.values()),
            notes=table.file.notes,
            counts={verdict: verdicts[verdict] for verdict in Verdict},
        )

    def _place(self, cell: Cell) -> str:
        return f"{row_label(self.review.article, cell)}, {words.heading(self.review, cell)}:"

    def _mark(self, cell: Cell, label: str) -> Mark:
        printed = cell.printed
        return Mark(
            id="-".join(["cell", cell.table or "article", str(cell.row), str(cell.position), cell.column]),
            label=label,
            text=cell.text,
            numeric=not COLUMNS[cell.column].text,
            verdict=self.review.verdicts.get(key(cell)),
            read="" if printed is None else _read_as(printed.interval, printed.decimals),
            notes=tuple(self._note(finding) for finding in self._findings.get(key(cell), ())),
        )

    def _note(self, finding: Finding) -> Note:
        check, found = self.review.checks[finding.check], finding.recomputed
        return Note(
            check=check.title if check.name == "possible" else check.name,
            verdict=finding.verdict,
            formula=check.formula,
            source=check.source,
            recomputed="" if found is None else words.span(found, finding),
            readings="; ".join(finding.readings),
            mend=finding.mend,
            missing=finding.missing,
            remark=finding.remark,
        )


def _read_as(interval: Interval, decimals: int) -> str:
    return "exactly" if interval.lower == interval.upper else words.limits(interval, decimals + 1)
