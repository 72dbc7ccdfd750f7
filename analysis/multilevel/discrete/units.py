"""A change of units in which the search for estimates is well behaved, and the way back."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.multilevel.discrete.problem import Parameters, pack

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Units:
    """``X`` (n, p) and ``Z`` (n, q) with orthogonal columns of length √n; ``back`` (m, m) leads parameters back.

    vector = back @ vector in these units.
    """

    X: Array
    Z: Array
    back: Array


def good_units(X: Array, Z: Array, thresholds: int) -> Units:
    """Orthogonalise X = Q R and Z = Q L; with free thresholds, X without intercept is centred first.

    L is lower triangular, so that Λ in the new units, L Λ, is too: the spherical random effects, and with them
    the nodes of the quadrature, stay what they are.
    """
    n, p, q = len(X), X.shape[1], Z.shape[1]
    means = X.mean(axis=0) if thresholds else np.zeros(p)
    QX, R = np.linalg.qr(X - means)
    QZ, reversed_L = np.linalg.qr(Z[:, ::-1])
    signs = np.sign(np.diag(reversed_L))
    L = (signs[:, None] * reversed_L)[::-1, ::-1]
    root = np.sqrt(n)
    to_beta, to_factor = np.linalg.inv(R) * root, np.linalg.inv(L) * root
    columns = []
    for unit in np.eye(thresholds + p + q * (q + 1) // 2):
        factor = np.zeros((q, q))
        factor.T[np.triu_indices(q)] = unit[thresholds + p :]
        beta = to_beta @ unit[thresholds : thresholds + p]
        columns.append(pack(Parameters(unit[:thresholds] + means @ beta, beta, to_factor @ factor)))
    return Units(QX * root, (QZ * signs)[:, ::-1] * root, np.column_stack(columns))
