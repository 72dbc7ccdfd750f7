"""Fit measures of resamples: chi-square, CFI, TLI, RMSEA and SRMR.

Scaled and robust versions are left out: their corrections need the casewise statistics of every resample, which cost
more than its fit, and stand for what resampling does already.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.baseline import baseline_estimates, baseline_table
from analysis.sem.bootstrap.batch import BatchProblem, row_values_of, stacked_implied
from analysis.sem.comparative import comparative, rmsea
from analysis.sem.groups import GroupRows
from analysis.sem.implied import Implied
from analysis.sem.moments import SampleMoments
from analysis.sem.partable import ParameterTable
from analysis.sem.residual_measures import residual_summaries
from analysis.sem.solution import likelihood_objective

Array = NDArray[np.float64]

FIT_NAMES = ("chisq", "cfi", "tli", "rmsea", "srmr")


@dataclass(frozen=True, slots=True)
class Comparison:
    """What is the same for every resample: degrees of freedom of model and baseline, the number of groups, and the
    observations that RMSEA counts.
    """

    df: int
    baseline_df: int
    n_counted: int
    n_groups: int


def fit_replicates(fixed: Comparison, chisq: Array, baseline_chisq: Array, srmr: Array) -> Array:
    """FIT_NAMES of every resample (b, 5), from its chi-squares and SRMR, each (b,); NaN where one is not defined."""
    columns = (chisq.tolist(), baseline_chisq.tolist(), srmr.tolist())
    rows = [_measures(fixed, *of_resample) for of_resample in zip(*columns, strict=True)]
    return np.array(rows, dtype=np.float64).reshape(len(chisq), len(FIT_NAMES))


def _measures(fixed: Comparison, chisq: float, baseline_chisq: float, srmr: float) -> list[float]:
    if not np.isfinite([chisq, baseline_chisq]).all():
        return [chisq, np.nan, np.nan, np.nan, srmr]
    found: Mapping[str, float | None] = {
        "chisq": chisq,
        **comparative(chisq, fixed.df, baseline_chisq, fixed.baseline_df),
        **rmsea(chisq, fixed.df, fixed.n_counted, fixed.n_groups),
        "srmr": srmr,
    }
    return [np.nan if (value := found[name]) is None else value for name in FIT_NAMES]


def baseline_chisq_of(
    table: ParameterTable, samples: Sequence[SampleMoments], rows: Sequence[GroupRows] | None
) -> float:
    """Chi-square of the baseline model of one resample; ``rows`` where some are incomplete."""
    null = baseline_table(table)
    theta = baseline_estimates(null, samples, None if rows is None else [group.patterns for group in rows])
    return sum(sample.n_observations for sample in samples) * likelihood_objective(null, samples, rows).value(theta)


def srmr_of(samples: Sequence[SampleMoments], implied: Sequence[Implied], meanstructure: bool) -> float:
    """SRMR of one resample, averaged over groups by their size."""
    n = [sample.n_observations for sample in samples]
    of_groups = [
        residual_summaries(sample, at, meanstructure)["srmr"] for sample, at in zip(samples, implied, strict=True)
    ]
    return float(np.average(np.array(of_groups, dtype=np.float64), weights=n))


def baseline_stack(problem: BatchProblem, exogenous: NDArray[np.bool_]) -> Array:
    """F of the baseline model of every resample (b,); ``exogenous`` (p,) marks fixed covariates.

    Variables are independent but for covariates: F = sum log s_jj + log|S_xx| - log|S|.
    """
    total = np.zeros(problem.n_resamples)
    for stack in problem.stacks:
        variances = np.diagonal(stack.covariance, axis1=1, axis2=2)[:, ~exogenous]
        covariates = stack.covariance[:, exogenous][:, :, exogenous]
        value = np.log(variances).sum(axis=1) + np.linalg.slogdet(covariates)[1]
        total += stack.share * (value - stack.log_determinant)
    return total


def srmr_stack(problem: BatchProblem, theta: Array) -> Array:
    """SRMR of every resample (b,) at ``theta`` (b, n_free), as ``srmr_of`` has it one by one."""
    total = np.zeros(problem.n_resamples)
    for structure, stack, fixed in zip(problem.structures, problem.stacks, problem.fixed, strict=True):
        p = structure.n_observed
        at = stacked_implied(structure, row_values_of(structure, fixed, theta))
        d = np.sqrt(np.diagonal(stack.covariance, axis1=1, axis2=2))
        residual = (stack.covariance - at.full_covariance[:, :p, :p]) / (d[:, :, None] * d[:, None, :])
        i, j = np.tril_indices(p)
        squares, count = (residual[:, i, j] ** 2).sum(axis=1), len(i)
        if problem.meanstructure:
            squares, count = squares + (((stack.mean - at.full_mean[:, :p]) / d) ** 2).sum(axis=1), count + p
        total += stack.share * np.sqrt(squares / count)
    return total
