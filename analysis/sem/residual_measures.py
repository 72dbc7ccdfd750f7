"""Fit judged by residuals: the RMR, SRMR and CRMR families, and GFI with its relatives.

With several groups each measure is the mean of the groups', weighted by their size.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.discrepancy import Discrepancy
from analysis.sem.discrepancy.least_squares import LeastSquares
from analysis.sem.discrepancy.missing import FullInformation
from analysis.sem.identification import n_moments
from analysis.sem.implied import Implied
from analysis.sem.measures import Measures
from analysis.sem.moments import SampleMoments
from analysis.sem.partable import ParameterTable
from analysis.sem.patterns import Patterns
from analysis.sem.solution import Solution

Array = NDArray[np.float64]


def residual_measures(solution: Solution) -> Measures:
    """All residual measures of a model."""
    table, samples = solution.table, solution.samples
    groups = []
    for part, sample, at in zip(solution.objective.parts, samples, solution.implied, strict=True):
        if table.ordinal and isinstance(part.discrepancy, LeastSquares):
            summaries = ordinal_summaries(part.discrepancy, sample, at)
        else:
            summaries = residual_summaries(sample, at, table.meanstructure)
        groups.append({**summaries, "gfi": _goodness_of_fit(part.discrepancy, sample, at, table)})
    shares = [sample.n_observations / solution.n_observations for sample in samples]
    values: Measures = {}
    for name in groups[0]:
        parts = [group[name] for group in groups]
        defined = [part * share for part, share in zip(parts, shares, strict=True) if part is not None]
        values[name] = sum(defined) if len(defined) == len(parts) else None
    df = solution.df
    # AGFI and PGFI count every moment, those of fixed covariates too, as lavaan does; not where all is given these.
    x = 0 if table.ordinal else len(table.exogenous)
    fixed = x * (x + 1) // 2 + (x if table.meanstructure else 0)
    moments = n_moments(table) + fixed * len(samples)
    gfi = values["gfi"] or 0.0
    values["agfi"] = 1.0 - moments / df * (1.0 - gfi) if df else None
    values["pgfi"] = df / moments * gfi
    if table.ordinal:
        # Weighted root mean square residual (Yu 2002), over the statistics of one group, as lavaan counts.
        values["wrmr"] = float(np.sqrt(solution.test.chisq * len(samples) / moments))
    return values


def _goodness_of_fit(discrepancy: Discrepancy, sample: SampleMoments, at: Implied, table: ParameterTable) -> float:
    """GFI in the metric in which the discrepancy weighs residuals."""
    if isinstance(discrepancy, LeastSquares):
        residual = discrepancy.observed - discrepancy.fitted(at)
        return 1.0 - discrepancy.length(residual) / discrepancy.length(discrepancy.observed)
    if isinstance(discrepancy, FullInformation):
        return goodness_of_fit_under_missing(discrepancy.patterns, sample.n_observations, at, table)
    return goodness_of_fit(sample, at, table)


def ordinal_summaries(fit: LeastSquares, sample: SampleMoments, implied: Implied) -> dict[str, float | None]:
    """The same measures of correlations, and of thresholds, where some variables are ordinal.

    As lavaan counts: RMR and SRMR divide by all elements of the lower triangle, of which the diagonal adds nothing,
    and by one for each covariate. Means of numeric variables, slopes and intercepts do not count.
    """
    chosen, d = fit.statistics, np.sqrt(np.diag(sample.covariance))
    residual = fit.observed - fit.fitted(implied)
    pairs = chosen.first != chosen.second
    raw_pairs = residual[chosen.covariance][pairs]
    first = residual[chosen.threshold]
    lower = (residual[chosen.covariance] / (d[chosen.first] * d[chosen.second]))[pairs]
    raw, own, thresholds = float(np.sum(raw_pairs**2)), float(np.sum(lower**2)), float(np.sum(first**2))
    every = len(lower) + len(d)
    values: dict[str, float | None] = {
        "rmr": float(np.sqrt((raw + thresholds) / (every + len(first)))),
        "rmr_nomean": float(np.sqrt(raw / every)),
        "srmr_bentler": float(np.sqrt((own + thresholds) / (every + len(first)))),
        "srmr_bentler_nomean": float(np.sqrt(own / every)),
        "crmr": float(np.sqrt((own + thresholds) / (len(lower) + len(first)))),
        "crmr_nomean": float(np.sqrt(own / len(lower))) if len(lower) else None,
        "srmr_mplus": None,
        "srmr_mplus_nomean": None,
    }
    return {**values, "srmr": values["srmr_bentler_nomean"]}


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
    """Over the lower triangle of a symmetric matrix, with or without its diagonal, and ``means``."""
    p = len(matrix)
    on_diagonal = float((matrix.diagonal() ** 2).sum())
    below = max(0.5 * (float((matrix**2).sum()) - on_diagonal), 0.0)
    count = p * (p - 1) // 2 + (p if diagonal else 0) + len(means)
    total = below + (on_diagonal if diagonal else 0.0) + float((means**2).sum())
    return float(np.sqrt(total / count)) if count else None


def goodness_of_fit(sample: SampleMoments, implied: Implied, table: ParameterTable) -> float:
    """GFI (Joereskog & Soerbom 1982); AGFI and PGFI (Mulaik et al. 1989, Psychological Bulletin 105) follow from it.

    GFI = 1 - e'We / s'Ws over the moments s that the model explains, with residuals e and normal-theory
    weights W; the moments of fixed covariates are no part of s.
    """
    explained = np.array([name not in table.exogenous for name in sample.names])
    part = explained[:, None] | explained[None, :]
    weight = implied.precision
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
