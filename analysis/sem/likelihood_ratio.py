"""Model and baseline chi-square, and log-likelihoods."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.discrepancy.normal import log_determinant
from analysis.sem.moments import SampleMoments
from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ModelTest:
    """Likelihood-ratio tests against the saturated model: of the model and of the baseline, with their df."""

    chisq: float
    df: int
    baseline_chisq: float
    baseline_df: int
    loglik: float
    unrestricted_loglik: float


def likelihood_ratio(table: ParameterTable, sample: SampleMoments, discrepancy: float, df: int) -> ModelTest:
    """Chi-square = N F (Joereskog 1969) and the normal log-likelihood of y given fixed covariates x.

    The log-likelihood of the moments of fixed x is the same in every model and is left out, as lavaan does.
    """
    n, p = sample.n_observations, len(sample.names)
    baseline_chisq, baseline_df = _baseline(table, sample)
    unrestricted = -0.5 * n * (p * np.log(2 * np.pi) + log_determinant(sample.covariance) + p)
    x = _exogenous_block(table, sample)
    if len(x):
        unrestricted += 0.5 * n * (len(x) * np.log(2 * np.pi) + log_determinant(x) + len(x))
    return ModelTest(
        chisq=n * discrepancy,
        df=df,
        baseline_chisq=baseline_chisq,
        baseline_df=baseline_df,
        loglik=float(unrestricted - 0.5 * n * discrepancy),
        unrestricted_loglik=float(unrestricted),
    )


def _baseline(table: ParameterTable, sample: SampleMoments) -> tuple[float, int]:
    """The independence model: variances only, and free covariances among fixed covariates."""
    p, x = len(table.observed), len(table.exogenous)
    endogenous = np.array([name not in table.exogenous for name in table.observed])
    log_variances = float(np.log(np.diag(sample.covariance)[endogenous]).sum())
    block = _exogenous_block(table, sample)
    log_block = log_determinant(block) if x else 0.0
    discrepancy = log_variances + log_block - log_determinant(sample.covariance)
    y = p - x
    return sample.n_observations * discrepancy, y * (y - 1) // 2 + y * x


def _exogenous_block(table: ParameterTable, sample: SampleMoments) -> Array:
    index = [i for i, name in enumerate(table.observed) if name in table.exogenous]
    return sample.covariance[np.ix_(index, index)]
