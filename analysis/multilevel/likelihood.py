"""The likelihood of a linear mixed model with one grouping factor, at given relative covariances."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import solve_triangular

from analysis.multilevel.crossproducts import CrossProducts

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Profile:
    """What follows from the relative covariance of the random effects.

    ``beta`` (p,) with ``cov_beta`` (p, p), the residual variance, and the (restricted) log-likelihood.
    """

    beta: Array
    cov_beta: Array
    sigma2: float
    loglik: float


def profile(products: CrossProducts, factor: Array, reml: bool) -> Profile:
    """Profiled (restricted) log-likelihood at cov(b) = σ² Λ Λ', Λ = ``factor`` (q, q), which may be singular.

    With V = I + Z Λ Λ' Z', M = I + Λ' Z'Z Λ per group: log|V| = Σ log|M| and, for W = [X y],
    W'V⁻¹W = W'W − Σ (Z'W)' Λ M⁻¹ Λ' (Z'W). β and σ² are profiled out, σ² with denominator n − p under REML
    and n under ML (Bates, Mächler, Bolker & Walker 2015, section 3; Pinheiro & Bates 2000, section 2.2).
    Raises numpy.linalg.LinAlgError where X'V⁻¹X or the residual sum of squares is not positive.
    """
    q = factor.shape[0]
    M = np.eye(q) + factor.T @ products.ZZ @ factor
    lower = np.linalg.cholesky(M)
    half = np.linalg.solve(lower, factor.T @ products.ZW)
    log_det = 2.0 * float(np.log(np.diagonal(lower, axis1=1, axis2=2)).sum())
    WVW = products.WW - np.einsum("gqa,gqb->ab", half, half)
    root = np.linalg.cholesky(WVW)
    p = len(root) - 1
    R, z, rss = root[:p, :p], root[p, :p], float(root[p, p] ** 2)
    inverse = solve_triangular(R, np.eye(p), lower=True)
    df = products.n - p if reml else products.n
    sigma2 = rss / df
    deviance = df * (1.0 + np.log(2.0 * np.pi * sigma2)) + log_det
    if reml:
        deviance += 2.0 * float(np.log(np.diag(R)).sum())
    return Profile(
        beta=inverse.T @ z,
        cov_beta=sigma2 * inverse.T @ inverse,
        sigma2=sigma2,
        loglik=-0.5 * float(deviance),
    )
