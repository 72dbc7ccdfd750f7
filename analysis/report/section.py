"""A section of the report: its words, tables, figures and listings."""

from __future__ import annotations

from dataclasses import dataclass

from analysis.report.figures.canvas import Drawing
from analysis.report.table import Table


@dataclass(frozen=True, slots=True)
class Listing:
    """A text shown as it is, such as a model's syntax."""

    title: str
    text: str


Part = Table | Drawing | Listing


@dataclass(frozen=True, slots=True)
class Section:
    """One section: paragraphs, then its parts in order."""

    id: str
    title: str
    paragraphs: tuple[str, ...] = ()
    parts: tuple[Part, ...] = ()
