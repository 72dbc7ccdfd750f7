"""Velicer's minimum average partial: how many components to take out before only noise is partialled."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_NOTHING_LEFT = 1e-10  # variance of an item beside its components, of 1


@dataclass(frozen=True, slots=True)
class MinimumAveragePartial:
    """Mean ``squared`` and ``fourth`` power (p,) of the partial correlations after 0, 1, …, p - 1 components.

    NaN where components leave an item no variance. ``n_squared`` and ``n_fourth`` components make them smallest.
    """

    squared: Array
    fourth: Array
    n_squared: int
    n_fourth: int


def minimum_average_partial(correlation: Array) -> MinimumAveragePartial:
    """Averages over the off-diagonal of p ≥ 2 variables' partial correlations, their ``correlation`` (p, p) given.

    After m principal components C* = R - A_m A_m', scaled to unit diagonal. The mean of squares is the original
    criterion (Velicer 1976, Psychometrika 41, 321-327), that of fourth powers its revision (Velicer, Eaton & Fava
    2000, in Goffin & Helmes, Problems and solutions in human assessment, 41-71).
    """
    values, vectors = np.linalg.eigh(correlation)
    components = (vectors * np.sqrt(np.maximum(values, 0.0)))[:, ::-1]
    p = len(correlation)
    apart = ~np.eye(p, dtype=bool)
    squared, fourth = np.full(p, np.nan), np.full(p, np.nan)
    for m in range(p):
        left = correlation - components[:, :m] @ components[:, :m].T
        variance = np.diag(left)
        if variance.min() < _NOTHING_LEFT:
            break
        squares = (left**2 / np.outer(variance, variance))[apart]
        squared[m], fourth[m] = squares.mean(), (squares**2).mean()
    return MinimumAveragePartial(squared, fourth, int(np.nanargmin(squared)), int(np.nanargmin(fourth)))
