"""Answers as codes: items that hold words, codes that look like missing ones, and floor and ceiling."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.criteria import CRITERIA
from analysis.errors import DataError, Problem

# Share of respondents at the lowest or highest answer from which there is a floor or ceiling; the rule was made for
# total scores, and is applied to items here.
CUTOFF = CRITERIA["floor_ceiling"].value
# Codes that surveys use for no answer; positive ones of one digit are as often answers.
MISSING_CODES = frozenset(
    sign * int(digit * k) for sign in (1, -1) for digit in "6789" for k in (1, 2, 3, 4) if sign < 0 or k > 1
)


@dataclass(frozen=True, slots=True)
class FloorCeiling:
    """Shares of the ``n`` who answered ``item`` that gave the lowest and the highest code, None where nobody did.

    ``lowest`` and ``highest`` are those given to any item of the construct.
    """

    item: str
    n: int
    lowest: float | None
    highest: float | None
    floor: float | None
    ceiling: float | None


def require_numbers(data: pd.DataFrame, items: Sequence[str]) -> None:
    """Raise DataError naming every item of ``data`` that holds more than numbers, with some of its words."""
    problems = []
    for item in items:
        column = data[item]
        if not pd.api.types.is_numeric_dtype(column):
            words = [word for word in pd.unique(column.dropna().astype(str)) if not _is_number(word)]
            shown = ", ".join(f"'{word}'" for word in words[:3]) + (", …" if len(words) > 3 else "")
            hint = "code the answers as numbers; where a word means that there is no answer, leave the cell empty"
            problems.append(Problem(f"the item '{item}' holds words: {shown}", f"column '{item}'", hint))
    if problems:
        raise DataError(problems)


def _is_number(word: str) -> bool:
    try:
        float(word)
    except ValueError:
        return False
    return True


def suspect_codes(data: pd.DataFrame, items: Sequence[str]) -> Iterator[str]:
    """A warning for each of ``items``, columns of ``data``, that is numeric and seems to hold codes of missing answers.

    Such are the usual codes (-9, 99, -999, …) that lie further from all other answers than those lie from each other.
    """
    for item in items:
        if not pd.api.types.is_numeric_dtype(data[item]):
            continue
        given = data[item].dropna().unique()
        codes = sorted(_suspects(np.asarray(given, dtype=float)))
        if codes:
            shown = ", ".join(f"{code:g}" for code in codes)
            yield f"{item} holds {shown}: if that is a code for no answer, leave those cells empty"


def _suspects(given: NDArray[np.float64]) -> list[float]:
    usual = np.isin(given, list(MISSING_CODES))
    if usual.all() or not usual.any():
        return []
    low, high = given[~usual].min(), given[~usual].max()
    reach = max(high - low, 1.0)
    return [float(code) for code in given[usual] if code < low - reach or code > high + reach]


def floor_ceiling(data: pd.DataFrame, items: Sequence[str]) -> tuple[FloorCeiling, ...]:
    """Floor and ceiling of the ``items`` of one construct, which share their answers' range."""
    values = data[list(items)].to_numpy(dtype=float)
    given = values[~np.isnan(values)]
    lowest, highest = (float(given.min()), float(given.max())) if len(given) else (None, None)
    rows = []
    for item, answers in zip(items, values.T, strict=True):
        n = int((~np.isnan(answers)).sum())
        floor = float((answers == lowest).sum() / n) if n else None
        ceiling = float((answers == highest).sum() / n) if n else None
        rows.append(FloorCeiling(item, n, lowest, highest, floor, ceiling))
    return tuple(rows)
