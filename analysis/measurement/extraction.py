"""Factors of a correlation matrix before rotation, by least squares or maximum likelihood."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

Array = NDArray[np.float64]
Method = Literal["minres", "ml"]
METHODS: tuple[Method, ...] = ("minres", "ml")

LEAST_UNIQUENESS = 0.005  # of R's factanal and of psych::fa: a likelihood has no maximum at zero
_NEWTON_STEPS = 30
_CONVERGED = 1e-7  # largest derivative, of a discrepancy of order one


@dataclass(frozen=True, slots=True)
class Extraction:
    """Loadings (p, k) on orthogonal factors, the largest first, and the p ``uniqueness`` at the minimum.

    ``gradient``: the largest derivative that is left; ``at_bound`` (p,): items whose uniqueness is at the least that is
    allowed (Heywood cases).
    """

    loadings: Array
    uniqueness: Array
    at_bound: NDArray[np.bool_]
    gradient: float
    converged: bool


@dataclass(frozen=True, slots=True)
class _Discrepancy:
    """Value at p parameters, gradient (p,) and Hessian (p, p); parameters are from ``lowest`` to ``highest``."""

    evaluate: Callable[[Array], tuple[float, Array, Array]]
    lowest: float
    highest: float


def extract(correlation: Array, n_factors: int, method: Method, *, starts: int = 1) -> Extraction:
    """``n_factors`` of a ``correlation`` matrix (p, p), which has to be positive definite for ``method`` "ml".

    Minres makes the residual correlations smallest (Harman & Jones 1966, Psychometrika 31, 351-368), which is
    unweighted least squares; ML maximises the normal likelihood (Lawley & Maxwell 1971, Factor Analysis as a
    Statistical Method, chapter 4). Both are minimised over the uniquenesses alone, given which the loadings are those
    of eigenvectors (Jöreskog 1977, in Enslein, Ralston & Wilf, Statistical methods for digital computers, 125-153):
    first by L-BFGS, then by Newton's method with the exact Hessian. There can be several minima, more so with Heywood
    cases: of the first ``starts`` (three at most) of squared multiple correlations, Jöreskog's start and equal
    uniquenesses, the lowest end is taken.
    """
    error = 1.0 - squared_multiple_correlations(correlation)
    p = len(correlation)
    begin = [error, np.maximum(1.0 - 0.5 * n_factors / p, 0.1) * error, np.full(p, 0.5)][:starts]
    if method == "minres":
        problem = _Discrepancy(lambda x: _least_squares(correlation, x, n_factors), LEAST_UNIQUENESS, 1.0)
        at, gradient = _lowest(problem, begin)
        uniqueness = at
        values, vectors = _largest_first(correlation - np.diag(uniqueness))
        loadings = vectors[:, :n_factors] * np.sqrt(np.maximum(values[:n_factors], 0.0))
    else:
        problem = _Discrepancy(lambda x: _likelihood(correlation, x, n_factors), float(np.log(LEAST_UNIQUENESS)), 0.0)
        at, gradient = _lowest(problem, [np.log(start) for start in begin])
        uniqueness = np.exp(at)
        deviation = np.sqrt(uniqueness)
        values, vectors = _largest_first(correlation / np.outer(deviation, deviation))
        loadings = deviation[:, None] * vectors[:, :n_factors] * np.sqrt(np.maximum(values[:n_factors] - 1.0, 0.0))
    sign = np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    at_bound = at <= problem.lowest + 1e-8
    return Extraction(loadings * sign, uniqueness, at_bound, gradient, gradient < _CONVERGED)


def squared_multiple_correlations(correlation: Array) -> Array:
    """Squared multiple correlation (p,) of each variable with the others, 1 - 1 / r^ii.

    Of a singular matrix its pseudo-inverse is taken; results are kept from 0 to 1 - LEAST_UNIQUENESS.
    """
    with np.errstate(divide="ignore"):
        shared: Array = 1.0 - 1.0 / np.diag(np.linalg.pinv(correlation, hermitian=True))
    return np.clip(shared, 0.0, 1.0 - LEAST_UNIQUENESS)


def _largest_first(matrix: Array) -> tuple[Array, Array]:
    values, vectors = np.linalg.eigh(matrix)
    return values[::-1], vectors[:, ::-1]


def _least_squares(correlation: Array, uniqueness: Array, k: int) -> tuple[float, Array, Array]:
    """½ Σ λ² over the p - k smallest eigenvalues λ of R - Ψ, and its derivatives in Ψ."""
    values, vectors = _largest_first(correlation - np.diag(uniqueness))
    rest, u, v = values[k:], vectors[:, k:], vectors[:, :k]
    gradient = -(u**2) @ rest
    weight = rest[:, None] / (rest[:, None] - values[None, :k])
    hessian = (u @ u.T) ** 2 + 2.0 * _crossed(u, v, weight)
    return 0.5 * float(rest @ rest), gradient, hessian


def _likelihood(correlation: Array, log_uniqueness: Array, k: int) -> tuple[float, Array, Array]:
    """Σ (e - log e - 1) over the p - k smallest eigenvalues e of Ψ^-½ R Ψ^-½, and its derivatives in log Ψ."""
    deviation = np.exp(0.5 * log_uniqueness)
    values, vectors = _largest_first(correlation / np.outer(deviation, deviation))
    rest, u, v = values[k:], vectors[:, k:], vectors[:, :k]
    gradient = (u**2) @ (1.0 - rest)
    weight = (1.0 - rest[:, None]) * (rest[:, None] + values[None, :k]) / (values[None, :k] - rest[:, None])
    hessian = ((u * rest) @ u.T) * (u @ u.T) + _crossed(u, v, weight)
    return float((rest - np.log(rest) - 1.0).sum()), gradient, hessian


def _crossed(u: Array, v: Array, weight: Array) -> Array:
    """Σ w_mn u_im u_jm v_in v_jn over all m and n, (p, p)."""
    products = (u[:, :, None] * v[:, None, :]).reshape(len(u), -1)
    result: Array = (products * weight.ravel()) @ products.T
    return result


def _lowest(problem: _Discrepancy, starts: list[Array]) -> tuple[Array, float]:
    ends = [_minimise(problem, start) for start in starts]
    return min(ends, key=lambda end: problem.evaluate(end[0])[0])


def _minimise(problem: _Discrepancy, start: Array) -> tuple[Array, float]:
    """Parameters at the minimum within bounds, and the largest derivative that a step inside them could follow."""

    def value_and_gradient(x: Array) -> tuple[float, Array]:
        return problem.evaluate(x)[:2]

    bounds = [(problem.lowest, problem.highest)] * len(start)
    x0 = np.clip(start, problem.lowest, problem.highest)
    found = minimize(value_and_gradient, x0, jac=True, method="L-BFGS-B", bounds=bounds, options={"maxiter": 1000})
    return _newton(problem, np.asarray(found.x))


def _newton(problem: _Discrepancy, x: Array) -> tuple[Array, float]:
    """Newton's steps in the parameters that are not held at a bound, halved until the discrepancy is no larger."""
    value, gradient, hessian = problem.evaluate(x)
    for _ in range(_NEWTON_STEPS):
        free = ~(((x <= problem.lowest) & (gradient > 0)) | ((x >= problem.highest) & (gradient < 0)))
        largest = float(np.abs(gradient[free]).max(initial=0.0))
        if largest < 1e-13:
            break
        step = np.zeros_like(x)
        step[free] = _descent(hessian[np.ix_(free, free)], gradient[free])
        for halving in range(20):
            trial = np.clip(x + 0.5**halving * step, problem.lowest, problem.highest)
            there = problem.evaluate(trial)
            if there[0] <= value + 1e-14:
                break
        else:
            break
        x, (value, gradient, hessian) = trial, there
        if np.abs(step).max() < 1e-12:
            break
    free = ~(((x <= problem.lowest) & (gradient > 0)) | ((x >= problem.highest) & (gradient < 0)))
    return x, float(np.abs(gradient[free]).max(initial=0.0))


def _descent(hessian: Array, gradient: Array) -> Array:
    """Newton's step, with the curvature of directions that have none, or a negative one, made positive."""
    values, vectors = np.linalg.eigh(hessian)
    curvature = np.maximum(np.abs(values), 1e-8 * max(1.0, float(np.abs(values).max())))
    step: Array = -vectors @ ((vectors.T @ gradient) / curvature)
    return step
