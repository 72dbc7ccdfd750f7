"""Misfit of ordinal models in the population, for robust fit indices.

Least-squares chi-squares of ordinal models do not measure misfit in the population. Savalei (2021, Multivariate
Behavioral Research 56(3), 390-407) takes robust CFI and RMSEA from the chi-square that maximum likelihood would give
the polychoric correlations at the same estimates, and from its expectation.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.sem.discrepancy.normal import log_determinant
from analysis.sem.fitted import Fitted
from analysis.sem.implied import derivatives, implied
from analysis.sem.model_tests import PopulationTest
from analysis.sem.statistics import GroupStatistics, normal_weight

Array = NDArray[np.float64]

_NONE = PopulationTest(float("nan"), None, float("nan"), None)


def group_slopes(fitted: Fitted, groups: Sequence[GroupStatistics]) -> list[tuple[Array, GroupStatistics, float]]:
    """Derivatives of each group's statistics by free parameter (q, n_free), with the group and its share."""
    found = []
    for part, group in zip(fitted.objective.parts, groups, strict=True):
        at = implied(part.structure, fitted.theta)
        by_row = group.discrepancy.slopes(at, derivatives(part.structure, at))
        found.append((by_row @ part.structure.collect.T, group, part.share))
    return found


def correlation_test(fitted: Fitted, groups: Sequence[GroupStatistics], df: int, baseline_df: int) -> PopulationTest:
    """The chi-square of the correlations with its mean tr(P' V P Gamma), P = I - D (D'WD)^-1 D'W and V their
    normal-theory weight; scaling is None where some variables are continuous, deltas vary over groups (lavaan gives
    none either), there are covariates (nor here), or a correlation matrix is not positive definite.
    """
    inverse = fitted.inverse("expected")
    varies = any(np.any(part.structure.free[part.structure.delta] >= 0) for part in fitted.objective.parts)
    # Covariates are no ordinal variables: models given them end here too.
    if inverse is None or varies or df == 0 or set(fitted.table.ordinal) != set(fitted.table.observed):
        return _NONE
    slopes = group_slopes(fitted, groups)
    sizes = np.cumsum([0, *(len(group.discrepancy.statistics.covariance) for _, group, _ in slopes)])
    weight, gamma = np.zeros((sizes[-1],) * 2), np.zeros((sizes[-1],) * 2)
    stacked = np.zeros((sizes[-1], len(inverse)))
    chisq = baseline = 0.0
    for index, (d, group, share) in enumerate(slopes):
        pairs = group.discrepancy.statistics.covariance
        part = slice(sizes[index], sizes[index + 1])
        sample, model = group.sample.covariance, _model_correlation(fitted, index)
        if min(np.linalg.eigvalsh(sample)[0], np.linalg.eigvalsh(model)[0]) < 1e-8:
            return _NONE
        n = group.sample.n_observations
        baseline -= n * log_determinant(sample)
        ratio = np.linalg.solve(model, sample)
        chisq += n * (log_determinant(model) - log_determinant(sample) + float(np.trace(ratio)) - len(sample))
        stacked[part] = d[pairs]
        weight[part, part] = share * _pair_weight(model, group)
        gamma[part, part] = group.gamma[np.ix_(pairs, pairs)] / share
    diagonal = np.concatenate(
        [share * group.discrepancy.weight[group.discrepancy.statistics.covariance] for _, group, share in slopes]
    )
    projector = np.eye(sizes[-1]) - stacked @ inverse @ (stacked * diagonal[:, None]).T
    mean = float(np.sum((projector.T @ weight @ projector) * gamma))
    return PopulationTest(chisq, mean / df, baseline, float(np.trace(gamma)) / baseline_df)


def _model_correlation(fitted: Fitted, index: int) -> Array:
    """Implied correlations of the latent responses."""
    at = implied(fitted.objective.parts[index].structure, fitted.theta)
    correlation = at.covariance * np.outer(at.delta, at.delta)
    np.fill_diagonal(correlation, 1.0)
    return correlation


def _pair_weight(model: Array, group: GroupStatistics) -> Array:
    """Normal-theory weight of the correlations alone, in the order of the statistics."""
    p = len(model)
    full = normal_weight(model, meanstructure=False)
    columns, rows = np.triu_indices(p)
    at = {(int(i), int(j)): k for k, (i, j) in enumerate(zip(rows, columns, strict=True))}
    chosen = group.discrepancy.statistics
    index = [at[max(i, j), min(i, j)] for i, j in zip(chosen.first.tolist(), chosen.second.tolist(), strict=True)]
    return full[np.ix_(index, index)]
