"""Scores: the derivative of each row's log-likelihood, by rows of the parameter table or by saturated moments."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.implied import Derivatives
from analysis.sem.patterns import IntArray, Patterns

Array = NDArray[np.float64]


def standardised_residuals(patterns: Patterns, values: Array, mean: Array, covariance: Array) -> tuple[Array, Array]:
    """Sigma_o^-1 (y - mu) of each row (n, p), zero where nothing is observed, and Sigma_o^-1 by pattern (k, p, p)."""
    weight, _ = patterns.inverse_and_log_determinant(covariance)
    residual = np.where(np.isnan(values), 0.0, values - mean)
    if len(weight) == 1:
        return residual @ weight[0], weight
    pulled = np.empty_like(residual)
    order = np.argsort(patterns.of_row, kind="stable")
    ends = np.cumsum(np.bincount(patterns.of_row, minlength=len(weight)))
    for w, rows in zip(weight, np.split(order, ends[:-1]), strict=True):
        pulled[rows] = residual[rows] @ w
    return pulled, weight


def row_scores(patterns: Patterns, pulled: Array, weight: Array, d: Derivatives) -> Array:
    """d log-likelihood / d parameter, shape (n, n_rows): u' dmu + (u'dSigma u - tr(W dSigma)) / 2, u = W (y - mu)."""
    traces = ((weight @ d.left) * d.right).sum(axis=1)
    scores = (pulled @ d.left) * (pulled @ d.right)
    scores += pulled @ d.mean
    scores -= traces[0] if len(traces) == 1 else traces[patterns.of_row]
    return np.asarray(scores)


def saturated_scores(patterns: Patterns, pulled: Array, weight: Array) -> Array:
    """The same for the saturated model: by means (p columns), then the lower triangle of Sigma column by column."""
    i, j = lower_triangle(pulled.shape[1])
    twice = np.where(i == j, 0.5, 1.0)
    return np.hstack([pulled, twice * (pulled[:, i] * pulled[:, j] - weight[:, i, j][patterns.of_row])])


def lower_triangle(p: int) -> tuple[IntArray, IntArray]:
    """Rows and columns of the lower triangle of a (p, p) matrix, column by column."""
    columns, rows = np.triu_indices(p)
    return rows.astype(np.int64), columns.astype(np.int64)


def crossproduct(scores: Array, weights: Array | None, clusters: IntArray | None) -> Array:
    """Mean crossproduct of scores (n, q): over rows, or over clusters with the factor C / (C - 1).

    ``weights`` (n,) multiply scores and add up to n; ``clusters`` (n,) are codes from 0: Huber (1967), White (1980);
    for clusters Binder (1983), International Statistical Review 51(3), 279-292.
    """
    n = len(scores)
    if weights is not None:
        scores = scores * weights[:, None]
    if clusters is None:
        return np.asarray(scores.T @ scores / n)
    count = int(clusters.max()) + 1
    sums = np.zeros((count, scores.shape[1]))
    np.add.at(sums, clusters, scores)
    return np.asarray(sums.T @ sums / n * count / (count - 1))
