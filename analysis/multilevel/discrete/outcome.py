"""The outcome of a binary or ordinal model: from answers as they stand in a table to codes 0 … K−1 with labels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem
from analysis.multilevel.expression import Array, Name, deparse
from analysis.multilevel.formula import Formula

Family = Literal["binomial", "cumulative"]
SHOWN = 8  # values that a message lists


@dataclass(frozen=True, slots=True)
class Coded:
    """A table whose outcome is numeric; ``labels`` name the numbers 0, 1, … where the outcome was words."""

    data: pd.DataFrame
    labels: tuple[str, ...] | None


@dataclass(frozen=True, slots=True)
class Outcome:
    """``codes`` (n,) 0 … K−1 of the analysed rows, ``levels`` (K,) their labels in order, remarks to pass on."""

    name: str
    codes: NDArray[np.intp]
    levels: tuple[str, ...]
    warnings: tuple[str, ...]


def numeric_outcome(formula: Formula, data: pd.DataFrame, family: Family) -> Coded:
    """``data`` with an outcome of words, truth values or categories turned into numbers.

    Two labels are in alphabetical order, or in that of a categorical: the model is of the second. Raises
    ModelError for words without order where an order is needed.
    """
    if not isinstance(formula.response, Name) or formula.response.text not in data:
        return Coded(data, None)
    name = formula.response.text
    series = data[name]
    if pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series):
        return Coded(data, None)
    ordered = isinstance(series.dtype, pd.CategoricalDtype) and series.dtype.ordered
    if family == "cumulative" and not ordered:
        what = f"the categories of the outcome '{name}' are words without an order"
        raise ModelError(Problem(what, "data", "code them as whole numbers, or as an ordered categorical"))
    factor = series.astype("category")
    labels = tuple(str(level) for level in factor.cat.categories)
    codes = factor.cat.codes.astype(float)
    return Coded(data.assign(**{name: codes.where(codes >= 0)}), labels)


def code_outcome(formula: Formula, y: Array, coded: Coded, family: Family) -> Outcome:
    """Codes and levels of the analysed values ``y`` (n,).

    Raises ModelError for a binary outcome with other than two values, and for an ordinal one that has fewer than
    three or values that are no whole numbers.
    """
    name = deparse(formula.response)
    values, codes = np.unique(y, return_inverse=True)
    if family == "cumulative" and (values % 1 != 0).any():
        what = f"the outcome '{name}' has values that are no whole numbers ({_listed(_labels(values, None))})"
        raise ModelError(Problem(what, "data", "a measure has a linear model; categories are whole numbers"))
    levels = _labels(values, coded.labels)
    if family == "binomial" and len(values) != 2:
        what = f"the outcome '{name}' has {len(values)} values ({_listed(levels)}), a binary one has two"
        raise ModelError(Problem(what, "data", "ordered categories have the family cumulative"))
    if family == "cumulative" and len(values) < 3:
        what = f"the outcome '{name}' has two values ({_listed(levels)}), an ordinal one has three or more"
        raise ModelError(Problem(what, "data", "two values have the family binomial"))
    said = _empty(name, values, coded.labels) if family == "cumulative" else ()
    return Outcome(name, codes.astype(np.intp), levels, said)


def _empty(name: str, values: Array, labels: tuple[str, ...] | None) -> tuple[str, ...]:
    """What to know of categories that nobody chose: no threshold can be put on both sides of them."""
    every = np.arange(0.0, len(labels)) if labels else np.arange(values[0], values[-1] + 1.0)
    missing = every[~np.isin(every, values)]
    if len(missing) > 2 * len(values):
        listed = _listed(_labels(values, labels))
        return (f"the values of '{name}' ({listed}) lie far apart: if one is a code for no answer, make it missing",)
    return tuple(
        f"nobody is in the category '{label}' of '{name}': it is left out" for label in _labels(missing, labels)
    )


def _labels(values: Array, labels: tuple[str, ...] | None) -> tuple[str, ...]:
    return tuple(labels[int(value)] if labels else f"{value:g}" for value in values)


def _listed(levels: tuple[str, ...]) -> str:
    return ", ".join(levels[:SHOWN]) + (", …" if len(levels) > SHOWN else "")
