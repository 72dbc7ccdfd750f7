"""Shape of distributions: skewness, kurtosis, and Mardia's multivariate versions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2, norm

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Mardia:
    """Multivariate skewness (chi-square test) and kurtosis (z test) of n complete rows on p variables."""

    n: int
    p: int
    skew: float
    skew_chisq: float
    skew_df: int
    skew_pvalue: float
    kurtosis: float
    kurtosis_z: float
    kurtosis_pvalue: float


def skewness(x: Array) -> float:
    """Adjusted skewness G1 of n ≥ 3 values that vary, unbiased under normality.

    G1 = m3 / m2^1.5 · √(n(n − 1)) / (n − 2), "type 2" of Joanes & Gill (1998, The Statistician 47, 183-189),
    as SPSS and SAS print it.
    """
    n = len(x)
    d = x - x.mean()
    g1 = float((d**3).mean() / (d**2).mean() ** 1.5)
    return g1 * float(np.sqrt(n * (n - 1))) / (n - 2)


def kurtosis(x: Array) -> float:
    """Adjusted excess kurtosis G2 of n ≥ 4 values that vary, unbiased (zero) under normality.

    G2 = (n − 1) / ((n − 2)(n − 3)) · ((n + 1)(m4 / m2² − 3) + 6), "type 2" of Joanes & Gill (1998).
    """
    n = len(x)
    d = x - x.mean()
    g2 = float((d**4).mean() / (d**2).mean() ** 2) - 3.0
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * g2 + 6.0)


def mardia(x: Array) -> Mardia:
    """Mardia's tests on complete data (n, p) with n > p.

    b1 = n⁻² ΣΣ d_ij³ and b2 = n⁻¹ Σ d_ii² for d_ij = (x_i − x̄)' S⁻¹ (x_j − x̄) (Mardia 1970, Biometrika 57,
    519-530); n b1 / 6 is chi-square with p(p + 1)(p + 2) / 6 df, b2 normal with mean p(p + 2) and
    variance 8p(p + 2) / n. S has denominator n − 1, as in psych and semTools.
    Raises numpy.linalg.LinAlgError where S is singular.
    """
    n, p = x.shape
    half = whitened(x, ddof=1)
    skew = _sum_of_cubes(half) / n**2
    kurt = float(((half**2).sum(axis=0) ** 2).mean())
    df = p * (p + 1) * (p + 2) // 6
    z = (kurt - p * (p + 2)) / float(np.sqrt(8.0 * p * (p + 2) / n))
    return Mardia(
        n=n,
        p=p,
        skew=skew,
        skew_chisq=n * skew / 6.0,
        skew_df=df,
        skew_pvalue=float(chi2.sf(n * skew / 6.0, df)),
        kurtosis=kurt,
        kurtosis_z=z,
        kurtosis_pvalue=float(2.0 * norm.sf(abs(z))),
    )


def whitened(x: Array, *, ddof: int) -> Array:
    """Columns (p, n) of L⁻¹(x_i − x̄) for complete data (n, p) whose covariance LL' has denominator n − ``ddof``.

    Raises numpy.linalg.LinAlgError where that is singular.
    """
    n, p = x.shape
    centred = x - x.mean(axis=0)
    spread = centred / centred.std(axis=0, ddof=ddof)
    if np.linalg.matrix_rank(spread) < p:
        raise np.linalg.LinAlgError("some variables determine another")
    return np.linalg.solve(np.linalg.cholesky(spread.T @ spread / (n - ddof)), spread.T)


def _sum_of_cubes(half: Array, block: int = 512) -> float:
    """Σ (H'H)³ over all pairs, by blocks of columns: n² numbers are never held at once."""
    n = half.shape[1]
    return float(sum(((half[:, i : i + block].T @ half) ** 3).sum() for i in range(0, n, block)))
