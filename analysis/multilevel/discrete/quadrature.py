"""Gauss-Hermite rules for integrals over a standard normal vector."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rule:
    """Nodes (K, q) and logarithms of weights (K,) with ∫ f(x) φ(x) dx ≈ Σ exp(log_weights) f(nodes)."""

    nodes: Array
    log_weights: Array


def product_rule(points: int, dimensions: int) -> Rule:
    """The product of ``dimensions`` Gauss-Hermite rules of ``points`` nodes; one point is the origin.

    Exact for polynomials of degree 2 · points − 1 in each coordinate (Golub & Welsch 1969).
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(points)
    logs = np.log(weights / np.sqrt(2.0 * np.pi))
    grid = np.meshgrid(*[np.arange(points)] * dimensions, indexing="ij")
    index = np.stack([axis.ravel() for axis in grid], axis=1)
    return Rule(nodes[index], logs[index].sum(axis=1))
