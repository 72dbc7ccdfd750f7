"""The iteration of partial least squares on correlation matrices: one matrix, or many resamples at once.

Lohmöller (1989), Latent Variable Path Modeling with Partial Least Squares, chapter 2; Tenenhaus, Esposito Vinzi,
Chatelin & Lauro (2005), PLS path modeling, Computational Statistics & Data Analysis 48(1), 159-205, section 3. With
standardised items all steps need the correlations of the items alone, so that rows are touched once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.pls.design import Design, Scheme

Array = NDArray[np.float64]

# plspm's criterion, the sum of squared changes of absolute weights, where it stops at 1e-6: here single weights have
# settled to about 1e-10, so that results do not depend on where the iteration began.
TOLERANCE = 1e-22
MOST_ITERATIONS = 2000


@dataclass(frozen=True, slots=True)
class OuterWeights:
    """Weights of standardised items whose scores have unit variance.

    ``weights`` (..., p, J), zero outside the blocks; ``iterations`` (...) steps taken; ``converged`` (...).
    """

    weights: Array
    iterations: NDArray[np.int64]
    converged: NDArray[np.bool_]


def outer_weights(
    correlations: Array,
    design: Design,
    scheme: Scheme = "path",
    tolerance: float = TOLERANCE,
    most_iterations: int = MOST_ITERATIONS,
) -> OuterWeights:
    """Iterate until the sum of squared changes of absolute weights is below ``tolerance``.

    ``correlations`` is (p, p), or (b, p, p) for b resamples. Each of them stops on its own, so that its weights do
    not depend on the others. A singular block of mode B, or a score without variance, does not converge.
    """
    stack = correlations.reshape(-1, *correlations.shape[-2:])
    n = len(stack)
    weights = _unit_variance(np.broadcast_to(design.block.astype(np.float64), (n, *design.block.shape)), stack)
    iterations = np.zeros(n, dtype=np.int64)
    converged = np.zeros(n, dtype=bool)
    active, own = np.arange(n), stack
    for step in range(1, most_iterations + 1):
        new = _unit_variance(_step(own, weights[active], design, scheme), own)
        change = ((np.abs(new) - np.abs(weights[active])) ** 2).sum(axis=(-2, -1))
        weights[active], iterations[active] = new, step
        converged[active] = change < tolerance
        going = np.isfinite(change) & ~(change < tolerance)
        if not going.any():
            break
        if not going.all():
            active, own = active[going], own[going]
    weights *= dominant_signs(stack, weights, design)[:, None, :]
    shape = correlations.shape[:-2]
    return OuterWeights(
        weights.reshape(*shape, *design.block.shape), iterations.reshape(shape), converged.reshape(shape)
    )


def dominant_signs(correlations: Array, weights: Array, design: Design) -> Array:
    """+1 or -1 (..., J) that makes most loadings of a construct positive; where as many are negative, their sum.

    The score of a construct is defined up to its sign; plspm orients it by the majority too.
    """
    loadings = np.where(design.block, correlations @ weights, 0.0)
    votes = np.sign(loadings).sum(axis=-2)
    return np.where(np.where(votes == 0, loadings.sum(axis=-2), votes) < 0, -1.0, 1.0)


def _step(correlations: Array, weights: Array, design: Design, scheme: Scheme) -> Array:
    """New weights (b, p, J), not yet scaled: mode A: covariances with the inner proxy, mode B: regressions on it."""
    with_scores = correlations @ weights
    inner = inner_weights(weights.swapaxes(-2, -1) @ with_scores, design, scheme)
    with_proxies = np.where(design.block, with_scores @ inner, 0.0)
    for j in np.flatnonzero(design.formative & ~design.single):
        rows = design.members[j]
        within = correlations[:, rows[:, None], rows]
        with_proxies[:, rows, j] = solve_each(within, with_proxies[:, rows, j])
    return with_proxies


def inner_weights(correlations: Array, design: Design, scheme: Scheme) -> Array:
    """Inner weights (..., J, J) from correlations of scores; column j makes the inner proxy of construct j.

    Centroid: signs of correlations with the neighbours; factorial: these correlations; path: regression coefficients
    for those that explain j, correlations for those that j explains (Tenenhaus et al. 2005, section 3.2).
    """
    neighbours = design.path | design.path.T
    if scheme == "centroid":
        return np.where(neighbours, np.sign(correlations), 0.0)
    if scheme == "factorial":
        return np.where(neighbours, correlations, 0.0)
    inner = np.where(design.path, correlations, 0.0)
    for j, rows in design.predictors.items():
        inner[..., rows, j] = solve_each(correlations[..., rows[:, None], rows], correlations[..., rows, j])
    return inner


def solve_each(matrices: Array, sides: Array) -> Array:
    """Solutions (..., k) of one linear system (..., k, k) each; NaN for those that are singular."""
    try:
        return np.asarray(np.linalg.solve(matrices, sides[..., None])[..., 0])
    except np.linalg.LinAlgError:
        if matrices.ndim == 2:
            return np.full(sides.shape, np.nan)
        return np.array([solve_each(one, side) for one, side in zip(matrices, sides, strict=True)])


def _unit_variance(weights: Array, correlations: Array) -> Array:
    variance = ((correlations @ weights) * weights).sum(axis=-2, keepdims=True)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(weights / np.sqrt(np.where(variance > 1e-14, variance, np.nan)))
