"""Degrees of freedom by Satterthwaite's method, as lmerTest computes them.

Kuznetsova, Brockhoff & Christensen (2017, Journal of Statistical Software 82(13), section 2): with
v(l) = l' cov(β̂) l as a function of the variance parameters ϑ = (θ, σ), A = 2 H⁻¹ where H is the Hessian of the
(restricted) deviance in ϑ, and g = ∂v/∂ϑ, the degrees of freedom of l'β̂ / √v are 2 v² / (g'A g).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.multilevel.derivatives import Derivatives
from analysis.multilevel.solution import Solution

Array = NDArray[np.float64]

POSITIVE = 1e-8  # eigenvalues of the Hessian up to this are left out of its inverse, as in lmerTest


@dataclass(frozen=True, slots=True)
class VarianceUncertainty:
    """``cov_beta`` (p, p), its ``derivatives`` (v, p, p) by the variance parameters, ``A`` (v, v) their covariance."""

    cov_beta: Array
    derivatives: Array
    A: Array


@dataclass(frozen=True, slots=True)
class FTest:
    """Wald F statistic of a hypothesis with ``num_df`` and ``den_df`` degrees of freedom."""

    statistic: float
    num_df: int
    den_df: float
    pvalue: float


def variance_uncertainty(solution: Solution) -> VarianceUncertainty:
    """How cov(β̂) moves with the variance parameters, and how uncertain these are."""
    at, whitened = solution.search.best.at, solution.whitened
    inverse = np.linalg.inv(whitened.R_X)
    sigma = float(np.sqrt(at.sigma2))
    by_parameter = np.concatenate([at.sigma2 * at.d_unscaled, 2.0 * sigma * at.unscaled[None]])
    return VarianceUncertainty(
        cov_beta=solution.cov_beta,
        derivatives=whitened.scale**2 * inverse @ by_parameter @ inverse.T,
        A=2.0 * _inverse(_hessian(at)),
    )


def _hessian(at: Derivatives) -> Array:
    """Hessian in (θ, σ) of log|V| + [log|X'V⁻¹X|] + 2 df log σ + r²(θ)/σ², from that of the profiled deviance.

    With σ² = r²/df: by θ twice, the profiled one plus df ∇r² ∇r²' / r⁴; by θ and σ, -2 ∇r² / σ³; by σ, 4 df / σ².
    """
    df = at.rss / at.sigma2
    cross = -2.0 * at.d_rss / at.sigma2**1.5
    by_theta = at.hessian + df * np.outer(at.d_rss, at.d_rss) / at.rss**2
    return np.block([[by_theta, cross[:, None]], [cross[None, :], np.array([[4.0 * df / at.sigma2]])]])


def _inverse(hessian: Array) -> Array:
    """Inverse on the eigenvectors of positive curvature: at the boundary the other directions say nothing."""
    values, vectors = np.linalg.eigh(hessian)
    positive = values > POSITIVE
    return np.asarray((vectors[:, positive] / values[positive]) @ vectors[:, positive].T)


def coefficient_df(of: VarianceUncertainty) -> Array:
    """Degrees of freedom (p,) of each coefficient."""
    return _df(np.diagonal(of.cov_beta), np.diagonal(of.derivatives, axis1=1, axis2=2).T, of.A)


def _df(variance: Array, gradient: Array, A: Array) -> Array:
    """2 v² / (g'A g) for variances (m,) and gradients (m, v)."""
    with np.errstate(divide="ignore"):
        return np.asarray(2.0 * variance**2 / np.einsum("mi,ij,mj->m", gradient, A, gradient))


def f_test(of: VarianceUncertainty, beta: Array, L: Array) -> FTest:
    """Test of L β = 0 for L (m, p).

    Of several rows, the eigenvectors of L cov(β̂) L' give independent t tests with ν degrees of freedom each, and the
    F statistic those of an F distribution with the same mean: 2E / (E - m) with E = Σ ν / (ν - 2), which needs all
    ν > 2; where one is not, 2 (Fai & Cornelius 1996; as lmerTest).
    """
    values, vectors = np.linalg.eigh(L @ of.cov_beta @ L.T)
    positive = values > 1e-10 * values[-1]
    rows, variance = vectors[:, positive].T @ L, values[positive]
    gradient = np.einsum("mp,vpq,mq->mv", rows, of.derivatives, rows)
    statistic = float(((rows @ beta) ** 2 / variance).mean())
    den_df = _pooled_df(_df(variance, gradient, of.A))
    m = len(variance)
    return FTest(statistic, m, den_df, float(special.fdtrc(m, den_df, statistic)))


def _pooled_df(nu: Array) -> float:
    if np.ptp(nu) < 1e-8:
        return float(nu.mean())
    if (nu <= 2.0).any():
        return 2.0
    expected = float((nu / (nu - 2.0)).sum())
    return 2.0 * expected / (expected - len(nu))
