"""Sample moments: what normal-theory estimation needs of the data, taken in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, ModelError, Problem, nearest

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SampleMoments:
    """Means (p,) and covariance (p, p) divided by N, in the order of ``names``, over ``n_observations`` rows."""

    names: tuple[str, ...]
    covariance: Array
    mean: Array
    n_observations: int
    n_dropped: int = 0


def moments_of_frame(data: pd.DataFrame, names: Sequence[str]) -> SampleMoments:
    """Moments of the complete rows of ``data`` over ``names``.

    Raises ModelError naming every variable the data lack, DataError for columns that hold no numbers, have no
    variance, or leave fewer complete rows than variables.
    """
    _require_columns(data, names)
    values = _numeric(data, names)
    complete = ~np.isnan(values).any(axis=1)
    rows = values if complete.all() else values[complete]
    n = len(rows)
    if n <= len(names):
        raise DataError(
            Problem(f"{n} complete rows are too few for {len(names)} variables", "data", "check missing values")
        )
    mean = rows.mean(axis=0)
    centred = rows - mean
    covariance = centred.T @ centred / n
    _require_variance(covariance, mean, names)
    return SampleMoments(tuple(names), covariance, mean, n, len(values) - n)


def moments_given(covariance: pd.DataFrame, nobs: int, names: Sequence[str], means: pd.Series | None) -> SampleMoments:
    """Moments from a published covariance matrix (divided by N - 1, as programs print it) and its N."""
    _require_columns(covariance, names)
    missing_rows = [name for name in names if name not in covariance.index]
    if missing_rows:
        raise DataError(Problem(f"the covariance matrix has no row for {', '.join(missing_rows)}", "covariance"))
    if nobs <= len(names):
        raise DataError(Problem(f"N = {nobs} is too small for {len(names)} variables", "--nobs"))
    matrix = covariance.loc[list(names), list(names)].to_numpy(dtype=float)
    if not np.allclose(matrix, matrix.T, rtol=1e-8, atol=1e-10):
        raise DataError(Problem("the covariance matrix is not symmetric", "covariance", "give both triangles"))
    _require_variance(matrix, np.zeros(len(names)), names)
    if np.linalg.eigvalsh(matrix)[0] <= 0:
        raise DataError(
            Problem("the covariance matrix is not positive definite", "covariance", "check for typing errors")
        )
    if means is not None and (lacking := [name for name in names if name not in means.index]):
        raise DataError(Problem(f"no mean for {', '.join(lacking)}", "means"))
    mean = np.zeros(len(names)) if means is None else means.loc[list(names)].to_numpy(dtype=float)
    return SampleMoments(tuple(names), matrix * (nobs - 1) / nobs, mean, nobs)


def _require_columns(data: pd.DataFrame, names: Sequence[str]) -> None:
    columns = [str(column) for column in data.columns]
    unknown = [name for name in names if name not in set(columns)]
    if unknown:
        raise ModelError(
            Problem(f"the model names '{name}', which the data do not have", "model", nearest(name, columns))
            for name in unknown
        )


def _numeric(data: pd.DataFrame, names: Sequence[str]) -> Array:
    problems = [
        Problem(f"'{name}' does not hold numbers", "data", "recode the answers to codes first (smartcity clean)")
        for name in names
        if not pd.api.types.is_numeric_dtype(data[name])
    ]
    if problems:
        raise DataError(problems)
    return data[list(names)].to_numpy(dtype=float, na_value=np.nan)


def _require_variance(covariance: Array, mean: Array, names: Sequence[str]) -> None:
    # Rounding leaves a constant column with a variance of about (eps * mean)^2.
    varies = np.diag(covariance) > 1e-24 * mean**2
    constant = [name for name, does in zip(names, varies, strict=True) if not does]
    if constant:
        raise DataError(
            Problem(f"'{name}' is constant: everyone gave the same answer", "data", "leave it out of the model")
            for name in constant
        )


def group_labels(data: pd.DataFrame, group: str) -> tuple[str, ...]:
    """Labels of the groups in the order in which they first appear, as lavaan has it; missing labels are none.

    Raises ModelError for a column the data lack and DataError where there is one group alone.
    """
    _require_columns(data, [group])
    labels = tuple(_label(value) for value in data[group].dropna().unique())
    if len(labels) < 2:
        raise DataError(Problem(f"'{group}' has {len(labels)} group", "data", "name a column with two groups or more"))
    return labels


def split_groups(data: pd.DataFrame, group: str, labels: Sequence[str]) -> list[pd.DataFrame]:
    """The rows of each group."""
    of_row = data[group].map(_label, na_action="ignore")
    return [data[of_row == label] for label in labels]


def _label(value: object) -> str:
    """A group's label: whole numbers without their decimals."""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
