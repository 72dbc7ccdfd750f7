"""Refits of complete-data maximum likelihood to many resamples at once, from their moments."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.sem.bootstrap.batch import BatchProblem, MomentStack, minimise_batch, positive_definite
from analysis.sem.bootstrap.batch_standardise import standardised_stack, values_stack
from analysis.sem.bootstrap.draws import WeightedMoments
from analysis.sem.bootstrap.measures import baseline_stack, srmr_stack
from analysis.sem.bootstrap.refit_job import NOT_REGULAR, RefitJob, Replicates, with_definitions
from analysis.sem.bootstrap.refit_single import minimum
from analysis.sem.implied import structure_of
from analysis.sem.moments import SampleMoments
from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


def refit_batch(job: RefitJob, moments: Sequence[Sequence[WeightedMoments]], inverse_hessian: Array) -> Replicates:
    """All at once; what the batch leaves unfitted is tried once more, one by one."""
    total = np.array([sum(m.n_observations for m in of_groups) for of_groups in moments])
    stacks = tuple(stack_of([of_groups[g] for of_groups in moments], total) for g in range(len(job.rows)))
    regular = np.all([positive_definite(stack.covariance) for stack in stacks], axis=0)
    structures = tuple(structure_of(job.table, g) for g in range(len(job.rows)))
    fixed = tuple(fixed_values(job.table, g, stack, structures[g].fixed) for g, stack in enumerate(stacks))
    problem = BatchProblem(structures, stacks, fixed, job.table.meanstructure, job.projector)
    whole = np.flatnonzero(regular)
    optimum = minimise_batch(problem.take(whole), job.start, inverse_hessian)
    theta, value = np.full((len(moments), len(job.start)), np.nan), np.full(len(moments), np.nan)
    fitted = whole[optimum.converged]
    theta[fitted], value[fitted] = optimum.theta[optimum.converged], optimum.value[optimum.converged]
    failure = np.where(regular, "", NOT_REGULAR).tolist()
    for i in whole[~optimum.converged]:
        theta[i], value[i], failure[i] = minimum(job, _samples(job, moments[i]), None)
    exogenous = np.array([name in job.table.exogenous for name in job.table.observed])
    baseline, srmr = np.full(len(moments), np.nan), np.full(len(moments), np.nan)
    there = np.flatnonzero(np.isfinite(value))
    baseline[there] = baseline_stack(problem.take(there), exogenous)
    srmr[there] = srmr_stack(problem.take(there), theta[there])
    values = values_stack(problem, theta)
    scaled, improper = standardised_stack(problem, values)
    return Replicates(
        theta=theta,
        values=with_definitions(job.table, values),
        standardised=with_definitions(job.table, scaled),
        chisq=total * value,
        baseline_chisq=total * baseline,
        srmr=srmr,
        failure=tuple(failure),
        improper=improper,
    )


def _samples(job: RefitJob, moments: Sequence[WeightedMoments]) -> list[SampleMoments]:
    return [
        SampleMoments(group.names, m.covariance, m.mean, m.n_observations)
        for group, m in zip(job.rows, moments, strict=True)
    ]


def stack_of(moments: Sequence[WeightedMoments], total: IntArray) -> MomentStack:
    """Moments of one group in b resamples, ``total`` (b,) being the observations of all groups."""
    return MomentStack.of(
        np.array([m.covariance for m in moments]),
        np.array([m.mean for m in moments]),
        np.array([m.n_observations for m in moments]) / total,
    )


def fixed_values(table: ParameterTable, group: int, stack: MomentStack, fixed: Array) -> Array:
    """Fixed values of one group's rows (b, n_rows), those of observed covariates from each resample's moments."""
    at = {name: i for i, name in enumerate(table.observed)}
    out = np.tile(fixed, (len(stack.share), 1))
    for i, row in enumerate(row for row in table.parameters if row.group == group):
        if row.exogenous:
            mean = stack.mean[:, at[row.lhs]]
            out[:, i] = mean if row.op == "~1" else stack.covariance[:, at[row.lhs], at[row.rhs]]
    return out
