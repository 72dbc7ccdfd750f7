"""Fit a path model: syntax → design → correlations → weights → estimates → quality → result."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from analysis.errors import EstimationError, ModelError, Problem, nearest
from analysis.pls import quality
from analysis.pls.bootstrap import BootstrapPlan, BootstrapResult, Executor, IntervalKind, Job, Signs, bootstrap
from analysis.pls.design import SCHEMES, Design, Scheme
from analysis.pls.effects import StatisticsOf
from analysis.pls.estimates import ESTIMATORS, Estimator, PathEstimates, estimates
from analysis.pls.model import PathModel, read_model
from analysis.pls.predict import pls_predict
from analysis.pls.result import PlsEstimate, PlsResult
from analysis.pls.sample import Sample, correlations_of, sample_of
from analysis.pls.structure import f_squared, inner_vif
from analysis.pls.weights import MOST_ITERATIONS, OuterWeights

Array = NDArray[np.float64]


def fit(
    model: str,
    data: pd.DataFrame,
    *,
    estimator: Estimator = "PLS",
    scheme: Scheme = "path",
    bootstrap: int = 0,
    seed: int = 1,
    signs: Signs = "none",
    interval: IntervalKind = "perc",
    predict: bool = False,
    executor: Executor | None = None,
    name: str = "model",
) -> PlsResult:
    """Fit lavaan syntax to ``data`` by partial least squares, on complete rows, standardised.

    ``estimator``: PLS, or PLSc, which takes reflective constructs for common factors. ``bootstrap`` resamples (0:
    none), their ``signs`` and ``interval`` as in ``BootstrapPlan``. ``predict`` adds PLSpredict, ten folds ten times.
    Raises SpecificationError for faulty syntax, ModelError for what is no path model, DataError for unusable data,
    EstimationError where no admissible solution was reached.
    """
    _require_known(estimator, scheme)
    read = read_model(model, name)
    plan = BootstrapPlan(bootstrap, seed, signs, interval) if bootstrap else None
    sample = sample_of(data, read.design, name)
    fitted, outer = estimate(sample.correlations, read.design, scheme, estimator, name)
    job = Job(sample.rows, read.design, scheme, estimator, signs, fitted)
    resampled = None if plan is None else _resample(job, read, plan, executor)
    undefined = dict(_undefined(read.design, fitted, resampled is not None))
    prediction = None
    if predict:
        try:
            prediction = pls_predict(sample.values, read.design, scheme, seed=seed)
        except (EstimationError, ModelError) as error:
            undefined["prediction"] = error.problems[0].what
    adjusted = quality.adjusted_r_squared(fitted.r_squared, read.design, len(sample.rows))
    fit_of = (sample.correlations, fitted, read.design, estimator)
    return PlsResult(
        name=name,
        model=model,
        estimator=estimator,
        scheme=scheme,
        nobs=len(sample.rows),
        n_dropped=sample.n_dropped,
        iterations=int(outer.iterations),
        design=read.design,
        estimates=fitted,
        statistics=tuple(_statistics(read, fitted, resampled)),
        reliability=quality.reliability(sample.correlations, fitted, read.design),
        htmt=quality.htmt(sample.correlations, read.design),
        cross_loadings=quality.cross_loadings(sample.correlations, fitted.weights),
        outer_vif=quality.outer_vif(sample.correlations, read.design),
        inner_vif=inner_vif(fitted.correlations, read.design),
        f_squared=f_squared(fitted.correlations, fitted.paths, read.design),
        r_squared_adjusted=adjusted,
        srmr=quality.srmr(*fit_of),
        srmr_saturated=quality.srmr(*fit_of, saturated=True),
        scores=sample.rows @ fitted.weights,
        warnings=tuple(_warnings(read, sample, fitted, resampled)),
        conventions=tuple(_conventions(estimator, scheme, plan, predict)),
        undefined=undefined,
        bootstrap=resampled,
        prediction=prediction,
    )


def estimate(
    correlations: Array, design: Design, scheme: Scheme, estimator: Estimator, name: str
) -> tuple[PathEstimates, OuterWeights]:
    """Estimates of one sample (p, p). Raises EstimationError, with the reason, where there are none."""
    fitted, outer = estimates(correlations, design, scheme, estimator)
    for j in map(int, np.flatnonzero(design.formative & ~design.single)):
        rows = design.members[j]
        if np.linalg.cond(correlations[np.ix_(rows, rows)]) > 1e12:
            what = f"items of the formative construct '{design.constructs[j]}' are linearly dependent"
            raise EstimationError(Problem(what, name, "leave one of them out"))
    if not outer.converged:
        # Where two constructs are one, their weights in the equation of a third are anything: say so instead.
        sums = correlations_of(design.block.T.astype(np.float64) @ correlations @ design.block)
        if problems := list(_indistinct(sums, design, name)):
            raise EstimationError(problems)
        what = f"the weights did not settle in {MOST_ITERATIONS} iterations"
        raise EstimationError(Problem(what, name, "try another scheme: path, factorial or centroid"))
    if problems := list(_inadmissible(fitted, design, name)):
        raise EstimationError(problems)
    return fitted, outer


def _require_known(estimator: str, scheme: str) -> None:
    problems = []
    if estimator not in ESTIMATORS:
        problems.append(Problem(f"there is no estimator '{estimator}'", "--estimator", nearest(estimator, ESTIMATORS)))
    if scheme not in SCHEMES:
        problems.append(Problem(f"there is no scheme '{scheme}'", "--scheme", nearest(scheme, SCHEMES)))
    if problems:
        raise ModelError(problems)


def _inadmissible(fitted: PathEstimates, design: Design, name: str) -> Iterator[Problem]:
    """What keeps a solution from being one: reliabilities, correlations, explained variance."""
    corrected = np.isnan(fitted.correlations).any()
    for j, construct in enumerate(design.constructs):
        if corrected and not fitted.rho_a[j] > 0:
            what = f"rho_A of construct '{construct}' is {fitted.rho_a[j]:.3f}, not positive: its items do not agree"
            yield Problem(what, name, "check that items point the same way, or use PLS in place of PLSc")
    yield from _indistinct(fitted.correlations, design, name)
    if corrected:
        return
    for j, rows in design.predictors.items():
        construct = design.constructs[j]
        if np.linalg.cond(fitted.correlations[np.ix_(rows, rows)]) > 1e12:
            what = f"the predictors of construct '{construct}' are linearly dependent"
            yield Problem(what, name, "leave one of them out")
        elif not -1e-12 <= fitted.r_squared[j] <= 1.0:
            what = f"R² of construct '{construct}' is {fitted.r_squared[j]:.3f}, not between 0 and 1"
            yield Problem(what, name, "the corrected correlations contradict each other: use PLS, or check the items")


def _indistinct(correlations: Array, design: Design, name: str) -> Iterator[Problem]:
    """Pairs of constructs whose correlation (J, J) is 1 in size, or above."""
    for j, i in np.argwhere(np.tril(np.abs(correlations) > 1.0 - 1e-10, -1)):
        pair = f"'{design.constructs[i]}' and '{design.constructs[j]}'"
        what = f"constructs {pair} correlate at {correlations[j, i]:.3f}: they cannot be told apart"
        yield Problem(what, name, "join them to one construct, or leave one of them out")


def _resample(job: Job, read: PathModel, plan: BootstrapPlan, executor: Executor | None) -> BootstrapResult:
    return bootstrap(job, StatisticsOf(read), plan, executor)


def _statistics(read: PathModel, fitted: PathEstimates, resampled: BootstrapResult | None) -> Iterator[PlsEstimate]:
    statistics = StatisticsOf(read)
    est = statistics(fitted)
    nothing = np.full(len(est), np.nan)
    se, lower, upper = (
        (nothing, nothing, nothing) if resampled is None else (resampled.se, resampled.ci_lower, resampled.ci_upper)
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        # A loading of a single item never varies but for rounding: it has no standard error.
        se = np.where(se > 1e-12, se, np.nan)
        z = est / se
    numbers = np.column_stack([est, se, z, 2.0 * special.ndtr(-np.abs(z)), lower, upper]).astype(object)
    numbers[np.isnan(numbers.astype(np.float64))] = None
    for row, values in zip(statistics.rows(), numbers.tolist(), strict=True):
        yield PlsEstimate(row.kind, row.lhs, row.op, row.rhs, row.label, *values)


def _warnings(
    read: PathModel, sample: Sample, fitted: PathEstimates, resampled: BootstrapResult | None
) -> Iterator[str]:
    yield from read.remarks
    if sample.n_dropped:
        yield f"{sample.n_dropped} rows with a missing answer were left out (listwise)"
    for j in np.flatnonzero(~read.design.formative):
        own = fitted.loadings[read.design.members[j], j]
        if own.min() < 0:
            construct = read.design.constructs[j]
            yield (
                f"items of the reflective construct '{construct}' load with both signs: recode them, or, where its "
                "paths are weak, mistrust its weights, which follow correlations with its neighbours alone"
            )
    if resampled is not None and resampled.n_failed:
        n = resampled.plan.n_resamples
        yield f"{resampled.n_failed} of {n} resamples had no admissible solution and are left out of the intervals"


def _conventions(estimator: Estimator, scheme: Scheme, plan: BootstrapPlan | None, predict: bool) -> Iterator[str]:
    yield f"{scheme} weighting scheme, items standardised by N, mode A for =~, mode B for <~"
    yield "a score is oriented so that most of its loadings are positive"
    if estimator == "PLSc":
        yield "correlations, loadings and paths of reflective constructs are corrected by rho_A"
    if predict:
        yield "prediction is by PLS scores and earliest antecedents; errors of all repetitions are pooled"
    if plan is not None:
        kind = {"perc": "percentile", "bca": "bias-corrected and accelerated"}[plan.interval]
        yield f"{plan.n_resamples} resamples, sign changes: {plan.signs}; 95 % intervals are {kind}, p-values normal"


def _undefined(design: Design, fitted: PathEstimates, resampled: bool) -> Iterator[tuple[str, str]]:
    """Reasons for what has no value."""
    if not resampled:
        yield "se", "PLS has no standard errors without the bootstrap"
    for j, construct in enumerate(design.constructs):
        if design.single[j]:
            yield f"reliability of {construct}", "a construct of one item has no internal consistency"
        elif design.formative[j]:
            yield f"reliability of {construct}", "items of a formative construct need not agree"
        elif fitted.rho_a[j] <= 0:
            yield f"rho_a of {construct}", f"its formula gives {fitted.rho_a[j]:.3f}: the items do not agree"
