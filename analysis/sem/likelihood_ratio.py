"""Likelihood-ratio tests of model and baseline against the saturated model, and log-likelihoods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.discrepancy.normal import log_determinant
from analysis.sem.moments import SampleMoments
from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ModelTest:
    """Tests of the model and of the baseline against the saturated model, with their df."""

    chisq: float
    df: int
    baseline_chisq: float
    baseline_df: int
    loglik: float
    unrestricted_loglik: float


def likelihood_ratio(table: ParameterTable, samples: Sequence[SampleMoments], discrepancy: float, df: int) -> ModelTest:
    """Chi-square = N F (Joereskog 1969) and the normal log-likelihood of y given fixed covariates x.

    The log-likelihood of the moments of fixed x is the same in every model and is left out, as lavaan does.
    """
    n_total = sum(sample.n_observations for sample in samples)
    chisq = n_total * discrepancy
    unrestricted = sum(_saturated_loglik(table, sample) for sample in samples)
    p, x = len(table.observed), len(table.exogenous)
    y = p - x
    return ModelTest(
        chisq=chisq,
        df=df,
        baseline_chisq=sum(_baseline_chisq(table, sample) for sample in samples),
        baseline_df=(y * (y - 1) // 2 + y * x) * len(samples),
        loglik=unrestricted - 0.5 * chisq,
        unrestricted_loglik=unrestricted,
    )


def _saturated_loglik(table: ParameterTable, sample: SampleMoments) -> float:
    def at_its_maximum(covariance: Array) -> float:
        p = len(covariance)
        return float(-0.5 * sample.n_observations * (p * np.log(2 * np.pi) + log_determinant(covariance) + p))

    return at_its_maximum(sample.covariance) - at_its_maximum(_exogenous_block(table, sample))


def _baseline_chisq(table: ParameterTable, sample: SampleMoments) -> float:
    """The independence model: variances only, and free covariances among fixed covariates."""
    endogenous = np.array([name not in table.exogenous for name in table.observed])
    log_variances = float(np.log(np.diag(sample.covariance)[endogenous]).sum())
    log_block = log_determinant(_exogenous_block(table, sample))
    return sample.n_observations * (log_variances + log_block - log_determinant(sample.covariance))


def _exogenous_block(table: ParameterTable, sample: SampleMoments) -> Array:
    """Covariance of the fixed covariates; without any, a matrix of no rows, whose determinant is 1."""
    index = [i for i, name in enumerate(table.observed) if name in table.exogenous]
    return sample.covariance[np.ix_(index, index)]
