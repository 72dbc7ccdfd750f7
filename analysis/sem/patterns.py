"""Rows of data sorted by which values are missing: the sufficient statistics of full-information likelihood."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Patterns:
    """Moments by pattern of missing values, over k patterns of p variables and n rows.

    ``observed`` (k, p) says what each pattern has; ``share`` (k,) its share of the rows (of their weights);
    ``mean`` (k, p) and ``covariance`` (k, p, p) its moments about its own mean, divided by its rows, zero where
    nothing is observed; ``of_row`` (n,) the pattern of each row.
    """

    observed: BoolArray
    share: Array
    mean: Array
    covariance: Array
    of_row: IntArray

    @property
    def n_rows(self) -> int:
        """Rows behind all patterns."""
        return len(self.of_row)

    def inverse_and_log_determinant(self, covariance: Array) -> tuple[Array, Array]:
        """Inverses (k, p, p) of the observed blocks of ``covariance``, zero elsewhere, and their log-determinants.

        Raises LinAlgError where a block is not positive definite.
        """
        both = self.observed[:, :, None] & self.observed[:, None, :]
        padded = np.where(both, covariance, np.eye(covariance.shape[0]))
        factor = np.linalg.cholesky(padded)
        log_determinant = 2.0 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1)
        return np.where(both, np.linalg.inv(padded), 0.0), log_determinant

    def about(self, mean: Array) -> tuple[Array, Array]:
        """Differences (k, p) of the patterns' means from ``mean``, and second moments (k, p, p) about it."""
        difference = np.where(self.observed, self.mean - mean, 0.0)
        return difference, self.covariance + difference[:, :, None] * difference[:, None, :]


def coverage(patterns: Patterns) -> Array:
    """Share of the rows that hold both of two variables, (p, p)."""
    observed = patterns.observed.astype(np.float64)
    return np.asarray(observed.T @ (patterns.share[:, None] * observed))


def patterns_of(values: Array, weights: Array | None = None) -> Patterns:
    """Sort the rows of ``values`` (n, p), NaN where missing, none of them empty; ``weights`` (n,) add up to n."""
    missing = np.isnan(values)
    if not missing.any():
        return _complete(values, weights)
    codes, of_row = np.unique(np.packbits(missing, axis=1), axis=0, return_inverse=True)
    of_row = of_row.reshape(-1).astype(np.int64)
    n, p = values.shape
    k = len(codes)
    observed = ~np.unpackbits(codes, axis=1, count=p).astype(bool)
    share, mean, covariance = np.zeros(k), np.zeros((k, p)), np.zeros((k, p, p))
    order = np.argsort(of_row, kind="stable")
    for index, rows in enumerate(np.split(order, np.cumsum(np.bincount(of_row, minlength=k))[:-1])):
        columns = np.flatnonzero(observed[index])
        block = values[np.ix_(rows, columns)]
        weight = np.ones(len(rows)) if weights is None else weights[rows]
        total = weight.sum()
        centre = weight @ block / total
        centred = block - centre
        share[index] = total / n
        mean[index, columns] = centre
        covariance[index][np.ix_(columns, columns)] = (centred * weight[:, None]).T @ centred / total
    return Patterns(observed, share, mean, covariance, of_row)


def _complete(values: Array, weights: Array | None) -> Patterns:
    """The one pattern of complete rows, in one pass."""
    n, p = values.shape
    mean = values.mean(axis=0) if weights is None else weights @ values / weights.sum()
    centred = values - mean
    weighted = centred if weights is None else centred * weights[:, None]
    covariance = centred.T @ weighted / (n if weights is None else weights.sum())
    observed = np.ones((1, p), dtype=np.bool_)
    return Patterns(observed, np.ones(1), mean[None], covariance[None], np.zeros(n, dtype=np.int64))
