"""A review of published tables as the terminal shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.report.columns import aligned
from analysis.report.review_words import missing, reading_notes, span
from analysis.review.result import row_label
from analysis.review.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from analysis.review.registry import Check
    from analysis.review.result import Review
    from analysis.review.verdict import Finding

MOST = 12


def review_summary(review: Review) -> str:
    """Head, what is inconsistent, the checks with their counts, what is missing, notes on reading."""
    lines = [
        review.article.file.citation.strip(),
        f"Cells: {review.count(Verdict.CONSISTENT)} consistent, {review.count(Verdict.INCONSISTENT)} inconsistent, "
        f"{review.count(Verdict.NOT_RECOMPUTABLE)} not recomputable.",
        *_inconsistent(review),
        *_by_check(review),
        *_missing(review),
        *_notes(review),
    ]
    return "\n".join(lines)


def checks_table(checks: Mapping[str, Check]) -> str:
    """All checks as a table in Markdown: check, formula, what it needs."""
    rows = [(check.name, check.formula, check.needs) for check in checks.values()]
    lines = [" | ".join(cell.replace("|", "\\|") for cell in row) for row in rows]
    return "\n".join(["| check | formula | needs |", "|---|---|---|", *(f"| {line} |" for line in lines)])


def _inconsistent(review: Review) -> Iterator[str]:
    if review.consistent:
        return
    yield from ("", "Inconsistent")
    for finding in review.inconsistent:
        yield f"✗ {place(review, finding)}: printed {finding.cell.text}, {sentence(finding)}"


def place(review: Review, finding: Finding) -> str:
    """Table, row and column of a finding, with its line."""
    cell = finding.cell
    if not cell.table and cell.of:
        return f"line {cell.line}, {cell.of}"
    file = review.article.tables[cell.table].file.csv if cell.table else None
    column = cell.column + (f" ({cell.of})" if cell.of else "")
    words = [word for word in (cell.table, row_label(review.article, cell), column) if word]
    return f"{f'{file} ' if file else ''}line {cell.line}, {', '.join(words)}"


def sentence(finding: Finding) -> str:
    """What an inconsistent finding says, in neutral words."""
    tried = f" ({'; '.join(finding.readings)})" if finding.readings else ""
    found = finding.recomputed
    words = f"recomputed {span(found, finding)}{tried} [{finding.check}]" if found is not None else f"[{finding.check}]"
    return "; ".join(part for part in (words, finding.mend, finding.remark) if part)


def _by_check(review: Review) -> Iterator[str]:
    table = review.by_check()
    if table.empty:
        return
    yield ""
    rows = [[str(cell) for cell in row] for row in table.itertuples(index=False)]
    yield from aligned(
        ["check", "consistent", "inconsistent", "not recomputable"], [[r[0], r[2], r[1], r[3]] for r in rows]
    )


def _missing(review: Review) -> Iterator[str]:
    wanted = missing(review)
    if not wanted:
        return
    yield from ("", "Not recomputable")
    for (name, lacks), count in list(wanted.items())[:MOST]:
        times = f" ({count} cells)" if count > 1 else ""
        yield f"? {name}{times}: missing {lacks}"
    if len(wanted) > MOST:
        yield f"  … and {len(wanted) - MOST} more, in the JSON"


def _notes(review: Review) -> Iterator[str]:
    notes = reading_notes(review)
    if notes or review.article.file.not_printed:
        yield ""
    yield from (f"Note: {note} ({count} cells)" for note, count in notes.items())
    if review.article.file.not_printed:
        yield f"Not printed here: {', '.join(review.article.file.not_printed)}"
