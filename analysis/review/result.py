"""The result of a review: every finding, the verdict of every cell, and the tables as printed."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import pandas as pd

from analysis.json_text import json_text
from analysis.review.article import Article, Cell, key
from analysis.review.interval import Interval
from analysis.review.registry import Check
from analysis.review.verdict import Finding, Verdict

_ORDER = (Verdict.INCONSISTENT, Verdict.CONSISTENT, Verdict.NOT_RECOMPUTABLE)


@dataclass(frozen=True)
class Review:
    """Findings on an article, in the order of its tables. ``checks`` are those that were applied, by name.

    The verdict of a cell is the gravest of its findings: inconsistent, else consistent, else not recomputable; a cell
    that no check concerns has none.
    """

    article: Article
    findings: tuple[Finding, ...]
    checks: Mapping[str, Check]

    @property
    def consistent(self) -> bool:
        """Whether nothing is inconsistent."""
        return not self.inconsistent

    @property
    def inconsistent(self) -> tuple[Finding, ...]:
        """Findings of numbers that cannot follow from the others."""
        return tuple(f for f in self.findings if f.verdict is Verdict.INCONSISTENT)

    @cached_property
    def verdicts(self) -> Mapping[tuple[str, int, int, str], Verdict]:
        """The verdict of every cell that a check concerns, by the cell's key."""
        found: dict[tuple[str, int, int, str], list[Verdict]] = {}
        for finding in self.findings:
            found.setdefault(key(finding.cell), []).append(finding.verdict)
        return {place: min(verdicts, key=_ORDER.index) for place, verdicts in found.items()}

    def count(self, verdict: Verdict) -> int:
        """Number of cells with a verdict."""
        return sum(found is verdict for found in self.verdicts.values())

    def by_check(self) -> pd.DataFrame:
        """One row a check that found something: number of findings of each verdict."""
        counts: dict[str, Counter[Verdict]] = {}
        for finding in self.findings:
            counts.setdefault(finding.check, Counter())[finding.verdict] += 1
        rows = [{"check": name, **{v.value: count[v] for v in _ORDER}} for name, count in counts.items()]
        return pd.DataFrame(rows, columns=["check", *(v.value for v in _ORDER)])

    def tidy(self) -> pd.DataFrame:
        """One row a finding."""
        return pd.DataFrame([_finding(self.article, finding) for finding in self.findings])

    def glance(self) -> pd.DataFrame:
        """One row: number of cells by verdict."""
        return pd.DataFrame([{"article": self.article.file.slug, **{v.value: self.count(v) for v in _ORDER}}])

    def to_json(self) -> str:
        """JSON with keys slug, citation, consistent, cells (numbers by verdict), findings, tables and checks.

        ``findings``: {"check", "table", "row", "row_label", "column", "position", "line", "printed", "verdict",
        "readings", "lower", "upper", "off", "mend", "missing", "remark"}; ``row`` counts from 0, -1 for numbers of a
        whole table; ``lower`` and ``upper`` bound the recomputed value, null where infinite or none. ``tables``: the
        grid as printed, {"title", "kind", "headings", "rows": [[{"text", "column", "of", "line", "verdict",
        "findings": positions in the list above}]]}. ``checks``: {"title", "formula", "needs", "source"} by name.
        """
        content = {
            "slug": self.article.file.slug,
            "citation": self.article.file.citation,
            "consistent": self.consistent,
            "cells": {v.value: self.count(v) for v in _ORDER},
            "findings": [_finding(self.article, finding) for finding in self.findings],
            "tables": {name: self._table(name) for name in self.article.tables},
            "checks": {
                name: {"title": c.title, "formula": c.formula, "needs": c.needs, "source": c.source}
                for name, c in self.checks.items()
            },
        }
        return json_text(content)

    def _table(self, name: str) -> dict[str, Any]:
        table = self.article.tables[name]
        return {
            "title": table.file.title,
            "kind": table.kind,
            "headings": list(table.headings),
            "rows": [list(self._row(row)) for row in table.grid],
        }

    @cached_property
    def _at(self) -> Mapping[tuple[str, int, int, str], list[int]]:
        places: dict[tuple[str, int, int, str], list[int]] = {}
        for number, finding in enumerate(self.findings):
            places.setdefault(key(finding.cell), []).append(number)
        return places

    def _row(self, row: tuple[Cell, ...]) -> Iterator[dict[str, Any]]:
        for cell in row:
            verdict = self.verdicts.get(key(cell))
            yield {
                "text": cell.text,
                "column": cell.column,
                "of": cell.of,
                "line": cell.line,
                "verdict": None if verdict is None else verdict.value,
                "findings": self._at.get(key(cell), []),
            }


def row_label(article: Article, cell: Cell) -> str:
    """How people name the row of a cell; empty for numbers of a whole table or article."""
    if cell.row < 0 or cell.table not in article.tables:
        return ""
    records = article.tables[cell.table].records
    return next(
        (r.label for r in records if r.row == cell.row and r.of == cell.of), records[0].label if records else ""
    )


def _finding(article: Article, finding: Finding) -> dict[str, Any]:
    cell, found = finding.cell, finding.recomputed
    return {
        "check": finding.check,
        "table": cell.table,
        "row": cell.row,
        "row_label": row_label(article, cell),
        "column": cell.column + (f":{cell.of}" if cell.of else ""),
        "position": cell.position,
        "line": cell.line,
        "printed": cell.text,
        "verdict": finding.verdict.value,
        "readings": list(finding.readings),
        "lower": _bound(found, upper=False),
        "upper": _bound(found, upper=True),
        "off": finding.off if math.isfinite(finding.off) else None,
        "mend": finding.mend,
        "missing": finding.missing,
        "remark": finding.remark,
    }


def _bound(found: Interval | None, *, upper: bool) -> float | None:
    value = None if found is None else found.upper if upper else found.lower
    return value if value is not None and math.isfinite(value) else None
