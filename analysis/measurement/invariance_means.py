"""Differences of latent means between groups, from a model in which (some) intercepts are equal."""

from __future__ import annotations

import numpy as np

from analysis.measurement.invariance_result import LatentMean
from analysis.sem import chi_square
from analysis.sem.solution import Solution

_Z = chi_square.normal_quantile(0.975)


def latent_means(solution: Solution) -> tuple[LatentMean, ...]:
    """Means of latent variables of every group after the first, whose own are 0.

    The standardised difference is kappa / sqrt(phi) with phi the variances of both groups, weighted by their rows:
    Hancock (2001), Effect size, power, and sample size determination for structured means modeling and MIMIC approaches
    to between-groups hypothesis testing of means on a single latent construct, Psychometrika 66(3), 373-388.
    """
    table, sizes = solution.table, [sample.n_observations for sample in solution.samples]
    variance = {
        (row.lhs, row.group): float(value)
        for row, value in zip(table.parameters, solution.values, strict=True)
        if row.is_variance
    }
    found = []
    for row, value in zip(table.parameters, solution.values.tolist(), strict=True):
        if row.op != "~1" or row.lhs not in table.latent or not row.free:
            continue
        se = _standard_error(solution, row.free - 1)
        z = None if se is None else value / se
        own, first = (variance[row.lhs, group] for group in (row.group, 0))
        n, n_first = sizes[row.group], sizes[0]
        pooled = (n * own + n_first * first) / (n + n_first)
        found.append(
            LatentMean(
                lhs=row.lhs,
                group=table.groups[row.group],
                reference=table.groups[0],
                est=value,
                se=se,
                z=z,
                pvalue=None if z is None else chi_square.two_sided_normal(z),
                ci_lower=None if se is None else value - _Z * se,
                ci_upper=None if se is None else value + _Z * se,
                std_diff=float(value / np.sqrt(pooled)) if min(own, first) > 0 else None,
            )
        )
    return tuple(sorted(found, key=lambda mean: table.latent.index(mean.lhs)))


def _standard_error(solution: Solution, index: int) -> float | None:
    if solution.covariance is None or not solution.covariance[index, index] > 0:
        return None
    return float(np.sqrt(solution.covariance[index, index]))
