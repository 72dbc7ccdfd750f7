"""The two-level normal likelihood, from the moments of clusters of each size, with exact first and second derivatives.

Row i of cluster j is y_ij = b_j + e_ij, with e of covariance Sigma_W within clusters and b of covariance Sigma_B
between them. The pooled deviations from cluster means tell of Sigma_W alone; the means of clusters of size n, beside
the variables that are constant in clusters, have covariance Omega_n = Sigma_B + Sigma_W / n. So N times F is
(N - J) [log|Sigma_W| + tr(Sigma_W^-1 S_PW)] + sum over sizes of J_n [log|Omega_n| + tr(Omega_n^-1 T_n)], T_n the second
moments of those means about the model's, up to a constant of the data: McDonald & Goldstein (1989), British Journal
of Mathematical and Statistical Psychology 42(2), 215-232; Muthen (1990), Mean and covariance structure analysis of
hierarchical data, UCLA Statistics Series 62; Yuan & Bentler (2007), Sociological Methodology 37, 53-82. Its cost
depends on the number of sizes, not on that of rows.

Matrices cover all variables of both levels; one that a level does not hold has zeros there, in Sigma_W as in Sigma_B,
and Omega_n needs no case of its own for variables of one level.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.discrepancy.missing import dense, summed, summed_kronecker
from analysis.sem.discrepancy.normal import gradient_from, trace_products
from analysis.sem.implied import (
    Derivatives,
    Implied,
    Structure,
    second_derivatives_of_covariance,
    second_derivatives_of_mean,
)

Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
Pair = tuple[Derivatives, Derivatives]

_LEAST = 1e-4


@dataclass(frozen=True, slots=True)
class SizeMoments:
    """Sufficient statistics of ``n_rows`` N rows in ``n_clusters`` J clusters, over p variables and k cluster sizes.

    ``within`` (p,) marks what varies in clusters; ``pooled`` (p, p) is its covariance about cluster means, divided by
    N - J. ``sizes`` and ``counts`` (k,) are the sizes and the number of clusters that have each; ``mean`` (k, p) and
    ``covariance`` (k, p, p) the moments of their cluster means, divided by that number.
    """

    within: BoolArray
    n_rows: int
    n_clusters: int
    pooled: Array
    sizes: Array
    counts: Array
    mean: Array
    covariance: Array

    @property
    def share(self) -> Array:
        """Clusters of each size as a share of all rows (k,)."""
        return self.counts / self.n_rows

    @property
    def pooled_share(self) -> float:
        """Deviations from cluster means that are free, as a share of all rows."""
        return 1.0 - self.n_clusters / self.n_rows

    def of_cluster_means(self) -> tuple[Array, Array]:
        """Mean (p,) and covariance (p, p) of the means of all clusters, divided by their number."""
        weight = self.counts / self.n_clusters
        mean = weight @ self.mean
        centred = self.mean - mean
        second = self.covariance + centred[:, :, None] * centred[:, None, :]
        return mean, np.einsum("k,kij->ij", weight, second)


@dataclass(frozen=True, slots=True)
class _Parts:
    """Of the deviations W = Sigma_W^-1 (p, p), zero beyond what varies in clusters, and V = W S_PW W. By size W =
    Omega^-1 (k, p, p), V = W T W and the pull W (m - mu) (k, p).
    """

    inner: Array
    inner_v: Array
    weight: Array
    v: Array
    pull: Array


def deviance(sample: SizeMoments, within: Implied, between: Implied) -> float:
    """F; raises LinAlgError where Sigma_W or an Omega is not positive definite.

    With variances of level 2 below zero, the Omega of a size that few clusters have can shrink to their plane, where F
    has no bound: what is left of Sigma_W / n in a direction must not fall below a share of it.
    """
    kept = np.ix_(sample.within, sample.within)
    inner = within.covariance[kept]
    pooled = log_determinants(inner[None])[0] + float(np.trace(np.linalg.solve(inner, sample.pooled[kept])))
    inside = within.covariance / sample.sizes[:, None, None]
    omega = between.covariance + inside
    np.linalg.cholesky(omega - _LEAST * inside)
    second = _about(sample, within.mean + between.mean)
    traces = np.trace(np.linalg.solve(omega, second), axis1=1, axis2=2)
    return float(sample.pooled_share * pooled + sample.share @ (log_determinants(omega) + traces))


def scoring(sample: SizeMoments, at: tuple[Implied, Implied], d: Pair) -> tuple[Array, Array]:
    """Gradient by rows, those of level 1 before those of level 2, and twice the expected information of a row.

    By size dOmega is dSigma_W / n or dSigma_B, and what follows is that of complete data (see ``normal``).
    """
    parts = _parts(sample, *at)
    curvature = _products(sample, d, parts.weight, parts.weight)
    n_within = d[0].left.shape[1]
    curvature[:n_within, :n_within] += sample.pooled_share * trace_products(d[0], parts.inner, parts.inner)
    mean = _means(d)
    curvature += 2.0 * mean.T @ summed(sample.share, parts.weight) @ mean
    return _gradient(sample, parts, d), curvature


def newton(
    sample: SizeMoments, structures: tuple[Structure, Structure], at: tuple[Implied, Implied], d: Pair
) -> tuple[Array, Array]:
    """Gradient by rows and second derivatives by pairs of rows; Omega adds the levels up, so that second derivatives
    of the implied moments join rows of one level only.
    """
    parts = _parts(sample, *at)
    hessian = _products(sample, d, parts.weight, 2.0 * parts.v - parts.weight)
    n_within = d[0].left.shape[1]
    inner = trace_products(d[0], parts.inner, 2.0 * parts.inner_v - parts.inner)
    hessian[:n_within, :n_within] += sample.pooled_share * inner
    mean, cross = _means(d), _cross(sample, parts, d)
    hessian += 2.0 * (cross + cross.T + mean.T @ summed(sample.share, parts.weight) @ mean)
    pull = sample.share @ parts.pull
    for level, (structure, here, q) in enumerate(zip(structures, at, _residual_weights(sample, parts), strict=True)):
        block = slice(0, n_within) if level == 0 else slice(n_within, None)
        hessian[block, block] += second_derivatives_of_covariance(structure, here, q)
        hessian[block, block] -= 2.0 * second_derivatives_of_mean(structure, here, pull)
    return _gradient(sample, parts, d), hessian


def log_determinants(matrices: Array) -> Array:
    """log|M| of positive-definite ``matrices`` (k, p, p), shape (k,); raises LinAlgError for others."""
    factor = np.linalg.cholesky(matrices)
    return np.asarray(2.0 * np.log(np.diagonal(factor, axis1=1, axis2=2)).sum(axis=1))


def inverse_within(sample: SizeMoments, covariance: Array) -> Array:
    """Inverse of Sigma_W over what varies in clusters, zero elsewhere (p, p)."""
    kept = np.ix_(sample.within, sample.within)
    inverse = np.zeros_like(covariance)
    inverse[kept] = np.linalg.inv(covariance[kept])
    return inverse


def level_slopes(sample: SizeMoments, within: Implied, between: Implied) -> tuple[Array, Array]:
    """dF / dSigma_W and dF / dSigma_B as symmetric matrices (p, p), whose trace with a change is that of F."""
    return _residual_weights(sample, _parts(sample, within, between))


def _about(sample: SizeMoments, mean: Array) -> Array:
    """Second moments T of cluster means about ``mean``, by size (k, p, p)."""
    difference = sample.mean - mean
    return np.asarray(sample.covariance + difference[:, :, None] * difference[:, None, :])


def _parts(sample: SizeMoments, within: Implied, between: Implied) -> _Parts:
    inner = inverse_within(sample, within.covariance)
    weight = np.asarray(
        np.linalg.inv(between.covariance + within.covariance / sample.sizes[:, None, None]), dtype=np.float64
    )
    mean = within.mean + between.mean
    pull = np.einsum("kij,kj->ki", weight, sample.mean - mean)
    return _Parts(inner, inner @ sample.pooled @ inner, weight, weight @ _about(sample, mean) @ weight, pull)


def _residual_weights(sample: SizeMoments, parts: _Parts) -> tuple[Array, Array]:
    """dF / dSigma_W and dF / dSigma_B, each symmetric (p, p)."""
    q = parts.weight - parts.v
    within = summed(sample.share / sample.sizes, q) + sample.pooled_share * (parts.inner - parts.inner_v)
    return within, summed(sample.share, q)


def _gradient(sample: SizeMoments, parts: _Parts, d: Pair) -> Array:
    pull = sample.share @ parts.pull
    weights = _residual_weights(sample, parts)
    return np.concatenate([gradient_from(q, pull, of_level) for q, of_level in zip(weights, d, strict=True)])


def _means(d: Pair) -> Array:
    return np.hstack([d[0].mean, d[1].mean])


def _blocks(sample: SizeMoments, d: Pair, joined: Callable[[Array], Array]) -> Array:
    """``joined`` of the share of each size, over its square, its first and no power for pairs of rows of level 1, of
    both levels, and of level 2.
    """
    first, second = dense(d[0]), dense(d[1])
    share, size = sample.share, sample.sizes
    corner = first.T @ joined(share / size) @ second
    return np.block(
        [[first.T @ joined(share / size**2) @ first, corner], [corner.T, second.T @ joined(share) @ second]]
    )


def _products(sample: SizeMoments, d: Pair, w: Array, v: Array) -> Array:
    """Sum over sizes of share times tr(W dOmega_k V dOmega_l), for all pairs of rows, the mean of both orders."""

    def joined(share: Array) -> Array:
        kernel = summed_kronecker(share, w, v)
        return np.asarray(0.5 * (kernel + kernel.T))

    return _blocks(sample, d, joined)


def _cross(sample: SizeMoments, parts: _Parts, d: Pair) -> Array:
    """Sum over sizes of share times r' dOmega_k W dmu_l, for all pairs of rows."""
    k, p = parts.pull.shape
    mean = _means(d)
    blocks = []
    for of_level, share in zip(d, (sample.share / sample.sizes, sample.share), strict=True):
        joint = (share[:, None] * parts.pull).T @ parts.weight.reshape(k, -1)  # [i, (j, n)]
        blocks.append(dense(of_level).T @ joint.reshape(p * p, p) @ mean)
    return np.vstack(blocks)
