"""Fisher scoring from afar, Newton steps near the optimum, both damped."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]

# The decrement is the fall of F that the next step promises; N times it is the squared distance to the optimum
# in standard errors, so 1e-16 leaves less than a millionth of one at any sample size met here.
_TOLERANCE = 1e-16
# Near the optimum F, a difference of numbers of size p, no longer resolves what a step gains: below this decrement
# a step may raise F by rounding.
_ROUNDING = 1e-10
_NOISE = 1e-12
# Scoring is safe from afar and converges linearly; below this decrement the exact Hessian takes over.
_NEAR = 1e-2
_MAX_ITERATIONS = 500


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the optimiser stopped and why.

    ``theta`` (n_free,), ``value`` F at it, ``gradient_norm`` the largest absolute gradient in units of one
    standardised parameter, ``iterations`` and ``evaluations`` of F, ``message`` in words.
    """

    theta: Array
    value: float
    gradient_norm: float
    converged: bool
    iterations: int
    evaluations: int
    message: str


def minimise(
    value: Callable[[Array], float],
    slopes: Callable[[Array], tuple[Array, Array]],
    hessian: Callable[[Array], Array],
    start: Array,
) -> Optimum:
    """Minimise ``value`` from ``start`` (n,).

    ``slopes`` gives the gradient (n,) and a positive-semidefinite curvature (n, n), twice the expected
    information; ``hessian`` the exact second derivatives (n, n), used near the optimum where they are positive
    definite. Steps are Levenberg-Marquardt steps in parameters scaled to unit curvature, so that units of
    measurement do not matter.
    """
    theta, current = start, value(start)
    damping, evaluations, decrement = 0.0, 1, np.inf
    if not np.isfinite(current):
        return Optimum(start, current, np.inf, False, 0, 1, "the starting values imply no valid covariance matrix")
    for iteration in range(_MAX_ITERATIONS):
        gradient, curvature = slopes(theta)
        if decrement < _NEAR and _is_positive_definite(exact := hessian(theta)):
            curvature = exact
        scale = 1.0 / np.sqrt(np.maximum(np.diag(curvature), 1e-300))
        scaled = curvature * np.outer(scale, scale)
        slope = gradient * scale
        norm = float(np.max(np.abs(slope), initial=0.0))
        while True:
            step = _step(scaled, slope, damping)
            decrement = float(-slope @ step) / 2.0
            if decrement < _TOLERANCE and damping < 1e-3:
                return Optimum(theta, current, norm, True, iteration, evaluations, "converged")
            trial = theta + step * scale
            candidate = value(trial)
            evaluations += 1
            if candidate < current or (decrement < _ROUNDING and candidate - current < _NOISE):
                break
            damping = max(4.0 * damping, 1e-3)
            if damping > 1e12:
                return Optimum(theta, current, norm, False, iteration, evaluations, "no step lowers F")
        gain = (current - candidate) / decrement
        theta, current = trial, candidate
        if gain > 0.5 or decrement < _ROUNDING:
            damping = 0.0
    return Optimum(theta, current, norm, False, _MAX_ITERATIONS, evaluations, "the iterations ran out")


def _is_positive_definite(matrix: Array) -> bool:
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    try:
        np.linalg.cholesky(matrix / np.outer(scale, scale) - 1e-10 * np.eye(len(matrix)))
    except np.linalg.LinAlgError:
        return False
    return True


def _step(curvature: Array, slope: Array, damping: float) -> Array:
    """Solve (C + damping I) step = -slope; a singular C takes the shortest step."""
    damped = curvature + damping * np.eye(len(slope))
    try:
        factor = np.linalg.cholesky(damped + 1e-14 * np.eye(len(slope)))
    except np.linalg.LinAlgError:
        return np.asarray(-np.linalg.lstsq(damped, slope, rcond=1e-12)[0])
    return -np.linalg.solve(factor.T, np.linalg.solve(factor, slope))
