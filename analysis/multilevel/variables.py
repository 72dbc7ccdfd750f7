"""The variables of a formula, read from a table: numbers, factors and groups as arrays."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem
from analysis.multilevel.expression import Array, Columns, Name, evaluate, grouped_by, names
from analysis.multilevel.model_matrix import Basis, Factor, Values
from analysis.multilevel.terms import Atom


def numbers(variables: Iterable[str], data: pd.DataFrame) -> dict[str, Array]:
    """Values (n,) of each variable, NaN where missing. Raises ModelError for one that is text."""
    found: dict[str, Array] = {}
    for name in variables:
        series = data[name]
        if not pd.api.types.is_numeric_dtype(series):
            raise ModelError(Problem(f"'{name}' is text, the formula needs numbers", "formula"))
        found[name] = series.to_numpy(dtype=float, na_value=np.nan)
    return found


def atom_values(atom: Atom, data: pd.DataFrame) -> Array | Factor:
    """The values of an atom for all rows of ``data``: numbers, or a factor where it is one.

    A polynomial has the values it is a polynomial of.
    """
    if isinstance(atom.expression, Name):
        series = data[atom.expression.text]
        if atom.kind == "category" or not _is_number(series):
            return factor(series)
    columns = Columns(
        numbers(names(atom.expression), data),
        {group: group_codes(data[group])[0] for group in grouped_by(atom.expression)},
    )
    return np.broadcast_to(evaluate(atom.expression, columns), len(data))


def missing(values: Array | Factor) -> NDArray[np.bool_]:
    """Which rows (n,) have no value."""
    return values.codes < 0 if isinstance(values, Factor) else np.isnan(values)


def analysed(atom: Atom, values: Array | Factor, rows: NDArray[np.bool_]) -> Values:
    """Values of the analysed ``rows`` (n,): a factor keeps the levels in use, a polynomial becomes orthonormal."""
    if isinstance(values, Factor):
        used, codes = np.unique(values.codes[rows], return_inverse=True)
        return Factor(codes, tuple(values.levels[code] for code in used))
    kept = values if rows.all() else values[rows]
    return Basis(orthonormal_polynomial(kept, atom.degree)) if atom.kind == "polynomial" else kept


def orthonormal_polynomial(x: Array, degree: int, at: Array | None = None) -> Array:
    """Columns (n, degree) of orthonormal polynomials in x, each with a positive leading coefficient, as R's ``poly``;
    at other values ``at`` where these are given.

    Raises ModelError where x has too few different values.
    """
    if len(np.unique(x)) <= degree:
        raise ModelError(Problem(f"a polynomial of degree {degree} needs more than {degree} different values", "data"))
    centred = x - x.mean()
    unit = np.abs(centred).max()
    Q, R = np.linalg.qr(np.vander(centred / unit, degree + 1, increasing=True))
    if at is not None:
        Q = np.linalg.solve(R.T, np.vander((at - x.mean()) / unit, degree + 1, increasing=True).T).T
    return np.asarray((Q * np.sign(np.diag(R)))[:, 1:])


def factor(series: pd.Series) -> Factor:
    """A factor with text levels: sorted, or in the order that a categorical declares."""
    codes, levels = group_codes(series)
    return Factor(codes, tuple(level_label(level) for level in levels))


def group_codes(series: pd.Series) -> tuple[NDArray[np.intp], Any]:
    """Codes (n,), -1 where missing, and the sorted labels that they stand for."""
    if isinstance(series.dtype, pd.CategoricalDtype):
        return np.array(series.cat.codes, dtype=np.intp), series.cat.categories
    codes, levels = pd.factorize(series, sort=True)
    return codes.astype(np.intp, copy=False), levels


def _is_number(series: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)


def level_label(level: object) -> str:
    """The label of a factor's level or of a group, as R prints it: whole numbers without decimals, TRUE and FALSE."""
    if isinstance(level, bool | np.bool_):
        return str(level).upper()
    return f"{level:.15g}" if isinstance(level, float) else str(level)
