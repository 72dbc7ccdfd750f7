"""Correlations of the items of a scale, with what was left out to get them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, ModelError, Problem, nearest
from analysis.sem.ordinal.moments import ordinal_moments

Array = NDArray[np.float64]
Missing = Literal["listwise", "pairwise"]

LEAST_EIGENVALUE = 1e-8  # from here on correlations count as positive definite


@dataclass(frozen=True, slots=True)
class ItemCorrelations:
    """Correlations (p, p) of the items ``names``, from ``nobs`` respondents; ``n_dropped`` had a missing answer.

    ``kind`` is "Pearson", "polychoric" or "given". ``rows`` (n, p) are the answers they come from, NaN where missing,
    None of a given matrix. Of pairwise correlations ``nobs`` is the harmonic mean of the numbers of respondents to
    each pair. ``positive_definite``: the smallest eigenvalue exceeds 1e-8.
    """

    names: tuple[str, ...]
    correlation: Array
    nobs: float
    n_dropped: int
    kind: str
    missing: str
    rows: Array | None
    positive_definite: bool
    warnings: tuple[str, ...]


def item_correlations(
    data: pd.DataFrame, items: Sequence[str], *, ordinal: bool = False, missing: Missing = "listwise"
) -> ItemCorrelations:
    """Pearson correlations of ``items``, columns of ``data``; polychoric ones of items that are all ``ordinal``.

    ``missing``: respondents with a missing answer are left out, or each pair takes those who answered both. Raises
    ModelError for fewer than two items and items that are unknown, not numeric or constant, DataError for ordinal items
    without whole codes and where two items have too few answers in common.
    """
    _require_items(data, items, missing)
    answers = data[list(items)].to_numpy(dtype=float)
    complete = ~np.isnan(answers).any(axis=1)
    rows = answers[complete] if missing == "listwise" else answers[~np.isnan(answers).all(axis=1)]
    nobs = _nobs(rows, items)
    _require_variation(rows, items)
    notes: tuple[str, ...] = ()
    if ordinal:
        moments = ordinal_moments(rows, np.ones(len(items), dtype=bool), items, missing)
        correlation, notes = moments.covariance, moments.warnings
    else:
        correlation = pd.DataFrame(rows).corr(min_periods=3).to_numpy(copy=True)
        np.fill_diagonal(correlation, 1.0)
    if not np.isfinite(correlation).all():
        what = "two items have no correlation among those who answered both"
        raise DataError(Problem(what, "data", "leave one of them out, or delete listwise"))
    kind = "polychoric" if ordinal else "Pearson"
    return _checked(items, correlation, nobs, int((~complete).sum()), kind, missing, rows, notes)


def given_correlations(matrix: pd.DataFrame, nobs: float, items: Sequence[str] | None = None) -> ItemCorrelations:
    """Of a correlation or covariance ``matrix`` with names in rows and columns, from ``nobs`` respondents.

    Raises ModelError for items that are not in it and fewer than two, DataError for variances that are not positive.
    """
    names = tuple(str(name) for name in (matrix.columns if items is None else items))
    known = set(map(str, matrix.columns))
    problems = [Problem(f"'{n}' is not in the matrix", "cov", nearest(n, known)) for n in names if n not in known]
    if problems or len(names) < 2:
        raise ModelError(problems or [_too_few(names)])
    covariance = matrix.loc[list(names), list(names)].to_numpy(dtype=float)
    variance = np.diag(covariance)
    if not (variance > 0).all():
        raise DataError(Problem("a variance is not positive", "cov", "give correlations or covariances"))
    correlation = covariance / np.sqrt(np.outer(variance, variance))
    return _checked(names, 0.5 * (correlation + correlation.T), nobs, 0, "given", "", None, ())


def _checked(
    names: Sequence[str], correlation: Array, nobs: float, n_dropped: int, kind: str, missing: str,
    rows: Array | None, notes: tuple[str, ...],
) -> ItemCorrelations:  # fmt: skip
    definite = bool(np.linalg.eigvalsh(correlation)[0] > LEAST_EIGENVALUE)
    if not definite:
        notes = (*(n for n in notes if "positive definite" not in n), _not_definite(missing))
    return ItemCorrelations(tuple(names), correlation, nobs, n_dropped, kind, missing, rows, definite, notes)


def _not_definite(missing: str) -> str:
    remedy = "delete listwise, " if missing == "pairwise" else ""
    return (
        f"the correlations are not positive definite: some items add up to others, or respondents are few; {remedy}"
        "leave out items that repeat others, or take minres"
    )


def _too_few(items: Sequence[str]) -> Problem:
    shown = ", ".join(items) or "none"
    return Problem(f"dimensions take two items at least, and there are: {shown}", "items", "add items")


def _require_items(data: pd.DataFrame, items: Sequence[str], missing: str) -> None:
    problems = [] if len(items) > 1 else [_too_few(items)]
    if missing not in {"listwise", "pairwise"}:
        problems.append(Problem(f"missing answers cannot be '{missing}'", "--missing", "take listwise or pairwise"))
    for item in items:
        if item not in data.columns:
            what = f"the item '{item}' is not in the data"
            problems.append(Problem(what, "items", nearest(item, map(str, data.columns))))
        elif not pd.api.types.is_numeric_dtype(data[item]):
            problems.append(Problem(f"the item '{item}' holds words, not numbers", "items", "code its answers"))
    if problems:
        raise ModelError(problems)


def _require_variation(rows: Array, items: Sequence[str]) -> None:
    given = [column[~np.isnan(column)] for column in rows.T]
    constant = [item for item, values in zip(items, given, strict=True) if len(values) == 0 or np.ptp(values) == 0]
    if constant:
        raise ModelError(
            Problem(f"the item '{item}' is constant: all gave one answer, or none", "items", "take it out of the scale")
            for item in constant
        )


def _nobs(rows: Array, items: Sequence[str]) -> float:
    """Respondents to all items, or the harmonic mean over pairs of those who answered both."""
    if len(rows) < 3:
        what = f"{len(rows)} respondents answered every item"
        raise DataError(Problem(what, "data", "pairwise deletion keeps those who answered some"))
    answered = (~np.isnan(rows)).astype(float)
    counts = (answered.T @ answered)[np.triu_indices(len(items), 1)]
    if counts.min() < 3:
        raise DataError(Problem("two items have fewer than three respondents in common", "data", "leave one out"))
    return float(1.0 / np.mean(1.0 / counts)) if counts.min() < counts.max() else float(counts[0])
