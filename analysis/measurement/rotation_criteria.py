"""Criteria of simple structure: each gives its value at loadings (p, k), and its gradient (p, k) there.

Formulas as collected by Bernaards & Jennrich (2005), Gradient projection algorithms and software for arbitrary rotation
criteria in factor analysis, Educational and Psychological Measurement 65, 676-696.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

_GEOMIN_OFFSET = 0.01  # added to squared loadings; of GPArotation::geominQ and Mplus (up to three factors)


def quartimin(loadings: Array) -> tuple[float, Array]:
    """¼ Σ_i Σ_{r≠s} λ²_ir λ²_is: oblimin with γ = 0 (Carroll 1953, Psychometrika 18, 23-38)."""
    squared = loadings**2
    others = squared.sum(axis=1, keepdims=True) - squared
    return 0.25 * float((squared * others).sum()), loadings * others


def geomin(loadings: Array) -> tuple[float, Array]:
    """Σ_i (Π_r (λ²_ir + ε))^(1/k), ε = 0.01 (Yates 1987, Multivariate exploratory data analysis, p. 46)."""
    k = loadings.shape[1]
    raised = loadings**2 + _GEOMIN_OFFSET
    means = np.exp(np.log(raised).mean(axis=1, keepdims=True))
    return float(means.sum()), 2.0 / k * loadings / raised * means


def varimax(loadings: Array) -> tuple[float, Array]:
    """-¼ Σ_r Σ_i (λ²_ir - mean_i λ²_ir)² (Kaiser 1958, Psychometrika 23, 187-200)."""
    squared = loadings**2
    centred = squared - squared.mean(axis=0)
    return -0.25 * float((centred**2).sum()), -loadings * centred
