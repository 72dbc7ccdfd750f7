"""Sums of squares and products per group: all that the likelihood needs to know of the rows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CrossProducts:
    """Products of W = [X y] (n, p + 1) and Z (n, q), whole and by group (G groups).

    ``WW`` (p + 1, p + 1), ``ZW`` (G, q, p + 1), ``ZZ`` (G, q, q), ``n`` rows.
    """

    n: int
    WW: Array
    ZW: Array
    ZZ: Array


def cross_products(y: Array, X: Array, Z: Array, group: NDArray[np.intp]) -> CrossProducts:
    """Cross-products of outcome (n,), fixed (n, p) and random (n, q) design by ``group`` codes (n,)."""
    W = np.column_stack([X, y])
    order = np.argsort(group, kind="stable")
    starts = np.flatnonzero(np.diff(group[order], prepend=-1))
    Zs, Ws = Z[order], W[order]
    return CrossProducts(
        n=len(y),
        WW=W.T @ W,
        ZW=np.add.reduceat(Zs[:, :, None] * Ws[:, None, :], starts, axis=0),
        ZZ=np.add.reduceat(Zs[:, :, None] * Zs[:, None, :], starts, axis=0),
    )
