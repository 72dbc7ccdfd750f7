"""From a solution to the result that people read: estimates with their inference, fit, warnings."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from analysis.sem import chi_square
from analysis.sem.effects import defined_effects
from analysis.sem.fit_measures import fit_measures
from analysis.sem.interaction import conventions_of_products
from analysis.sem.remarks import remarks
from analysis.sem.result import Estimate, SemResult
from analysis.sem.solution import Solution
from analysis.sem.standardise import r_squared, scale_factors
from analysis.sem.standardised_solution import with_errors
from analysis.sem.twolevel.measures import intraclass_correlations

Array = NDArray[np.float64]

_Z = chi_square.normal_quantile(0.975)


def present(model: str, name: str, missing: str, solution: Solution) -> SemResult:
    """The result of ``model`` (lavaan syntax)."""
    table, optimum = solution.table, solution.optimum
    measures = fit_measures(solution)
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
        estimates=_estimates(solution),
        fit_measures=measures.values,
        undefined=measures.undefined,
        r_squared=_r_squared(solution),
        free_names=table.free_names(),
        theta=optimum.theta,
        covariance=solution.covariance,
        sample_moments=tuple(sample.covariance for sample in solution.samples),
        implied_moments=tuple(_implied_moments(solution)),
        levels=table.groups if table.levels else (),
        n_clusters=None if solution.two_level is None else solution.two_level.moments.n_clusters,
        icc=None if solution.two_level is None else intraclass_correlations(solution),
    )


def _implied_moments(solution: Solution) -> Iterator[Array]:
    """Implied covariance matrices; those of an ordinal model's covariates, which all is given, are the sample's."""
    fixed = np.array([name in solution.table.exogenous for name in solution.table.observed])
    for sample, at in zip(solution.samples, solution.implied, strict=True):
        if solution.table.ordinal and fixed.any():
            yield np.where(np.outer(fixed, fixed), sample.covariance, at.covariance)
        else:
            yield at.covariance


def _conventions(solution: Solution, missing: str) -> tuple[str, ...]:
    words = list(solution.estimator.words)
    if solution.table.ordinal and solution.table.exogenous:
        words.append("thresholds and correlations are those given the covariates")
    if missing == "fiml":
        words.append("rows with missing values are used (full information, missing at random)")
    if not solution.estimator.robust:
        kind = "observed" if missing == "fiml" else solution.estimator.information
        words.append(f"standard errors from {kind} information")
    table = solution.table
    loadings = [(row.lhs, row.rhs) for row in table.parameters if row.op == "=~" and row.group == 0]
    return (*words, *conventions_of_products(table.latent, loadings), "95 % Wald intervals")


def _r_squared(solution: Solution) -> dict[str, float]:
    """Explained variance by variable; with several groups or levels by "variable [group]"."""
    shares: dict[str, float] = {}
    for group, (part, at) in enumerate(zip(solution.objective.parts, solution.described, strict=True)):
        of_group = r_squared(part.structure, at, solution.values[part.structure.rows])
        shares |= {variable + solution.table.suffix(group): share for variable, share in of_group.items()}
    return shares


def _estimates(solution: Solution) -> tuple[Estimate, ...]:
    """All rows of the table and then its definitions, each with its Wald statistic and intervals."""
    by_lv, (beta, beta_se) = _standardised_by_latent(solution), with_errors(solution)
    effects = defined_effects(solution.table, solution.values, solution.covariance, by_lv)
    heads = [*_heads(solution), *((d.name, ":=", d.text, None, 1, d.name, True, True) for d in effects)]
    est = np.append(solution.values, [effect.estimate for effect in effects])
    se = np.append(_standard_errors(solution), [np.nan if effect.se is None else effect.se for effect in effects])
    lv = np.append(by_lv, [effect.std_lv for effect in effects])
    with np.errstate(invalid="ignore", divide="ignore"):
        z = est / np.where(se > 0, se, np.nan)
    p = chi_square.two_sided_normals(z)
    columns = (
        est, se, z, p, est - _Z * se, est + _Z * se, lv, beta, beta_se, beta - _Z * beta_se, beta + _Z * beta_se,
    )  # fmt: skip
    numbers = np.array(columns).T
    values = numbers.astype(object)
    values[~np.isfinite(numbers)] = None
    return tuple(Estimate(*head, *row) for head, row in zip(heads, values.tolist(), strict=True))


def _heads(solution: Solution) -> Iterator[tuple[str, str, str, str | None, int, str, bool, bool]]:
    """Names of every row of the table, its group where there are several, its level, label, and kind."""
    table = solution.table
    for row in table.parameters:
        yield row.lhs, row.op, row.rhs, table.group_of(row), table.level_of(row), row.label, bool(row.free), row.user


def _standard_errors(solution: Solution) -> Array:
    """Standard error of every row of the table (n_rows,), NaN where there is none.

    A parameter that a binding constraint holds in place has no sampling variance, hence no standard error.
    """
    if solution.covariance is None:
        return np.full(len(solution.values), np.nan)
    free = np.array([row.free for row in solution.table.parameters])
    variance = np.append(np.diag(solution.covariance), np.nan)[free - 1]
    with np.errstate(invalid="ignore"):
        return np.sqrt(np.where(variance > 1e-20 * np.maximum(1.0, solution.values**2), variance, np.nan))


def _standardised_by_latent(solution: Solution) -> Array:
    """``std_lv`` of all rows of the table (n_rows,), NaN where a variance is negative."""
    factors = np.zeros(len(solution.values))
    with np.errstate(invalid="ignore", divide="ignore"):
        for part, at in zip(solution.objective.parts, solution.described, strict=True):
            rows = part.structure.rows
            factors[rows] = scale_factors(part.structure, at, solution.values[rows], observed=False)
        return solution.values * factors
