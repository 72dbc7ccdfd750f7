"""What a review says in words: recomputed intervals, and sentences to paste into a referee's report."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from analysis.report.rounding import MINUS
from analysis.review.columns import COLUMNS
from analysis.review.result import row_label
from analysis.review.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from analysis.review.article import Cell
    from analysis.review.interval import Interval
    from analysis.review.result import Review
    from analysis.review.verdict import Finding

ROUNDING = (
    "Each printed number was taken as the interval of all values that round to it, and a number is named only if "
    "no values within these intervals give it. One slip can put several numbers at odds."
)


def span(found: Interval, finding: Finding) -> str:
    """A recomputed interval with one place more than the printed number has."""
    printed = finding.cell.printed.decimals if finding.cell.printed is not None else 3
    return limits(found, 0 if COLUMNS[finding.cell.column].count else printed + 1)


def limits(found: Interval, decimals: int) -> str:
    """The limits of an interval, or the one number that it holds."""
    lower, upper = (_text(value, decimals) for value in (found.lower, found.upper))
    return lower if lower == upper else f"{lower} to {upper}"


def _text(value: float, decimals: int) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else f"{MINUS}∞"
    return f"{value:.{decimals}f}".replace("-", MINUS)


def heading(review: Review, cell: Cell) -> str:
    """The heading of a cell's column as printed; its name where the cell is in no column."""
    table = review.article.tables.get(cell.table)
    if table is None or not 0 <= cell.position < len(table.headings):
        return cell.column
    return table.headings[cell.position]


def title(review: Review, table: str) -> str:
    """The title of a table, or its name in the file where it has none."""
    return review.article.tables[table].file.title or table


def report_text(review: Review) -> str:
    """A text to paste into a referee's report: what cannot follow, by which formula, and what could not be checked."""
    return "\n".join([*_cannot_follow(review), *_formulas(review), *_not_checked(review)])


def _cannot_follow(review: Review) -> Iterator[str]:
    checked = review.count(Verdict.CONSISTENT) + review.count(Verdict.INCONSISTENT)
    yield f"I recomputed {checked} of the printed values from the other printed values. {ROUNDING}"
    yield ""
    if review.consistent:
        yield "All of them can follow from the others."
    for number, finding in enumerate(review.inconsistent, start=1):
        yield f"{number}. {cannot_follow(review, finding)}"


def cannot_follow(review: Review, finding: Finding) -> str:
    """An inconsistent finding as neutral sentences."""
    cell = finding.cell
    claimed = cell.of == "claim"
    words = f"The text says: “{cell.text}”. The numbers beside it say otherwise" if claimed else _value(review, finding)
    sentences = [words, finding.mend, finding.remark]
    return " ".join(f"{_capital(s).rstrip('.')}." for s in sentences if s)


def _value(review: Review, finding: Finding) -> str:
    cell, found = finding.cell, finding.recomputed
    place = [title(review, cell.table) if cell.table else "", row_label(review.article, cell), heading(review, cell)]
    head = f"{', '.join(word for word in place if word)}: the printed value {cell.text}"
    if finding.check == "possible":
        return f"{head} lies outside the range of this statistic, {span(found, finding) if found else ''}"
    tried = f" ({'; '.join(finding.readings)})" if finding.readings else ""
    gives = f", which give {span(found, finding)}{tried}" if found is not None else ""
    return f"{head} can't follow from the numbers it depends on{gives} [{finding.check}]"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _formulas(review: Review) -> Iterator[str]:
    names = dict.fromkeys(finding.check for finding in review.inconsistent)
    if names:
        yield ""
        yield "Formulas:"
    for name in names:
        yield f"- {name}: {review.checks[name].formula}. Source: {review.checks[name].source}."


def _not_checked(review: Review) -> Iterator[str]:
    wanted = missing(review)
    if wanted:
        yield ""
        yield "Some values could not be recomputed. The article would have to print:"
    for (name, lacks), count in wanted.items():
        yield f"- {lacks} [{name}; {count} value{'s' if count > 1 else ''}]"


def missing(review: Review) -> dict[tuple[str, str], int]:
    """What recomputations lack, by check and missing number: how many cells it would take to be judged."""
    wanted: dict[tuple[str, str], int] = {}
    for finding in review.findings:
        if finding.verdict is Verdict.NOT_RECOMPUTABLE:
            told = (finding.check, finding.missing)
            wanted[told] = wanted.get(told, 0) + 1
    return wanted


def reading_notes(review: Review) -> dict[str, int]:
    """What a reader must know of how numbers were read, with the number of cells."""
    notes: dict[str, int] = {}
    for cell in review.article.cells():
        for note in cell.printed.notes if cell.printed is not None else ():
            notes[note] = notes.get(note, 0) + 1
    return notes
