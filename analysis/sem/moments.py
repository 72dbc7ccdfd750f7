"""Sample moments: what normal-theory estimation needs of the data, taken in one pass."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, EstimationError, ModelError, Problem, nearest
from analysis.sem.optimise import is_positive_definite

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SampleMoments:
    """Means (p,) and covariance (p, p) divided by N, in the order of ``names``, over ``n_observations`` rows."""

    names: tuple[str, ...]
    covariance: Array
    mean: Array
    n_observations: int
    n_dropped: int = 0
    thresholds: tuple[Array, ...] = ()


def moments_given(covariance: pd.DataFrame, nobs: int, names: Sequence[str], means: pd.Series | None) -> SampleMoments:
    """Moments from a published covariance matrix (divided by N - 1, as programs print it) and its N."""
    require_columns(covariance, names)
    missing_rows = [name for name in names if name not in covariance.index]
    if missing_rows:
        raise DataError(Problem(f"the covariance matrix has no row for {', '.join(missing_rows)}", "covariance"))
    if nobs <= len(names):
        raise DataError(Problem(f"N = {nobs} is too small for {len(names)} variables", "--nobs"))
    matrix = covariance.loc[list(names), list(names)].to_numpy(dtype=float)
    if not np.allclose(matrix, matrix.T, rtol=1e-8, atol=1e-10):
        raise DataError(Problem("the covariance matrix is not symmetric", "covariance", "give both triangles"))
    if flat := [name for name, variance in zip(names, np.diag(matrix), strict=True) if not variance > 0]:
        raise DataError(Problem(f"the variance of {', '.join(flat)} is not positive", "covariance"))
    _require_positive_definite(matrix, names)
    if means is not None and (lacking := [name for name in names if name not in means.index]):
        raise DataError(Problem(f"no mean for {', '.join(lacking)}", "means"))
    mean = np.zeros(len(names)) if means is None else means.loc[list(names)].to_numpy(dtype=float)
    return SampleMoments(tuple(names), matrix * (nobs - 1) / nobs, mean, nobs)


def _require_positive_definite(matrix: Array, names: Sequence[str]) -> None:
    """Raise DataError naming the variables whose covariances contradict each other."""
    deviations = np.sqrt(np.diag(matrix))
    values, vectors = np.linalg.eigh(matrix / np.outer(deviations, deviations))
    if values[0] > 0:
        return
    weight = np.abs(vectors[:, 0])
    at_fault = [name for name, w in zip(names, weight, strict=True) if w > 0.1 * weight.max()]
    what = f"the covariance matrix is not positive definite: see {', '.join(at_fault)}"
    raise DataError(Problem(what, "covariance", "check for typing errors and rounding"))


def require_columns(data: pd.DataFrame, names: Sequence[str]) -> None:
    """Raise ModelError naming every variable that ``data`` lack, with the nearest column."""
    there = set(data.columns.tolist())
    unknown = [name for name in names if name not in there]
    if unknown:
        columns = [str(column) for column in data.columns]
        raise ModelError(
            Problem(f"the model names '{name}', which the data do not have", "model", nearest(name, columns))
            for name in unknown
        )


def require_numbers(data: pd.DataFrame, names: Sequence[str]) -> Array:
    """The columns ``names`` as floats (n, p), NaN where missing. Raises DataError naming columns of words."""
    chosen = data if list(names) == data.columns.tolist() else data[list(names)]
    plain = chosen.to_numpy()
    if plain.dtype.kind in "fiu":  # nothing but numbers; other columns would have made this an array of objects
        return plain.astype(np.float64, copy=False)
    kinds = chosen.dtypes.tolist()
    numeric = {kind: pd.api.types.is_numeric_dtype(kind) for kind in set(kinds)}
    problems = [
        Problem(f"'{name}' does not hold numbers", "data", "recode the answers to codes first (smartcity clean)")
        for name, kind in zip(names, kinds, strict=True)
        if not numeric[kind]
    ]
    if problems:
        raise DataError(problems)
    return chosen.to_numpy(dtype=float, na_value=np.nan)


def require_variance(values: Array, names: Sequence[str], place: str = "data") -> None:
    """Raise DataError naming every column of ``values`` (n, p) that does not vary, or holds nothing."""
    varies = (values != values[:1]).any(axis=0)
    if np.isnan(values).any():
        # fmax and fmin pass over NaN; where nothing is left, NaN > NaN does not hold.
        varies = np.fmax.reduce(values, axis=0) > np.fmin.reduce(values, axis=0)
    constant = [name for name, does in zip(names, varies, strict=True) if not does]
    if constant:
        raise DataError(
            Problem(f"'{name}' is constant: everyone gave the same answer", place, "leave it out of the model")
            for name in constant
        )


def require_regular(sample: SampleMoments) -> None:
    """A singular sample covariance has no likelihood and no inverse: raise EstimationError naming the variables that
    depend on each other.
    """
    if is_positive_definite(sample.covariance, 1e-10):
        return
    deviations = np.sqrt(np.diag(sample.covariance))
    weight = np.abs(np.linalg.eigh(sample.covariance / np.outer(deviations, deviations))[1][:, 0])
    names = [n for n, w in zip(sample.names, weight, strict=True) if w > 0.1 * weight.max()]
    what = f"these variables determine each other: {', '.join(names)}"
    raise EstimationError(Problem(what, "data", "leave one of them out"))
