"""A change of units that makes the search for variances well behaved, whatever the units of the variables."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError, ModelError, Problem
from analysis.multilevel.design import Design
from analysis.multilevel.likelihood import Array, Profile

EXACT = 1e-10  # residual standard deviation, as a share of the outcome's, below which a fit is exact


@dataclass(frozen=True, slots=True)
class Whitened:
    """A design with orthogonal columns of length √n and the outcome as standardised least-squares residuals.

    ``y`` (n,), ``X`` (n, p), ``Z`` (n, q), ``group`` (n,); ``R_X`` (p, p) and ``R_Z`` (q, q) lead back to the
    columns of the design: X_design = X R_X. ``scale`` and ``ols`` (p,) lead back to its outcome:
    y_design = scale · y + X_design ols.
    """

    y: Array
    X: Array
    Z: Array
    group: NDArray[np.intp]
    R_X: Array
    R_Z: Array
    scale: float
    ols: Array


def whiten(design: Design) -> Whitened:
    """Orthogonalise X and Z by QR and take the least-squares fit out of y.

    The likelihood is equivariant under all three: nothing is lost, and slopes, units and large means no
    longer matter. Raises ModelError when the fixed effects leave no residual degrees of freedom or no residual.
    """
    n, p = design.X.shape
    if p == 0:
        raise ModelError(Problem("the formula has no fixed effect", "formula", "keep at least the intercept"))
    if n <= p:
        raise ModelError(Problem(f"{p} fixed effects cannot be estimated from {n} rows", "formula"))
    X, R_X = np.linalg.qr(design.X)
    Z, R_Z = np.linalg.qr(design.Z)
    projected = X.T @ design.y
    residual = design.y - X @ projected
    residual -= X @ (X.T @ residual)
    scale = float(np.std(residual))
    if scale <= EXACT * float(np.std(design.y)):
        raise ModelError(Problem("the fixed effects reproduce the outcome exactly", "data"))
    root = float(np.sqrt(n))
    return Whitened(
        y=residual / scale,
        X=X * root,
        Z=Z * root,
        group=design.group,
        R_X=R_X / root,
        R_Z=R_Z / root,
        scale=scale,
        ols=np.linalg.solve(R_X, projected),
    )


def unwhiten(at: Profile, data: Whitened, reml: bool) -> Profile:
    """Fixed effects, variance and log-likelihood in the units of the design.

    Densities change by the Jacobian of the change of units: n log scale under ML; under REML, where the fixed
    effects are integrated out, (n − p) log scale + log|det R_X|.
    Raises EstimationError when the random effects reproduce the outcome exactly.
    """
    if at.sigma2 < EXACT:
        hint = "the outcome does not vary within the groups"
        raise EstimationError(Problem("the residual variance of the mixed model is zero", "data", hint))
    n, p = data.X.shape
    inverse = np.linalg.inv(data.R_X)
    jacobian = (n - p if reml else n) * np.log(data.scale)
    if reml:
        jacobian += float(np.linalg.slogdet(data.R_X)[1])
    return Profile(
        beta=data.ols + data.scale * inverse @ at.beta,
        cov_beta=data.scale**2 * inverse @ at.cov_beta @ inverse.T,
        sigma2=data.scale**2 * at.sigma2,
        loglik=at.loglik - float(jacobian),
    )


def random_covariance(factor: Array, at: Profile, data: Whitened) -> Array:
    """Covariance (q, q) of the random effects in the units of the design: R⁻¹ σ² Λ Λ' R⁻ᵀ."""
    root = data.scale * np.sqrt(at.sigma2) * np.linalg.solve(data.R_Z, factor)
    return np.asarray(root @ root.T)
