"""The inner model on correlations of constructs: paths, effects, explained variance, collinearity. Any leading axes."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.pls.design import Design
from analysis.pls.weights import solve_each

Array = NDArray[np.float64]


def path_coefficients(correlations: Array, design: Design) -> Array:
    """Standardised regression coefficients (..., J, J), row j on column i, from correlations (..., J, J)."""
    paths = np.zeros(correlations.shape)
    for j, rows in design.predictors.items():
        paths[..., j, rows] = solve_each(correlations[..., rows[:, None], rows], correlations[..., rows, j])
    return paths


def r_squared(correlations: Array, paths: Array) -> Array:
    """Explained variance (..., J): b'r of each construct; zero for exogenous ones."""
    return np.asarray((paths * correlations).sum(axis=-1))


def total_effects(paths: Array) -> Array:
    """Direct and indirect effects together (..., J, J): (I - B)^-1 - I, of a model without cycles."""
    identity = np.eye(paths.shape[-1])
    return np.asarray(np.linalg.solve(identity - paths, np.broadcast_to(identity, paths.shape)) - identity)


def implied_correlations(correlations: Array, paths: Array, design: Design) -> Array:
    """Correlations of constructs that the inner model implies (J, J): exogenous ones correlate as they do.

    Disturbances are uncorrelated, and constructs keep unit variance; with constructs ordered by the design each row
    follows from those before it.
    """
    implied = np.eye(len(paths))
    first = design.n_exogenous
    implied[:first, :first] = correlations[:first, :first]
    for j in range(first, len(paths)):
        implied[j, :j] = implied[:j, j] = paths[j, :j] @ implied[:j, :j]
    return implied


def inner_vif(correlations: Array, design: Design) -> Array:
    """Variance inflation factors (J, J) of predictor i in the equation of j; NaN where there is no path."""
    factors = np.full(correlations.shape, np.nan)
    for j, rows in design.predictors.items():
        factors[j, rows] = np.diag(np.linalg.inv(correlations[np.ix_(rows, rows)]))
    return factors


def f_squared(correlations: Array, paths: Array, design: Design) -> Array:
    """Cohen's f2 (J, J): what leaving out predictor i costs, (R2 - R2 without i) / (1 - R2).

    Cohen (1988), Statistical Power Analysis, eq. 9.2.2; the loss is b_i^2 / VIF_i. NaN where there is no path.
    """
    loss = paths**2 / inner_vif(correlations, design)
    return np.asarray(loss / (1.0 - r_squared(correlations, paths))[:, None])
