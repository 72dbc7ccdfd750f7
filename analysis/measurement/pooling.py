"""One inference from several imputed data sets: Rubin's rules, and the pooled chi-square D2."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f as f_distribution
from scipy.stats import t as t_distribution

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Pooled:
    """A parameter over m imputed data sets, in its own units; variances in their squares.

    ``relative_increase`` is that of variance due to what is missing, ``fmi`` the fraction of missing information.
    ``df_rubin`` assumes endless complete data, ``df`` is that of Barnard & Rubin for the given complete-data df (equal
    to ``df_rubin`` where that is infinite); infinite where the data sets agree. ``fmi`` goes with ``df``, and so does
    ``pvalue``, of a zero parameter, None where the total variance is zero.
    """

    estimate: float
    within: float
    between: float
    total: float
    relative_increase: float
    fmi: float
    df_rubin: float
    df: float
    pvalue: float | None


@dataclass(frozen=True, slots=True)
class PooledChiSquare:
    """D2 with ``df`` and ``df_error`` degrees of freedom of its F distribution."""

    d2: float
    df: int
    df_error: float
    relative_increase: float
    pvalue: float


def pool(estimates: Array, variances: Array, df_complete: float = np.inf) -> Pooled:
    """Pool m ≥ 2 estimates (m,) and their squared standard errors (m,), not all of them zero.

    Total variance T = W + (1 + 1/m) B, r = (1 + 1/m) B / W, ν = (m - 1)(1 + 1/r)² (Rubin 1987, Multiple Imputation for
    Nonresponse in Surveys, eqs. 3.1.2-3.1.7); with λ = (1 + 1/m) B / T and ν_obs = (ν_c + 1)/(ν_c + 3) ν_c (1 - λ),
    df = ν ν_obs / (ν + ν_obs) (Barnard & Rubin 1999, Biometrika 86, 948-955); fmi = (r + 2/(df + 3)) / (r + 1), zero
    where the data sets agree.
    """
    m = len(estimates)
    # Data sets that agree leave no rounding errors behind.
    between = float(estimates.var(ddof=1)) if np.ptp(estimates) > 0 else 0.0
    within = float(variances.mean())
    added = (1.0 + 1.0 / m) * between
    total = within + added
    share = added / total if total > 0 else 0.0
    # Divided twice: the square of a tiny share would be zero, where the df are infinite.
    df_rubin = (m - 1) / share / share if share > 0 else np.inf
    df = _barnard_rubin(df_rubin, df_complete, share)
    increase = added / within if within > 0 else np.inf if added > 0 else 0.0
    # (r + 2/(df + 3)) / (r + 1), in terms of λ = r / (r + 1), which stays finite
    fmi = share + (1.0 - share) * 2.0 / (df + 3.0) if share > 0 else 0.0
    estimate = float(estimates.mean())
    pvalue = float(2.0 * t_distribution.sf(abs(estimate) / np.sqrt(total), df)) if total > 0 else None
    return Pooled(estimate, within, between, total, increase, fmi, df_rubin, df, pvalue)


def _barnard_rubin(df_rubin: float, df_complete: float, share: float) -> float:
    if np.isinf(df_complete):
        return df_rubin
    observed = (df_complete + 1.0) / (df_complete + 3.0) * df_complete * (1.0 - share)
    return observed if np.isinf(df_rubin) else df_rubin * observed / (df_rubin + observed)


def pool_chi_square(statistics: Array, df: int) -> PooledChiSquare:
    """Pool m ≥ 2 chi-square statistics (m,) with ``df`` > 0 degrees of freedom each.

    r = (1 + 1/m) var(√d), D2 = (d̄/k - (m + 1)/(m - 1) r) / (1 + r), F with k and k^(-3/m) (m - 1)(1 + 1/r)² df (Li,
    Meng, Raghunathan & Rubin 1991, Statistica Sinica 1, 65-92, eqs. 2.2 and 2.17). A negative D2 is given as zero.
    """
    m = len(statistics)
    roots = np.sqrt(np.maximum(statistics, 0.0))
    increase = (1.0 + 1.0 / m) * float(roots.var(ddof=1)) if np.ptp(roots) > 0 else 0.0
    d2 = max(0.0, (float(statistics.mean()) / df - (m + 1) / (m - 1) * increase) / (1.0 + increase))
    ratio = 1.0 + 1.0 / increase if increase > 0 else np.inf
    df_error = df ** (-3.0 / m) * (m - 1) * ratio * ratio
    return PooledChiSquare(d2, df, df_error, increase, float(f_distribution.sf(d2, df, df_error)))
