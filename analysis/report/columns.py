"""Columns of text for a terminal."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def aligned(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lines with the first column to the left and the others to the right."""
    table = [list(header), *map(list, rows)]
    widths = [max(len(row[i]) for row in table) for i in range(len(header))]
    lines = [[row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])] for row in table]
    return ["  ".join(cells).rstrip() for cells in lines]


def remarks(warnings: Sequence[str]) -> list[str]:
    """What a reader must know, a line each, after a blank line; nothing where there is nothing to say."""
    return ["", *(f"Note: {warning}" for warning in warnings)] if warnings else []
