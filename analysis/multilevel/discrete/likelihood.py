"""Log-likelihood by adaptive Gauss-Hermite quadrature, with its exact gradient.

Per group, with b = Λ u and u standard normal, L = ∫ exp h(u) (2π)^(−q/2) du, h(u) = Σ log p(y | η) − u'u / 2. At the
mode û with −h''(û) = H = C C' and nodes u_k = û + C⁻ᵀ x_k,

    log L ≈ −½ log|H| + log Σ_k w_k exp(h(u_k) + x_k'x_k / 2)

(Pinheiro & Bates 1995, Journal of Computational and Graphical Statistics 4, section 2.4; Rabe-Hesketh, Skrondal &
Pickles 2005, Journal of Econometrics 128, section 4). One node is the Laplace approximation.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import logsumexp

from analysis.multilevel.discrete.modes import Modes, by_group, find_modes
from analysis.multilevel.discrete.problem import Parameters, Rows, unpack
from analysis.multilevel.discrete.quadrature import Rule
from analysis.multilevel.discrete.response import Tails, Width, log_probability, tails, width

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """The log-likelihood at a vector of parameters (m,), its ``gradient`` (m,), and the ``modes`` by group."""

    vector: Array
    loglik: float
    gradient: Array
    modes: Modes


@dataclass(frozen=True, slots=True)
class Nodes:
    """The integrand at the nodes: K nodes, ``x`` (K, q), of posterior ``weight`` (G, K); rows' ``tails`` (n, K).

    ``root`` (G, q, q) is C⁻ᵀ and ``V`` (n, q) = Z Λ.
    """

    x: Array
    root: Array
    V: Array
    weight: Array
    at: Tails


def evaluate(vector: Array, rows: Rows, rule: Rule, start: Array) -> Evaluation | None:
    """Log-likelihood and gradient; ``start`` (G, q) is where the search for the modes begins.

    None where the thresholds are out of order. Raises EstimationError where no modes are found.
    """
    parameters = unpack(vector, rows)
    if not (np.isfinite(vector).all() and (np.diff(parameters.thresholds) > 0).all()):
        return None
    thresholds = parameters.bounds()
    bounds = thresholds[rows.upper], thresholds[rows.lower]
    gap = width(bounds[0] - bounds[1])
    V = rows.Z @ parameters.factor
    offset = rows.X @ parameters.beta
    modes = find_modes(start, offset, V, bounds, rows)
    loglik, nodes = _integrate(modes, offset, V, bounds, gap, rows, rule)
    return Evaluation(vector, loglik, _gradient(parameters, modes, nodes, gap, rows), modes)


def _integrate(
    modes: Modes, offset: Array, V: Array, bounds: tuple[Array, Array], gap: Width, rows: Rows, rule: Rule
) -> tuple[float, Nodes]:
    lower = np.linalg.cholesky(modes.hessian)
    root = np.linalg.inv(lower).transpose(0, 2, 1)
    along = np.einsum("nq,nqr->nr", V, root[rows.group])
    eta = (offset + (V * modes.u[rows.group]).sum(axis=1))[:, None] + along @ rule.nodes.T
    thresholds = bounds[0][:, None], bounds[1][:, None]
    u = modes.u[:, None, :] + np.einsum("gqr,kr->gkq", root, rule.nodes)
    height = by_group(log_probability(eta, *thresholds), rows) + by_group(gap.value, rows)[:, None]
    height += rule.log_weights + 0.5 * ((rule.nodes**2).sum(axis=1) - (u**2).sum(axis=2))
    total = logsumexp(height, axis=1)
    log_det = 2.0 * np.log(np.diagonal(lower, axis1=1, axis2=2)).sum()
    weight = np.exp(height - total[:, None])
    return float(total.sum() - 0.5 * log_det), Nodes(rule.nodes, root, V, weight, tails(eta, *thresholds))


def _gradient(parameters: Parameters, modes: Modes, nodes: Nodes, gap: Width, rows: Rows) -> Array:
    """Derivative of the quadrature itself, which moves with the modes and their Hessian.

    Σ_k π_k ∂h(u_k) is Fisher's identity at the nodes; the rest is the chain rule through û (implicit function
    theorem, dû = H⁻¹ ∂h'(û)), H (a weight D with d log L = tr(D dH)) and H's Cholesky factor
    (dC = C Φ(C⁻¹ dH C⁻ᵀ), Φ the lower triangle with half the diagonal; Smith 1995, Journal of Computational and
    Graphical Statistics 4).
    """
    group, V, at = rows.group, nodes.V, modes.at
    weight = nodes.weight[group]
    weighted = weight * nodes.at.slope
    slope, first = weighted.sum(axis=1), weighted @ nodes.x
    pull, D = _motion_of_nodes(slope, first, modes, nodes, rows)
    VD = np.einsum("nq,nqr->nr", V, D[group])
    curvature = (VD * V).sum(axis=1)
    bend_upper = curvature * at.upper_weight * (1.0 - 2.0 * at.upper)
    bend_lower = curvature * at.lower_weight * (1.0 - 2.0 * at.lower)
    bend = -(bend_upper + bend_lower)
    m = np.linalg.solve(modes.hessian, (pull + by_group(bend[:, None] * V, rows))[:, :, None])[:, :, 0]
    lift = (V * m[group]).sum(axis=1)
    total_weight = at.upper_weight + at.lower_weight
    explicit = slope + bend - total_weight * lift
    spread = np.einsum("nqr,nr->nq", nodes.root[group], first)
    right = (
        explicit[:, None] * modes.u[group] + spread + 2.0 * total_weight[:, None] * VD + at.slope[:, None] * m[group]
    )
    upper = ((1.0 - nodes.at.upper) * weight).sum(axis=1) + gap.slope + bend_upper + lift * at.upper_weight
    lower = -(nodes.at.lower * weight).sum(axis=1) - gap.slope + bend_lower + lift * at.lower_weight
    count = max(rows.free_thresholds, 1) + 2
    thresholds = np.bincount(rows.upper, upper, count) + np.bincount(rows.lower, lower, count)
    columns = np.triu_indices(len(parameters.factor))
    return np.concatenate([thresholds[1 : rows.free_thresholds + 1], explicit @ rows.X, (rows.Z.T @ right).T[columns]])


def _motion_of_nodes(slope: Array, first: Array, modes: Modes, nodes: Nodes, rows: Rows) -> tuple[Array, Array]:
    """What the log-likelihood gains when the nodes move: Σ_k π_k h'(u_k) (G, q), and D (G, q, q) for dH.

    D = C⁻ᵀ A C⁻¹, A the symmetric part of −½ I − Φ(M), M = Σ_k π_k x_k h'(u_k)' C⁻ᵀ.
    """
    q = nodes.x.shape[1]
    mean_x = nodes.weight @ nodes.x
    square_x = (nodes.weight @ (nodes.x[:, :, None] * nodes.x[:, None, :]).reshape(-1, q * q)).reshape(-1, q, q)
    pull = by_group(slope[:, None] * nodes.V, rows) - modes.u - np.einsum("gqr,gr->gq", nodes.root, mean_x)
    moment = by_group(first[:, :, None] * nodes.V[:, None, :], rows)
    moment -= mean_x[:, :, None] * modes.u[:, None, :] + square_x @ nodes.root.transpose(0, 2, 1)
    mask = np.tril(np.ones((q, q)), -1) + 0.5 * np.eye(q)
    A = -0.5 * np.eye(q) - mask * (moment @ nodes.root)
    A = 0.5 * (A + A.transpose(0, 2, 1))
    return pull, nodes.root @ A @ nodes.root.transpose(0, 2, 1)
