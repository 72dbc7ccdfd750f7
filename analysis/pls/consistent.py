"""Consistent partial least squares: the reliability rho_A, and correlations and loadings corrected by it.

Dijkstra & Henseler (2015), Consistent partial least squares path modeling, MIS Quarterly 39(2), 297-316. Constructs of
mode A are taken for common factors; those of mode B, and those of one item, are left as they are.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.pls.design import Design

Array = NDArray[np.float64]


def rho_a(correlations: Array, weights: Array, design: Design) -> Array:
    """Reliability rho_A (..., J) of scores with unit variance; 1 for constructs of mode B or of one item.

    (w'w)^2 * w'(S - diag S)w / w'(ww' - diag(ww'))w: Dijkstra & Henseler (2015), eq. 3. ``correlations`` (..., p, p),
    ``weights`` (..., p, J).
    """
    squares = (weights**2).sum(axis=-2)
    shared = ((correlations @ weights) * weights).sum(axis=-2) - squares
    products = squares**2 - (weights**4).sum(axis=-2)
    with np.errstate(invalid="ignore", divide="ignore"):
        reliability = squares**2 * shared / products
    return np.where(design.formative | design.single, 1.0, reliability)


def disattenuated(scores: Array, reliability: Array) -> Array:
    """Correlations of constructs (..., J, J): those of scores over sqrt(rho_i rho_j), ones on the diagonal.

    Dijkstra & Henseler (2015), eq. 5. NaN where a reliability is not positive.
    """
    root = np.sqrt(np.where(reliability > 0, reliability, np.nan))
    corrected = scores / (root[..., :, None] * root[..., None, :])
    return np.where(np.eye(scores.shape[-1], dtype=bool), 1.0, corrected)


def consistent_loadings(loadings: Array, weights: Array, reliability: Array, design: Design) -> Array:
    """Loadings (..., p, J): w sqrt(rho_A) / w'w where a construct is a common factor, else ``loadings`` (..., p, J).

    Dijkstra & Henseler (2015), eq. 4.
    """
    with np.errstate(invalid="ignore"):
        scale = np.sqrt(reliability) / (weights**2).sum(axis=-2)
    return np.where(design.formative | design.single, loadings, weights * scale[..., None, :])
