"""Covariance of the estimates from the information matrix."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def covariance_of_estimates(information: Array, n_observations: int) -> Array | None:
    """Inverse of N times the unit information, shape (n_free, n_free); None where it is singular.

    Parameters are scaled to unit information before solving, so that units of measurement do not decide
    whether the matrix counts as singular.
    """
    diagonal = np.diag(information)
    if not np.all(np.isfinite(information)) or np.any(diagonal <= 0):
        return None
    scale = 1.0 / np.sqrt(diagonal)
    scaled = information * np.outer(scale, scale)
    if np.linalg.eigvalsh(scaled)[0] <= 1e-10:
        return None
    return np.asarray(np.linalg.inv(scaled) * np.outer(scale, scale) / n_observations)
