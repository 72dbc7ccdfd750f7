"""Answers as category numbers: the checks and the coding that ordinal moments start from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import DataError, Problem

Array = NDArray[np.float64]
Flags = NDArray[np.bool_]
Integers = NDArray[np.intp]

MAX_CATEGORIES = 30

# Codes that span more than this are ranked by sorting, the others by counting.
_MAX_SPAN = 1000.0

_WHOLE_HINT = "code its categories 1, 2, …, or treat it as continuous"


@dataclass(frozen=True, slots=True)
class CodedAnswers:
    """Category numbers of the ordinal variables, in data order, a row a variable (rows of the data lie together).

    ``codes`` (o, N): 0 to K_v - 1, and ``n_codes`` (the largest K_v) where the answer is missing. ``categories``: the
    observed codes of each variable, ascending. ``margins`` (o, n_codes): how often each was answered.
    """

    codes: Integers
    categories: tuple[Array, ...]
    margins: Array

    @property
    def n_codes(self) -> int:
        """Largest number of categories of a variable."""
        return int(self.margins.shape[1])


def code_answers(columns: Array, names: Sequence[str], expected: Sequence[Array] | None = None) -> CodedAnswers:
    """Number the categories of each column of ``columns`` (N, o); NaN is a missing answer.

    ``expected`` are the codes each variable must show, such as those of all groups together. Raises DataError, with
    every variable at fault, for codes that aren't whole numbers, no answer or one category alone, more than 30, or an
    expected category that nobody chose.
    """
    answers = np.array(columns.T, dtype=float, order="C")
    missing = np.isnan(answers)
    _require_whole(answers, missing, names)
    low = np.where(missing, np.inf, answers).min(axis=1, initial=np.inf)
    steps = np.where(missing, 0.0, answers - np.where(np.isfinite(low), low, 0.0)[:, None])
    known = [low[v] + _rank_in_place(steps[v], missing[v]) for v in range(len(names))]
    counts, numbers = _count(steps.astype(np.intp), missing)
    categories = tuple(codes[row[: len(codes)] > 0] for codes, row in zip(known, counts, strict=True))
    _require_categories(categories, names, expected)
    return _number(counts, numbers, categories)


def _rank_in_place(steps: Array, missing: Flags) -> Array:
    """Values that the steps 0, 1, … stand for; steps too far apart to be counted are overwritten by their ranks."""
    span = steps.max(initial=0.0)
    if span <= _MAX_SPAN:
        return np.arange(span + 1.0)
    values, ranks = np.unique(steps[~missing], return_inverse=True)
    steps[~missing] = ranks
    return values


def _count(steps: Integers, missing: Flags) -> tuple[Array, Integers]:
    """How often each step occurs (o, W), and the steps with W where missing."""
    width = int(steps.max(initial=0)) + 1
    steps = np.where(missing, width, steps)
    cells = steps + (width + 1) * np.arange(len(steps))[:, None]
    counts = np.bincount(cells.ravel(), minlength=len(steps) * (width + 1)).reshape(len(steps), width + 1)
    return counts[:, :width].astype(float), steps


def _number(counts: Array, steps: Integers, categories: tuple[Array, ...]) -> CodedAnswers:
    """Leave out the steps that nobody chose, and number the rest."""
    present = counts > 0
    n_codes = max((len(codes) for codes in categories), default=2)
    number = np.cumsum(present, axis=1) - 1
    margins = np.zeros((len(counts), n_codes))
    variable = np.nonzero(present)[0]
    margins[variable, number[present]] = counts[present]
    lookup = np.column_stack([number, np.full(len(counts), n_codes)])
    return CodedAnswers(np.take_along_axis(lookup, steps, axis=1), categories, margins)


def _require_whole(answers: Array, missing: Flags, names: Sequence[str]) -> None:
    with np.errstate(invalid="ignore"):
        whole = missing | ((answers == np.floor(answers)) & np.isfinite(answers))
    broken = [name for name, row in zip(names, whole, strict=True) if not row.all()]
    if broken:
        raise DataError(
            Problem(f"'{name}' is declared ordinal but has answers that aren't whole numbers", "data", _WHOLE_HINT)
            for name in broken
        )


def _require_categories(categories: Sequence[Array], names: Sequence[str], expected: Sequence[Array] | None) -> None:
    problems = [
        problem for name, codes in zip(names, categories, strict=True) if (problem := _category_problem(name, codes))
    ]
    for name, codes, wanted in zip(names, categories, expected or categories, strict=True):
        empty = np.setdiff1d(wanted, codes)
        if len(empty) and len(codes):
            shown = ", ".join(f"{code:g}" for code in empty)
            problems.append(
                Problem(f"nobody here answered {shown} to '{name}'", "data", "merge sparse categories beforehand")
            )
    if problems:
        raise DataError(problems)


def _category_problem(name: str, codes: Array) -> Problem | None:
    if len(codes) == 0:
        return Problem(f"'{name}' has no answers", "data", "leave it out of the model")
    if len(codes) == 1:
        what = f"'{name}' has one observed category, {codes[0]:g}: everyone gave the same answer"
        return Problem(what, "data", "leave it out of the model")
    if len(codes) > MAX_CATEGORIES:
        what = f"'{name}' is declared ordinal but has {len(codes)} categories; at most {MAX_CATEGORIES} are handled"
        return Problem(what, "data", "treat it as continuous")
    return None
