"""Values and standardised values of every row of the parameter table, for a stack of resamples at once."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.bootstrap.batch import BatchProblem, StackedImplied, row_values_of, stacked_implied
from analysis.sem.implied import Structure

Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


def values_stack(problem: BatchProblem, theta: Array) -> Array:
    """Value of every row of the whole table (b, n_rows) at ``theta`` (b, n_free)."""
    out = np.zeros((len(theta), sum(len(structure.rows) for structure in problem.structures)))
    for structure, fixed in zip(problem.structures, problem.fixed, strict=True):
        out[:, structure.rows] = row_values_of(structure, fixed, theta)
    return out


def standardised_stack(problem: BatchProblem, values: Array) -> tuple[Array, BoolArray]:
    """Values standardised by all variables (b, n_rows), as ``standardise`` has them one by one, and which solutions
    are improper (b,): a negative variance, or latent variables whose covariance matrix is not positive definite.
    """
    scaled, improper = np.full(values.shape, np.nan), np.zeros(len(values), dtype=np.bool_)
    there = np.flatnonzero(np.isfinite(values).all(axis=1))
    for structure in problem.structures:
        of_group = values[np.ix_(there, structure.rows)]
        at = stacked_implied(structure, of_group)
        scaled[np.ix_(there, structure.rows)] = of_group * _factors(structure, at, of_group)
        variances = of_group[:, structure.s[structure.s_first == structure.s_second]]
        latent = at.full_covariance[:, structure.n_observed :, structure.n_observed :]
        improper[there] |= (variances < 0).any(axis=1) | negative_direction(latent)
    return scaled, improper


def negative_direction(stack: Array) -> BoolArray:
    """Which symmetric matrices of a stack (b, k, k) have a negative eigenvalue, beyond rounding."""
    if not stack.shape[1]:
        return np.zeros(len(stack), dtype=np.bool_)
    trace = np.trace(stack, axis1=1, axis2=2)
    return np.asarray(np.linalg.eigvalsh(stack)[:, 0] < -1e-10 * np.abs(trace))


def _factors(structure: Structure, at: StackedImplied, values: Array) -> Array:
    i, j = structure.s_first, structure.s_second
    own = np.zeros(at.full_mean.shape)
    own[:, i[i == j]] = values[:, structure.s[i == j]]
    factors = np.ones(values.shape)
    with np.errstate(invalid="ignore", divide="ignore"):
        total, residual = np.sqrt(np.diagonal(at.full_covariance, axis1=1, axis2=2)), np.sqrt(own)
        factors[:, structure.a] = total[:, structure.a_from] / total[:, structure.a_to]
        factors[:, structure.m] = 1.0 / total[:, structure.m_at]
        factors[:, structure.s] = 1.0 / np.where(i == j, total[:, i] ** 2, residual[:, i] * residual[:, j])
    return factors
