"""Tests of model and baseline against the saturated model, plain and scaled, and log-likelihoods."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.discrepancy.normal import log_determinant
from analysis.sem.estimators import Estimator
from analysis.sem.fitted import Fitted
from analysis.sem.groups import GroupRows
from analysis.sem.identification import n_moments
from analysis.sem.missing_fit import corrected_test
from analysis.sem.moments import SampleMoments
from analysis.sem.partable import ParameterTable
from analysis.sem.robust import (
    Sandwich,
    SaturatedModel,
    sandwich_of,
    satorra_bentler_trace,
    saturated_model,
    yuan_bentler_trace,
)

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PopulationTest:
    """Chi-squares whose excess over ``scaling`` times df estimates misfit in the population."""

    chisq: float
    scaling: float | None
    baseline_chisq: float
    baseline_scaling: float | None


@dataclass(frozen=True, slots=True)
class ModelTest:
    """Chi-square of the model and of the baseline with their df, scaling factors (None: not scaled, or df 0), and
    log-likelihoods, None without a likelihood. A scaled chi-square is chisq / scaling + shift. ``scaling_h1`` and
    ``scaling_h0`` are the mean corrections of saturated model and model; ``population`` is what robust fit measures
    are made of, None where the plain ones need no correction.
    """

    chisq: float
    df: int
    baseline_chisq: float
    baseline_df: int
    is_scaled: bool
    scaling: float | None
    baseline_scaling: float | None
    shift: float | None
    baseline_shift: float | None
    scaling_h1: float | None
    scaling_h0: float | None
    population: PopulationTest | None
    loglik: float | None
    unrestricted_loglik: float | None


def likelihood_tests(
    fitted: Fitted,
    independent: Fitted,
    samples: Sequence[SampleMoments],
    rows: Sequence[GroupRows] | None,
    estimator: Estimator,
    sandwich: Sandwich,
) -> ModelTest:
    """Likelihood-ratio tests (chi-square = N F, Joereskog 1969), scaled as the estimator asks by its ``sandwich``.

    ``independent`` is the baseline model; ``rows`` may be None where nothing is scaled. The log-likelihood of the
    moments of fixed covariates is the same in every model and is left out, as in lavaan.
    """
    n = sum(sample.n_observations for sample in samples)
    table = independent.table
    incomplete = rows is not None and any(not group.patterns.observed.all() for group in rows)
    patterns = [group.patterns for group in rows] if rows is not None and incomplete else None
    moments = n_moments(fitted.table)
    df, baseline_df = moments - fitted.npar, moments - table.n_free
    n_rows = sum(row.free > 0 for row in fitted.table.parameters)  # tied parameters count each, as in lavaan
    models = [saturated_model(group) for group in rows] if rows is not None and patterns is not None else None
    saturated = _saturated_trace(fitted.table, rows, estimator, models)
    traces = _traces(fitted, rows, estimator, sandwich, saturated)
    null = _traces(independent, rows, estimator, _own_sandwich(independent, rows, estimator), saturated)
    chisq = n * fitted.value
    unrestricted = _saturated_loglik(fitted.table, samples, patterns is None, rows)
    scaling, baseline_scaling = traces.factor(df), null.factor(baseline_df)
    is_scaled = estimator.scaling is not None and rows is not None
    baseline_chisq = n * independent.value
    population = PopulationTest(chisq, scaling, baseline_chisq, baseline_scaling) if is_scaled else None
    if rows is not None and models is not None:
        own = corrected_test(fitted, rows, models, df, robust=is_scaled)
        other = corrected_test(independent, rows, models, baseline_df, robust=is_scaled)
        population = PopulationTest(own.chisq, own.scaling, other.chisq, other.scaling)
    return ModelTest(
        chisq=chisq,
        df=df,
        baseline_chisq=baseline_chisq,
        baseline_df=baseline_df,
        is_scaled=is_scaled,
        scaling=scaling,
        baseline_scaling=baseline_scaling,
        shift=None,
        baseline_shift=None,
        scaling_h1=traces.saturated / moments if estimator.scaling == "yuan_bentler" else None,
        scaling_h0=traces.model / n_rows if estimator.scaling == "yuan_bentler" else None,
        population=population,
        loglik=unrestricted - 0.5 * chisq,
        unrestricted_loglik=unrestricted,
    )


@dataclass(frozen=True, slots=True)
class _Traces:
    """What scales a test: the trace of the saturated model and that of the model; NaN where there is none."""

    saturated: float
    model: float

    def factor(self, df: int) -> float | None:
        """Their difference over df."""
        factor = (self.saturated - self.model) / df if df else np.nan
        return float(factor) if np.isfinite(factor) else None


def scaling_factor(fitted: Fitted, rows: Sequence[GroupRows] | None, estimator: Estimator, df: int) -> float | None:
    """The scaling factor of a likelihood's test at any estimates; None where nothing is scaled or nothing can be."""
    saturated = _saturated_trace(fitted.table, rows, estimator, None)
    return _traces(fitted, rows, estimator, _own_sandwich(fitted, rows, estimator), saturated).factor(df)


def _saturated_trace(
    table: ParameterTable,
    rows: Sequence[GroupRows] | None,
    estimator: Estimator,
    models: Sequence[SaturatedModel] | None,
) -> float:
    """Yuan and Bentler's trace of the saturated model, the same whatever is fitted; NaN for other scalings."""
    if estimator.scaling != "yuan_bentler" or rows is None:
        return np.nan
    exogenous = np.array([name in table.exogenous for name in table.observed])
    return yuan_bentler_trace(rows, exogenous, table.meanstructure, models)


def _own_sandwich(fitted: Fitted, rows: Sequence[GroupRows] | None, estimator: Estimator) -> Sandwich | None:
    return sandwich_of(fitted, rows, estimator, estimator.information) if estimator.scaling else None


def _traces(
    fitted: Fitted,
    rows: Sequence[GroupRows] | None,
    estimator: Estimator,
    sandwich: Sandwich | None,
    saturated: float,
) -> _Traces:
    if estimator.scaling is None or rows is None or sandwich is None or sandwich.bread is None or sandwich.meat is None:
        return _Traces(np.nan, np.nan)
    model = float(np.sum(sandwich.bread * sandwich.meat))
    if estimator.scaling == "satorra_bentler":
        return _Traces(satorra_bentler_trace(fitted.table, fitted.objective, rows, fitted.theta), model)
    return _Traces(saturated, model)


def _saturated_loglik(
    table: ParameterTable, samples: Sequence[SampleMoments], complete: bool, rows: Sequence[GroupRows] | None
) -> float:
    total = 0.0
    for group, sample in enumerate(samples):
        n, p = sample.n_observations, len(sample.names)
        if complete or rows is None:
            constant, deviance = p * np.log(2 * np.pi), log_determinant(sample.covariance) + p
        else:
            patterns = rows[group].patterns
            constant = float(patterns.share @ patterns.observed.sum(axis=1)) * np.log(2 * np.pi)
            deviance = rows[group].saturated.deviance
        x = [i for i, name in enumerate(table.observed) if name in table.exogenous]
        block = sample.covariance[np.ix_(x, x)]
        total += -0.5 * n * (constant + deviance)
        total += 0.5 * n * (len(x) * np.log(2 * np.pi) + log_determinant(block) + len(x))
    return float(total)
