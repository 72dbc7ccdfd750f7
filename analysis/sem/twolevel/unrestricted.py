"""The unrestricted two-level model: the moments of both levels that the data make most likely."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.discrepancy.twolevel import SizeMoments
from analysis.sem.moments import SampleMoments
from analysis.sem.objective import Point
from analysis.sem.optimise import minimise
from analysis.sem.partable import ParameterTable
from analysis.sem.twolevel.objective import TwoLevelObjective, two_level_objective
from analysis.sem.twolevel.singular import between_scale, em_step, singular_moments
from analysis.sem.twolevel.table import unrestricted_table

Array = NDArray[np.float64]

_EM_STEPS = 30
# Eigenvalues of Sigma_B, in units of within variances, below this count as negative.
_NEGATIVE = -1e-9


@dataclass(frozen=True, slots=True)
class Unrestricted:
    """The saturated model: its ``table`` with all moments free and their values ``theta`` (q,), the same by level as
    ``levels``, whose observations are the degrees of freedom within and the clusters, and its ``deviance``.
    """

    table: ParameterTable
    theta: Array
    levels: tuple[SampleMoments, SampleMoments]
    deviance: float


def unrestricted_model(sample: SizeMoments, table: ParameterTable) -> Unrestricted:
    """Minimise the deviance over Sigma_W, Sigma_B and means; Sigma_B is held to be a covariance matrix, as it is by
    the EM algorithm (Lee & Poon 1998, Statistica Sinica 8, 749-766), lavaan's here.
    """
    free = unrestricted_table(table)
    within, between, mean = starting_moments(sample, _between(table))
    for _ in range(_EM_STEPS):
        within, between = em_step(sample, within, between)
    levels = _levels(sample, table, within, between, mean)
    objective = two_level_objective(free, sample)
    try:
        optimum = minimise(_Inside(objective), moments_theta(free, levels))
    except _OutsideError:
        optimum = None
    if optimum is not None and optimum.converged:
        first, second = objective.implied(optimum.theta)
        levels = _levels(sample, table, first.covariance, second.covariance, first.mean + second.mean)
        return Unrestricted(free, optimum.theta, levels, optimum.value)
    levels = _levels(sample, table, *singular_moments(sample, free, within, between))
    theta = moments_theta(free, levels)
    return Unrestricted(free, theta, levels, objective.value(theta))


class _OutsideError(Exception):
    """A step led to where Sigma_B is no covariance matrix."""


@dataclass(frozen=True, slots=True)
class _Inside:
    """The unrestricted objective where Sigma_B is a covariance matrix. Beyond, the likelihood may have no bound: few
    clusters of the largest size lie in a plane that their Omega can shrink to.
    """

    objective: TwoLevelObjective

    def at(self, theta: Array) -> Point:
        """The objective at ``theta``; raises _OutsideError."""
        point = self.objective.at(theta)
        if point.moments:
            between = point.moments[1].covariance
            scale = between_scale(self.objective.sample, between)
            if np.linalg.eigvalsh(between / np.outer(scale, scale))[0] < _NEGATIVE:
                raise _OutsideError
        return point


def moments_theta(table: ParameterTable, levels: Sequence[SampleMoments]) -> Array:
    """Theta (n_free,) of a table whose free parameters are variances, covariances and means."""
    at = {name: i for i, name in enumerate(table.observed)}
    theta = np.zeros(table.n_free)
    for row in table.parameters:
        if row.free:
            here, i = levels[row.group], at[row.lhs]
            theta[row.free - 1] = here.mean[i] if row.op == "~1" else here.covariance[i, at[row.rhs]]
    return theta


def starting_moments(sample: SizeMoments, between: NDArray[np.bool_]) -> tuple[Array, Array, Array]:
    """Sigma_W, Sigma_B (p, p) and the means (p,) by the method of moments, Sigma_B made positive definite.

    The covariance of cluster means holds Sigma_W over their size, on average by its harmonic mean (Muthen 1990).
    """
    mean, total = sample.of_cluster_means()
    rest = total - float(sample.counts @ (1.0 / sample.sizes)) / sample.n_clusters * sample.pooled
    scale = np.sqrt(np.where(between, np.diag(total), 1.0))
    values, vectors = np.linalg.eigh(rest / np.outer(scale, scale))
    positive = (vectors * np.maximum(values, 0.05)) @ vectors.T * np.outer(scale, scale)
    return sample.pooled.copy(), np.where(between[:, None] & between, positive, 0.0), mean


def _between(table: ParameterTable) -> NDArray[np.bool_]:
    return np.array([name in table.levels[1].observed for name in table.observed])


def _levels(
    sample: SizeMoments, table: ParameterTable, within: Array, between: Array, mean: Array
) -> tuple[SampleMoments, SampleMoments]:
    of_between = _between(table)
    n_within = sample.n_rows - sample.n_clusters
    return (
        SampleMoments(table.observed, within, np.where(of_between, 0.0, mean), n_within),
        SampleMoments(table.observed, between, np.where(of_between, mean, 0.0), sample.n_clusters),
    )
