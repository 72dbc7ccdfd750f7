"""The data of a mixed model for a categorical outcome, as its likelihood wants them: sorted, in good units."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows sorted by group. n rows, p fixed effects, q random effects per group, G groups, T thresholds.

    ``X`` (n, p), ``Z`` (n, q), ``group`` (n,) codes 0 … G−1 in ascending order, ``starts`` (G,) the first row of
    each group. ``upper`` and ``lower`` (n,) number the thresholds around each answer in the sequence
    −∞, threshold 1 … T, ∞. ``free_thresholds`` is T for an ordinal outcome and 0 for a binary one, whose single
    threshold is 0.
    """

    X: Array
    Z: Array
    group: NDArray[np.intp]
    starts: NDArray[np.intp]
    upper: NDArray[np.intp]
    lower: NDArray[np.intp]
    free_thresholds: int

    @property
    def n_groups(self) -> int:
        """G."""
        return len(self.starts)


@dataclass(frozen=True, slots=True)
class Parameters:
    """Thresholds (T,), fixed effects ``beta`` (p,) and the lower triangular ``factor`` Λ (q, q), cov(b) = Λ Λ'."""

    thresholds: Array
    beta: Array
    factor: Array

    def bounds(self) -> Array:
        """The thresholds with −∞ before and ∞ behind; a binary outcome has the threshold 0 between them."""
        inner = self.thresholds if len(self.thresholds) else np.zeros(1)
        return np.concatenate([[-np.inf], inner, [np.inf]])


def sorted_rows(codes: NDArray[np.intp], free: bool, X: Array, Z: Array, group: NDArray[np.intp]) -> Rows:
    """Rows of answers ``codes`` (n,), 0 … K−1, with free thresholds or, for two answers, the threshold 0."""
    order = np.argsort(group, kind="stable")
    return Rows(
        X=np.ascontiguousarray(X[order]),
        Z=np.ascontiguousarray(Z[order]),
        group=group[order],
        starts=np.flatnonzero(np.diff(group[order], prepend=-1)),
        upper=codes[order] + 1,
        lower=codes[order],
        free_thresholds=int(codes.max()) if free else 0,
    )


def pack(parameters: Parameters) -> Array:
    """Thresholds, fixed effects and the lower triangle of Λ by columns (lme4's theta) as one vector."""
    columns = np.triu_indices(len(parameters.factor))
    return np.concatenate([parameters.thresholds, parameters.beta, parameters.factor.T[columns]])


def unpack(vector: Array, rows: Rows) -> Parameters:
    """The parameters that ``pack`` wrote as a vector."""
    p, q, t = rows.X.shape[1], rows.Z.shape[1], rows.free_thresholds
    factor = np.zeros((q, q))
    factor.T[np.triu_indices(q)] = vector[t + p :]
    return Parameters(vector[:t], vector[t : t + p], factor)
