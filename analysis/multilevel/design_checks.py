"""Data and models that cannot be answered: each is refused with what is wrong and what to do."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, ModelError, Problem
from analysis.multilevel.collinearity import independent_columns
from analysis.multilevel.expression import Array
from analysis.multilevel.model_matrix import Basis, Factor, Values
from analysis.multilevel.random_blocks import RandomBlock


def require_rows(rows: NDArray[np.bool_], variables: Sequence[str], data: pd.DataFrame) -> None:
    """Raise DataError when no row has a value for every variable."""
    if rows.any():
        return
    counts = ", ".join(f"{name} {int(data[name].notna().sum())}" for name in variables)
    what = "no row has a value for every variable of the formula"
    raise DataError(Problem(what, "data", f"rows with a value: {counts}"))


def require_usable(label: str, values: Values) -> None:
    """Raise for a factor with one level (ModelError) and for infinite numbers (DataError)."""
    match values:
        case Factor(_, levels):
            if len(levels) < 2:
                what = f"'{label}' has a single level '{levels[0]}' in the analysed rows"
                raise ModelError(Problem(what, "data", "take it out of the formula"))
        case Basis(columns):
            _require_finite(columns, f"'{label}'")
        case _:
            _require_finite(values, f"'{label}'")


def require_outcome(y: Array, label: str, blocks: Sequence[RandomBlock]) -> None:
    """Raise for an outcome that is infinite (DataError), constant, or constant within groups (ModelError)."""
    _require_finite(y, f"the outcome '{label}'")
    if np.ptp(y) == 0:
        hint = "there is no variance to explain"
        raise ModelError(Problem(f"the outcome '{label}' is constant in the analysed rows", "data", hint))
    for block in blocks:
        if constant_within(y, block.codes):
            what = f"the outcome '{label}' does not vary within the groups of '{block.group}'"
            raise ModelError(Problem(what, "data", "a variable of the group itself is no outcome of its members"))


def require_slopes(blocks: Sequence[RandomBlock]) -> None:
    """Raise ModelError for effects that cannot vary over their groups, and for more effects than rows."""
    problems = []
    for block in blocks:
        for j, name in enumerate(block.names):
            if name != "(Intercept)" and constant_within(block.Z[:, j], block.codes):
                what = f"cannot vary over '{block.group}': the variable is constant within each group"
                problem = Problem(f"the random slope of '{name}' {what}", "formula", "keep it in the fixed part")
                problems.append(problem)
        if not problems and len(block.names) > 1 and len(independent_columns(block.Z)) < len(block.names):
            problems.append(Problem("the random effects are collinear: " + ", ".join(block.names), "formula"))
        n, n_effects = len(block.Z), len(block.names) * block.n_groups
        if not problems and n_effects >= n:
            what = f"{n_effects} random effects cannot be told from {n} observations"
            problems.append(Problem(what, "formula", "take fewer random slopes or join small groups"))
    if problems:
        raise ModelError(problems)


def require_weights(weights: Array, name: str) -> Array:
    """The weights, all positive and finite; raises DataError otherwise."""
    wrong = int((~np.isfinite(weights) | (weights <= 0)).sum())
    if wrong:
        hint = "a weight is the precision of a row: leave out rows that should not count"
        raise DataError(Problem(f"the weight '{name}' is not positive in {wrong} rows", "data", hint))
    return weights


def constant_within(values: Array, codes: NDArray[np.intp]) -> bool:
    """Whether ``values`` (n,) are the same for all rows of each group."""
    last = np.empty(int(codes.max()) + 1)
    last[codes] = values
    return bool((values == last[codes]).all())


def _require_finite(values: Array, label: str) -> None:
    infinite = int((~np.isfinite(values)).sum())
    if infinite:
        hint = "the logarithm of 0 or a division by 0 is not a number"
        raise DataError(Problem(f"{label} is infinite in {infinite} rows", "data", hint))
