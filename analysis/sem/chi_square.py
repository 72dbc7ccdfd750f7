"""Central and non-central chi-square probabilities, by scipy's special functions (quick to import)."""

from __future__ import annotations

from scipy import special


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
    """The non-centrality at which P(X <= statistic) equals ``probability``; 0 where none is that small."""
    if noncentral_cdf(statistic, df, 0.0) < probability:
        return 0.0
    low, high = 0.0, max(statistic, 1.0)
    while noncentral_cdf(statistic, df, high) > probability:
        high *= 2.0
    # Bisection: the distribution function falls in the non-centrality, and 80 halvings exhaust a double.
    for _ in range(80):
        middle = 0.5 * (low + high)
        if middle in {low, high}:
            break
        if noncentral_cdf(statistic, df, middle) > probability:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


def two_sided_normal(z: float) -> float:
    """P(|Z| > |z|) for a standard normal Z."""
    return float(2.0 * special.ndtr(-abs(z)))


def normal_quantile(probability: float) -> float:
    """Standard normal quantile."""
    return float(special.ndtri(probability))
