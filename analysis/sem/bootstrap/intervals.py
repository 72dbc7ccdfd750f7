"""Bootstrap intervals: percentile, bias-corrected (BC) and bias-corrected and accelerated (BCa)."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]
IntervalType = Literal["perc", "bc", "bca"]
INTERVAL_TYPES: tuple[IntervalType, ...] = ("perc", "bc", "bca")


def interval(
    replicates: Array, estimate: Array, kind: IntervalType, level: float = 0.95, acceleration: Array | None = None
) -> tuple[Array, Array]:
    """Lower and upper ends (m,) for m statistics from their ``replicates`` (r, m) and estimates (m,).

    "perc": quantiles of the replicates. "bc": with z0 from the share of replicates below the estimate (Efron 1981,
    Canadian Journal of Statistics 9(2), 139-158; lavaan's bca.simple). "bca": with ``acceleration`` (m,) too (Efron
    1987, JASA 82, 171-185, eq. 2.3). NaN where a statistic has a replicate that is not a number, or where all
    replicates are on one side of the estimate and the bias-corrected ends do not exist.
    """
    tails = np.array([(1.0 - level) / 2.0, (1.0 + level) / 2.0])
    m = len(estimate)
    probabilities = np.tile(tails[:, None], (1, m))
    if kind != "perc":
        rate = acceleration if kind == "bca" and acceleration is not None else np.zeros(m)
        probabilities = _adjusted(tails, bias_correction(replicates, estimate), rate)
    ends = normal_quantiles(replicates, probabilities)
    return ends[0], ends[1]


def bias_correction(replicates: Array, estimate: Array) -> Array:
    """z0 (m,): normal quantile of the share of replicates (r, m) below the estimate; infinite if none or all are."""
    return np.asarray(special.ndtri((replicates < estimate).mean(axis=0)))


def jackknife_acceleration(left_out: Array) -> Array:
    """Acceleration (m,) from the estimates without each unit, or block of units, ``left_out`` (n, m).

    a = sum u^3 / (6 (sum u^2)^1.5) with u the mean of the estimates less each of them: Efron & Tibshirani (1993), An
    Introduction to the Bootstrap, eq. 14.15. Zero where nothing varies.
    """
    u = left_out.mean(axis=0) - left_out
    spread = (u**2).sum(axis=0) ** 1.5
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(np.where(spread > 0, (u**3).sum(axis=0) / (6.0 * spread), 0.0))


def normal_quantiles(replicates: Array, probabilities: Array) -> Array:
    """Quantiles (k, m) of the columns of ``replicates`` (r, m) at ``probabilities`` (k, m).

    Order statistic (r + 1) p, between two of them on the scale of normal quantiles (Davison & Hinkley 1997,
    Bootstrap Methods and their Application, eq. 5.8), as R's package boot and lavaan have it; beyond the first or
    last order statistic it is that one.
    """
    ordered = np.sort(replicates, axis=0)
    r = len(ordered)
    rank = (r + 1) * probabilities
    known = np.isfinite(rank) & np.isfinite(ordered[-1])  # numpy sorts NaN last
    below = np.clip(np.where(known, np.floor(rank), 1), 1, max(r - 1, 1)).astype(np.int64)
    above = np.minimum(below + 1, r)
    first, last = special.ndtri(below / (r + 1)), special.ndtri((below + 1) / (r + 1))
    with np.errstate(invalid="ignore"):
        weight = np.clip((special.ndtri(probabilities) - first) / (last - first), 0.0, 1.0)
    low = np.take_along_axis(ordered, below - 1, axis=0)
    high = np.take_along_axis(ordered, above - 1, axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.where(known, low + weight * (high - low), np.nan))


def _adjusted(tails: Array, z0: Array, acceleration: Array) -> Array:
    """Probabilities (2, m) at which the quantiles are taken; NaN where z0 is infinite."""
    with np.errstate(invalid="ignore"):
        shifted = z0 + special.ndtri(tails)[:, None]
        return np.asarray(special.ndtr(z0 + shifted / (1.0 - acceleration * shifted)))
