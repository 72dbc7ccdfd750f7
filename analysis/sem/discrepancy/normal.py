"""The normal-theory maximum-likelihood discrepancy, its gradient and its expected information.

F = log|Sigma| + tr(S Sigma^-1) - log|S| - p + (m - mu)' Sigma^-1 (m - mu): Joereskog (1969), A general approach
to confirmatory maximum likelihood factor analysis, Psychometrika 34(2), 183-202, eq. 2; with means Bollen
(1989), Structural Equations with Latent Variables, eqs. 4.67 and 7.104. F is twice the negative log-likelihood
per observation, up to a constant of the data.
"""

from __future__ import annotations

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


def discrepancy(sample: SampleMoments, implied: Implied, meanstructure: bool) -> float:
    """F at the implied moments; infinity where Sigma is not positive definite."""
    try:
        factor = np.linalg.cholesky(implied.covariance)
    except np.linalg.LinAlgError:
        return np.inf
    log_det = 2.0 * float(np.log(np.diag(factor)).sum())
    target = _centred_about(sample, implied, meanstructure)
    trace = float(np.trace(np.linalg.solve(implied.covariance, target)))
    return log_det + trace - log_determinant(sample.covariance) - len(sample.names)


def gradient(
    sample: SampleMoments, structure: Structure, implied: Implied, d: Derivatives, meanstructure: bool
) -> Array:
    """dF/dtheta, shape (n_free,): tr(Q dSigma) - 2 dmu' Sigma^-1 (m - mu), Q = W - W T W, W = Sigma^-1."""
    weight = _inverse(implied.covariance)
    target = _centred_about(sample, implied, meanstructure)
    q = weight - weight @ target @ weight
    by_row = 2.0 * np.einsum("ir,ir->r", q @ d.left, d.right)
    if meanstructure:
        by_row -= 2.0 * d.mean.T @ (weight @ (sample.mean - implied.mean))
    return np.asarray(structure.collect @ by_row)


def expected_information(structure: Structure, implied: Implied, d: Derivatives, meanstructure: bool) -> Array:
    """Expected information of one observation, shape (n_free, n_free).

    I_kl = tr(W dSigma_k W dSigma_l) / 2 + dmu_k' W dmu_l: Bollen (1989), eq. 4B.5; Magnus & Neudecker (1999),
    chapter 15. With dSigma of rank two, the trace is twice the sum of two products of bilinear forms.
    """
    weight = _inverse(implied.covariance)
    weighted_left = weight @ d.left
    left_left = d.left.T @ weighted_left
    right_right = d.right.T @ weight @ d.right
    right_left = d.right.T @ weighted_left
    by_row = left_left * right_right + right_left * right_left.T
    if meanstructure:
        by_row += d.mean.T @ weight @ d.mean
    return np.asarray(structure.collect @ by_row @ structure.collect.T)


def hessian(
    sample: SampleMoments, structure: Structure, implied: Implied, d: Derivatives, meanstructure: bool
) -> Array:
    """d2F/dtheta dtheta', shape (n_free, n_free); half of it is the observed information of one observation.

    With W = Sigma^-1, V = W T W, Q = W - V and r = W (m - mu), the parts are 2 tr(W dS_k V dS_l) -
    tr(W dS_k W dS_l) + tr(Q d2S_kl) and, for means, 2 r' dS_k W dmu_l + 2 r' dS_l W dmu_k + 2 dmu_k' W dmu_l -
    2 r' d2mu_kl (differentiating the gradient once more).
    """
    weight = _inverse(implied.covariance)
    target = np.asarray(weight @ _centred_about(sample, implied, meanstructure) @ weight)
    by_row = 2.0 * _trace(d, weight, target) - _trace(d, weight, weight)
    by_row += second_derivatives_of_covariance(structure, implied, np.subtract(weight, target))
    if meanstructure:
        residual = weight @ (sample.mean - implied.mean)
        weighted_mean = weight @ d.mean
        cross = (residual @ d.left)[:, None] * (d.right.T @ weighted_mean)
        cross += (residual @ d.right)[:, None] * (d.left.T @ weighted_mean)
        by_row += 2.0 * (cross + cross.T + d.mean.T @ weighted_mean)
        by_row -= 2.0 * second_derivatives_of_mean(structure, implied, residual)
    return np.asarray(structure.collect @ by_row @ structure.collect.T)


def _trace(d: Derivatives, w: Array, v: Array) -> Array:
    """tr(W dSigma_k V dSigma_l), symmetrised over k and l, for all pairs of rows."""
    w_left, w_right, v_left, v_right = w @ d.left, w @ d.right, v @ d.left, v @ d.right
    trace = (d.left.T @ w_left) * (d.right.T @ v_right) + (d.right.T @ w_right) * (d.left.T @ v_left)
    mixed = (d.right.T @ w_left) * (d.right.T @ v_left).T
    return np.asarray(trace + mixed + mixed.T)


def log_determinant(matrix: Array) -> float:
    """log|matrix| of a positive-definite matrix; -infinity where it is singular."""
    sign, value = np.linalg.slogdet(matrix)
    return float(value) if sign > 0 else -np.inf


def _centred_about(sample: SampleMoments, implied: Implied, meanstructure: bool) -> Array:
    """Sample covariance about the implied means: S + (m - mu)(m - mu)'."""
    if not meanstructure:
        return sample.covariance
    difference = sample.mean - implied.mean
    return sample.covariance + np.outer(difference, difference)


def _inverse(matrix: Array) -> Array:
    return np.asarray(np.linalg.inv(matrix), dtype=np.float64)
