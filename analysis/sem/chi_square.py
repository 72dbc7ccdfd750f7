"""Central and non-central chi-square probabilities, by scipy's special functions (quick to import)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]


def upper_tail(statistic: float, df: float) -> float:
    """P(chi-square with ``df`` > statistic)."""
    return float(special.chdtrc(df, max(statistic, 0.0)))


def quantile(probability: float, df: float) -> float:
    """The value that chi-square with ``df`` stays below with ``probability``."""
    return float(special.chdtri(df, 1.0 - probability))


def noncentral_cdf(statistic: float, df: float, noncentrality: float) -> float:
    """P(non-central chi-square <= statistic)."""
    return float(special.chndtr(statistic, df, noncentrality))


def noncentrality_at(statistic: float, df: float, probability: float) -> float:
    """The non-centrality at which P(X <= statistic) equals ``probability``; 0 where none is that small.

    The distribution function falls in the non-centrality, so a bracket and false position with Illinois weights
    (Dowell & Jarratt 1971, BIT 11(2), 168-174) find it.
    """
    low, excess = 0.0, noncentral_cdf(statistic, df, 0.0) - probability
    if excess < 0:
        return 0.0
    high = max(statistic, 1.0)
    while (lack := noncentral_cdf(statistic, df, high) - probability) > 0:
        low, excess, high = high, lack, 2.0 * high
    at, before = high, low
    while abs(at - before) > 1e-14 * high:
        before, at = at, high - lack * (high - low) / (lack - excess)
        found = noncentral_cdf(statistic, df, at) - probability
        if found * lack > 0:
            high, lack, excess = at, found, 0.5 * excess
        else:
            low, high, excess, lack = high, at, lack, found
    return at


def two_sided_normal(z: float) -> float:
    """P(|Z| > |z|) for a standard normal Z."""
    return float(2.0 * special.ndtr(-abs(z)))


def two_sided_normals(z: Array) -> Array:
    """The same of every element of ``z``."""
    return np.asarray(2.0 * special.ndtr(-np.abs(z)))


def normal_quantile(probability: float) -> float:
    """Standard normal quantile."""
    return float(special.ndtri(probability))
