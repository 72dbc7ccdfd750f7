"""Conditional modes of the random effects by Newton's method, all groups at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError, Problem
from analysis.multilevel.discrete.problem import Rows
from analysis.multilevel.discrete.response import Tails, log_probability, tails

Array = NDArray[np.float64]
DECREMENT = 1e-13  # squared length of the last step in units of the curvature; the step itself is still taken
MAX_STEPS = 100
MAX_HALVINGS = 40


@dataclass(frozen=True, slots=True)
class Modes:
    """Modes ``u`` (G, q) of the spherical effects, the ``hessian`` (G, q, q) there and the rows' ``tails`` (n,).

    The Hessian is that of −h, h(u) = Σ log p − u'u / 2: I + Λ' Z' W Z Λ.
    """

    u: Array
    hessian: Array
    at: Tails


def by_group(values: Array, rows: Rows) -> Array:
    """Sums of ``values`` (n, …) within groups (G, …)."""
    return np.asarray(np.add.reduceat(values, rows.starts, axis=0))


def find_modes(start: Array, offset: Array, V: Array, bounds: tuple[Array, Array], rows: Rows) -> Modes:
    """Maximise h(u) = Σ log p(offset + V u) − u'u / 2 in every group from ``start`` (G, q).

    ``offset`` (n,) holds the fixed part, ``V`` (n, q) = Z Λ, ``bounds`` upper and lower thresholds (n,).
    h is strictly concave; a step that loses height in a group is halved there. Raises EstimationError where the
    iterations don't end.
    """
    u: Array = start
    height = _height(u, offset, V, bounds, rows)
    for _ in range(MAX_STEPS):
        at = tails(offset + (V * u[rows.group]).sum(axis=1), *bounds)
        hessian = _hessian(at, V, rows)
        gradient = by_group(at.slope[:, None] * V, rows) - u
        step = np.asarray(np.linalg.solve(hessian, gradient[:, :, None])[:, :, 0], dtype=np.float64)
        decrement = (step * gradient).sum(axis=1)
        if decrement.max() < DECREMENT:
            u = u + step
            at = tails(offset + (V * u[rows.group]).sum(axis=1), *bounds)
            return Modes(u, _hessian(at, V, rows), at)
        u, height = _uphill(u, step, height, offset, V, bounds, rows)
    raise EstimationError(Problem("the conditional modes of the random effects were not found", "mixed model"))


def _hessian(at: Tails, V: Array, rows: Rows) -> Array:
    weight = at.upper_weight + at.lower_weight
    products = (weight[:, None] * V)[:, :, None] * V[:, None, :]
    return np.asarray(by_group(products, rows) + np.eye(V.shape[1]))


def _height(u: Array, offset: Array, V: Array, bounds: tuple[Array, Array], rows: Rows) -> Array:
    eta = offset + (V * u[rows.group]).sum(axis=1)
    return np.asarray(by_group(log_probability(eta, *bounds), rows) - 0.5 * (u**2).sum(axis=1))


def _uphill(
    u: Array, step: Array, height: Array, offset: Array, V: Array, bounds: tuple[Array, Array], rows: Rows
) -> tuple[Array, Array]:
    """``u`` after a step that is halved in the groups that it takes downhill, and the new heights (G,)."""
    share = np.ones((len(u), 1))
    slack = 1e-12 * (1.0 + np.abs(height))  # rounding
    for _ in range(MAX_HALVINGS):
        trial = u + share * step
        reached = _height(trial, offset, V, bounds, rows)
        lost = reached < height - slack
        if not lost.any():
            break
        share[lost] /= 2.0
    return trial, reached
