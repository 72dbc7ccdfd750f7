"""The file of a published article in, its tables out; every mistake at once, with line and hint."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import yaml

from analysis.checked import Mistake, mapping, parse_checked, sequence
from analysis.errors import DataError, SpecificationError, nearest
from analysis.review.article import Article, Cell, Table
from analysis.review.columns import COLUMNS, KINDS
from analysis.review.printed import UnreadableNumberError, is_absent, read_number
from analysis.review.schema import PublishedFile, TextLoader
from analysis.sem.syntax import parse_model
from analysis.specification import Path

ReadFile = Callable[[str], str]
# Keys of a table that hold a number, and the column whose range they share.
ATTRIBUTES = {"n": "n", "groups": "groups", "df": "df"}
_PLACES = ("correlations", "measurement")


def read_article(text: str, filename: str, read_file: ReadFile) -> Article:
    """Parse the YAML ``text`` of a published article; ``read_file`` gives the text of a CSV file it points to.

    Raises SpecificationError with every mistake of form, names and numbers, each at its line.
    """
    reader = _Reader(filename, read_file, block_lines(text))
    file = parse_checked(text, filename, PublishedFile, reader.mistakes, TextLoader)
    lines = tuple(reader.line(("claims", index)) for index in range(len(file.claims)))
    tables = {name: reader.table(name, file) for name in file.tables}
    numbers = reader.numbers((), file.model_dump())
    return Article(file, tables, {cell.column: cell for cell in numbers}, lines)


def block_lines(text: str) -> dict[Path, int]:
    """Line on which the first words of every value stand; those of a block ('|') begin below its sign.

    Nothing where the file is no YAML, which the parser then says.
    """
    lines: dict[Path, int] = {}
    try:
        node = yaml.compose(text, Loader=TextLoader)
    except (yaml.YAMLError, RecursionError):
        return lines

    def walk(node: Any, path: Path) -> None:
        if isinstance(node, yaml.MappingNode):
            for name, value in node.value:
                walk(value, (*path, str(name.value)))
        elif isinstance(node, yaml.SequenceNode):
            for index, value in enumerate(node.value):
                walk(value, (*path, index))
        if node is not None:
            block = isinstance(node, yaml.ScalarNode) and node.style in {"|", ">"}
            lines[path] = node.start_mark.line + (2 if block else 1)

    walk(node, ())
    return lines


@dataclass(frozen=True, slots=True)
class _Line:
    """The words of one row, and its line in the file they are from."""

    number: int
    words: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads the parts of one file; what is wrong with a part is told by ``mistakes`` before the part is used."""

    filename: str
    read_file: ReadFile
    lines: Mapping[Path, int]

    def line(self, path: Path) -> int:
        """Line of the value at ``path``, or of what holds it."""
        return next((self.lines[path[:i]] for i in range(len(path), -1, -1) if path[:i] in self.lines), 1)

    def table(self, name: str, file: PublishedFile) -> Table:
        """A table that has no mistakes."""
        raw = file.tables[name].model_dump()
        headings, lines = self._rows(name, raw)
        columns, titles, _ = _columns(raw, headings)
        grid = tuple(tuple(self._cells(name, i, columns, line)) for i, line in enumerate(lines))
        attributes = {cell.column: cell for cell in self.numbers(("tables", name), raw)}
        if columns and columns[-1][0] == "r":
            labels = [line.words[0] for line in lines]
            titles = (*titles[: len(columns) - 1], *labels)
        return Table(name, file.tables[name], titles, columns, grid, attributes)

    def numbers(self, path: Path, raw: Mapping[str, Any]) -> list[Cell]:
        """Numbers that hold for a whole table, or the whole article where ``path`` is empty."""
        table = str(path[1]) if path else ""
        return [
            Cell(table, -1, -1, column, raw[name], self.line((*path, name)), printed=_number(raw[name], column))
            for name, column in ATTRIBUTES.items()
            if raw.get(name) is not None
        ]

    def _rows(self, name: str, raw: Mapping[str, Any]) -> tuple[tuple[str, ...], list[_Line]]:
        """Headings of a CSV file (none for rows in the file itself), and the rows with their lines."""
        if raw.get("csv") is not None:
            text = self.read_file(str(raw["csv"]))
            first = text.split("\n", 1)[0]
            separator = max(";\t,", key=first.count)
            found = csv.reader(io.StringIO(text), delimiter=separator)
            rows = [
                _Line(found.line_num, tuple(word.strip() for word in words))
                for words in found
                if any(map(str.strip, words))
            ]
            return (rows[0].words, rows[1:]) if rows else ((), [])
        start = self.line(("tables", name, "rows"))
        lines = enumerate(str(raw.get("rows") or "").split("\n"))
        return (), [
            _Line(start + i, tuple(word.strip() for word in line.split("|"))) for i, line in lines if line.strip()
        ]

    def _cells(self, table: str, row: int, columns: tuple[tuple[str, str], ...], line: _Line) -> Iterator[Cell]:
        for position, text in enumerate(line.words):
            column, of = columns[min(position, len(columns) - 1)]
            printed = None if COLUMNS[column].text else _number(text, column)
            yield Cell(table, row, position, column, text, line.number, of, printed)

    # What is wrong with a file

    def mistakes(self, raw: Mapping[str, Any]) -> Iterator[Mistake]:
        """Everything wrong with names, rows and numbers."""
        yield from self._wrong_numbers((), raw)
        for name, syntax in mapping(raw, "models").items():
            path: Path = ("models", name)
            try:
                parse_model(str(syntax), f"model {name}")
            except SpecificationError as error:
                yield from (Mistake(path, f"model '{name}': {p.what}", p.hint) for p in error.problems)
        tables = mapping(raw, "tables")
        for name, table in tables.items():
            yield from self._wrong_table(str(name), mapping(table), raw)
        for index, claim in enumerate(sequence(raw, "claims")):
            for key in ("table", "effects"):
                wanted = mapping(claim).get(key)
                if wanted is not None and wanted not in tables:
                    hint = nearest(str(wanted), map(str, tables))
                    yield Mistake(("claims", index, key), f"there is no table '{wanted}'", hint)

    def _wrong_table(self, name: str, raw: Mapping[str, Any], whole: Mapping[str, Any]) -> Iterator[Mistake]:
        path: Path = ("tables", name)
        yield from self._wrong_numbers(path, raw)
        for key in _PLACES:
            if raw.get(key) is not None and raw[key] not in mapping(whole, "tables"):
                hint = nearest(str(raw[key]), map(str, mapping(whole, "tables")))
                yield Mistake((*path, key), f"there is no table '{raw[key]}'", hint)
        if raw.get("model") is not None and raw["model"] not in mapping(whole, "models"):
            hint = nearest(str(raw["model"]), map(str, mapping(whole, "models"))) or "add it under 'models:'"
            yield Mistake((*path, "model"), f"there is no model '{raw['model']}'", hint)
        if (raw.get("rows") is None) == (raw.get("csv") is None):
            yield Mistake(path, f"table '{name}' needs its cells once", "give either 'rows:' or 'csv:'")
            return
        if raw.get("kind") in KINDS:
            yield from self._wrong_cells(name, raw)

    def _wrong_numbers(self, path: Path, raw: Mapping[str, Any]) -> Iterator[Mistake]:
        for name, column in ATTRIBUTES.items():
            if isinstance(raw.get(name), str) and not is_absent(raw[name]):
                yield from _wrong_number((*path, name), raw[name], column, 0)

    def _wrong_cells(self, name: str, raw: Mapping[str, Any]) -> Iterator[Mistake]:
        path: Path = ("tables", name)
        try:
            headings, lines = self._rows(name, raw)
        except (DataError, csv.Error) as error:
            yield Mistake((*path, "csv"), str(error).split("\n", 1)[0], "the path is relative to this file")
            return
        columns, _, wrong = _columns(raw, headings)
        yield from (Mistake((*path, "columns"), what, hint) for what, hint in wrong)
        if wrong:
            return
        if not lines:
            yield Mistake(path, f"table '{name}' has no rows", "one row a line, cells between '|'")
        file = "" if raw.get("csv") is None else f"{raw['csv']} line "
        triangle = columns[-1][0] == "r"
        for number, line in enumerate(lines):
            where = (*path, "csv" if file else "rows")
            at = 0 if file else line.number
            place = f"{file}{line.number}: " if file else ""
            limit = len(columns) - 1 + number + (raw.get("diagonal", "none") != "none")
            if (not triangle and len(line.words) != len(columns)) or (triangle and len(line.words) > max(limit, 1)):
                expected = f"at most {limit}" if triangle else f"{len(columns)}"
                what = f"{place}the row has {len(line.words)} cells, {expected} are expected"
                yield Mistake(where, what, "empty cells are kept between '|'", at)
                continue
            for position, text in enumerate(line.words):
                column = columns[min(position, len(columns) - 1)][0]
                if not COLUMNS[column].text:
                    yield from _wrong_number(where, text, column, at, place)


def _columns(
    raw: Mapping[str, Any], headings: tuple[str, ...]
) -> tuple[tuple[tuple[str, str], ...], tuple[str, ...], list[tuple[str, str]]]:
    """Columns as (name, model or outcome they belong to), headings as printed, and what is wrong with hints."""
    kind = KINDS[raw["kind"]]
    declared = str(raw.get("columns") or "")
    default = "variable | r" if raw["kind"] == "correlations" else " | ".join(headings)
    parts = [part.strip() for part in (declared or default).split("|")]
    columns, titles, wrong = [], [], []
    for part in parts:
        name, _, title = (word.strip() for word in part.partition("="))
        name, _, of = (word.strip() for word in name.partition(":"))
        if name not in kind.columns and name != "note":
            wrong.append(
                (f"a table of kind '{kind.name}' has no column '{name}'", nearest(name, (*kind.columns, "note")))
            )
        columns.append((name, of))
        titles.append(title or (part if not of else f"{name} ({of})"))
    wrong += [
        (f"the column '{name}' stands twice", "add ':' and the model it belongs to")
        for i, (name, of) in enumerate(columns)
        if name != "note" and (name, of) in columns[:i]
    ]
    if headings and declared and len(headings) != len(parts):
        wrong.append((f"{len(parts)} columns are named, the CSV file has {len(headings)}", "name each"))
    if headings and len(headings) == len(parts):
        titles = list(headings)
    if "r" in [name for name, _ in columns[:-1]]:
        wrong.append(("'r' is the last column: the triangle begins there", "move it to the end"))
    return tuple(columns), tuple(titles), wrong


def _number(text: str, column: str) -> Any:
    return None if is_absent(text) else read_number(text, count=COLUMNS[column].count)


def _wrong_number(path: Path, text: str, column: str, line: int, place: str = "") -> Iterator[Mistake]:
    if is_absent(text):
        return
    try:
        read_number(text, count=COLUMNS[column].count)
    except UnreadableNumberError as error:
        hint = "copy the number as printed; '-' where there is none; two numbers in one cell are two columns"
        yield Mistake(path, f"{place}{COLUMNS[column].meaning}: {error}", hint, line)
