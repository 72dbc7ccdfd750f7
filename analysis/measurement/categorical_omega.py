"""Reliability of the sum of ordinal answers, from a factor model of the responses behind them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.sem.ordinal.normal import FAR, bivariate_cdf

Array = NDArray[np.float64]

_CERTAIN = 1.0 - 1e-12  # from this correlation on two responses count as one


def categorical_omega(common: Array, total: Array, thresholds: Sequence[Array]) -> float:
    """Share of the variance of the sum of k category numbers that the construct accounts for.

    ``common`` and ``total`` (k, k) are covariances of the responses behind the answers: what the construct gives
    them, and all of it; ``thresholds`` cut each response into its categories, k ascending arrays. Numerator and
    denominator are sums of covariances of category numbers, cov_ij(ρ) = ΣΣ Φ₂(τ_ic, τ_jd; ρ_ij) - Φ(τ_ic) Φ(τ_jd),
    under the correlations of ``common`` (two administrations, correlated through the construct alone) and of
    ``total``: Green & Yang (2009), Reliability of summed item scores using structural equation modeling,
    Psychometrika 74, 155-167, eq. 21. semTools::compRelSEM(ord.scale = TRUE) takes the polychoric correlations for
    ``total``, or with obs.var = FALSE those of the model.
    """
    deviations = np.sqrt(np.diag(total))
    scale = np.outer(deviations, deviations)
    cuts = _padded([tau / sd for tau, sd in zip(thresholds, deviations, strict=True)])
    shared, whole = (_covariance_of_categories(matrix / scale, cuts) for matrix in (common, total))
    return float(shared.sum() / whole.sum())


def _covariance_of_categories(correlation: Array, cuts: Array) -> Array:
    """Covariance (k, k) of category numbers whose responses have ``correlation`` and the thresholds ``cuts`` (k, K)."""
    first, second = (index.ravel() for index in np.indices(correlation.shape))
    rho = correlation.ravel()
    below = ndtr(cuts)
    certain = np.abs(rho) >= _CERTAIN
    joint = np.empty((len(rho), cuts.shape[1], cuts.shape[1]))
    joint[~certain] = bivariate_cdf(cuts[first[~certain]], cuts[second[~certain]], rho[~certain])
    one, other = below[first[certain], :, None], below[second[certain], None, :]
    upper, lower = np.minimum(one, other), np.maximum(one + other - 1.0, 0.0)
    joint[certain] = np.where(rho[certain, None, None] > 0, upper, lower)
    apart = below[first, :, None] * below[second, None, :]
    covariance: Array = (joint - apart).sum(axis=(1, 2)).reshape(correlation.shape)
    return covariance


def _padded(thresholds: Sequence[Array]) -> Array:
    """Thresholds (k, K), ``FAR`` beyond the last of an item: a cut that all are below adds nothing to a covariance."""
    width = max(len(tau) for tau in thresholds)
    return np.array([np.append(tau, np.full(width - len(tau), FAR)) for tau in thresholds])
