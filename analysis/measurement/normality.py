"""The Henze-Zirkler test of multivariate normality."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import lognorm

from analysis.measurement.moments import whitened

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HenzeZirkler:
    """Statistic and p-value of n complete rows on p variables."""

    n: int
    p: int
    statistic: float
    pvalue: float


def henze_zirkler(x: Array) -> HenzeZirkler:
    """Test of complete data (n, p) with n > p.

    T = n⁻¹ ΣΣ exp(-β²/2 |y_i - y_j|²) - 2 (1 + β²)^(-p/2) Σ exp(-β²/(2(1 + β²)) |y_i|²) + n (1 + 2β²)^(-p/2) for rows
    y whitened by the covariance with divisor n, and β = (n(2p + 1)/4)^(1/(p + 4)) / √2; p from the log-normal
    distribution with the asymptotic mean and variance of T (Henze & Zirkler 1990, Communications in Statistics -
    Theory and Methods 19(10), 3595-3617, theorems 3.1 and 3.2). Raises numpy.linalg.LinAlgError where the covariance
    is singular.
    """
    n, p = x.shape
    rows = whitened(x, ddof=0)
    b = (n * (2 * p + 1) / 4.0) ** (2.0 / (p + 4)) / 2.0  # β²
    lengths = (rows**2).sum(axis=0)
    single = float(np.exp(-b / (2.0 * (1.0 + b)) * lengths).sum())
    pairs = _sum_over_pairs(rows, lengths, b)
    statistic = pairs / n - 2.0 * (1.0 + b) ** (-p / 2) * single + n * (1.0 + 2.0 * b) ** (-p / 2)
    mean, variance = _asymptotic(b, p)
    spread = float(np.sqrt(np.log1p(variance / mean**2)))
    scale = mean**2 / float(np.sqrt(variance + mean**2))
    return HenzeZirkler(n, p, float(statistic), float(lognorm.sf(statistic, spread, scale=scale)))


def _sum_over_pairs(rows: Array, lengths: Array, b: float, block: int = 512) -> float:
    """Sum of exp(-b/2 |y_i - y_j|²), by blocks: n² numbers are never held at once."""
    total = 0.0
    for i in range(0, rows.shape[1], block):
        part = slice(i, i + block)
        distance = lengths[part, None] + lengths - 2.0 * rows[:, part].T @ rows
        total += float(np.exp(-b / 2.0 * distance).sum())
    return total


def _asymptotic(b: float, p: int) -> tuple[float, float]:
    """Mean and variance of the statistic under normality, b being β²."""
    a = 1.0 + 2.0 * b
    w = (1.0 + b) * (1.0 + 3.0 * b)
    mean = 1.0 - a ** (-p / 2) * (1.0 + p * b / a + p * (p + 2) * b**2 / (2.0 * a**2))
    variance = (
        2.0 * (1.0 + 4.0 * b) ** (-p / 2)
        + 2.0 * a ** (-p) * (1.0 + 2.0 * p * b**2 / a**2 + 3.0 * p * (p + 2) * b**4 / (4.0 * a**4))
        - 4.0 * w ** (-p / 2) * (1.0 + 3.0 * p * b**2 / (2.0 * w) + p * (p + 2) * b**4 / (2.0 * w**2))
    )
    return mean, variance
