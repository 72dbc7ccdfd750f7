"""Answers become codes: each distinct answer of a column is looked up once, and none is guessed.

An answer is a label in either language, another spelling the codebook lists, or a code. What the codebook
does not know is returned beside the codes, never turned into a missing value.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import nearest
from analysis.survey.codebook import Answer, MissingCode, Variable
from analysis.survey.labels import as_number, fold, tidy

NO_ANSWER = "no answer"

Floats = NDArray[np.float64]
Meaning = tuple[float, str]  # a code and "", or NaN and the reason why it is missing


@dataclass(frozen=True, slots=True)
class Unknown:
    """An answer that the codebook does not know: where, what, how often, and what it may have meant."""

    column: str
    value: str
    count: int
    hint: str


@dataclass(frozen=True, slots=True)
class Coded:
    """A column of n answers as codes.

    codes: float, shape (n,); NaN where missing or unknown.
    reasons: str, shape (n,); why an answer is missing, "" where there is one.
    relabelled: how many answers were labels, and not codes.
    unknown: the answers that the codebook does not know.
    """

    codes: Floats
    reasons: NDArray[np.object_]
    relabelled: int
    unknown: tuple[Unknown, ...]


@dataclass(frozen=True, slots=True)
class _Reading:
    """What a column may hold, ready for look-up by folded label and by number."""

    labels: Mapping[str, Meaning]
    number: Callable[[float], Meaning | None]
    hints: Sequence[str]


def recode_scale(
    answers: pd.Series,
    scale: Mapping[int, Answer],
    missing: Sequence[MissingCode],
    labels: Mapping[float, str],
) -> Coded:
    """Codes of the answers on ``scale``. ``labels`` are value labels that the file itself gives its codes."""
    known: dict[str, Meaning] = dict(_missing_labels(missing))
    known.update({fold(label): (float(code), "") for code, answer in scale.items() for label in answer.labels})
    absent = _missing_codes(missing)

    def number(value: float) -> Meaning | None:
        return (value, "") if value in scale else absent.get(value)

    hints = [label for answer in scale.values() for label in answer.labels]
    hints += [label for entry in missing for label in entry.labels]
    return _recode(answers, _Reading(known, number, hints), labels)


def recode_number(
    answers: pd.Series, variable: Variable, missing: Sequence[MissingCode], labels: Mapping[float, str]
) -> Coded:
    """Numbers within the declared range; whole ones where the variable is an integer."""
    low = -math.inf if variable.minimum is None else variable.minimum
    high = math.inf if variable.maximum is None else variable.maximum
    absent = _missing_codes(missing)

    def number(value: float) -> Meaning | None:
        fits = low <= value <= high and (variable.type != "integer" or value.is_integer())
        return (value, "") if fits and math.isfinite(value) else absent.get(value)

    kind = "a whole number" if variable.type == "integer" else "a number"
    hint = f"{kind} from {low:g} to {high:g} is expected"
    reading = _Reading(_missing_labels(missing), number, (hint,))
    return _recode(answers, reading, labels)


def read_text(answers: pd.Series, missing: Sequence[MissingCode]) -> tuple[NDArray[np.object_], Coded]:
    """Texts with single spaces, None where missing, and the reasons."""
    positions, distinct = _distinct(answers)
    known = _missing_labels(missing)
    reasons = [known.get(fold(value), (math.nan, ""))[1] if value else NO_ANSWER for value in distinct]
    texts = [None if reason else value for value, reason in zip(distinct, reasons, strict=True)]
    nothing = np.full(len(answers), np.nan)
    return _spread(texts, positions), Coded(nothing, _spread(reasons, positions), 0, ())


def turn(codes: Floats, low: float, high: float) -> Floats:
    """Codes of a reversed item read in the direction of its scale: low + high - code. NaN stays NaN."""
    return low + high - codes


def cell_text(cell: object) -> str:
    """A cell as text: numbers without a trailing '.0', missing cells empty, single spaces."""
    if cell is None or cell is pd.NA or cell is pd.NaT:
        return ""
    if isinstance(cell, float | np.floating):
        number = float(cell)
        if math.isnan(number):
            return ""
        return str(int(number)) if number.is_integer() else repr(number)
    return tidy(str(cell))


def cell_texts(answers: pd.Series) -> NDArray[np.object_]:
    """Every cell as text, shape (n,)."""
    positions, distinct = _distinct(answers)
    return _spread(distinct, positions)


def _distinct(answers: pd.Series) -> tuple[NDArray[np.intp], list[str]]:
    """For each answer its position among the distinct ones, and these as text."""
    positions, distinct = pd.factorize(answers.astype(object), use_na_sentinel=False)
    return positions, [cell_text(value) for value in distinct]


def _spread(values: Sequence[object], positions: NDArray[np.intp]) -> NDArray[np.object_]:
    array = np.empty(len(values), dtype=object)
    array[:] = values
    return array[positions]


def _recode(answers: pd.Series, reading: _Reading, labels: Mapping[float, str]) -> Coded:
    positions, distinct = _distinct(answers)
    counts = np.bincount(positions, minlength=len(distinct))
    codes = np.full(len(distinct), np.nan)
    reasons = [""] * len(distinct)
    strange: dict[str, int] = {}
    relabelled = 0
    for index, text in enumerate(distinct):
        meaning, by_label = _meaning(text, reading, labels)
        relabelled += int(counts[index]) if by_label else 0
        if meaning is None:
            strange[text] = strange.get(text, 0) + int(counts[index])
        else:
            codes[index], reasons[index] = meaning
    column = str(answers.name)
    unknown = tuple(Unknown(column, text, count, _hint(text, reading.hints)) for text, count in sorted(strange.items()))
    return Coded(codes[positions], _spread(reasons, positions), relabelled, unknown)


def _meaning(text: str, reading: _Reading, labels: Mapping[float, str]) -> tuple[Meaning | None, bool]:
    """What an answer means, and whether its label said so. A label that the codebook knows wins over codes."""
    if not text:
        return (math.nan, NO_ANSWER), False
    found = reading.labels.get(fold(text))
    if found is not None:
        return found, True
    number = as_number(text)
    if number is None:
        return None, False
    found = reading.labels.get(fold(labels.get(number, "")))
    return (found, True) if found is not None else (reading.number(number), False)


def _hint(text: str, known: Sequence[str]) -> str:
    return known[0] if len(known) == 1 else nearest(text, known)


def _missing_labels(missing: Sequence[MissingCode]) -> dict[str, Meaning]:
    return {fold(label): (math.nan, entry.reason) for entry in missing for label in entry.labels}


def _missing_codes(missing: Sequence[MissingCode]) -> dict[float, Meaning]:
    return {float(entry.code): (math.nan, entry.reason) for entry in missing if entry.code is not None}
