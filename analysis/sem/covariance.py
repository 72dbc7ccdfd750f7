"""Covariance of the estimates from the information matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.optimise import is_positive_definite, null_space

Array = NDArray[np.float64]


def inverse_information(information: Array, jacobian: Array) -> Array | None:
    """Inverse of the information along the directions that constraints leave free; None where it is singular.

    K (K' I K)^-1 K' with K the null space of the constraints' Jacobian (m, n): Aitchison & Silvey (1958), Annals of
    Mathematical Statistics 29(3), 813-828. Parameters are scaled to unit information first, so that units of
    measurement do not decide whether the matrix counts as singular.
    """
    diagonal = np.diag(information)
    if not np.all(np.isfinite(information)) or np.any(diagonal <= 0):
        return None
    scale = 1.0 / np.sqrt(diagonal)
    scaled = information * np.outer(scale, scale)
    if not len(jacobian):
        return np.linalg.inv(scaled) * np.outer(scale, scale) if is_positive_definite(scaled, 1e-10) else None
    basis = null_space(jacobian * scale)
    reduced = basis.T @ scaled @ basis
    if len(reduced) and np.linalg.eigvalsh(reduced)[0] <= 1e-10:
        return None
    inverse = basis @ np.linalg.solve(reduced, basis.T)
    return np.asarray(inverse * np.outer(scale, scale))
