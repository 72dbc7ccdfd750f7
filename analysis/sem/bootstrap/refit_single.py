"""Refits one by one: under missing values, under constraints, by least squares, and what a batch leaves unfitted."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.errors import DataError, EstimationError, ModelError
from analysis.sem.bootstrap.batch import positive_definite
from analysis.sem.bootstrap.batch_standardise import negative_direction
from analysis.sem.bootstrap.draws import weighted_moments
from analysis.sem.bootstrap.measures import baseline_chisq_of, srmr_of
from analysis.sem.bootstrap.refit_job import NO_MINIMUM, NOT_REGULAR, RefitJob, Replicates, with_definitions
from analysis.sem.constraints import minimise_constrained
from analysis.sem.groups import GroupRows
from analysis.sem.implied import implied, structure_of
from analysis.sem.least_squares import solve_least_squares
from analysis.sem.moments import SampleMoments
from analysis.sem.partable import ParameterTable, bind_exogenous, row_values
from analysis.sem.residual_measures import residual_measures
from analysis.sem.saturated import saturated_moments
from analysis.sem.solution import likelihood_objective
from analysis.sem.standardise import standardised
from analysis.sem.starting_values import starting_values
from analysis.sem.statistics import continuous_statistics, ordinal_groups

Array = NDArray[np.float64]

_PATIENCE = 100


@dataclass(frozen=True, slots=True)
class _Fit:
    """Estimates (n_free,) with the table they belong to, which holds this resample's fixed values, and what the fit
    measures are made of.
    """

    theta: Array
    table: ParameterTable
    chisq: float
    baseline_chisq: float
    srmr: float


def refit_single(job: RefitJob, rows: Sequence[GroupRows]) -> Replicates:
    """Fit one resample, given its rows by group."""
    found = _by_least_squares(job, rows) if job.estimator.least_squares else _by_likelihood(job, rows)
    values, scaled = np.full(len(job.table.parameters), np.nan), np.full(len(job.table.parameters), np.nan)
    if isinstance(found, str):
        nothing = _Fit(np.full(len(job.start), np.nan), job.table, np.nan, np.nan, np.nan)
        return _replicate(nothing, values, scaled, found, improper=False)
    values = row_values(found.table, found.theta)
    is_variance = np.array([row.is_variance for row in found.table.parameters])
    improper = bool((values[is_variance] < 0).any())
    for g in range(len(rows)):
        structure = structure_of(found.table, g)
        at = implied(structure, found.theta)
        scaled[structure.rows] = standardised(structure, at, values[structure.rows])[1]
        latent = at.full_covariance[structure.n_observed :, structure.n_observed :]
        improper = improper or bool(negative_direction(latent[None])[0])
    return _replicate(found, values, scaled, "", improper=improper)


def _replicate(found: _Fit, values: Array, scaled: Array, failure: str, *, improper: bool) -> Replicates:
    return Replicates(
        theta=found.theta[None],
        values=with_definitions(found.table, values[None]),
        standardised=with_definitions(found.table, scaled[None]),
        chisq=np.array([found.chisq]),
        baseline_chisq=np.array([found.baseline_chisq]),
        srmr=np.array([found.srmr]),
        failure=(failure,),
        improper=np.array([improper]),
    )


def _by_likelihood(job: RefitJob, rows: Sequence[GroupRows]) -> _Fit | str:
    """The fit, or why there is none. Chi-square is NaN where the saturated moments of incomplete rows do not settle."""
    incomplete = any(not group.patterns.observed.all() for group in rows)
    settled = _with_saturated_moments(rows) if incomplete else rows
    samples = [_sample(group) for group in rows] if settled is None or not incomplete else [g.moments for g in settled]
    rows = settled or rows
    if not incomplete and not positive_definite(np.array([sample.covariance for sample in samples])).all():
        return NOT_REGULAR
    theta, value, failure = minimum(job, samples, rows if incomplete else None)
    if failure:
        return failure
    table = _bound(job.table, samples)
    if settled is None:
        return _Fit(theta, table, np.nan, np.nan, np.nan)
    n = sum(sample.n_observations for sample in samples)
    baseline = baseline_chisq_of(table, samples, rows if incomplete else None)
    at = [implied(structure_of(table, g), theta) for g in range(len(rows))]
    return _Fit(theta, table, n * value, baseline, srmr_of(samples, at, table.meanstructure))


def _with_saturated_moments(rows: Sequence[GroupRows]) -> list[GroupRows] | None:
    """The drawn rows with the saturated moments that EM finds for them; None where it finds none."""
    try:
        return [replace(group, saturated=saturated_moments(group.patterns)) for group in rows]
    except (EstimationError, np.linalg.LinAlgError):
        return None


def _by_least_squares(job: RefitJob, rows: Sequence[GroupRows]) -> _Fit | str:
    """The whole fit but for robust inference, which refits do not need: its statistics cost more than it does."""
    plain = replace(job.estimator, robust=False, scaling=None)
    try:
        if job.table.ordinal:
            table = _with_unit_responses(job.table)
            groups = ordinal_groups(table, rows, job.categories)
        else:
            groups = [continuous_statistics(job.table, _sample(group), plain.name) for group in rows]
            table = _bound(job.table, [group.sample for group in groups])
        solution = solve_least_squares(table, groups, plain, "resample")
    except EstimationError:
        return NO_MINIMUM
    except np.linalg.LinAlgError:
        return NOT_REGULAR
    except (DataError, ModelError) as error:
        return error.problems[0].what
    srmr = residual_measures(solution)["srmr"]
    return _Fit(
        solution.optimum.theta,
        solution.table,
        solution.test.chisq,
        solution.test.baseline_chisq,
        np.nan if srmr is None else srmr,
    )


def _with_unit_responses(table: ParameterTable) -> ParameterTable:
    """The table to be fitted: a solution's own holds residual variances of ordinal variables, worked out afterwards."""
    rows = (
        replace(row, fixed=1.0) if row.is_variance and row.lhs in table.ordinal else row for row in table.parameters
    )
    return replace(table, parameters=tuple(rows))


def minimum(
    job: RefitJob, samples: Sequence[SampleMoments], rows: Sequence[GroupRows] | None
) -> tuple[Array, float, str]:
    """Estimates, F and the reason for failure: from the estimates of the full sample or, where no path leads on from
    there, from rough values. A search that ran out of iterations is on its way to infinity and is not begun again.
    """
    table = _bound(job.table, samples)
    objective = likelihood_objective(table, samples, rows)
    for start in (job.start, starting_values(table, samples)):
        try:
            optimum, _ = minimise_constrained(table, objective, start)
        except np.linalg.LinAlgError:
            continue
        if optimum.converged:
            return optimum.theta, optimum.value, ""
        if optimum.iterations >= _PATIENCE:
            break
    return np.full(len(job.start), np.nan), np.nan, NO_MINIMUM


def _bound(table: ParameterTable, samples: Sequence[SampleMoments]) -> ParameterTable:
    return bind_exogenous(table, [(sample.covariance, sample.mean) for sample in samples])


def _sample(rows: GroupRows) -> SampleMoments:
    """Moments of one drawn group; of incomplete rows the moments of what each variable has, for starting values."""
    if rows.patterns.observed.all():
        m = weighted_moments(rows, np.ones(len(rows.values), dtype=np.int64))
        return SampleMoments(rows.names, m.covariance, m.mean, m.n_observations)
    return _available(rows)


def _available(rows: GroupRows) -> SampleMoments:
    """Covariances of fixed covariates, which are complete, and the full sample's where rows have gaps."""
    covariance, mean = rows.saturated.covariance.copy(), rows.saturated.mean.copy()
    whole = np.flatnonzero(rows.patterns.observed.all(axis=0))
    complete = rows.values[:, whole]
    weight = np.ones(len(complete)) if rows.weights is None else rows.weights
    centre = weight @ complete / weight.sum()
    centred = complete - centre
    covariance[np.ix_(whole, whole)] = (centred * weight[:, None]).T @ centred / weight.sum()
    mean[whole] = centre
    return SampleMoments(rows.names, covariance, mean, len(rows.values))
