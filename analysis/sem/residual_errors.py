"""Sampling variances of sample statistics and of their residuals from a model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError, Problem
from analysis.sem.casewise import lower_triangle
from analysis.sem.covariance import inverse_information
from analysis.sem.discrepancy.least_squares import LeastSquares, Statistics
from analysis.sem.groups import GroupRows
from analysis.sem.implied import derivatives
from analysis.sem.missing_fit import moment_slopes
from analysis.sem.moment_information import expected_information, observed_information, score_crossproduct
from analysis.sem.robust import explained_moments
from analysis.sem.solution import Solution
from analysis.sem.statistics import normal_weight

Array = NDArray[np.float64]

# A residual whose variance is this share of its statistic's sampling variance is one that the model fits exactly.
_EXACT = 1e-8


@dataclass(frozen=True, slots=True)
class _Group:
    """One group: sampling covariance (q, q) of its statistics, their weight (q, q) at the model, their derivatives
    (q, n_free).
    """

    sampling: Array
    weight: Array
    slopes: Array
    share: float


def statistics_of(solution: Solution, group: int) -> Statistics:
    """Which statistics the model explains and how they stand in their vector: means, then the lower triangle."""
    discrepancy = solution.objective.parts[group].discrepancy
    if isinstance(discrepancy, LeastSquares):
        return discrepancy.statistics
    explained = _explained(solution)
    p = len(solution.table.observed)
    i, j = lower_triangle(p)
    means, pairs = np.flatnonzero(explained[:p]), explained[p:]
    none = np.zeros(0, dtype=np.int64)
    return Statistics(
        q=int(explained.sum()),
        threshold=none,
        threshold_of=none,
        threshold_row=none,
        mean=np.arange(len(means), dtype=np.int64),
        mean_of=means.astype(np.int64),
        mean_sign=np.ones(len(means)),
        covariance=len(means) + np.arange(int(pairs.sum()), dtype=np.int64),
        first=i[pairs],
        second=j[pairs],
    )


def statistic_variances(solution: Solution) -> list[Array]:
    """Sampling variances (q,) of each group's statistics, without reference to the model."""
    return [np.diag(_group(solution, g).sampling) for g in range(len(solution.samples))]


def residual_variances(solution: Solution) -> list[Array]:
    """Variances (q,) of each group's residuals, 0 where the model fits exactly.

    With D the derivatives and A the weight of the statistics, residuals are Q times their sampling errors,
    Q = I - share D (sum over groups of share D'AD)^-1 D'A: Maydeu-Olivares (2017), Psychometrika 82(3), 533-558.
    Raises EstimationError where that sum is singular.
    """
    groups = [_group(solution, g) for g in range(len(solution.samples))]
    information = np.sum([g.share * g.slopes.T @ g.weight @ g.slopes for g in groups], axis=0)
    inverse = inverse_information(information, solution.fitted.jacobian)
    if inverse is None:
        what = f"no standardised residuals: the data barely tell apart {', '.join(solution.flat)}"
        raise EstimationError(Problem(what, "model", "take raw or normalized residuals"))
    found = []
    for group in groups:
        q = np.eye(len(group.weight)) - group.share * group.slopes @ inverse @ group.slopes.T @ group.weight
        variance = np.einsum("ij,jk,ik->i", q, group.sampling, q)
        found.append(np.where(variance <= _EXACT * np.diag(group.sampling), 0.0, variance))
    return found


def statistic_slopes(solution: Solution, group: int) -> Array:
    """Derivatives of one group's statistics by free parameter (q, n_free)."""
    part, at = solution.objective.parts[group], solution.implied[group]
    d = derivatives(part.structure, at)
    if isinstance(part.discrepancy, LeastSquares):
        return np.asarray(part.discrepancy.slopes(at, d) @ part.structure.collect.T)
    return np.asarray(moment_slopes(d)[_explained(solution)] @ part.structure.collect.T)


def _group(solution: Solution, group: int) -> _Group:
    part, n = solution.objective.parts[group], solution.samples[group].n_observations
    if isinstance(part.discrepancy, LeastSquares):
        weight, sampling = part.discrepancy.weight, _least_squares_sampling(solution, group)
        weight = np.diag(weight) if weight.ndim == 1 else weight
    else:
        weight, sampling = _likelihood(solution, group, _explained(solution))
    return _Group(sampling / n, weight, statistic_slopes(solution, group), part.share)


def _least_squares_sampling(solution: Solution, group: int) -> Array:
    """What ordinal data themselves say, or normal theory for continuous ones."""
    if solution.gamma is not None:
        return solution.gamma[group]
    covariance = solution.samples[group].covariance
    return np.asarray(np.linalg.inv(normal_weight(covariance, solution.table.meanstructure)))


def _likelihood(solution: Solution, group: int, explained: NDArray[np.bool_]) -> tuple[Array, Array]:
    """Information as the estimator takes it, at the model's moments, and N times the sampling covariance: its inverse
    at the sample's moments, as a sandwich for robust estimators.
    """
    at, sample, kept = solution.implied[group], solution.samples[group], np.ix_(explained, explained)
    rows = None if solution.rows is None else solution.rows[group]
    # Without intercepts in the model means are free, and their estimates are the sample's.
    mean = at.mean if solution.table.meanstructure else sample.mean
    weight = _information(solution, rows, mean, at.covariance)[kept]
    sampling = np.linalg.inv(_information(solution, rows, sample.mean, sample.covariance)[kept])
    if solution.estimator.robust and rows is not None:
        sampling = sampling @ score_crossproduct(rows)[kept] @ sampling
    return weight, np.asarray(sampling)


def _information(solution: Solution, rows: GroupRows | None, mean: Array, covariance: Array) -> Array:
    if rows is not None and (solution.patterns is not None or solution.estimator.information == "observed"):
        return observed_information(rows.patterns, mean, covariance)
    return expected_information(None if rows is None else rows.patterns, covariance)


def _explained(solution: Solution) -> NDArray[np.bool_]:
    exogenous = np.array([name in solution.table.exogenous for name in solution.table.observed])
    return explained_moments(exogenous, solution.table.meanstructure)
