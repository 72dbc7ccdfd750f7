"""A model refitted to resamples: in batches of arrays where moments suffice, one by one where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.batch import BatchProblem, MomentStack, minimise_batch, positive_definite
from analysis.sem.batch_standardise import negative_direction, standardised_stack, values_stack
from analysis.sem.constraints import minimise_constrained
from analysis.sem.effects import evaluate
from analysis.sem.estimators import Estimator
from analysis.sem.groups import GroupRows
from analysis.sem.implied import implied, structure_of
from analysis.sem.moments import SampleMoments
from analysis.sem.partable import ParameterTable, bind_exogenous, row_values
from analysis.sem.resampling import (
    Kind,
    Scheme,
    WeightedMoments,
    drawn_rows,
    row_counts,
    unit_sizes,
    weighted_moments,
)
from analysis.sem.solution import Solution, likelihood_objective
from analysis.sem.standardise import standardised
from analysis.sem.starting_values import starting_values

Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

NOT_REGULAR = "the covariance matrix of the resample is not positive definite"
NO_MINIMUM = "no minimum was reached"
_PATIENCE = 100


@dataclass(frozen=True, slots=True)
class RefitJob:
    """What every refit needs. ``start`` (n_free,) are the estimates of the full sample; ``inverse_hessian``
    (n_free, n_free) is that of F at them, None where resamples have to be refitted one by one.
    """

    table: ParameterTable
    estimator: Estimator
    rows: tuple[GroupRows, ...]
    kind: Kind
    scheme: Scheme
    start: Array
    inverse_hessian: Array | None


@dataclass(frozen=True, slots=True)
class Replicates:
    """Statistics of b resamples: ``theta`` (b, n_free); ``values`` and ``standardised`` (b, n_statistics), all rows of
    the table, then its definitions; ``chisq`` (b,), NaN under missing values. ``failure`` says why a resample
    could not be fitted, "" where it was; numbers of failed resamples are NaN. ``improper`` (b,) marks
    solutions with a negative variance or latent variables whose covariance matrix is not positive definite.
    """

    theta: Array
    values: Array
    standardised: Array
    chisq: Array
    failure: tuple[str, ...]
    improper: BoolArray


def job_of(solution: Solution, rows: Sequence[GroupRows], kind: Kind, scheme: Scheme) -> RefitJob:
    """The job of refitting ``solution`` to resamples of ``rows``: its own, or rows made to agree with it."""
    theta = solution.optimum.theta
    hessian = solution.objective.hessian(theta)
    by_moments = solution.patterns is None and not solution.table.constraints
    regular = by_moments and bool(positive_definite(hessian[None])[0])
    inverse = np.asarray(np.linalg.inv(hessian), dtype=np.float64) if regular else None
    return RefitJob(solution.table, solution.estimator, tuple(rows), kind, scheme, theta, inverse)


def refit(job: RefitJob, indices: Sequence[int]) -> Replicates:
    """Draw and fit the resamples with these ``indices``."""
    sizes = unit_sizes(job.rows, job.kind)
    drawn = (row_counts(job.rows, job.kind, job.scheme.counts(sizes, index)) for index in indices)
    if job.inverse_hessian is None:
        return stacked([_one(job, [drawn_rows(*pair) for pair in zip(job.rows, c, strict=True)]) for c in drawn])
    moments = [[weighted_moments(*pair) for pair in zip(job.rows, c, strict=True)] for c in drawn]
    return _batch(job, moments, job.inverse_hessian)


def stacked(parts: Sequence[Replicates]) -> Replicates:
    """One after the other."""
    return Replicates(
        theta=np.concatenate([part.theta for part in parts]),
        values=np.concatenate([part.values for part in parts]),
        standardised=np.concatenate([part.standardised for part in parts]),
        chisq=np.concatenate([part.chisq for part in parts]),
        failure=tuple(reason for part in parts for reason in part.failure),
        improper=np.concatenate([part.improper for part in parts]),
    )


def _batch(job: RefitJob, moments: Sequence[Sequence[WeightedMoments]], inverse_hessian: Array) -> Replicates:
    """All at once; what the batch leaves unfitted is tried once more, one by one."""
    total = np.array([sum(m.n_observations for m in of_groups) for of_groups in moments])
    stacks = tuple(_stack([of_groups[g] for of_groups in moments], total) for g in range(len(job.rows)))
    regular = np.all([positive_definite(stack.covariance) for stack in stacks], axis=0)
    structures = tuple(structure_of(job.table, g) for g in range(len(job.rows)))
    fixed = tuple(_fixed(job.table, g, stack, structures[g].fixed) for g, stack in enumerate(stacks))
    problem = BatchProblem(structures, stacks, fixed, job.table.meanstructure)
    whole = np.flatnonzero(regular)
    optimum = minimise_batch(problem.take(whole), job.start, inverse_hessian)
    theta, value = np.full((len(moments), len(job.start)), np.nan), np.full(len(moments), np.nan)
    fitted = whole[optimum.converged]
    theta[fitted], value[fitted] = optimum.theta[optimum.converged], optimum.value[optimum.converged]
    failure = np.where(regular, "", NOT_REGULAR).tolist()
    for i in whole[~optimum.converged]:
        theta[i], value[i], failure[i] = _minimum(job, _samples(job, moments[i]), None)
    values = values_stack(problem, theta)
    scaled, improper = standardised_stack(problem, values)
    return Replicates(
        theta=theta,
        values=_with_definitions(job.table, values),
        standardised=_with_definitions(job.table, scaled),
        chisq=total * value,
        failure=tuple(failure),
        improper=improper,
    )


def _one(job: RefitJob, rows: Sequence[GroupRows]) -> Replicates:
    samples = [_sample(rows_of_group) for rows_of_group in rows]
    incomplete = any(not group.patterns.observed.all() for group in rows)
    m = len(job.table.parameters)
    theta, value, failure = np.full(len(job.start), np.nan), np.nan, NOT_REGULAR
    if incomplete or positive_definite(np.array([sample.covariance for sample in samples])).all():
        theta, value, failure = _minimum(job, samples, rows if incomplete else None)
    values, scaled, improper = np.full(m, np.nan), np.full(m, np.nan), False
    if not failure:
        table = _bound(job.table, samples)
        values = row_values(table, theta)
        for g in range(len(rows)):
            structure = structure_of(table, g)
            at = implied(structure, theta)
            scaled[structure.rows] = standardised(structure, at, values[structure.rows])[1]
            latent = at.full_covariance[structure.n_observed :, structure.n_observed :]
            improper = improper or bool(negative_direction(latent[None])[0])
        is_variance = np.array([row.is_variance for row in table.parameters])
        improper = improper or bool((values[is_variance] < 0).any())
    n = sum(sample.n_observations for sample in samples)
    return Replicates(
        theta=theta[None],
        values=_with_definitions(job.table, values[None]),
        standardised=_with_definitions(job.table, scaled[None]),
        chisq=np.array([np.nan if incomplete else n * value]),
        failure=(failure,),
        improper=np.array([improper]),
    )


def _minimum(
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


def _samples(job: RefitJob, moments: Sequence[WeightedMoments]) -> list[SampleMoments]:
    return [
        SampleMoments(group.names, m.covariance, m.mean, m.n_observations)
        for group, m in zip(job.rows, moments, strict=True)
    ]


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


def _stack(moments: Sequence[WeightedMoments], total: IntArray) -> MomentStack:
    return MomentStack.of(
        np.array([m.covariance for m in moments]),
        np.array([m.mean for m in moments]),
        np.array([m.n_observations for m in moments]) / total,
    )


def _fixed(table: ParameterTable, group: int, stack: MomentStack, fixed: Array) -> Array:
    """Fixed values of one group's rows (b, n_rows), those of observed covariates from each resample's moments."""
    at = {name: i for i, name in enumerate(table.observed)}
    out = np.tile(fixed, (len(stack.share), 1))
    for i, row in enumerate(row for row in table.parameters if row.group == group):
        if row.exogenous:
            mean = stack.mean[:, at[row.lhs]]
            out[:, i] = mean if row.op == "~1" else stack.covariance[:, at[row.lhs], at[row.rhs]]
    return out


def _with_definitions(table: ParameterTable, values: Array) -> Array:
    """Values of all rows (b, n_rows) followed by those of the definitions."""
    if not table.definitions:
        return values
    names = [definition.name for definition in table.definitions]
    defined = np.full((len(values), len(names)), np.nan)
    for i, of_resample in enumerate(values):
        found, _ = evaluate(table, of_resample)
        defined[i] = [found[name] for name in names]
    return np.hstack([values, defined])
