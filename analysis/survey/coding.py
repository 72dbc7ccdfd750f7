"""A raw table becomes a coded one by the codebook; all that the codebook does not know is reported at once."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import Problem
from analysis.survey.codebook import Codebook, Variable, header_of
from analysis.survey.ingest import RawTable
from analysis.survey.labels import as_number, fold
from analysis.survey.recode import (
    Coded,
    Floats,
    Unknown,
    cell_texts,
    read_text,
    recode_number,
    recode_scale,
    turn,
)
from analysis.survey.rules import Check, Texts

DURATION = Variable.model_validate({"name": {"fr": "Durée (s)", "en": "Duration (s)"}, "type": "number", "minimum": 0})

# Technical columns that a rule reads, by their role.
RULE_ROLES = MappingProxyType({"consent": "consent", "attention": "attention", "speed": "duration"})


@dataclass(frozen=True, slots=True)
class CodedTable:
    """Variables of n rows as the analysis uses them.

    values: one column per variable: English label of a category, float of a number, text; missing where absent.
    codes: shape (n, k); the variables as numbers, to tell rows apart.
    reasons: variable → str, shape (n,); why a value is missing, "" where it is not.
    relabelled: how many cells were labels.
    unknown: the answers that the codebook does not know.
    """

    values: pd.DataFrame
    codes: Floats
    reasons: Mapping[str, NDArray[np.object_]]
    relabelled: int
    unknown: tuple[Unknown, ...]


@dataclass(frozen=True, slots=True)
class CodedItems:
    """Items of n rows: raw codes and codes with reversed items turned, both of shape (n, p); the rest as above."""

    names: tuple[str, ...]
    raw: Floats
    turned: Floats
    reasons: Mapping[str, NDArray[np.object_]]
    relabelled: int
    unknown: tuple[Unknown, ...]


def column_problems(table: RawTable, needed: Iterable[str], known: Iterable[str]) -> Iterator[Problem]:
    """Every column of ``table`` that is not known, and every needed one that is not there."""
    present = [str(column) for column in table.frame.columns]
    needed = list(dict.fromkeys(needed))
    absent = [column for column in needed if column not in present]
    expected = {*known, *needed}
    strange = [column for column in present if column not in expected]
    for column in strange:
        what = f"column '{column}': the codebook does not know it"
        yield Problem(what, table.source, _strange_hint(column, absent))
    for column in absent:
        close = difflib.get_close_matches(column, strange, n=1)
        hint = f"is it '{close[0]}'?" if close else "export it, or give its header as 'column:' in the codebook"
        yield Problem(f"column '{column}' is missing", table.source, hint)


def _strange_hint(column: str, absent: Sequence[str]) -> str:
    close = difflib.get_close_matches(column, absent, n=1)
    return f"did you mean '{close[0]}'?" if close else "describe it, or list it under 'ignored'"


def answer_problems(source: str, unknown: Iterable[Unknown]) -> Iterator[Problem]:
    """Every answer that the codebook does not know: column, value, count, nearest label."""
    for entry in unknown:
        what = f"column '{entry.column}': unknown answer '{entry.value}' ({_times(entry.count)})"
        yield Problem(what, source, entry.hint)


def _times(count: int) -> str:
    return "once" if count == 1 else f"{count} times"


def code_items(table: RawTable, codebook: Codebook) -> CodedItems:
    """Codes of all items, in the order of the codebook."""
    coded: dict[str, Coded] = {}
    turned: list[Floats] = []
    for name, item in codebook.items.items():
        column = header_of(name, item)
        labels = table.value_labels.get(column, {})
        coded[name] = recode_scale(table.frame[column], codebook.scales[item.scale], codebook.missing, labels)
        low, high = codebook.code_range(name)
        turned.append(turn(coded[name].codes, low, high) if item.reversed else coded[name].codes)
    return CodedItems(
        tuple(coded),
        np.column_stack([column.codes for column in coded.values()]),
        np.column_stack(turned),
        {name: column.reasons for name, column in coded.items()},
        sum(column.relabelled for column in coded.values()),
        tuple(entry for column in coded.values() for entry in column.unknown),
    )


def code_variables(table: RawTable, variables: Mapping[str, Variable], codebook: Codebook) -> CodedTable:
    """Values of respondent or commune variables, in the order of the codebook."""
    values: dict[str, Texts | Floats] = {}
    coded: dict[str, Coded] = {}
    for name, variable in variables.items():
        values[name], coded[name] = _code_variable(table, header_of(name, variable), variable, codebook)
    frame = pd.DataFrame(values, index=range(len(table.frame)))
    codes = [_row_codes(values[name]) for name in variables]
    return CodedTable(
        frame,
        np.column_stack(codes) if codes else np.empty((len(frame), 0)),
        {name: column.reasons for name, column in coded.items()},
        sum(column.relabelled for column in coded.values()),
        tuple(entry for column in coded.values() for entry in column.unknown),
    )


def _code_variable(
    table: RawTable, column: str, variable: Variable, codebook: Codebook
) -> tuple[Texts | Floats, Coded]:
    answers, labels = table.frame[column], table.value_labels.get(column, {})
    if variable.type == "text":
        return read_text(answers, codebook.missing)
    if variable.scale is None:
        coded = recode_number(answers, variable, codebook.missing, labels)
        return coded.codes, coded
    scale = codebook.scales[variable.scale]
    coded = recode_scale(answers, scale, codebook.missing, labels)
    english = np.array([*(answer.en for answer in scale.values()), None], dtype=object)
    order = {float(code): position for position, code in enumerate(scale)}
    positions = [order.get(code, len(scale)) for code in coded.codes]
    return english[positions], coded


def _row_codes(values: Texts | Floats) -> Floats:
    """Equal numbers for equal values; missing ones are equal too."""
    return pd.factorize(pd.Series(values, dtype=object), use_na_sentinel=True)[0].astype(float)


def code_duration(table: RawTable, codebook: Codebook) -> tuple[Floats | None, tuple[Unknown, ...]]:
    """Durations in seconds, shape (n,); None without such a column."""
    for column in codebook.with_role("duration"):
        if column in table.frame:
            coded = recode_number(table.frame[column], DURATION, codebook.missing, {})
            return coded.codes, coded.unknown
    return None, ()


def respondent_ids(table: RawTable, codebook: Codebook) -> Texts:
    """Identifiers as text, "" where absent; row numbers where the codebook names no such column."""
    for column in codebook.with_role("id"):
        if column in table.frame:
            return cell_texts(table.frame[column])
    return np.array([str(row) for row in range(1, len(table.frame) + 1)], dtype=object)


def checks(table: RawTable, columns: Mapping[str, Sequence[str]]) -> tuple[Check, ...]:
    """For each technical column, its answers and whether they are among those given."""
    return tuple(_check(table, column, wanted) for column, wanted in columns.items() if column in table.frame)


def expected_answers(codebook: Codebook, role: str) -> dict[str, Sequence[str]]:
    """Technical column of ``role`` → the answers expected in it."""
    return {column: entry.expected for column, entry in codebook.technical.items() if entry.role == role}


def trial_values(codebook: Codebook) -> dict[str, Sequence[str]]:
    """Technical column → the values that mark a test row."""
    return {column: entry.values for column, entry in codebook.technical.items() if entry.values}


def rule_columns(codebook: Codebook, rule_names: Iterable[str]) -> Iterator[str]:
    """Technical columns that the declared rules cannot do without."""
    for rule in rule_names:
        for column, entry in codebook.technical.items():
            if RULE_ROLES.get(rule) == entry.role or (rule == "test_rows" and entry.values):
                yield column


def _check(table: RawTable, column: str, wanted: Sequence[str]) -> Check:
    answers = cell_texts(table.frame[column])
    labels = table.value_labels.get(column, {})
    positions, distinct = pd.factorize(answers)
    shown = np.array([labels.get(_number(text), text) for text in distinct], dtype=object)
    folded = {fold(text) for text in wanted}
    numbers = {number for text in wanted if (number := as_number(text)) is not None}
    met = [
        fold(label) in folded or fold(text) in folded or as_number(text) in numbers
        for text, label in zip(distinct, shown, strict=True)
    ]
    return Check(shown[positions], np.array(met, dtype=np.bool_)[positions])


def _number(text: str) -> float:
    number = as_number(text)
    return float("nan") if number is None else number
