"""The profiled deviance of a linear mixed model and its gradient in the relative covariance factors.

Model: y = Xβ + Zb + e, b = Λ u, u and e independent with variance σ². Λ depends on θ, the lower triangles of the
relative covariance factors of the random terms. With V = I + ZΛΛ'Z', β and σ² are profiled out and

    deviance(θ) = log|V| + [log|X'V⁻¹X|] + df (1 + log(2π r²(θ) / df)),    r² = min_β (y − Xβ)'V⁻¹(y − Xβ),

where df is n, or n − p under REML, which alone has the term in brackets (Bates, Mächler, Bolker & Walker 2015,
Journal of Statistical Software 67(1), equations 33-42).

Everything is an analytic function of θ without conjugation, so that a complex θ + iδ gives derivatives exact to the
last digit (Squire & Trapp 1998, SIAM Review 40): the imaginary part of the gradient is δ times a row of the Hessian.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from analysis.multilevel.crossproducts import Level, NormalEquations

Values = NDArray[Any]  # float64, or complex128 where derivatives ride along


@dataclass(frozen=True, slots=True)
class Eliminated:
    """A level after the random effects of the levels before it are gone, for d values of θ.

    ``factor`` Λ (d, 1, q, q); ``products`` (d or 1, G, q, q + r) of its columns with themselves and the rest;
    ``K`` = M⁻¹Λ' and ``H`` = ΛM⁻¹Λ' (d, G, q, q) with M = I + Λ'Z'ZΛ.
    """

    factor: Values
    products: Values
    K: Values
    H: Values


@dataclass(frozen=True, slots=True)
class Elimination:
    """All levels eliminated: ``log_det`` (d,) is log|V|, ``top`` (d, p + 1, p + 1) is W'V⁻¹W for W = [X y]."""

    levels: tuple[Eliminated, ...]
    log_det: NDArray[np.float64]
    top: Values


@dataclass(frozen=True, slots=True)
class Profile:
    """What θ determines, for d values: ``beta`` (d, p), ``unscaled`` (X'V⁻¹X)⁻¹ (d, p, p), ``rss`` r² (d,) and the
    ``deviance`` (d,); its sign is changed and divided by two for the log-likelihood.
    """

    beta: Values
    unscaled: Values
    rss: Values
    deviance: NDArray[np.float64]


def eliminate(equations: NormalEquations, theta: Values) -> Elimination:
    """Eliminate the random effects from the normal equations at ``theta`` (d, n_theta).

    A step takes H = ΛM⁻¹Λ' per group and subtracts (Z'rest)' H (Z'rest) from the products of the later levels, which
    is block Cholesky elimination without the division by Λ: Λ may be singular.
    """
    pending: list[Values] = [*(level.products[None] for level in equations.levels), equations.top[None, None]]
    done: list[Eliminated] = []
    log_det = np.zeros(len(theta))
    for k, level in enumerate(equations.levels):
        factor = _factor(level, theta)
        products, q = pending[k], level.width
        transposed = factor.swapaxes(-1, -2)
        M = transposed @ products[..., :q] @ factor
        M[..., np.arange(q), np.arange(q)] += 1.0
        K = np.linalg.solve(M, transposed)
        H = factor @ K
        log_det += np.linalg.slogdet(M)[1].sum(axis=-1)
        rest = products[..., q:]
        swept = H @ rest
        for j, (start, stop) in enumerate(later_columns(equations, k), start=k + 1):
            taken = _summed(rest[..., start:stop], swept[..., start:], level.starts[j - k - 1])
            pending[j] = pending[j] - taken
        done.append(Eliminated(factor, products, K, H))
    return Elimination(tuple(done), log_det, pending[-1][:, 0])


def later_columns(equations: NormalEquations, k: int) -> list[tuple[int, int]]:
    """Columns of each later level, the top last, among the rest of level ``k``."""
    widths = [*(level.width for level in equations.levels[k + 1 :]), len(equations.top)]
    ends = np.cumsum(widths)
    return [(int(end - width), int(end)) for width, end in zip(widths, ends, strict=True)]


def profile(equations: NormalEquations, gone: Elimination, reml: bool) -> Profile:
    """Profile β and σ² out. Raises numpy.linalg.LinAlgError where X'V⁻¹X is singular."""
    p = equations.p
    XVX, XVy = gone.top[:, :p, :p], gone.top[:, :p, p]
    unscaled = np.linalg.inv(XVX)
    beta = (unscaled @ XVy[..., None])[..., 0]
    rss = gone.top[:, p, p] - (XVy * beta).sum(axis=-1)
    df = degrees(equations, reml)
    with np.errstate(all="ignore"):
        deviance = gone.log_det + df * (1.0 + np.log(2.0 * np.pi * rss.real / df))
    if reml:
        deviance = deviance + np.linalg.slogdet(XVX)[1]
    return Profile(beta, unscaled, rss, deviance)


def degrees(equations: NormalEquations, reml: bool) -> int:
    """Denominator of σ²: n - p under REML, n under ML."""
    return equations.n - equations.p if reml else equations.n


def gradient(equations: NormalEquations, gone: Elimination, at: Profile, reml: bool) -> Values:
    """Gradient (d, n_theta) of the deviance."""
    df = degrees(equations, reml)
    p = equations.p
    top = np.empty_like(gone.top)
    scaled = at.beta * (df / at.rss)[:, None]
    top[:, :p, :p] = at.beta[:, :, None] * scaled[:, None, :] + (at.unscaled if reml else 0.0)
    top[:, :p, p] = top[:, p, :p] = -scaled
    top[:, p, p] = df / at.rss
    return _spread(equations, adjoints(equations, gone, top, past=1), gone)


@dataclass(frozen=True, slots=True)
class Adjoint:
    """Derivatives of a function of the elimination: by H (d, G, q, q), and by a level's products (d, G, q, q + r)."""

    H: Values
    products: Values | None


def adjoints(equations: NormalEquations, gone: Elimination, top: Values, past: int) -> tuple[Adjoint, ...]:
    """Derivatives of log|V| + f(W'V⁻¹W) with f' = ``top`` (d, p + 1, p + 1), by reversing the elimination.

    Derivatives by products are taken of the levels from ``past`` on.
    """
    found: list[Adjoint | None] = [None] * len(equations.levels)
    later: list[Values] = [top[:, None]]
    for k in range(len(equations.levels) - 1, -1, -1):
        step, q = gone.levels[k], equations.levels[k].width
        rest = step.products[..., q:]
        wanted = k >= past
        by_H: Values = np.zeros_like(step.H)
        by_rest = np.zeros(step.H.shape[:2] + rest.shape[2:], dtype=step.H.dtype) if wanted else None
        for (start, stop), starts, by_later in zip(
            later_columns(equations, k), equations.levels[k].starts, later, strict=True
        ):
            each = of_parent(by_later, starts, step.H.shape[1])
            weighted = _each_by(rest[..., start:stop], each)
            by_H -= weighted @ rest[..., start:].swapaxes(-1, -2)
            if by_rest is not None:
                by_rest[..., start:] -= step.H @ weighted
                by_rest[..., start:stop] -= step.H @ (rest[..., start:] @ each.swapaxes(-1, -2))
        by_H = 0.5 * (by_H + by_H.swapaxes(-1, -2))
        by_products = None
        if by_rest is not None:
            by_products = np.concatenate([step.H - step.H @ by_H @ step.H, by_rest], axis=-1)
            later.insert(0, by_products)
        found[k] = Adjoint(by_H, by_products)
    return tuple(adjoint for adjoint in found if adjoint is not None)


def _spread(equations: NormalEquations, by: Sequence[Adjoint], gone: Elimination) -> Values:
    """Gradient by θ: per group 2 K (D + H̄ (I − H D)), transposed, with D = Z'Z, summed over groups and places."""
    total = np.zeros((gone.top.shape[0], equations.n_theta), dtype=gone.top.dtype)
    for level, step, adjoint in zip(equations.levels, gone.levels, by, strict=True):
        D = step.products[..., : level.width]
        inner = D + adjoint.H - adjoint.H @ (step.H @ D)
        by_factor = 2.0 * _contracted(step.K, inner)
        places = by_factor[:, level.columns, level.rows]
        np.add.at(total.T, level.theta, places.T)
    return total


def _factor(level: Level, theta: Values) -> Values:
    factor = np.zeros((len(theta), 1, level.width, level.width), dtype=theta.dtype)
    factor[:, 0, level.rows, level.columns] = theta[:, level.theta]
    return factor


def _summed(left: Values, right: Values, starts: NDArray[np.intp]) -> Values:
    """Left'right summed over the groups of each parent: (d, G, q, a), (d, G, q, b) to (d, G_parent, a, b)."""
    if len(starts) == 1:
        flat = left.reshape(len(left), -1, left.shape[-1]).swapaxes(-1, -2)
        flat = flat @ right.reshape(len(right), -1, right.shape[-1])
        return np.asarray(flat[:, None])
    return np.asarray(np.add.reduceat(left.swapaxes(-1, -2) @ right, starts, axis=1))


def _each_by(left: Values, right: Values) -> Values:
    """Left right: (d, G, q, a) by (d, G or 1, a, b); one right for all groups is one product for all their rows."""
    d, G, q, _ = left.shape
    if right.shape[1] > 1:
        return np.asarray(left @ right)
    return np.asarray((left.reshape(d, G * q, -1) @ right[:, 0]).reshape(-1, G, q, right.shape[-1]))


def _contracted(left: Values, right: Values) -> Values:
    """Left right summed over groups: (d, G, q, q) each to (d, q, q)."""
    d, G, q, _ = left.shape
    flat = left.transpose(0, 2, 1, 3).reshape(d, q, G * q)
    return np.asarray(flat @ right.reshape(right.shape[0], G * q, q))


def of_parent(by_parent: Values, starts: NDArray[np.intp], n_groups: int) -> Values:
    """Each group's entry of its parent: (d, G_parent, …) to (d, G, …), or broadcastable where there is one parent."""
    if len(starts) == 1:
        return by_parent
    return np.asarray(np.repeat(by_parent, np.diff(np.append(starts, n_groups)), axis=1))
