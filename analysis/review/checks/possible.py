"""Numbers that cannot be, whatever the others are."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.review.article import Article
from analysis.review.columns import COLUMNS
from analysis.review.interval import Interval
from analysis.review.registry import check
from analysis.review.verdict import Finding, Reading, Verdict, judge


@check("possible", "any table")
def possible(article: Article) -> Iterator[Finding]:
    """Every number lies in the range of its statistic.

    Formula: |r| ≤ 1; 0 ≤ p, R², CR, AVE, ICC ≤ 1; SE, SD, χ², df ≥ 0; N ≥ 1
    Needs: any number
    Source: the definitions of the statistics
    """
    for cell in article.cells():
        if cell.printed is None:
            continue
        column = COLUMNS[cell.column]
        finding = judge(cell, [Reading(column.meaning, Interval(column.lower, column.upper))])
        if finding.verdict is Verdict.INCONSISTENT:
            yield finding
