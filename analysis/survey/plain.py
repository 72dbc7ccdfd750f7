"""Files for one model alone: no codebook, so a cell is a number, a word, or missing."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd

from analysis.errors import DataError, Problem
from analysis.survey.encoding import decode
from analysis.survey.ingest import RawTable, detect_separator, read_table

MISSING = frozenset({"", "na", "nan", "null", "none", "."})


def plain_frame(table: RawTable) -> pd.DataFrame:
    """Columns whose every cell is a number or missing become floats; the others keep their words.

    Empty cells and NA, NaN, null, none and . count as missing. A comma is a decimal sign where it does not
    separate the columns.
    """
    frame = table.frame
    return pd.DataFrame({name: _plain(frame[name], table.separator) for name in frame.columns}, index=frame.index)


def _plain(column: pd.Series, separator: str | None) -> pd.Series:
    if column.dtype != object and not pd.api.types.is_string_dtype(column):
        return column
    words = column.where(column.isna(), column.astype(str).str.strip())
    words = words.mask(words.isna() | words.astype(str).str.casefold().isin(MISSING))
    candidates = words if separator == "," else words.str.replace(",", ".", regex=False)
    numbers = pd.to_numeric(candidates, errors="coerce").astype(float)
    return words if (numbers.isna() & words.notna()).any() else numbers


def read_frame(path: Path) -> pd.DataFrame:
    """Responses of any readable kind. Raises DataError as ``read_table`` does."""
    return plain_frame(read_table(path))


def read_matrix(path: Path) -> pd.DataFrame:
    """A covariance matrix with names in the first row and the first column; an empty upper triangle is filled.

    Raises DataError naming the rows and columns that do not match, and cells that are no numbers.
    """
    table = _words(path)
    words = table.set_index(table.columns[0])
    names = [str(name).strip() for name in words.index]
    matrix = pd.DataFrame({str(name).strip(): _plain(words[name], ",") for name in words.columns})
    matrix.index = pd.Index(names)
    problems = [
        Problem(f"'{name}' has only a row or only a column", str(path))
        for name in sorted(set(names) ^ set(matrix.columns))
    ]
    problems += [
        Problem(f"column '{name}' holds more than numbers", str(path))
        for name in matrix.columns
        if not pd.api.types.is_numeric_dtype(matrix[name])
    ]
    if problems:
        raise DataError(problems)
    matrix = matrix[names]
    matrix = matrix.fillna(matrix.T)
    if matrix.isna().any(axis=None):
        raise DataError(Problem("a covariance is missing in both triangles", str(path), "fill in the lower triangle"))
    return matrix


def read_means(path: Path) -> pd.Series:
    """Means by name: a column of names beside a column of numbers, or a row of names above a row of numbers.

    Raises DataError where it is neither.
    """
    table = _words(path)
    if len(table) == 1 and table.shape[1] > 1:
        table = table.T.set_axis(table.columns, axis=0)
    elif table.shape[1] == 2:
        table = table.set_index(table.columns[0])
    means = _plain(table.iloc[:, 0], ",") if table.shape[1] == 1 else pd.Series(["?"])
    if not pd.api.types.is_numeric_dtype(means):
        raise DataError(Problem("means are names and numbers: two columns, or two rows", str(path)))
    return means.set_axis([str(name).strip() for name in means.index])


def _words(path: Path) -> pd.DataFrame:
    """A small CSV file with its cells as they stand."""
    text, _ = decode(_bytes(path), str(path))
    try:
        return pd.read_csv(io.StringIO(text), sep=detect_separator(text), dtype=str)
    except (pd.errors.ParserError, pd.errors.EmptyDataError):
        raise DataError(Problem("this is no table with names", str(path))) from None


def read_words(path: Path) -> str:
    """A text file, such as a model. Raises DataError where it is missing or not UTF-8."""
    try:
        return _bytes(path).decode("utf-8-sig")
    except UnicodeDecodeError:
        raise DataError(Problem("the file is not UTF-8 text", str(path), "save it as UTF-8")) from None


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(Problem(f"cannot read: {error.strerror}", str(path), "check the path")) from None
