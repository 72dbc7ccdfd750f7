"""Fit a model: syntax → parameter table → moments → optimum → inference → result."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import EstimationError, ModelError, Problem
from analysis.sem import chi_square
from analysis.sem.covariance import covariance_of_estimates
from analysis.sem.discrepancy import normal
from analysis.sem.effects import DefinedEffect, defined_effects
from analysis.sem.fit_measures import fit_measures
from analysis.sem.identification import degrees_of_freedom, flat_parameters, require_identified
from analysis.sem.implied import Implied, Structure, derivatives, implied, structure_of
from analysis.sem.likelihood_ratio import likelihood_ratio
from analysis.sem.moments import SampleMoments, moments_given, moments_of_frame
from analysis.sem.optimise import Optimum, minimise
from analysis.sem.partable import Parameter, ParameterTable, bind_exogenous, build_table
from analysis.sem.result import Estimate, SemResult
from analysis.sem.standardise import r_squared, standardised
from analysis.sem.starting_values import starting_values
from analysis.sem.syntax import parse_model

Array = NDArray[np.float64]

_CONVENTIONS = (
    "normal-theory maximum likelihood; covariances divided by N; chi-square = N times the discrepancy",
    "standard errors from expected information; 95 % Wald intervals",
    "baseline model: variances only, covariances of fixed covariates free",
)
_Z = chi_square.normal_quantile(0.975)


@dataclass(frozen=True, slots=True)
class _Solution:
    """What estimation leaves for inference and reporting."""

    table: ParameterTable
    structure: Structure
    sample: SampleMoments
    optimum: Optimum
    implied: Implied
    values: Array
    covariance: Array | None
    flat: tuple[str, ...]


def fit(
    model: str,
    data: pd.DataFrame | None = None,
    *,
    cov: pd.DataFrame | None = None,
    nobs: int | None = None,
    means: pd.Series | None = None,
    std_lv: bool = False,
    meanstructure: bool = False,
    name: str = "model",
) -> SemResult:
    """Fit lavaan syntax by normal-theory ML, to complete rows of ``data`` or to a covariance matrix and its N.

    ``cov`` is as printed (divided by N - 1). Raises SpecificationError for faulty syntax, ModelError for
    unknown variables and models that are not identified, DataError for data that cannot be used and
    EstimationError where the sample covariance is singular or no minimum was reached.
    """
    table = build_table(parse_model(model, name), std_lv=std_lv, meanstructure=meanstructure or means is not None)
    _require_no_collision(table, data if data is not None else cov)
    if data is not None:
        sample = moments_of_frame(data, table.observed)
    elif cov is not None and nobs is not None:
        if table.meanstructure and means is None:
            raise ModelError(Problem("the model has intercepts, but no means are given", name, "give means"))
        sample = moments_given(cov, nobs, table.observed, means)
    else:
        raise ModelError(Problem("nothing to fit to", name, "give data, or a covariance matrix and its N"))
    return _result(model, name, _solve(bind_exogenous(table, sample.covariance, sample.mean), sample, name))


def _require_no_collision(table: ParameterTable, data: pd.DataFrame | None) -> None:
    columns = set() if data is None else set(data.columns)
    if both := [name for name in table.latent if name in columns]:
        raise ModelError(
            Problem(f"'{name}' is a latent variable of the model and a column of the data", "model", "rename one")
            for name in both
        )


def _solve(table: ParameterTable, sample: SampleMoments, name: str) -> _Solution:
    structure = structure_of(table)
    _require_regular(sample)
    start = starting_values(table, sample)
    require_identified(table, structure, start)
    means = table.meanstructure

    def value(theta: Array) -> float:
        try:
            return normal.discrepancy(sample, implied(structure, theta), means)
        except np.linalg.LinAlgError:
            return np.inf

    def slopes(theta: Array) -> tuple[Array, Array]:
        at = implied(structure, theta)
        d = derivatives(structure, at)
        gradient = normal.gradient(sample, structure, at, d, means)
        return gradient, 2.0 * normal.expected_information(structure, at, d, means)

    def hessian(theta: Array) -> Array:
        at = implied(structure, theta)
        return normal.hessian(sample, structure, at, derivatives(structure, at), means)

    optimum = minimise(value, slopes, hessian, start)
    if not optimum.converged:
        raise EstimationError(
            Problem(
                f"no minimum was reached after {optimum.iterations} iterations: {optimum.message}",
                name,
                "check the model and the scale of the variables, or give starting values: f =~ x1 + start(0.8)*x2",
            )
        )
    at = implied(structure, optimum.theta)
    information = normal.expected_information(structure, at, derivatives(structure, at), means)
    covariance = covariance_of_estimates(information, sample.n_observations)
    flat = tuple(flat_parameters(table.free_names(), information)) if covariance is None else ()
    return _Solution(table, structure, sample, optimum, at, structure.values(optimum.theta), covariance, flat)


def _require_regular(sample: SampleMoments) -> None:
    """A singular sample covariance has no likelihood: name the variables that depend on each other."""
    deviations = np.sqrt(np.diag(sample.covariance))
    correlation = sample.covariance / np.outer(deviations, deviations)
    values, vectors = np.linalg.eigh(correlation)
    if values[0] > 1e-10:
        return
    weight = np.abs(vectors[:, 0])
    names = [n for n, w in zip(sample.names, weight, strict=True) if w > 0.1 * weight.max()]
    raise EstimationError(
        Problem(f"these variables determine each other: {', '.join(names)}", "data", "leave one of them out")
    )


def _result(model: str, name: str, solution: _Solution) -> SemResult:
    table, sample, optimum = solution.table, solution.sample, solution.optimum
    df = degrees_of_freedom(table)
    test = likelihood_ratio(table, sample, optimum.value, df)
    measures = fit_measures(test, sample, solution.implied, table)
    by_lv, by_all = standardised(table, solution.structure, solution.implied, solution.values)
    effects = defined_effects(table, solution.values, solution.covariance, by_lv, by_all)
    rows = [_estimate(solution, i, by_lv[i], by_all[i]) for i in range(len(table.parameters))]
    return SemResult(
        name=name,
        model=model,
        estimator="ML",
        missing="listwise",
        nobs=sample.n_observations,
        n_dropped=sample.n_dropped,
        npar=table.n_free,
        converged=optimum.converged,
        iterations=optimum.iterations,
        optimiser=f"Fisher scoring, then Newton steps: {optimum.message}, {optimum.evaluations} evaluations",
        gradient_norm=optimum.gradient_norm,
        warnings=_warnings(solution),
        conventions=_CONVENTIONS,
        observed=table.observed,
        latent=table.latent,
        exogenous=table.exogenous,
        estimates=(*rows, *(_defined(effect) for effect in effects)),
        fit_measures=measures.values,
        undefined=measures.undefined,
        r_squared=r_squared(table, solution.implied, solution.values),
        free_names=table.free_names(),
        theta=optimum.theta,
        covariance=solution.covariance,
        sample_moments=sample.covariance,
        implied_moments=solution.implied.covariance,
    )


def _estimate(solution: _Solution, i: int, std_lv: float, std_all: float) -> Estimate:
    row: Parameter = solution.table.parameters[i]
    se = None
    if row.free and solution.covariance is not None:
        se = float(np.sqrt(solution.covariance[row.free - 1, row.free - 1]))
    names = (row.lhs, row.op, row.rhs, row.label)
    return _inferred(names, float(solution.values[i]), se, (std_lv, std_all), (bool(row.free), row.user))


def _defined(effect: DefinedEffect) -> Estimate:
    names = (effect.name, ":=", effect.text, effect.name)
    return _inferred(names, effect.estimate, effect.se, (effect.std_lv, effect.std_all), (True, True))


def _inferred(
    names: tuple[str, str, str, str], estimate: float, se: float | None,
    std: tuple[float, float], kind: tuple[bool, bool],
) -> Estimate:  # fmt: skip
    """Wald z, p and interval of one estimate."""
    lhs, op, rhs, label = names
    z = estimate / se if se else None
    return Estimate(
        lhs=lhs,
        op=op,
        rhs=rhs,
        group=None,
        level=1,
        label=label,
        free=kind[0],
        user=kind[1],
        est=estimate,
        se=se,
        z=z,
        pvalue=None if z is None else chi_square.two_sided_normal(z),
        ci_lower=None if se is None else estimate - _Z * se,
        ci_upper=None if se is None else estimate + _Z * se,
        std_lv=float(std[0]) if np.isfinite(std[0]) else None,
        std_all=float(std[1]) if np.isfinite(std[1]) else None,
    )


def _warnings(solution: _Solution) -> tuple[str, ...]:
    table, sample = solution.table, solution.sample
    found = []
    if sample.n_dropped:
        found.append(f"{sample.n_dropped} rows with missing values were left out (listwise)")
    negative = [
        row.lhs
        for row, value in zip(table.parameters, solution.values, strict=True)
        if row.op == "~~" and row.lhs == row.rhs and value < 0
    ]
    if negative:
        found.append(f"negative variance (Heywood case): {', '.join(negative)}")
    p = len(table.observed)
    latent = solution.implied.full_covariance[p:, p:]
    if len(latent) and np.linalg.eigvalsh(latent)[0] < -1e-10 * np.trace(latent):
        found.append("the covariance matrix of the latent variables is not positive definite")
    if solution.covariance is None:
        found.append(f"no standard errors: the data barely tell apart {', '.join(solution.flat)}")
    return tuple(found)
