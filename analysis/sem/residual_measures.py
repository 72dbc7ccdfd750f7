"""Fit judged by residuals: the RMR, SRMR and CRMR families, and GFI with its relatives.

With several groups each measure is the mean of the groups', weighted by their size.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.sem.implied import Implied
from analysis.sem.moments import SampleMoments
from analysis.sem.partable import ParameterTable
from analysis.sem.patterns import Patterns

Array = NDArray[np.float64]
Measures = dict[str, int | float | None]


def residual_measures(
    samples: Sequence[SampleMoments],
    implied: Sequence[Implied],
    patterns: Sequence[Patterns] | None,
    table: ParameterTable,
    df: int,
) -> Measures:
    """All residual measures of a model; ``patterns`` of each group where values are missing."""
    n_total = sum(sample.n_observations for sample in samples)
    groups = []
    for group, (sample, at) in enumerate(zip(samples, implied, strict=True)):
        if patterns is None:
            gfi = goodness_of_fit(sample, at, table)
        else:
            gfi = goodness_of_fit_under_missing(patterns[group], sample.n_observations, at, table)
        groups.append({**residual_summaries(sample, at, table.meanstructure), "gfi": gfi})
    shares = [sample.n_observations / n_total for sample in samples]
    values: Measures = {}
    for name in groups[0]:
        parts = [group[name] for group in groups]
        defined = [part * share for part, share in zip(parts, shares, strict=True) if part is not None]
        values[name] = sum(defined) if len(defined) == len(parts) else None
    p = len(table.observed)
    # AGFI and PGFI count every moment, as lavaan does.
    moments = (p * (p + 1) // 2 + (p if table.meanstructure else 0)) * len(samples)
    gfi = values["gfi"] or 0.0
    values["agfi"] = 1.0 - moments / df * (1.0 - gfi) if df else None
    values["pgfi"] = df / moments * gfi
    return values


def residual_summaries(sample: SampleMoments, implied: Implied, meanstructure: bool) -> dict[str, float | None]:
    """RMR, SRMR after Bentler (1995), CRMR after Bollen (1989), and Mplus's SRMR, with and without means.

    Each is the root mean square of differences between sample and implied moments over the lower triangle;
    they differ in what standardises the two sides.
    """
    s, sigma = sample.covariance, implied.covariance
    d, implied_d = np.sqrt(np.diag(s)), np.sqrt(np.diag(sigma))
    raw, raw_mean = s - sigma, sample.mean - implied.mean
    correlations = s / np.outer(d, d) - sigma / np.outer(implied_d, implied_d)
    mean_by_own = sample.mean / d - implied.mean / implied_d
    mplus = correlations + np.diag((np.diag(s) - np.diag(sigma)) / np.diag(s))
    sides = {
        "rmr": (raw, raw_mean, True),
        "srmr_bentler": (raw / np.outer(d, d), raw_mean / d, True),
        "crmr": (correlations, raw_mean / d, False),
        "srmr_mplus": (mplus, mean_by_own, True),
    }
    values: dict[str, float | None] = {}
    for name, (matrix, mean, diagonal) in sides.items():
        nomean = _root_mean_square(matrix, np.zeros(0), diagonal)
        values[name] = _root_mean_square(matrix, mean, diagonal) if meanstructure else nomean
        values[f"{name}_nomean"] = nomean
    return {**values, "srmr": values["srmr_bentler"]}


def _root_mean_square(matrix: Array, means: Array, diagonal: bool) -> float | None:
    lower = matrix[np.tril_indices(len(matrix), 0 if diagonal else -1)]
    count = len(lower) + len(means)
    return float(np.sqrt((np.sum(lower**2) + np.sum(means**2)) / count)) if count else None


def goodness_of_fit(sample: SampleMoments, implied: Implied, table: ParameterTable) -> float:
    """GFI (Joereskog & Soerbom 1982); AGFI and PGFI (Mulaik et al. 1989, Psychological Bulletin 105) follow from it.

    GFI = 1 - e'We / s'Ws over the moments s that the model explains, with residuals e and normal-theory
    weights W; the moments of fixed covariates are no part of s.
    """
    explained = np.array([name not in table.exogenous for name in sample.names])
    part = explained[:, None] | explained[None, :]
    weight = np.linalg.inv(implied.covariance)
    observed = weight @ np.where(part, sample.covariance, 0.0)
    residual = weight @ np.where(part, sample.covariance - implied.covariance, 0.0)
    misfit, total = float(np.trace(residual @ residual)), float(np.trace(observed @ observed))
    if table.meanstructure:
        mean = np.where(explained, sample.mean, 0.0)
        difference = np.where(explained, sample.mean - implied.mean, 0.0)
        misfit += 2.0 * float(difference @ weight @ difference)
        total += 2.0 * float(mean @ weight @ mean)
    return 1.0 - misfit / total


def goodness_of_fit_under_missing(patterns: Patterns, n: int, implied: Implied, table: ParameterTable) -> float:
    """GFI from pairwise moments, weighted by the information that the patterns of missing values leave."""
    mean, covariance = pairwise_moments(patterns, n)
    weight, _ = patterns.inverse_and_log_determinant(implied.covariance)

    explained = np.array([name not in table.exogenous for name in table.observed])
    part = explained[:, None] | explained[None, :]

    def length(means: Array, matrix: Array) -> float:
        product = weight @ np.where(part, matrix, 0.0)
        means = np.where(explained, means, 0.0)
        quadratic = 0.5 * np.einsum("kij,kji->k", product, product)
        return float(patterns.share @ (quadratic + np.einsum("i,kij,j->k", means, weight, means)))

    return 1.0 - length(mean - implied.mean, covariance - implied.covariance) / length(mean, covariance)


def pairwise_moments(patterns: Patterns, n: int) -> tuple[Array, Array]:
    """Means (p,) and covariances (p, p) over the rows that have the variable, or both; covariances divided by one
    less than their rows, then taken to the divisor ``n`` of all rows.
    """
    both = patterns.observed[:, :, None] & patterns.observed[:, None, :]
    share = patterns.share[:, None, None] * both
    total = np.maximum(share.sum(axis=0), 1e-300)
    first = (share * patterns.mean[:, :, None]).sum(axis=0) / total
    product = patterns.covariance + patterns.mean[:, :, None] * patterns.mean[:, None, :]
    covariance = (share * product).sum(axis=0) / total - first * first.T
    rows = total * n
    return np.diag(first), covariance * rows / (rows - 1.0) * (n - 1.0) / n
