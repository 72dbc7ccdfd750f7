"""From a solution to the result that people read: estimates with their inference, fit, warnings."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.sem import chi_square
from analysis.sem.effects import DefinedEffect, defined_effects
from analysis.sem.fit_measures import fit_measures
from analysis.sem.interaction import conventions_of_products
from analysis.sem.parameter import Parameter
from analysis.sem.remarks import remarks
from analysis.sem.result import Estimate, SemResult
from analysis.sem.solution import Solution
from analysis.sem.standardise import r_squared, standardised
from analysis.sem.standardised_solution import standardised_errors
from analysis.sem.twolevel.measures import intraclass_correlations

Array = NDArray[np.float64]

_Z = chi_square.normal_quantile(0.975)


def present(model: str, name: str, missing: str, solution: Solution) -> SemResult:
    """The result of ``model`` (lavaan syntax)."""
    table, optimum = solution.table, solution.optimum
    measures = fit_measures(solution)
    by_lv, by_all = _standardised(solution)
    effects = defined_effects(table, solution.values, solution.covariance, by_lv, by_all)
    rows = [_estimate(solution, i, by_lv[i], by_all[i]) for i in range(len(table.parameters))]
    estimates = (*rows, *(_defined(effect) for effect in effects))
    errors = standardised_errors(solution)
    return SemResult(
        name=name,
        model=model,
        estimator=solution.estimator.name,
        missing=missing,
        nobs=solution.n_observations,
        n_dropped=sum(sample.n_dropped for sample in solution.samples),
        npar=solution.npar,
        converged=optimum.converged,
        iterations=optimum.iterations,
        optimiser=f"Fisher scoring, then Newton steps: {optimum.message}, {optimum.evaluations} evaluations"
        f", started from {optimum.start}",
        gradient_norm=optimum.gradient_norm,
        warnings=remarks(solution),
        conventions=_conventions(solution, missing),
        observed=table.observed,
        latent=table.latent,
        exogenous=table.exogenous,
        groups=("",) if table.levels else table.groups,
        estimates=tuple(_with_error_of_beta(row, error) for row, error in zip(estimates, errors, strict=True)),
        fit_measures=measures.values,
        undefined=measures.undefined,
        r_squared=_r_squared(solution),
        free_names=table.free_names(),
        theta=optimum.theta,
        covariance=solution.covariance,
        sample_moments=tuple(sample.covariance for sample in solution.samples),
        implied_moments=tuple(at.covariance for at in solution.implied),
        levels=table.groups if table.levels else (),
        n_clusters=None if solution.two_level is None else solution.two_level.moments.n_clusters,
        icc=None if solution.two_level is None else intraclass_correlations(solution),
    )


def _conventions(solution: Solution, missing: str) -> tuple[str, ...]:
    words = list(solution.estimator.words)
    if missing == "fiml":
        words.append("rows with missing values are used (full information, missing at random)")
    if not solution.estimator.robust:
        kind = "observed" if missing == "fiml" else solution.estimator.information
        words.append(f"standard errors from {kind} information")
    table = solution.table
    loadings = [(row.lhs, row.rhs) for row in table.parameters if row.op == "=~" and row.group == 0]
    return (*words, *conventions_of_products(table.latent, loadings), "95 % Wald intervals")


def _standardised(solution: Solution) -> tuple[Array, Array]:
    """Standardised values of all rows of the table."""
    by_lv, by_all = np.zeros(len(solution.values)), np.zeros(len(solution.values))
    for part, at in zip(solution.objective.parts, solution.implied, strict=True):
        rows = part.structure.rows
        by_lv[rows], by_all[rows] = standardised(part.structure, at, solution.values[rows])
    return by_lv, by_all


def _r_squared(solution: Solution) -> dict[str, float]:
    """Explained variance by variable; with several groups or levels by "variable [group]"."""
    shares: dict[str, float] = {}
    for group, (part, at) in enumerate(zip(solution.objective.parts, solution.implied, strict=True)):
        of_group = r_squared(part.structure, at, solution.values[part.structure.rows])
        shares |= {variable + solution.table.suffix(group): share for variable, share in of_group.items()}
    return shares


def _estimate(solution: Solution, i: int, std_lv: float, std_all: float) -> Estimate:
    row: Parameter = solution.table.parameters[i]
    table = solution.table
    se = None
    if row.free and solution.covariance is not None:
        variance = solution.covariance[row.free - 1, row.free - 1]
        # A parameter that a binding constraint holds in place has no sampling variance, hence no standard error.
        se = float(np.sqrt(variance)) if variance > 1e-20 * max(1.0, solution.values[i] ** 2) else None
    return _inferred(
        (row.lhs, row.op, row.rhs, row.label),
        float(solution.values[i]),
        se,
        (std_lv, std_all),
        (bool(row.free), row.user),
        (table.group_of(row), table.level_of(row)),
    )


def _defined(effect: DefinedEffect) -> Estimate:
    names = (effect.name, ":=", effect.text, effect.name)
    return _inferred(names, effect.estimate, effect.se, (effect.std_lv, effect.std_all), (True, True), (None, 1))


def _inferred(
    names: tuple[str, str, str, str], estimate: float, se: float | None,
    std: tuple[float, float], kind: tuple[bool, bool], place: tuple[str | None, int],
) -> Estimate:  # fmt: skip
    """Wald z, p and interval of one estimate."""
    lhs, op, rhs, label = names
    z = estimate / se if se else None
    return Estimate(
        lhs=lhs,
        op=op,
        rhs=rhs,
        group=place[0],
        level=place[1],
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


def _with_error_of_beta(row: Estimate, error: float | None) -> Estimate:
    """The standardised estimate's standard error and interval."""
    if error is None or row.std_all is None:
        return row
    lower, upper = row.std_all - _Z * error, row.std_all + _Z * error
    return replace(row, std_all_se=error, std_all_ci_lower=lower, std_all_ci_upper=upper)
