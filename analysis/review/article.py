"""A published article as the checks see it: tables of cells, each with its text, its number and its line."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

from analysis.review.columns import COLUMNS, KINDS
from analysis.review.interval import Interval
from analysis.review.printed import Printed
from analysis.review.schema import ClaimFile, PublishedFile, TableFile


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell. ``table`` is empty for numbers of the whole article, ``row`` -1 for those of a whole table.

    ``column``: name of what it holds; ``of``: the model or outcome its column belongs to; ``position``: place in the
    row as printed. ``printed`` is None where no number is printed, or where it is ``impossible``.
    """

    table: str
    row: int
    position: int
    column: str
    text: str
    line: int
    of: str = ""
    printed: Printed | None = None
    impossible: str = ""


@dataclass(frozen=True, slots=True)
class Record:
    """What one row says of one model or outcome: its text columns, and its cells by column name."""

    table: str
    row: int
    of: str
    words: Mapping[str, str]
    cells: Mapping[str, Cell]

    def cell(self, column: str) -> Cell | None:
        """The cell of a column that holds a number; None where the table has none, or it is not printed."""
        cell = self.cells.get(column)
        return cell if cell is not None and cell.printed is not None else None

    def number(self, column: str) -> Interval | None:
        """The interval of a cell; None where no number is printed."""
        cell = self.cells.get(column)
        return None if cell is None or cell.printed is None else cell.printed.interval

    def word(self, column: str) -> str:
        """The text of a text column; empty where there is none."""
        return self.words.get(column, "")

    @property
    def label(self) -> str:
        """How people name the row: 'outcome ~ predictor', or its first words."""
        if self.word("predictor") and self.word("outcome"):
            return f"{self.word('outcome')} ~ {self.word('predictor')}"
        first = next((word for word in self.words.values() if word), f"row {self.row + 1}")
        return self.word("predictor") or first


@dataclass(frozen=True)
class Table:
    """One table. ``headings`` and ``grid`` are as printed; ``attributes`` are numbers that hold for all its rows."""

    name: str
    file: TableFile
    headings: tuple[str, ...]
    columns: tuple[tuple[str, str], ...]
    grid: tuple[tuple[Cell, ...], ...]
    attributes: Mapping[str, Cell]

    @property
    def kind(self) -> str:
        """The kind of table."""
        return self.file.kind

    @cached_property
    def records(self) -> tuple[Record, ...]:
        """Row by row, one record for each model or outcome that columns belong to."""
        return tuple(self._records())

    def _records(self) -> Iterator[Record]:
        parts = tuple(dict.fromkeys(of for name, of in self.columns if of and not COLUMNS[name].text)) or ("",)
        above: dict[str, str] = {}
        for number, cells in enumerate(self.grid):
            words = {c.column: c.text for c in cells if COLUMNS[c.column].text and c.column != "note"}
            above |= {name: word for name, word in words.items() if word and COLUMNS[name].inherits}
            words |= {name: above[name] for name in words if name in above}
            for part in parts:
                kept = {c.column: c for c in cells if c.of in {"", part} and not COLUMNS[c.column].text}
                named = {**words, "model": part} if part and not words.get("model") else words
                key = KINDS[self.kind].key
                ordered = {name: named[name] for name in (*key, *named) if name in named}
                yield Record(self.name, number, part, ordered, kept)


@dataclass(frozen=True)
class Article:
    """All that is printed. ``numbers`` are those of the whole article (n, groups)."""

    file: PublishedFile
    tables: Mapping[str, Table]
    numbers: Mapping[str, Cell]
    claim_lines: tuple[int, ...]

    def of_kind(self, *kinds: str) -> Iterator[Table]:
        """Tables of these kinds, in the order of the file."""
        return (table for table in self.tables.values() if table.kind in kinds)

    def records(self, *kinds: str) -> Iterator[tuple[Table, Record]]:
        """Records of tables of these kinds."""
        return ((table, record) for table in self.of_kind(*kinds) for record in table.records)

    def number(self, table: Table, record: Record | None, name: str) -> Interval | None:
        """A number from the nearest place that prints it: row, table, article."""
        if record is not None and (found := record.number(name)) is not None:
            return found
        for cells in (table.attributes, self.numbers):
            if name in cells:
                printed = cells[name].printed
                return None if printed is None else printed.interval
        return None

    def cells(self) -> Iterator[Cell]:
        """Every cell that may hold a number."""
        yield from self.numbers.values()
        for table in self.tables.values():
            yield from table.attributes.values()
            yield from (cell for row in table.grid for cell in row if not COLUMNS[cell.column].text)

    def claims(self) -> Iterator[tuple[ClaimFile, int]]:
        """Claims with their lines."""
        return zip(self.file.claims, self.claim_lines, strict=True)

    def without(self, impossible: Mapping[tuple[str, int, int, str], str]) -> Article:
        """The article in which impossible cells, by ``key``, hold no number but the reason."""

        def barred(cell: Cell) -> Cell:
            reason = impossible.get(key(cell))
            return cell if reason is None else replace(cell, printed=None, impossible=reason)

        tables = {
            name: replace(
                table,
                grid=tuple(tuple(barred(cell) for cell in row) for row in table.grid),
                attributes={k: barred(cell) for k, cell in table.attributes.items()},
            )
            for name, table in self.tables.items()
        }
        return replace(self, tables=tables, numbers={k: barred(cell) for k, cell in self.numbers.items()})


def key(cell: Cell) -> tuple[str, int, int, str]:
    """What tells a cell from all others."""
    return cell.table, cell.row, cell.position, cell.column
