"""The maximum of a log-likelihood with analytic gradient: quasi-Newton, then Newton with a differenced Hessian."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
DIFFERENCE = 1e-4  # step of the differences of gradients; parameters are of order one
LONGEST = 3.0  # longest step of the search
ROUGH, FINE = 1e-7, 1e-14  # Newton decrements g'H⁻¹g at which the search, and its refinement, end
MAX_ITERATIONS = 200
MAX_REFINEMENTS = 12
MAX_HALVINGS = 30
FLAT = 1e-7  # a direction whose curvature is this share of the largest, or less, is flat
SUFFICIENT = 1e-4  # share of the promised gain that a step must bring (Armijo)

# A point gives (log-likelihood, gradient), or None where the likelihood is not defined.
Objective = Callable[[Array], tuple[float, Array] | None]


@dataclass(frozen=True, slots=True)
class Maximum:
    """Where the search ended: ``vector`` (m,), ``loglik``, ``gradient`` (m,) and ``information`` (m, m).

    ``information`` is −∂² log L; ``decrement`` g'I⁻¹g is twice the gain that a last Newton step would promise;
    ``flattest`` the smallest curvature as a share of the largest, negative at a saddle.
    """

    vector: Array
    loglik: float
    gradient: Array
    information: Array
    decrement: float
    flattest: float
    iterations: int


def maximise(objective: Objective, start: Array) -> Maximum:
    """Climb from ``start`` by BFGS with backtracking, whose first matrix is the Hessian's, and refine by Newton.

    Nocedal & Wright (2006, Numerical Optimization), algorithm 6.1. Raises ValueError when ``start`` has no likelihood.
    """
    first = objective(start)
    if first is None:
        raise ValueError("the log-likelihood is not defined at the start")
    x, (value, gradient) = start, first
    inverse = _positive_inverse(_information(objective, x))
    iterations = 0
    while gradient @ inverse @ gradient > ROUGH and iterations < MAX_ITERATIONS:
        iterations += 1
        ahead = _climb(objective, x, value, gradient, inverse @ gradient)
        if ahead is None:
            break
        step, value, new = ahead
        inverse = _updated(inverse, step, gradient - new)
        x, gradient = x + step, new
    return _refine(objective, x, value, gradient, iterations)


def _refine(objective: Objective, x: Array, value: float, gradient: Array, iterations: int) -> Maximum:
    information = _information(objective, x)
    inverse = _positive_inverse(information)
    for _ in range(MAX_REFINEMENTS):
        if gradient @ inverse @ gradient < FINE:
            break
        ahead = _climb(objective, x, value, gradient, inverse @ gradient)
        if ahead is None:
            break
        iterations += 1
        x, value, gradient = x + ahead[0], ahead[1], ahead[2]
    information = _information(objective, x)
    values = np.linalg.eigvalsh(information)
    decrement = float(gradient @ _positive_inverse(information) @ gradient)
    return Maximum(x, value, gradient, information, decrement, float(values[0] / values[-1]), iterations)


def _climb(
    objective: Objective, x: Array, value: float, gradient: Array, step: Array
) -> tuple[Array, float, Array] | None:
    """The first step, halved as often as needed, that gains enough; None when none does."""
    step = step * min(1.0, LONGEST / float(np.linalg.norm(step)))
    slack = 1e-13 * abs(value)  # rounding
    for _ in range(MAX_HALVINGS):
        reached = objective(x + step)
        if reached is not None and reached[0] >= value + SUFFICIENT * float(gradient @ step) - slack:
            return step, *reached
        step = step / 2.0
    return None


def _information(objective: Objective, x: Array) -> Array:
    """Minus the Hessian, by central differences of the gradient; one-sided next to an edge of the domain."""
    here = objective(x)
    assert here is not None
    columns = []
    for unit in np.eye(len(x)) * DIFFERENCE:
        ahead, behind = objective(x + unit), objective(x - unit)
        right, left = ahead or here, behind or here
        distance = DIFFERENCE * ((ahead is not None) + (behind is not None))
        columns.append((left[1] - right[1]) / distance)
    matrix = np.stack(columns)
    return np.asarray(0.5 * (matrix + matrix.T))


def _positive_inverse(information: Array) -> Array:
    """An inverse with the signs of negative curvatures turned, and no step along flat directions too long."""
    values, vectors = np.linalg.eigh(information)
    size = np.maximum(np.abs(values), FLAT * np.abs(values).max())
    return np.asarray((vectors / size) @ vectors.T)


def _updated(inverse: Array, step: Array, change: Array) -> Array:
    """The BFGS update of the inverse information for a ``step`` that lowered the gradient by ``change``."""
    along = float(step @ change)
    if along <= 1e-10 * float(np.linalg.norm(step) * np.linalg.norm(change)):
        return inverse
    left = np.eye(len(step)) - np.outer(step, change) / along
    return np.asarray(left @ inverse @ left.T + np.outer(step, step) / along)


def pseudo_inverse(information: Array) -> Array:
    """The inverse over directions that are not flat: what the data identify where a fit is singular."""
    values, vectors = np.linalg.eigh(information)
    used = values > FLAT * values[-1]
    return np.asarray((vectors[:, used] / values[used]) @ vectors[:, used].T)
