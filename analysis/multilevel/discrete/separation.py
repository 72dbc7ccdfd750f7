"""Separation: effects that grow without end, since they order the answers without error."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.multilevel.discrete.problem import Rows

Array = NDArray[np.float64]
LEAST = 1e-6  # a share of a direction below this is rounding


def separating_columns(rows: Rows) -> tuple[int, ...]:
    """Columns of X along which the likelihood rises for ever; empty when estimates exist.

    A direction of thresholds and effects separates when it moves no answer away from its own side of a threshold,
    and some nearer to it. The direction of most movement within a box solves a linear programme (Konis 2007,
    Computational algorithms for linear programming and separation, section 3; for cumulative logits Kosmidis 2014,
    Journal of the Royal Statistical Society B 76, section 6).
    """
    from scipy.optimize import linprog

    moved = _movements(rows)
    found = linprog(-moved.sum(axis=0), A_ub=-moved, b_ub=np.zeros(len(moved)), bounds=(-1.0, 1.0), method="highs")
    if found.x is None or float((moved @ found.x).sum()) <= LEAST * len(moved):
        return ()
    effects = found.x[rows.free_thresholds :]
    return tuple(int(j) for j in np.flatnonzero(np.abs(effects) > LEAST))


def _movements(rows: Rows) -> Array:
    """By how much each finite threshold of an answer moves to its own side, per unit of each parameter."""
    t = rows.free_thresholds
    last = max(t, 1) + 1
    thresholds = np.eye(last + 1)[:, 1 : t + 1]
    above, below = rows.upper < last, rows.lower > 0
    up = np.column_stack([thresholds[rows.upper[above]], -rows.X[above]])
    down = np.column_stack([-thresholds[rows.lower[below]], rows.X[below]])
    moved = np.concatenate([up, down])
    size = np.abs(moved).max(axis=0)
    return np.asarray(moved / np.where(size > 0, size, 1.0))
