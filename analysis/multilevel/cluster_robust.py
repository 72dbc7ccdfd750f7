"""Cluster-robust inference for fixed effects where groups are few and unequal: CR2 with Satterthwaite's df.

Bell & McCaffrey (2002), Survey Methodology 28(2), 169-181; Pustejovsky & Tipton (2018), Journal of Business &
Economic Statistics 36(4), 672-683.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.linalg import cho_factor, cho_solve

from analysis.errors import ModelError, Problem
from analysis.multilevel.result import FixedEffect
from analysis.multilevel.solution import Solution

Array = NDArray[np.float64]

# Directions that B_j does not hold (a cluster that determines a coefficient alone) have eigenvalues of rounding error.
_RANK = 1e-12


@dataclass(frozen=True, slots=True)
class Cluster:
    """One group's rows: X (n_j, p), residuals of the fixed part (n_j,), and model covariance V (n_j, n_j)."""

    X: Array
    residual: Array
    V: Array


@dataclass(frozen=True, slots=True)
class BiasReduced:
    """Covariance (p, p) of the fixed effects and Satterthwaite's degrees of freedom of each (p,)."""

    covariance: Array
    df: Array


@dataclass(frozen=True, slots=True)
class ClusterRobust:
    """Fixed effects with robust standard errors, t tests and 95 % intervals; groups of ``group`` may depend in any
    way within themselves.
    """

    group: str
    n_clusters: int
    fixed_effects: tuple[FixedEffect, ...]


def cluster_robust(solution: Solution) -> ClusterRobust:
    """Robust to what the model leaves out within the groups of its coarsest grouping factor.

    Raises ModelError where other grouping factors cross that one, so that no rows are independent.
    """
    group, codes = _clustering(solution)
    found = bias_reduced(_clusters(solution, codes))
    errors = np.sqrt(np.diag(found.covariance))
    t, half = solution.beta / errors, special.stdtrit(found.df, 0.975) * errors
    pvalues = 2.0 * special.stdtr(found.df, -np.abs(t))
    columns = (solution.beta, errors, found.df, t, pvalues, solution.beta - half, solution.beta + half)
    rows = np.column_stack(columns).tolist()
    effects = (FixedEffect(term, *row) for term, row in zip(solution.design.fixed_names, rows, strict=True))
    return ClusterRobust(group, int(codes.max()) + 1, tuple(effects))


def _clustering(solution: Solution) -> tuple[str, NDArray[np.intp]]:
    """Name and codes (n,) of the grouping factor that holds all others."""
    blocks = solution.design.blocks
    coarsest = min(blocks, key=lambda block: block.n_groups)
    for block in blocks:
        outer = np.zeros(block.n_groups, dtype=np.intp)
        outer[block.codes] = coarsest.codes
        if (outer[block.codes] != coarsest.codes).any():
            what = f"'{block.group}' and '{coarsest.group}' cross: no groups of rows are independent of the others"
            raise ModelError(Problem(what, "cluster-robust standard errors", "use them with nested groups"))
    return coarsest.group, coarsest.codes


def _clusters(solution: Solution, codes: NDArray[np.intp]) -> list[Cluster]:
    design = solution.design
    residual = design.y - design.X @ solution.beta
    precision = np.ones(len(residual)) if design.weights is None else design.weights
    found = []
    order = np.argsort(codes, kind="stable")
    for rows in np.split(order, np.flatnonzero(np.diff(codes[order])) + 1):
        V = np.diag(solution.sigma2 / precision[rows])
        for block, covariance in zip(design.blocks, solution.covariances, strict=True):
            Z, own = block.Z[rows], block.codes[rows]
            V += np.where(own[:, None] == own, Z @ covariance @ Z.T, 0.0)
        found.append(Cluster(design.X[rows], residual[rows], V))
    return found


def bias_reduced(clusters: Sequence[Cluster]) -> BiasReduced:
    """CR2 with the fitted model as working model (Pustejovsky & Tipton 2018, eqs. 4 to 6, W = V^-1).

    With M = (X'V^-1X)^-1 and g_j = A_j' V_j^-1 X_j M the covariance is the sum of g_j' e_j e_j' g_j. A_j makes it
    unbiased if the working model holds: with D_j the upper Cholesky factor of V_j,
    A_j = D_j' B_j^(-1/2) D_j and B_j = D_j (V_j - X_j M X_j') D_j'. The df of a coefficient are
    tr(P)^2 / tr(P^2), P_ij = g_i' (delta_ij V_i - X_i M X_j') g_j (ibid., eqs. 9 to 11).
    """
    solved = [cho_solve(cho_factor(c.V, lower=True), c.X) for c in clusters]
    M = np.linalg.inv(np.sum([c.X.T @ s for c, s in zip(clusters, solved, strict=True)], axis=0))
    pulls = [_adjusted(c, M, s @ M) for c, s in zip(clusters, solved, strict=True)]
    scores = np.array([c.residual @ g for c, g in zip(clusters, pulls, strict=True)])
    own = np.array([((c.V @ g) * g).sum(axis=0) for c, g in zip(clusters, pulls, strict=True)])
    shared = np.array([g.T @ c.X for c, g in zip(clusters, pulls, strict=True)])
    df = np.array([_satterthwaite(own[:, k], shared[:, k], M) for k in range(len(M))])
    return BiasReduced(scores.T @ scores, df)


def _adjusted(cluster: Cluster, M: Array, weighted: Array) -> Array:
    """g_j (n_j, p) = A_j' V_j^-1 X_j M, given V_j^-1 X_j M."""
    D = np.linalg.cholesky(cluster.V).T
    B = D @ (cluster.V - cluster.X @ M @ cluster.X.T) @ D.T
    values, vectors = np.linalg.eigh(B)
    kept = values > _RANK * values[-1]
    root = (vectors[:, kept] / np.sqrt(values[kept])) @ vectors[:, kept].T
    return np.asarray(D.T @ root @ D @ weighted)


def _satterthwaite(own: Array, shared: Array, M: Array) -> float:
    """tr(P)^2 / tr(P^2) for P = diag(own) - shared M shared', own (G,), shared (G, p)."""
    P = np.diag(own) - shared @ M @ shared.T
    return float(np.trace(P) ** 2 / np.sum(P**2))
