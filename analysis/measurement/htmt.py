"""Heterotrait-monotrait ratios of correlations."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def membership(items: Sequence[Sequence[str]], columns: Sequence[str]) -> Array:
    """Which of p ``columns`` measure which of c constructs: ones and zeros (p, c)."""
    return np.array([[float(column in members) for members in items] for column in columns])


def heterotrait_monotrait(correlation: Array, members: Array, *, geometric: bool) -> Array:
    """Ratios (..., c, c) of correlations (..., p, p) whose p items measure c constructs by ``members`` (p, c).

    Mean absolute correlation of items of two constructs, divided by the geometric mean of the mean absolute
    correlations within each: HTMT (Henseler, Ringle & Sarstedt 2015, Journal of the Academy of Marketing Science 43,
    115-135, eq. 6), an estimate of the constructs' correlation under equal loadings. ``geometric`` means throughout
    give HTMT2 (Roemer, Schuberth & Henseler 2021, Industrial Management & Data Systems 121, 2637-2650), which needs
    no equal loadings. Absolute values, as in semTools::htmt, allow for reversed items. The diagonal is 1; a
    construct of one item has no correlation within and gives NaN.
    """
    p = correlation.shape[-1]
    with np.errstate(divide="ignore", invalid="ignore"):  # one item: 0 / 0
        size = np.abs(correlation)
        size = np.log(np.maximum(size, np.finfo(float).tiny)) if geometric else size
        size = np.where(np.eye(p, dtype=bool), 0.0, size)
        counts = np.outer(members.sum(axis=0), members.sum(axis=0)) - np.diag(members.sum(axis=0))
        mean = members.T @ size @ members / counts
        mean = np.exp(mean) if geometric else mean
        within = np.sqrt(np.diagonal(mean, axis1=-2, axis2=-1))
        ratios: Array = mean / (within[..., :, None] * within[..., None, :])
    return ratios
