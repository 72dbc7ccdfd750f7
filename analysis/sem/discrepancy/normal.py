"""The normal-theory maximum-likelihood discrepancy of complete data, with exact first and second derivatives.

F = log|Sigma| + tr(S Sigma^-1) - log|S| - p + (m - mu)' Sigma^-1 (m - mu): Joereskog (1969), A general approach
to confirmatory maximum likelihood factor analysis, Psychometrika 34(2), 183-202, eq. 2; with means Bollen (1989),
Structural Equations with Latent Variables, eqs. 4.67 and 7.104. F is twice the negative log-likelihood of an
observation, up to a constant of the data.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.sem.implied import (
    Derivatives,
    Implied,
    Structure,
    second_derivatives_of_covariance,
    second_derivatives_of_mean,
)
from analysis.sem.moments import SampleMoments

Array = NDArray[np.float64]


@dataclass(frozen=True)
class NormalTheory:
    """The discrepancy from the moments of one group; without ``meanstructure`` means are left free."""

    sample: SampleMoments
    meanstructure: bool

    @cached_property
    def _saturated(self) -> float:
        """What the saturated model leaves: log|S| + p."""
        return log_determinant(self.sample.covariance) + len(self.sample.names)

    def value(self, implied: Implied) -> float:
        """F at the implied moments; infinity where Sigma is not positive definite."""
        try:
            factor = np.linalg.cholesky(implied.covariance)
        except np.linalg.LinAlgError:
            return np.inf
        log_det = 2.0 * float(np.log(np.diag(factor)).sum())
        trace = float(np.vdot(implied.precision, self._target(implied)))
        return log_det + trace - self._saturated

    def scoring(self, implied: Implied, d: Derivatives) -> tuple[Array, Array]:
        """Gradient, and twice the expected information of an observation: tr(W dSigma_k W dSigma_l) + 2 dmu_k' W dmu_l.

        The gradient is tr(Q dSigma) - 2 dmu' W (m - mu), with W = Sigma^-1, T = S + (m - mu)(m - mu)', Q = W - W T W:
        Bollen (1989), eq. 4B.5; Magnus & Neudecker (1999), Matrix Differential Calculus, chapter 15.
        """
        weight, v, pull = self._parts(implied)
        curvature = trace_products(d, weight, weight)
        if self.meanstructure:
            curvature += 2.0 * (d.mean.T @ weight @ d.mean)
        return gradient_from(weight - v, pull, d), curvature

    def newton(self, structure: Structure, implied: Implied, d: Derivatives) -> tuple[Array, Array]:
        """Gradient, and tr(W dS_k (2 V - W) dS_l) + tr(Q d2S_kl), V = W T W, with the parts of the means."""
        weight, v, pull = self._parts(implied)
        hessian = trace_products(d, weight, 2.0 * v - weight)
        hessian += second_derivatives_of_covariance(structure, implied, weight - v)
        if self.meanstructure:
            weighted = weight @ d.mean
            cross = cross_products(d, weighted, pull)
            hessian += 2.0 * (cross + cross.T + d.mean.T @ weighted)
            hessian -= 2.0 * second_derivatives_of_mean(structure, implied, pull)
        return gradient_from(weight - v, pull, d), hessian

    def _parts(self, implied: Implied) -> tuple[Array, Array, Array]:
        """W = Sigma^-1 (p, p), V = W T W (p, p), and W (m - mu) (p,), zero where means are free."""
        weight = implied.precision
        free = not self.meanstructure
        pull = np.zeros(len(weight)) if free else weight @ (self.sample.mean - implied.mean)
        return weight, weight @ self._target(implied) @ weight, pull

    def _target(self, implied: Implied) -> Array:
        """Sample covariance about the implied means: S + (m - mu)(m - mu)'."""
        if not self.meanstructure:
            return self.sample.covariance
        difference = self.sample.mean - implied.mean
        return np.asarray(self.sample.covariance + np.outer(difference, difference))


def gradient_from(q: Array, pull: Array, d: Derivatives) -> Array:
    """tr(q dSigma) - 2 pull' dmu for every row; ``q`` (p, p) symmetric, ``pull`` (p,)."""
    return np.asarray(2.0 * (((q @ d.left) * d.right).sum(axis=0) - pull @ d.mean))


def trace_products(d: Derivatives, w: Array, v: Array) -> Array:
    """tr(W dSigma_k V dSigma_l) for all pairs of rows, W and V symmetric (p, p); symmetric in k and l if both are one
    matrix, else the mean over the two orders.

    With dSigma of rank two, the trace is a sum of four products of bilinear forms.
    """
    w_left, w_right = w @ d.left, w @ d.right
    if w is v:
        mixed = d.right.T @ w_left
        return np.asarray(2.0 * ((d.left.T @ w_left) * (d.right.T @ w_right) + mixed * mixed.T))
    v_left, v_right = v @ d.left, v @ d.right
    mixed = (d.right.T @ w_left) * (d.right.T @ v_left).T
    trace = (d.left.T @ w_left) * (d.right.T @ v_right) + (d.right.T @ w_right) * (d.left.T @ v_left)
    return np.asarray(trace + mixed + mixed.T)


def cross_products(d: Derivatives, weighted_mean: Array, pull: Array) -> Array:
    """pull' dSigma_k W dmu_l for all pairs of rows, given W dmu (p, n_rows) and ``pull`` (p,)."""
    cross = (pull @ d.left)[:, None] * (d.right.T @ weighted_mean)
    return np.asarray(cross + (pull @ d.right)[:, None] * (d.left.T @ weighted_mean))


def log_determinant(matrix: Array) -> float:
    """log|matrix| of a positive-definite matrix; -infinity where it is singular."""
    sign, value = np.linalg.slogdet(matrix)
    return float(value) if sign > 0 else -np.inf
