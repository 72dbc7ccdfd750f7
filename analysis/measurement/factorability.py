"""Whether correlations are worth a factor analysis: sampling adequacy, and the test that they are all zero."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SamplingAdequacy:
    """Measure of sampling adequacy: ``overall``, and ``by_item`` (p,)."""

    overall: float
    by_item: Array


@dataclass(frozen=True, slots=True)
class Sphericity:
    """Bartlett's chi-square test that p variables are uncorrelated."""

    chisq: float
    df: int
    pvalue: float


def sampling_adequacy(correlation: Array) -> SamplingAdequacy:
    """Kaiser-Meyer-Olkin measure of a positive definite ``correlation`` (p, p), p ≥ 2.

    Squared correlations over these and the squared partial correlations q_ij = -r^ij / √(r^ii r^jj) that all other
    variables leave (Kaiser & Rice 1974, Educational and Psychological Measurement 34, 111-117). Items that correlate
    with no other give NaN.
    """
    precision = np.linalg.inv(correlation)
    scale = np.sqrt(np.diag(precision))
    partial = (precision / np.outer(scale, scale)) ** 2
    plain = correlation**2
    np.fill_diagonal(partial, 0.0)
    np.fill_diagonal(plain, 0.0)
    shared, left = plain.sum(axis=0), partial.sum(axis=0)
    with np.errstate(invalid="ignore"):
        return SamplingAdequacy(float(shared.sum() / (shared.sum() + left.sum())), shared / (shared + left))


def sphericity(correlation: Array, nobs: float) -> Sphericity:
    """Test of ``nobs`` rows whose positive definite ``correlation`` is (p, p).

    χ² = -(N - 1 - (2p + 5) / 6) log |R| with p(p - 1) / 2 degrees of freedom (Bartlett 1950, British Journal of
    Psychology, Statistical Section 3, 77-85).
    """
    p = len(correlation)
    logdet = float(np.linalg.slogdet(correlation)[1])
    chisq = -(nobs - 1.0 - (2.0 * p + 5.0) / 6.0) * logdet
    df = p * (p - 1) // 2
    return Sphericity(chisq, df, float(chi2.sf(chisq, df)))
