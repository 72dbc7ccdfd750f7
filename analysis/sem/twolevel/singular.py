"""Unrestricted moments where the likelihood would have a negative variance between clusters.

The covariance matrix Sigma_B between clusters is then singular. Expectation and maximisation come near it, ever more
slowly; a factor Sigma_B = L L' with as many columns as it has rank is then fitted by Newton steps (Burer & Monteiro
2005, Mathematical Programming 103, 427-444). It is the optimum where the likelihood falls in no direction of Sigma_B
that is left: where dF / dSigma_B is positive semidefinite.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.sem.discrepancy.twolevel import SizeMoments, level_slopes
from analysis.sem.optimise import Optimum, minimise
from analysis.sem.parameter import Parameter
from analysis.sem.partable import ParameterTable, number_free
from analysis.sem.twolevel.objective import TwoLevelObjective, two_level_objective

Array = NDArray[np.float64]

_STEPS, _MORE_STEPS = 200, 3000
# Of Sigma_B in units of within standard deviations: what EM leaves of a variance that goes to zero is below this.
_SMALL = 1e-3
# Slopes of F per unit of such a variance that count as zero.
_FLAT = 1e-6


def singular_moments(
    sample: SizeMoments, free: ParameterTable, within: Array, between: Array
) -> tuple[Array, Array, Array]:
    """Sigma_W, Sigma_B (p, p) and means (p,) from positive-definite starting values, for the unrestricted table
    ``free``. Where Newton steps settle for no rank, as with a variance just above zero, EM goes on and its end stands.
    """
    for _ in range(_STEPS):
        within, between = em_step(sample, within, between)
    scale = between_scale(sample, between)
    values, vectors = np.linalg.eigh(between / np.outer(scale, scale))
    order = np.argsort(-values)
    root = scale[:, None] * vectors[:, order] * np.sqrt(np.maximum(values[order], 0.0))
    most = len(free.levels[1].observed)
    for rank in _ranks(int(np.sum(values > _SMALL)), most):
        pivots = _pivots(root[:, :rank])
        table = _factor_table(free, pivots)
        objective = two_level_objective(table, sample)
        loading = root[:, :rank] @ np.linalg.qr(root[pivots, :rank].T)[0]
        optimum = minimise(objective, _start(table, within, loading, _gls_mean(sample, within, between)))
        if optimum.converged and _is_optimum(table, objective, optimum, scale):
            first, second = objective.implied(optimum.theta)
            return first.covariance, second.covariance, first.mean + second.mean
    for _ in range(_MORE_STEPS):
        within, between = em_step(sample, within, between)
    return within, between, _gls_mean(sample, within, between)


def em_step(sample: SizeMoments, within: Array, between: Array) -> tuple[Array, Array]:
    """One step of expectation and maximisation of Sigma_W and Sigma_B, about means by generalised least squares.

    Given its mean, a cluster's part b has expectation Sigma_B Omega^-1 (m - mu) and variance Sigma_B - Sigma_B
    Omega^-1 Sigma_B: Lee & Poon (1998), Statistica Sinica 8, 749-766.
    """
    weight = np.linalg.inv(between + within / sample.sizes[:, None, None])
    difference = sample.mean - _gls_mean(sample, within, between)
    second = sample.covariance + difference[:, :, None] * difference[:, None, :]
    of_cluster = between @ weight
    of_rest = (within @ weight) / sample.sizes[:, None, None]
    variance = between - of_cluster @ between
    expected = variance + of_cluster @ second @ of_cluster.transpose(0, 2, 1)
    rest = variance + of_rest @ second @ of_rest.transpose(0, 2, 1)
    inside = sample.within[:, None] & sample.within
    new_between = np.einsum("k,kij->ij", sample.counts / sample.n_clusters, expected)
    new_within = sample.pooled_share * sample.pooled + np.einsum("k,kij->ij", sample.share * sample.sizes, rest)
    return np.where(inside, _symmetric(new_within), 0.0), _symmetric(new_between)


def between_scale(sample: SizeMoments, between: Array) -> Array:
    """Units (p,) of Sigma_B: within standard deviations, its own where a variable has no within part."""
    own = np.maximum(np.diag(between), 1e-300)
    return np.asarray(np.sqrt(np.where(sample.within, np.diag(sample.pooled), own)))


def _gls_mean(sample: SizeMoments, within: Array, between: Array) -> Array:
    weight = sample.share[:, None, None] * np.linalg.inv(between + within / sample.sizes[:, None, None])
    return np.asarray(np.linalg.solve(weight.sum(axis=0), np.einsum("kij,kj->i", weight, sample.mean)))


def _symmetric(matrix: Array) -> Array:
    return np.asarray((matrix + matrix.T) / 2.0)


def _ranks(first: int, most: int) -> Iterator[int]:
    """``first``, then ranks below and above it, nearest first."""
    yield first
    for distance in range(1, most + 1):
        yield from (rank for rank in (first - distance, first + distance) if 0 <= rank <= most)


def _pivots(root: Array) -> list[int]:
    """Variables whose rows of ``root`` (p, rank) are the least dependent, one for each column."""
    rest, chosen = root.copy(), []
    for _ in range(root.shape[1]):
        lengths = (rest**2).sum(axis=1)
        chosen.append(int(lengths.argmax()))
        direction = rest[chosen[-1]] / np.sqrt(lengths.max())
        rest = rest - np.outer(rest @ direction, direction)
    return chosen


def _factor_table(free: ParameterTable, pivots: Sequence[int]) -> ParameterTable:
    """Level 2 as factors of unit variance without residuals; the variables ``pivots`` load on the first, the first two,
    … of them alone, which takes away rotations.
    """
    factors = tuple(f".u{place}" for place in range(len(pivots)))
    last = {free.observed[variable]: place for place, variable in enumerate(pivots)}
    rows = [row for row in free.parameters if row.group == 0 or row.op == "~1"]
    for place, factor in enumerate(factors):
        rows.append(Parameter(factor, "~~", factor, user=False, fixed=1.0, group=1))
        rows += [
            Parameter(factor, "=~", name, user=False, free=1, group=1)
            for name in free.levels[1].observed
            if place <= last.get(name, place)
        ]
    rows = [replace(row, free=int(row.fixed is None)) for row in rows]
    return replace(free, parameters=tuple(number_free(rows)), latent=factors)


def _start(table: ParameterTable, within: Array, loading: Array, mean: Array) -> Array:
    """Theta at Sigma_W, L (p, rank) and the means."""
    at = {name: i for i, name in enumerate(table.observed)}
    theta = np.zeros(table.n_free)
    for row in table.parameters:
        if row.free and row.op == "=~":
            theta[row.free - 1] = loading[at[row.rhs], table.latent.index(row.lhs)]
        elif row.free:
            theta[row.free - 1] = mean[at[row.lhs]] if row.op == "~1" else within[at[row.lhs], at[row.rhs]]
    return theta


def _is_optimum(table: ParameterTable, objective: TwoLevelObjective, optimum: Optimum, scale: Array) -> bool:
    """Whether F falls in no direction of Sigma_B in which it stays a covariance matrix."""
    slopes = level_slopes(objective.sample, *objective.implied(optimum.theta))[1] * np.outer(scale, scale)
    held = [table.observed.index(name) for name in table.levels[1].observed]
    return bool(np.linalg.eigvalsh(slopes[np.ix_(held, held)])[0] > -_FLAT)
