"""Fisher scoring from afar, Newton steps near the optimum, both damped, and held to equality constraints.

Constraints h(theta) = 0 are met by steps in two parts: the shortest step that meets their linearisation, and a
damped step in their null space (Nocedal & Wright 2006, Numerical Optimization, section 15.3 and chapter 18).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack  # a solve in one call: numpy's would factor twice

Array = NDArray[np.float64]

# The decrement is the fall of F that the next step promises; N times it is the squared distance to the optimum
# in standard errors, so 1e-16 leaves less than a millionth of one at any sample size met here.
_TOLERANCE = 1e-16
# A curvature without bound promises nothing however steep F is; elsewhere the decrement keeps the slope far below this.
_STATIONARY = 1e-5
# Near the optimum F, a difference of numbers of size p, no longer resolves what a step gains: below this decrement
# a step may raise F by rounding.
_ROUNDING = 1e-10
_NOISE = 1e-12
# Scoring is safe from afar and converges linearly; below this decrement the exact Hessian takes over.
_NEAR = 1e-2
# Newton's steps square the decrement, give or take a factor: after one below this, first-order scoring is left to
# confirm the optimum, and its curvature serves inference.
_SURE = 1e-11
_FEASIBLE = 1e-10
# Scoring that has taken this many steps is creeping along a curved valley, which only second derivatives see.
_SLOW = 40
# The first damping tried, in units of a scaled parameter's curvature: a valley is flatter than that by orders of
# magnitude, and a damping that is no longer small against its own curvature stops every step along it.
_DAMPING, _DAMPING_IN_VALLEYS = 1e-3, 1e-9
# Least curvature, of parameters scaled to unit expected curvature, that a step of the slow search divides by.
_FLATTEST = 1e-6
# A Hessian counts as positive definite where its eigenvalues, of parameters scaled to unit curvature, exceed this.
_REGULAR = 1e-10
_MAX_ITERATIONS = 500

Constraint = Callable[[Array], tuple[Array, Array]]


class Point(Protocol):
    """The function at one theta: its value, and its gradient with a positive-semidefinite curvature or the Hessian."""

    @property
    def value(self) -> float:
        """F; infinity outside its domain."""
        ...

    @property
    def slopes(self) -> tuple[Array, Array]:
        """Gradient (n,) and curvature (n, n)."""
        ...

    @property
    def newton(self) -> tuple[Array, Array]:
        """Gradient (n,) and second derivatives (n, n)."""
        ...


class Function(Protocol):
    """What is minimised."""

    def at(self, theta: Array) -> Point:
        """The function at ``theta`` (n,)."""
        ...


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the optimiser stopped and why.

    ``theta`` (n,), ``value`` F at it, ``gradient_norm`` the largest absolute gradient in units of one standardised
    parameter (of the free directions, under constraints), ``multipliers`` (m,) those of the constraints:
    gradient + J' multipliers = 0. ``message`` says why it stopped, ``start`` where it began.
    ``point`` is the function at ``theta``.
    """

    theta: Array
    value: float
    gradient_norm: float
    converged: bool
    iterations: int
    evaluations: int
    multipliers: Array
    message: str
    point: Point
    start: str = ""


@dataclass(frozen=True, slots=True)
class _Local:
    """The problem at one theta in parameters scaled to unit curvature."""

    scale: Array
    slope: Array
    curvature: Array
    restoring: Array  # the shortest step to the linearised constraints
    free: Array | None  # orthonormal basis (n, n - m) of the directions that constraints leave free, if there are any
    jacobian: Array
    violation: float
    # False where the curvature is that of an indefinite Hessian with its signs taken off: no minimum is here.
    may_be_minimum: bool = True

    def step(self, damping: float) -> Array:
        """The damped step, in scaled parameters."""
        if self.free is None:
            return _damped_step(self.curvature, self.slope, damping)
        reduced = self.free.T @ self.curvature @ self.free
        slope = self.free.T @ (self.slope + self.curvature @ self.restoring)
        return np.asarray(self.restoring + self.free @ _damped_step(reduced, slope, damping))

    def decrement(self, step: Array) -> float:
        """The fall of F that the step promises along the free directions."""
        return float(-self.slope @ (step - self.restoring)) / 2.0

    def norm(self) -> float:
        """Largest absolute slope along the free directions."""
        slope = self.slope if self.free is None else self.free.T @ self.slope
        return float(np.max(np.abs(slope), initial=0.0))

    def penalty(self) -> float:
        """What a unit of violation counts in the merit of a point: more than any multiplier."""
        return 2.0 * float(np.abs(self.multipliers()).max()) + 1.0 if len(self.jacobian) else 1.0

    def multipliers(self) -> Array:
        """Least-squares multipliers of the constraints."""
        if not len(self.jacobian):
            return np.zeros(0)
        return np.asarray(np.linalg.lstsq(self.jacobian.T, -self.slope, rcond=None)[0])


def unconstrained(theta: Array) -> tuple[Array, Array]:
    """No constraint."""
    return np.zeros(0), np.zeros((0, len(theta)))


def minimise(function: Function, start: Array, constraint: Constraint = unconstrained) -> Optimum:
    """Minimise ``function`` from ``start`` (n,) subject to ``constraint``: values (m,) that must be zero and their
    Jacobian (m, n). Steps are Levenberg-Marquardt steps, so that units of measurement do not matter.
    """
    theta = _feasible(start, constraint)
    point, evaluations = function.at(theta), 1
    damping, decrement = 0.0, np.inf
    if not np.isfinite(point.value):
        nothing = np.zeros(0)
        words = "the starting values imply no valid covariance matrix"
        return Optimum(start, point.value, np.inf, False, 0, 1, nothing, words, point)
    message = "the iterations ran out"
    iteration = 0
    for iteration in range(_MAX_ITERATIONS):
        slow = iteration >= _SLOW
        least, growth = (_DAMPING_IN_VALLEYS, 10.0) if slow else (_DAMPING, 4.0)
        local = _local(point, theta, constraint, near=_SURE < decrement < _NEAR, slow=slow)
        if not np.isfinite(local.curvature).all():
            message = "the search ran off to where F has no slope"
            break
        penalty = local.penalty()
        merit = point.value + penalty * local.violation
        while True:
            step = local.step(damping)
            decrement = local.decrement(step)
            settled = decrement < _TOLERANCE and damping < least and local.violation < _FEASIBLE
            if settled and local.may_be_minimum and local.norm() < _STATIONARY:
                norm, multipliers = local.norm(), local.multipliers()
                return Optimum(theta, point.value, norm, True, iteration, evaluations, multipliers, "converged", point)
            trial = theta + step * local.scale
            candidate = function.at(trial)
            violation = float(sum(np.abs(constraint(trial)[0])))  # often of nothing
            evaluations += 1
            gain = merit - candidate.value - penalty * violation
            if gain > 0 or (decrement < _ROUNDING and gain > -_NOISE):
                break
            damping = max(growth * damping, least)
            if damping > 1e12:
                message = "no step lowers F"
                break
        if damping > 1e12:
            break
        theta, point = trial, candidate
        if gain > decrement / 2.0 or decrement < _ROUNDING:
            damping = 0.1 * damping if slow and damping > 10.0 * least else 0.0
    return Optimum(
        theta, point.value, local.norm(), False, iteration + 1, evaluations, local.multipliers(), message, point
    )


def _local(point: Point, theta: Array, constraint: Constraint, near: bool, slow: bool) -> _Local:
    violation, jacobian = constraint(theta)
    if near or slow:
        gradient, hessian = point.newton
        if len(jacobian):
            hessian = hessian + _curvature_of(constraint, theta, gradient, jacobian)
        local = _scaled(gradient, hessian, violation, jacobian)
        reduced = local.curvature if local.free is None else local.free.T @ local.curvature @ local.free
        if _exceeds(reduced, _REGULAR):
            return local
        if slow and not len(jacobian):
            without_signs = _without_signs(gradient, hessian, point.slopes[1])
            if without_signs is not None:
                return without_signs
    return _scaled(*point.slopes, violation, jacobian)


def _without_signs(gradient: Array, hessian: Array, curvature: Array) -> _Local | None:
    """An indefinite Hessian with the absolute values of its eigenvalues, so that steps leave a saddle along what curves
    down (Nocedal & Wright 2006, section 3.4). Parameters are scaled to unit expected ``curvature``; None where that
    leaves no numbers.
    """
    scale = 1.0 / np.sqrt(np.maximum(curvature.diagonal(), 1e-300))
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = hessian * (scale[:, None] * scale)
    if not np.isfinite(scaled).all():
        return None
    values, vectors = np.linalg.eigh(scaled)
    positive = (vectors * np.maximum(np.abs(values), _FLATTEST)) @ vectors.T
    nothing = np.zeros((0, len(gradient)))
    return _Local(scale, gradient * scale, positive, np.zeros(len(gradient)), None, nothing, 0.0, may_be_minimum=False)


def _scaled(gradient: Array, curvature: Array, violation: Array, jacobian: Array) -> _Local:
    scale = 1.0 / np.sqrt(np.maximum(curvature.diagonal(), 1e-300))
    with np.errstate(over="ignore", invalid="ignore"):  # without slope in a direction the search ends at the caller
        slope, curvature = gradient * scale, curvature * (scale[:, None] * scale)
    if not len(jacobian):
        return _Local(scale, slope, curvature, np.zeros(len(gradient)), None, jacobian, 0.0)
    scaled = jacobian * scale
    restoring = -np.asarray(np.linalg.lstsq(scaled, violation, rcond=None)[0], dtype=np.float64)
    return _Local(scale, slope, curvature, restoring, null_space(scaled), scaled, float(np.abs(violation).sum()))


def _feasible(theta: Array, constraint: Constraint) -> Array:
    """Move the start onto the constraints; linear ones are met at once."""
    for _ in range(5):
        violation, jacobian = constraint(theta)
        if np.abs(violation).sum() < _FEASIBLE:
            break
        theta = theta - np.linalg.lstsq(jacobian, violation, rcond=None)[0]
    return theta


def _curvature_of(constraint: Constraint, theta: Array, gradient: Array, jacobian: Array) -> Array:
    """Second derivatives of the constraints times their multipliers, by central differences of the Jacobian along the
    parameters that move a constraint.
    """
    multipliers = np.linalg.lstsq(jacobian.T, -gradient, rcond=None)[0]
    step = 1e-6 * np.maximum(np.abs(theta), 1e-2)
    curvature = np.zeros((len(theta), len(theta)))
    for k in np.flatnonzero(jacobian.any(axis=0)):
        shift = np.zeros(len(theta))
        shift[k] = step[k]
        difference = constraint(theta + shift)[1] - constraint(theta - shift)[1]
        curvature[k] = multipliers @ difference / (2.0 * step[k])
    return np.asarray((curvature + curvature.T) / 2.0)


def null_space(jacobian: Array) -> Array:
    """Orthonormal basis of the directions in which no constraint changes, shape (n, n - rank)."""
    if not len(jacobian):
        return np.eye(jacobian.shape[1])
    _, values, vectors = np.linalg.svd(jacobian)
    rank = int(np.sum(values > 1e-10 * max(values.max(initial=0.0), 1e-300)))
    return np.asarray(vectors[rank:].T)


def is_positive_definite(matrix: Array, least: float) -> bool:
    """Whether all eigenvalues of ``matrix``, scaled to unit diagonal, are above ``least``."""
    scale = np.sqrt(np.maximum(matrix.diagonal(), 1e-300))
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = matrix / (scale[:, None] * scale)
    return bool(np.isfinite(scaled).all()) and _exceeds(scaled, least)


def _exceeds(matrix: Array, least: float) -> bool:
    """Whether all eigenvalues of ``matrix`` are above ``least``."""
    shifted = matrix.copy()
    shifted.flat[:: len(matrix) + 1] -= least
    return bool(lapack.dpotrf(shifted)[1] == 0)


def _damped_step(curvature: Array, slope: Array, damping: float) -> Array:
    """Solve (C + damping I) step = -slope; a singular C takes the shortest step."""
    if not len(slope):
        return slope
    damped = curvature.copy()
    damped.flat[:: len(slope) + 1] += damping + 1e-14
    _, step, info = lapack.dposv(damped, -slope)
    if info:
        return np.asarray(-np.linalg.lstsq(damped, slope, rcond=1e-12)[0])
    return np.asarray(step)
