"""Full-information maximum likelihood: rows with missing values keep the likelihood of what they hold.

F = sum over patterns of share times [log|Sigma_o| + tr(Sigma_o^-1 T_o)] less the same of the saturated model, with
T_o the pattern's second moments about the implied means: Arbuckle (1996), Full information estimation in the
presence of incomplete data, in Marcoulides & Schumacker (eds.), Advanced Structural Equation Modeling, ch. 9.
Rows are assumed to be missing at random (Rubin 1976, Biometrika 63(3), 581-592).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.discrepancy.normal import gradient_from
from analysis.sem.implied import (
    Derivatives,
    Implied,
    Structure,
    second_derivatives_of_covariance,
    second_derivatives_of_mean,
)
from analysis.sem.patterns import Patterns

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FullInformation:
    """The discrepancy of one group's patterns; ``saturated`` is the value of the saturated model."""

    patterns: Patterns
    saturated: float

    def value(self, implied: Implied) -> float:
        """F at the implied moments; infinity where Sigma is not positive definite."""
        try:
            return deviance(self.patterns, implied.mean, implied.covariance) - self.saturated
        except np.linalg.LinAlgError:
            return np.inf

    def scoring(self, implied: Implied, d: Derivatives) -> tuple[Array, Array]:
        """Gradient, and twice the information that rows with these patterns are expected to give.

        The gradient is tr(Q dSigma) - 2 dmu' r with Q and r summed over patterns: F is linear in both.
        """
        weight, v, pull = self._parts(implied)
        share = self.patterns.share
        total = summed(share, weight)
        gradient = gradient_from(total - summed(share, v), share @ pull, d)
        return gradient, _trace_products(share, weight, weight, d) + 2.0 * d.mean.T @ total @ d.mean

    def newton(self, structure: Structure, implied: Implied, d: Derivatives) -> tuple[Array, Array]:
        """Gradient and second derivatives of complete data, summed over patterns."""
        weight, v, pull = self._parts(implied)
        share = self.patterns.share
        total = summed(share, weight)
        q, r = total - summed(share, v), share @ pull
        hessian = _trace_products(share, weight, 2.0 * v - weight, d)
        hessian += second_derivatives_of_covariance(structure, implied, q)
        cross = _cross_products(share, weight, pull, d)
        hessian += 2.0 * (cross + cross.T + d.mean.T @ total @ d.mean)
        hessian -= 2.0 * second_derivatives_of_mean(structure, implied, r)
        return gradient_from(q, r, d), hessian

    def _parts(self, implied: Implied) -> tuple[Array, Array, Array]:
        """By pattern: W = Sigma_o^-1 (k, p, p), V = W T W (k, p, p), W (m - mu) (k, p), zero where unobserved."""
        weight, _ = self.patterns.inverse_and_log_determinant(implied.covariance)
        difference, second = self.patterns.about(implied.mean)
        pull = np.einsum("kij,kj->ki", weight, difference)
        return weight, weight @ second @ weight, pull


def deviance(patterns: Patterns, mean: Array, covariance: Array) -> float:
    """Minus twice the log-likelihood of an average row, without the constant p log(2 pi)."""
    weight, log_determinant = patterns.inverse_and_log_determinant(covariance)
    _, second = patterns.about(mean)
    return float(patterns.share @ (log_determinant + np.einsum("kij,kij->k", weight, second)))


def summed(share: Array, matrices: Array) -> Array:
    """Sum of ``matrices`` (k, p, p) times ``share`` (k,)."""
    return np.asarray((share @ matrices.reshape(len(share), -1)).reshape(matrices.shape[1:]))


def dense(d: Derivatives) -> Array:
    """dSigma of every row as a matrix: (p * p, n_rows)."""
    outer = d.left[:, None, :] * d.right[None, :, :]
    return np.asarray((outer + outer.transpose(1, 0, 2)).reshape(-1, d.left.shape[1]))


def summed_kronecker(share: Array, w: Array, v: Array) -> Array:
    """K (p * p, p * p) with vec(A)' K vec(B) = sum over patterns of share times tr(W A V B), A and B symmetric.

    One matrix product over patterns: no pattern is looked at alone.
    """
    k, p, _ = w.shape
    z = (share[:, None] * w.reshape(k, -1)).T @ v.reshape(k, -1)
    # z[(i, j), (m, n)] joins W_ij and V_mn; tr(W A V B) = sum of W_ij A_jm V_mn B_ni.
    return np.asarray(z.reshape(p, p, p, p).transpose(1, 2, 3, 0).reshape(p * p, p * p))


def _trace_products(share: Array, w: Array, v: Array, d: Derivatives) -> Array:
    directions = dense(d)
    products = directions.T @ summed_kronecker(share, w, v) @ directions
    return np.asarray(0.5 * (products + products.T))


def _cross_products(share: Array, weight: Array, pull: Array, d: Derivatives) -> Array:
    """Sum over patterns of share times r' dSigma_k W dmu_l, for all pairs of rows."""
    k, p = pull.shape
    joint = (share[:, None] * pull).T @ weight.reshape(k, -1)  # [i, (j, n)]
    return np.asarray(dense(d).T @ joint.reshape(p * p, p) @ d.mean)
