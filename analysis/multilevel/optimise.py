"""Newton's method for the deviance, from several starts, with exact landing on the boundary.

The deviance does not change when a column of Λ changes its sign, so it is smooth through zero and the bound
diag(Λ) ≥ 0 is met by the choice of sign: where a variance is estimated as zero, the search ends in a stationary point
on the boundary without being stopped by it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError, Problem
from analysis.multilevel.crossproducts import Block, NormalEquations
from analysis.multilevel.derivatives import Derivatives, derivatives, deviance, deviances

Array = NDArray[np.float64]

STARTS = (1.0, 0.3, 3.0, 0.1, 0.03, 10.0)
"""Relative standard deviation of every random effect at the start, effects uncorrelated, in whitened units. They are
tried from the one of lowest deviance upwards."""
AGREEMENT = 1e-5  # two starts agree when their deviances are this close …
SETTLED = 1e-6  # … and then the later one goes on only for more than this; a minimum promises no more
DECREMENT = 1e-12  # expected gain in deviance at which a further step is not worth taking
BOUNDARY_LOSS = 1e-7  # a singular value of Λ is zero when setting it to zero costs less deviance than this
EXACT = 1e-10  # a residual variance below this, the outcome's being 1, is zero
NEAR_BOUNDARY = 0.05  # … and only a singular value below this is tried
FLAT = 1e-10  # eigenvalues of the Hessian below this share of the largest are taken as zero
SADDLE = 1e-6  # curvature below minus this share of the largest is that of a saddle …
SIDESTEP = 0.1  # … which is left by a step of this length
MAXIMUM_ITERATIONS = 100


@dataclass(frozen=True, slots=True)
class Optimum:
    """Where the start ``name`` led, in how many iterations, and whether gradient and Hessian are those of a minimum."""

    name: str
    converged: bool
    iterations: int
    at: Derivatives


@dataclass(frozen=True, slots=True)
class Search:
    """The best optimum and all that were found, in the order they were tried."""

    best: Optimum
    tried: tuple[Optimum, ...]

    @property
    def agreed(self) -> bool:
        """Whether a second start led to the same deviance."""
        return sum(_agree(self.best, other) for other in self.tried) > 1


def search(equations: NormalEquations, blocks: Sequence[Block], reml: bool) -> Search:
    """The θ of lowest deviance: starts are tried until the lowest has been found twice.

    Raises EstimationError when no start leads to a finite deviance.
    """
    found: list[Optimum] = []
    lowest = np.inf
    for scale in _ordered_starts(equations, blocks, reml):
        try:
            found.append(_newton(equations, blocks, scale, reml, lowest))
        except np.linalg.LinAlgError:
            continue
        result = Search(min(found, key=lambda optimum: optimum.at.deviance), tuple(found))
        if result.agreed:
            break
        lowest = result.best.at.deviance
    if not found:
        what = "the likelihood of the mixed model is not finite"
        raise EstimationError(Problem(what, "mixed model", "take fewer random effects or rescale the variables"))
    return _landed(result, equations, blocks, reml)


def _landed(result: Search, equations: NormalEquations, blocks: Sequence[Block], reml: bool) -> Search:
    """The search with its best optimum where Λ has a non-negative diagonal, and on the boundary if it is there."""
    at = _onto_boundary(equations, blocks, result.best.at, reml)
    best = replace(result.best, at=at, converged=_is_minimum(at))
    return Search(best, tuple(best if optimum is result.best else optimum for optimum in result.tried))


def _ordered_starts(equations: NormalEquations, blocks: Sequence[Block], reml: bool) -> list[float]:
    """The starts by their deviance; where one has none, all in the order of ``STARTS``."""
    try:
        found = deviances(equations, np.outer(STARTS, _uncorrelated(blocks)), reml)
    except np.linalg.LinAlgError:
        return list(STARTS)
    return [STARTS[i] for i in np.argsort(found, kind="stable")]


def _uncorrelated(blocks: Sequence[Block]) -> Array:
    """θ (t,) of effects with variance one."""
    return np.concatenate([np.eye(q)[np.triu_indices(q)] for q in _widths(blocks)])


def _agree(one: Optimum, other: Optimum) -> bool:
    return abs(one.at.deviance - other.at.deviance) < AGREEMENT


def _newton(equations: NormalEquations, blocks: Sequence[Block], scale: float, reml: bool, lowest: float) -> Optimum:
    """Search from ``scale`` until a step would gain nothing, or the search has come to the deviance ``lowest``."""
    at = derivatives(equations, scale * _uncorrelated(blocks), reml)
    iterations = 0
    while iterations < MAXIMUM_ITERATIONS and at.sigma2 > EXACT:
        step = _newton_step(at)
        gain = -0.5 * float(at.gradient @ step)
        enough = SETTLED if abs(at.deviance - lowest) < AGREEMENT else DECREMENT
        if float(np.abs(step).max()) < SIDESTEP and gain < enough:
            break
        at = _line_search(equations, at, step, reml)
        iterations += 1
    return Optimum(f"Newton from {scale:g}", _is_minimum(at), iterations, at)


def _newton_step(at: Derivatives) -> Array:
    """Newton's step on the absolute curvature, so that it descends where the deviance is not convex."""
    values, vectors = np.linalg.eigh(at.hessian)
    size = np.abs(values)
    along = vectors.T @ at.gradient
    curved = size > FLAT * size.max(initial=np.finfo(float).tiny)
    step = -(vectors[:, curved] @ (along[curved] / size[curved]))
    if values[0] < -SADDLE * size.max() and -0.5 * float(at.gradient @ step) < DECREMENT:
        step = SIDESTEP * vectors[:, 0]  # a saddle, such as Λ = 0 where the variance is not zero
    longest = 0.9 * max(1.0, float(np.abs(at.theta).max()))
    shortened = min(1.0, longest / max(float(np.abs(step).max()), float(np.finfo(float).tiny)))
    return np.asarray(step * shortened)


def _line_search(equations: NormalEquations, at: Derivatives, step: Array, reml: bool) -> Derivatives:
    """The first of step, step/2, step/4, … that lowers the deviance as its slope promises; else ``at`` itself."""
    for halvings in range(30):
        trial = derivatives(equations, at.theta + step * 0.5**halvings, reml)
        expected = 1e-4 * 0.5**halvings * float(at.gradient @ step)
        if trial.deviance <= at.deviance + expected + 1e-12 * abs(at.deviance):
            return trial
    return at


def _is_minimum(at: Derivatives) -> bool:
    """Whether a further step would gain nothing and no direction curves down."""
    curvature = np.linalg.eigvalsh(at.hessian)
    gain = -0.5 * float(at.gradient @ _newton_step(at))
    return bool(np.isfinite(at.deviance) and gain < SETTLED and curvature[0] > -1e-6 * max(1.0, curvature[-1]))


def _onto_boundary(equations: NormalEquations, blocks: Sequence[Block], at: Derivatives, reml: bool) -> Derivatives:
    """Signs that make diag(Λ) ≥ 0, and singular values of Λ set to zero where that loses nothing."""
    factors = list(factors_of(at.theta, _widths(blocks)))
    theta = at.theta
    limit = at.deviance + BOUNDARY_LOSS
    for b, factor in enumerate(factors):
        left, size, right = np.linalg.svd(factor)
        for rank in range(len(size) - 1, -1, -1):
            if size[rank] > NEAR_BOUNDARY:
                break
            lower = triangular((left * np.where(np.arange(len(size)) < rank, size, 0.0)) @ right)
            trial = theta_of([*factors[:b], lower, *factors[b + 1 :]])
            if deviance(equations, trial, reml) > limit:
                break
            factors[b], theta = lower, trial
    theta = theta_of([triangular(factor) for factor in factors])
    return at if np.array_equal(theta, at.theta) else derivatives(equations, theta, reml)


def triangular(factor: Array) -> Array:
    """The lower triangular L with non-negative diagonal and L L' = ``factor`` ``factor``' (q, q)."""
    if len(factor) == 1:
        return np.abs(factor)
    lower = np.linalg.qr(factor.T)[1].T
    signs = np.where(np.diag(lower) < 0, -1.0, 1.0)
    return np.asarray(np.tril(lower * signs))


def factors_of(theta: Array, widths: Sequence[int]) -> Iterator[Array]:
    """The lower triangles Λ (q, q) of the random terms, columns one after the other in ``theta``."""
    start = 0
    for q in widths:
        factor = np.zeros((q, q))
        columns, rows = np.triu_indices(q)
        stop = start + len(rows)
        factor[rows, columns] = theta[start:stop]
        start = stop
        yield factor


def theta_of(factors: Sequence[Array]) -> Array:
    """The elements of the lower triangles, column by column, as lme4 orders them."""
    return np.concatenate([factor.T[np.triu_indices(len(factor))] for factor in factors])


def _widths(blocks: Sequence[Block]) -> list[int]:
    return [block.Z.shape[1] for block in blocks]
