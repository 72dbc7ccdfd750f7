"""Fit indices over intervals of chi-square, df and N."""

from __future__ import annotations

import math

from analysis.review.interval import EVERYTHING, Interval, over_corners
from analysis.sem import chi_square
from analysis.sem.comparative import comparative

CLOSE = 0.05


def p_of_chisq(chisq: Interval, df: Interval) -> Interval:
    """P(chi-square with ``df`` exceeds ``chisq``): falls in chi-square, rises in df."""
    return over_corners(chi_square.upper_tail, chisq.within(0, math.inf), df)


def rmsea_of(chisq: Interval, df: Interval, n: Interval) -> Interval:
    """sqrt(max(χ² − df, 0) / (df·n)), where ``n`` stands for N, N − 1 or N over the number of groups."""
    return over_corners(lambda c, d, m: math.sqrt(max(c - d, 0.0) / (d * m)), chisq, df, n)


def rmsea_limit(chisq: Interval, df: Interval, n: Interval, probability: float) -> Interval:
    """Limit of RMSEA's interval: sqrt(λ / (df·n)), with λ such that P(χ²(df, λ) ≤ χ²) is ``probability``."""

    def limit(c: float, d: float, m: float) -> float:
        return math.sqrt(chi_square.noncentrality_at(c, d, probability) / (d * m))

    return over_corners(limit, chisq.within(0, math.inf), df, n)


def close_fit(chisq: Interval, df: Interval, n: Interval) -> Interval:
    """P of RMSEA ≤ .05: 1 − P(χ²(df, .05²·df·n) ≤ χ²)."""
    return over_corners(lambda c, d, m: 1 - chi_square.noncentral_cdf(c, d, m * d * CLOSE**2), chisq, df, n)


def comparative_of(index: str, model: tuple[Interval, float], baseline: tuple[Interval, float]) -> Interval:
    """CFI, TLI or NFI of (chi-square, df) of model and baseline; monotone in either chi-square."""

    if index == "tli" and baseline[0].lower <= baseline[1] <= baseline[0].upper:
        return EVERYTHING

    def value(chisq: float, base: float) -> float:
        found = comparative(chisq, int(model[1]), base, int(baseline[1]))[index]
        return math.nan if found is None else float(found)

    return over_corners(value, model[0].within(0, math.inf), baseline[0].within(0, math.inf))


def sizes(n: Interval, groups: float) -> list[tuple[str, Interval]]:
    """Readings of N in RMSEA: N, N − 1 and N − G, each multiplied by √G or not where there are several groups."""
    plain = [("N", n), ("N − 1", n - 1), *([("N − G", n - groups)] if 1 < groups < n.lower else [])]
    if groups <= 1:
        return plain
    return [(f"{name}, with √G", size * (1 / groups)) for name, size in plain] + [
        (f"{name}, without √G", size) for name, size in plain
    ]


def robust_of(
    index: str, model: tuple[Interval, Interval], baseline: tuple[Interval, Interval], df_ratio: float
) -> Interval:
    """Robust CFI or TLI of (plain χ², c·df) of model and baseline; ``df_ratio`` is df of the model over the baseline's.

    Brosseau-Liard & Savalei (2014), Multivariate Behavioral Research 49(5), 460-470.
    """
    excess, base = model[0] - model[1], baseline[0] - baseline[1]
    if index == "cfi":
        return (1 - excess.within(0, math.inf) / base).within(0, 1)
    return 1 - excess / base * (1 / df_ratio)
