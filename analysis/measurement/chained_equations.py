"""Multiple imputation by chained equations with predictive mean matching."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_RIDGE = 1e-5  # share of its diagonal added to X'X, so that collinear predictors can be used


def impute(values: Array, generator: np.random.Generator, *, n_cycles: int = 10, n_donors: int = 5) -> Array:
    """Fill ``values`` (n, p), NaN where missing, with answers that others gave; every column has some.

    Starts from answers drawn at random; then each incomplete column is regressed on all others, those with the fewest
    missing values first, over and over (van Buuren 2018, Flexible Imputation of Missing Data, 2nd ed., algorithm 4.3).
    What is imputed is the answer of one of the ``n_donors`` whose prediction is nearest (algorithms 3.1 and 3.3:
    predictions of donors by the estimated coefficients, those of receivers by coefficients drawn from their posterior).
    """
    missing = np.isnan(values)
    filled = values.copy()
    counts = missing.sum(axis=0)
    columns = [int(j) for j in np.argsort(counts, kind="stable") if counts[j]]
    for j in columns:
        filled[missing[:, j], j] = generator.choice(values[~missing[:, j], j], size=counts[j])
    for _ in range(n_cycles):
        for j in columns:
            others = np.delete(filled, j, axis=1)
            filled[missing[:, j], j] = _matched(others, values[:, j], missing[:, j], generator, n_donors)
    return filled


def _matched(
    others: Array, y: Array, missing: NDArray[np.bool_], generator: np.random.Generator, n_donors: int
) -> Array:
    """Answers for the rows where ``y`` (n,) is missing, given the other columns (n, p - 1)."""
    centred = others - others.mean(axis=0)
    spread = centred.std(axis=0)
    x = np.column_stack([np.ones(len(y)), centred / np.where(spread > 0, spread, 1.0)])
    given, answers = x[~missing], y[~missing]
    cross = given.T @ given
    cross[np.diag_indices_from(cross)] += _RIDGE * np.maximum(np.diag(cross), 1.0)
    factor = np.linalg.cholesky(cross)
    estimated = np.linalg.solve(cross, given.T @ answers)
    residual = answers - given @ estimated
    df = max(len(answers) - x.shape[1], 1)
    sigma = np.sqrt(residual @ residual / generator.chisquare(df))
    drawn = estimated + sigma * np.linalg.solve(factor.T, generator.standard_normal(x.shape[1]))
    return answers[_donors(given @ estimated, x[missing] @ drawn, generator, n_donors)]


def _donors(predicted: Array, wanted: Array, generator: np.random.Generator, n_donors: int) -> NDArray[np.int64]:
    """For each of ``wanted`` (k,) the position of one of the nearest of ``predicted`` (n,), drawn at random."""
    n, d = len(predicted), min(n_donors, len(predicted))
    # Donors of equal prediction come in random order, so that none is preferred.
    shuffled = generator.permutation(n)
    order = shuffled[np.argsort(predicted[shuffled], kind="stable")]
    ranked = predicted[order]
    first = np.clip(np.searchsorted(ranked, wanted) - d, 0, max(n - 2 * d, 0))
    window = first[:, None] + np.arange(min(2 * d, n))
    nearest = np.argsort(np.abs(ranked[window] - wanted[:, None]), axis=1, kind="stable")[:, :d]
    chosen = nearest[np.arange(len(wanted)), generator.integers(0, d, size=len(wanted))]
    return np.asarray(order[window[np.arange(len(wanted)), chosen]])
