"""Tests of a two-level model and its baseline against the unrestricted one, plain and scaled, and log-likelihoods."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError, Problem
from analysis.sem.discrepancy.normal import log_determinant
from analysis.sem.discrepancy.twolevel import SizeMoments
from analysis.sem.estimators import Estimator
from analysis.sem.fitted import Fitted
from analysis.sem.identification import n_moments
from analysis.sem.model_tests import ModelTest, PopulationTest
from analysis.sem.optimise import minimise
from analysis.sem.partable import ParameterTable, number_free, row_values
from analysis.sem.robust import Sandwich
from analysis.sem.twolevel.objective import two_level_objective
from analysis.sem.twolevel.sample import TwoLevelSample
from analysis.sem.twolevel.scores import score_crossproduct
from analysis.sem.twolevel.table import baseline_table, unrestricted_table
from analysis.sem.twolevel.unrestricted import Unrestricted, moments_theta

Array = NDArray[np.float64]


def likelihood_tests(
    fitted: Fitted, unrestricted: Unrestricted, sample: TwoLevelSample, estimator: Estimator, sandwich: Sandwich
) -> ModelTest:
    """Likelihood-ratio tests (N F), scaled for MLR by the traces of unrestricted model and model (Yuan & Bentler 2000
    in the variant of Asparouhov & Muthen 2005), with scores of clusters.
    """
    table, n = fitted.table, sample.moments.n_rows
    independent = _baseline(table, unrestricted, sample)
    moments = n_moments(table)
    df, baseline_df = moments - fitted.npar, moments - baseline_table(table).n_free
    chisq, baseline_chisq = n * fitted.value, n * independent.value
    loglik = log_likelihood(sample.moments, unrestricted.deviance) - _loglik_of_covariates(table, sample)
    if estimator.scaling is None:
        scaling = baseline_scaling = h1 = h0 = None
        population = None
    else:
        saturated = _saturated_trace(unrestricted, table, sample)
        model = _trace(sandwich)
        null = Sandwich(
            independent.inverse("observed"), score_crossproduct(sample, independent.objective, independent.theta)
        )
        scaling, baseline_scaling = _factor(saturated - model, df), _factor(saturated - _trace(null), baseline_df)
        n_rows = sum(row.free > 0 for row in table.parameters)  # tied parameters count each, as in lavaan
        h1, h0 = saturated / moments, model / n_rows
        population = PopulationTest(chisq, scaling, baseline_chisq, baseline_scaling)
    return ModelTest(
        chisq=chisq,
        df=df,
        baseline_chisq=baseline_chisq,
        baseline_df=baseline_df,
        is_scaled=estimator.scaling is not None,
        scaling=scaling,
        baseline_scaling=baseline_scaling,
        shift=None,
        baseline_shift=None,
        scaling_h1=h1,
        scaling_h0=h0,
        population=population,
        loglik=loglik - 0.5 * chisq,
        unrestricted_loglik=loglik,
    )


def log_likelihood(sample: SizeMoments, deviance: float) -> float:
    """Log-likelihood of all rows from F without a saturated value: -N F / 2 and the constants of the data.

    The means of a cluster of n rows have density n^(p/2) times smaller than its rows, p the variables of level 1; a
    variable of level 2 alone counts once a cluster.
    """
    p_within = int(sample.within.sum())
    only_between = len(sample.within) - p_within
    constant = (sample.n_rows * p_within + sample.n_clusters * only_between) * np.log(2.0 * np.pi)
    constant += p_within * float(sample.counts @ np.log(sample.sizes))
    return float(-0.5 * (sample.n_rows * deviance + constant))


def _loglik_of_covariates(table: ParameterTable, sample: TwoLevelSample) -> float:
    """Log-likelihood of the fixed covariates that one level alone holds, which lavaan leaves out."""
    at = {name: i for i, name in enumerate(table.observed)}
    values = (sample.means[sample.clusters] + sample.deviations, sample.means)
    both = {*table.levels[0].observed} & {*table.levels[1].observed}
    total = 0.0
    for level, rows in zip(table.levels, values, strict=True):
        if x := [at[name] for name in level.exogenous if name not in both]:
            covariance = np.cov(rows[:, x], rowvar=False, bias=True).reshape(len(x), len(x))
            total += -0.5 * len(rows) * (len(x) * np.log(2.0 * np.pi) + log_determinant(covariance) + len(x))
    return total


def _baseline(table: ParameterTable, unrestricted: Unrestricted, sample: TwoLevelSample) -> Fitted:
    """The baseline model at its optimum; variances of level 2 that run off below zero are set to zero.

    Raises EstimationError where no minimum is reached even so.
    """
    null = baseline_table(table)
    for _ in range(len(table.levels[1].observed) + 1):
        objective = two_level_objective(null, sample.moments, unrestricted.deviance)
        optimum = minimise(objective, moments_theta(null, unrestricted.levels))
        if optimum.converged:
            return Fitted(null, objective, optimum.theta, np.zeros((0, null.n_free)), optimum.point)
        null = _without_negative(null, row_values(null, optimum.theta))
    what = "the baseline model of both levels, which fit indices compare with, reached no minimum"
    raise EstimationError(Problem(what, "data", "leave out variables that hardly vary between clusters"))


def _without_negative(null: ParameterTable, values: Array) -> ParameterTable:
    rows = [
        replace(row, free=0, fixed=0.0) if row.free and row.group == 1 and row.is_variance and value <= 0 else row
        for row, value in zip(null.parameters, values, strict=True)
    ]
    return replace(null, parameters=tuple(number_free([replace(row, free=int(row.free > 0)) for row in rows])))


def _saturated_trace(unrestricted: Unrestricted, table: ParameterTable, sample: TwoLevelSample) -> float:
    """Trace of the unrestricted model over the moments that models explain: those of covariates are fixed."""
    free = unrestricted_table(table)
    objective = two_level_objective(free, sample.moments)
    explained = np.array(
        [not {row.lhs, row.rhs or row.lhs} <= {*table.levels[row.group].exogenous} for row in free.parameters]
    )
    block = np.ix_(explained, explained)
    information = 0.5 * objective.hessian(unrestricted.theta)[block]
    meat = score_crossproduct(sample, objective, unrestricted.theta)[block]
    return float(np.trace(np.linalg.solve(information, meat)))


def _trace(sandwich: Sandwich) -> float:
    if sandwich.bread is None or sandwich.meat is None:
        return np.nan
    return float(np.sum(sandwich.bread * sandwich.meat))


def _factor(difference: float, df: int) -> float | None:
    return float(difference / df) if df and difference > 0 else None
