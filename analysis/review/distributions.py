"""Tail probabilities and quantiles over intervals, by scipy's special functions."""

from __future__ import annotations

import math

from scipy import special

from analysis.review.interval import Interval, exactly, over_corners


def two_sided(statistic: Interval, df: float | None = None) -> Interval:
    """P(|Z| > |z|), or of Student's t with ``df``; falls in the magnitude of the statistic."""
    if df is None:
        return over_corners(lambda z: float(2 * special.ndtr(-z)), statistic.magnitude())
    return over_corners(lambda t: float(2 * special.stdtr(df, -t)), statistic.magnitude())


def quantile(level: float, df: float | None = None) -> float:
    """The value that |Z|, or |t| with ``df``, stays below with probability ``level``."""
    upper = 0.5 * (1 + level)
    return float(special.ndtri(upper)) if df is None else float(special.stdtrit(df, upper))


def f_tail(statistic: Interval, df1: float, df2: Interval) -> Interval:
    """P(F(df1, df2) > F)."""
    return over_corners(lambda f, d: float(special.fdtrc(df1, d, f)), statistic.within(0, math.inf), df2)


def chi_square_tail(statistic: Interval, df: float) -> Interval:
    """P(chi-square(df) > statistic)."""
    return over_corners(lambda c: float(special.chdtrc(df, c)), statistic.within(0, math.inf))


def half(probability: Interval) -> Interval:
    """Of a one-sided test, or of a mixture with half its mass at zero."""
    return probability * exactly(0.5)
