"""Read a table as it was exported: cells as they stand in the file, nothing guessed about their meaning.

Text files keep every cell as a string. Formats that know numbers (.xlsx, .sav, .dta, .parquet) keep them,
and the value labels of .sav and .dta come beside the codes.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from types import MappingProxyType

import pandas as pd

from analysis.errors import DataError, Problem
from analysis.survey.encoding import decode
from analysis.survey.labels import tidy

SEPARATORS = (",", ";", "\t", "|")
SEPARATOR_NAMES = {",": "comma", ";": "semicolon", "\t": "tab", "|": "vertical bar"}
SNIFFED_RECORDS = 200

ValueLabels = Mapping[str, Mapping[float, str]]


@dataclass(frozen=True, slots=True)
class RawTable:
    """A table as read.

    frame: one row per record, one column per header; an empty cell is "" (text files) or a missing value.
    value_labels: column → code → label, for .sav and .dta.
    dropped: headers of columns that were asked to be dropped and were there.
    notes: sentences on what was detected, for the report.
    """

    frame: pd.DataFrame
    source: str
    encoding: str | None = None
    separator: str | None = None
    value_labels: ValueLabels = field(default_factory=lambda: MappingProxyType({}))
    dropped: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def read_table(path: Path, drop: Collection[str] = ()) -> RawTable:
    """Read ``path`` by its suffix, without the columns named in ``drop``.

    Raises DataError when the file is missing, empty, unreadable or of an unknown kind, holds a header alone,
    or has an empty or repeated header.
    """
    reader = READERS.get(path.suffix.lower())
    if reader is None:
        hint = f"known kinds: {', '.join(READERS)}"
        raise DataError(Problem(f"files of kind '{path.suffix}' cannot be read", str(path), hint))
    if not path.is_file():
        raise DataError(Problem("there is no such file", str(path), "check the path"))
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(Problem(f"the file cannot be read: {error.strerror}", str(path))) from None
    if not content.strip():
        raise DataError(Problem("the file is empty", str(path), "export the responses again"))
    table = reader(path, content)
    if table.frame.empty:
        raise DataError(Problem("the file holds a header and no row", str(path), "export the responses again"))
    return without(table, drop)


def without(table: RawTable, drop: Collection[str]) -> RawTable:
    """``table`` without the columns named in ``drop``, whose headers are kept in ``dropped``."""
    present = tuple(column for column in table.frame.columns if column in set(drop))
    if not present:
        return table
    return RawTable(
        table.frame.drop(columns=list(present)),
        table.source,
        table.encoding,
        table.separator,
        {column: labels for column, labels in table.value_labels.items() if column not in present},
        (*table.dropped, *present),
        table.notes,
    )


def _headers(cells: Iterable[object], source: str) -> list[str]:
    """Headers without stray spaces; raises DataError naming the repeated and the empty ones."""
    headers = ["" if pd.isna(cell) else tidy(str(cell)) for cell in cells]  # type: ignore[call-overload]
    problems = [
        Problem(f"the header '{name}' stands {count} times", source, "rename or remove the repeated columns")
        for name, count in Counter(headers).items()
        if name and count > 1
    ]
    empty = [str(position) for position, name in enumerate(headers, start=1) if not name]
    if empty:
        problems.append(Problem(f"no header above column {', '.join(empty)}", source, "name or remove it"))
    if problems:
        raise DataError(problems)
    return headers


def _read_text(path: Path, content: bytes) -> RawTable:
    text, encoding = decode(content, str(path))
    separator = detect_separator(text)
    header, *records = _records(text, separator, path)
    headers = _headers(header, str(path))
    short = _check_widths(records, len(headers), path)
    padding = [""] * len(headers)
    rows = [(record + padding)[: len(headers)] for record in records]
    notes = [f"Read as {encoding} with {SEPARATOR_NAMES[separator]} as separator."]
    if short:
        notes.append(f"{short} rows end before the last column; their last cells count as empty.")
    frame = pd.DataFrame(rows, columns=headers, dtype=object)
    return RawTable(frame, path.name, encoding, separator, notes=tuple(notes))


def _records(text: str, separator: str, path: Path) -> list[list[str]]:
    """All records, header first, without blank lines; an open quote is an error and not a very long cell."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        return [record for record in reader if record]
    except csv.Error as error:
        hint = "a quote inside a quoted cell is written twice"
        raise DataError(Problem(f"line {reader.line_num}: {error}", str(path), hint)) from None


def _check_widths(records: list[list[str]], width: int, path: Path) -> int:
    """How many records end early; raises DataError naming those with more cells than there are headers."""
    long = [row for row, record in enumerate(records, 1) if any(record[width:])]
    if long:
        shown = ", ".join(map(str, long[:10])) + (", …" if len(long) > 10 else "")
        what = f"{len(long)} rows hold more cells than the header: data row {shown}"
        raise DataError(Problem(what, str(path), "a cell that holds the separator must be in double quotes"))
    return sum(len(record) < width for record in records)


def detect_separator(text: str) -> str:
    """The separator that cuts most of the first records into as many cells as the header has.

    A separator that leaves the header in one piece is taken only when all do.
    """

    def quality(separator: str) -> tuple[float, int]:
        widths = _widths(text, separator)
        if not widths or widths[0] < 2:
            return 0.0, 0
        return sum(width == widths[0] for width in widths) / len(widths), widths[0]

    return max(SEPARATORS, key=quality)


def _widths(text: str, separator: str) -> list[int]:
    records = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        return [len(record) for record in islice(records, SNIFFED_RECORDS) if record]
    except csv.Error:
        return []


def _read_xlsx(path: Path, content: bytes) -> RawTable:
    """The first sheet, formulas by their stored values."""
    import zipfile

    import openpyxl

    try:
        book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
    except (zipfile.BadZipFile, KeyError, ValueError, OSError) as error:
        raise _unreadable(path, "an Excel workbook", error) from None
    sheet = book.worksheets[0]
    rows = [row for row in sheet.iter_rows(values_only=True) if any(cell is not None for cell in row)]
    if not rows:
        raise DataError(Problem(f"the sheet '{sheet.title}' is empty", str(path)))
    used = max(position for row in rows for position, cell in enumerate(row, 1) if cell is not None)
    headers = _headers(rows[0][:used], str(path))
    frame = pd.DataFrame([row[:used] for row in rows[1:]], columns=headers, dtype=object)
    return RawTable(frame, path.name, notes=(f"Read from the sheet '{sheet.title}' of an Excel workbook.",))


def _read_labelled(path: Path, _content: bytes) -> RawTable:
    """SPSS and Stata: codes as stored, user-missing codes too, so that the codebook can give their reason."""
    import pyreadstat

    spss = path.suffix.lower() == ".sav"
    read: Callable[..., tuple[pd.DataFrame, object]] = pyreadstat.read_sav if spss else pyreadstat.read_dta
    kind = "an SPSS file" if spss else "a Stata file"
    try:
        frame, meta = read(str(path), user_missing=True, disable_datetime_conversion=True)
    except (pyreadstat.ReadstatError, pyreadstat.PyreadstatError, ValueError) as error:
        raise _unreadable(path, kind, error) from None
    labels: dict[str, dict[float, str]] = {
        column: {float(code): str(label) for code, label in codes.items() if _is_number(code)}
        for column, codes in getattr(meta, "variable_value_labels", {}).items()
    }
    frame.columns = pd.Index(_headers(frame.columns, str(path)))
    return RawTable(frame, path.name, value_labels=labels, notes=(f"Read as {kind}.",))


def _is_number(code: object) -> bool:
    return isinstance(code, int | float)


def _read_parquet(path: Path, content: bytes) -> RawTable:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(content))
    except (pa.ArrowException, OSError) as error:
        raise _unreadable(path, "a Parquet file", error) from None
    headers = _headers(table.column_names, str(path))
    frame = pd.DataFrame({name: table.column(name).to_pandas() for name in headers})
    return RawTable(frame, path.name, notes=("Read as a Parquet file.",))


def _unreadable(path: Path, kind: str, error: Exception) -> DataError:
    return DataError(Problem(f"this is not {kind} that can be read: {error}", str(path), "export it again"))


READERS: Mapping[str, Callable[[Path, bytes], RawTable]] = MappingProxyType(
    {
        ".csv": _read_text,
        ".xlsx": _read_xlsx,
        ".sav": _read_labelled,
        ".dta": _read_labelled,
        ".parquet": _read_parquet,
    }
)
