"""Maximum likelihood of one model on the moments of many samples: estimates with standard errors, as ``fit`` has them.

For simulation: samples start at the population's estimates and are minimised together; what that leaves unfitted is
solved as any model is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import SmartCityError
from analysis.sem.bootstrap.batch import (
    BatchProblem,
    StackedImplied,
    minimise_batch,
    positive_definite,
    stacked_implied,
)
from analysis.sem.bootstrap.batch_standardise import standardised_stack, values_stack
from analysis.sem.bootstrap.draws import WeightedMoments
from analysis.sem.bootstrap.refit_batch import fixed_values, stack_of
from analysis.sem.bootstrap.refit_job import NO_MINIMUM, NOT_REGULAR
from analysis.sem.covariance import inverse_information
from analysis.sem.discrepancy.normal import trace_products
from analysis.sem.effects import evaluate
from analysis.sem.estimators import ESTIMATORS
from analysis.sem.implied import Implied, Structure, derivatives, structure_of
from analysis.sem.moments import SampleMoments
from analysis.sem.partable import ParameterTable, bind_exogenous
from analysis.sem.solution import Solution, solve

Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class MomentFits:
    """Of b samples: ``estimate`` and ``se`` (b, m) of every free row of the table, then of its definitions; NaN for the
    estimates of a sample that could not be fitted, with the reason in ``failure``, and for standard errors where the
    information is singular. ``chisq`` (b,); ``improper`` (b,) marks negative variances and latent covariance matrices
    that are not positive definite.
    """

    estimate: Array
    se: Array
    chisq: Array
    improper: BoolArray
    failure: tuple[str, ...]


def free_rows(table: ParameterTable) -> list[int]:
    """Positions of the rows that are estimated."""
    return [i for i, row in enumerate(table.parameters) if row.free]


def moment_solution(table: ParameterTable, samples: Sequence[SampleMoments], name: str) -> Solution:
    """The model at given moments by ML; ``samples`` are one a group. Errors are those of ``solution.solve``."""
    bound = bind_exogenous(table, [(sample.covariance, sample.mean) for sample in samples])
    return solve(bound, samples, None, ESTIMATORS["ML"], name)


def fit_moments(
    table: ParameterTable, moments: Sequence[Sequence[WeightedMoments]], start: Array, inverse_hessian: Array
) -> MomentFits:
    """Fit ``table``, which has no constraints, to b samples of moments by group.

    ``start`` (n_free,) and ``inverse_hessian`` (n_free, n_free) of F there are those of a typical sample.
    """
    n_groups = len(table.groups)
    total = np.array([sum(m.n_observations for m in of_groups) for of_groups in moments])
    stacks = tuple(stack_of([of_groups[g] for of_groups in moments], total) for g in range(n_groups))
    regular = np.all([positive_definite(stack.covariance) for stack in stacks], axis=0)
    structures = tuple(structure_of(table, g) for g in range(n_groups))
    fixed = tuple(fixed_values(table, g, stack, structures[g].fixed) for g, stack in enumerate(stacks))
    problem = BatchProblem(structures, stacks, fixed, table.meanstructure)
    whole = np.flatnonzero(regular)
    theta, value = np.full((len(moments), len(start)), np.nan), np.full(len(moments), np.nan)
    failure = np.where(regular, "", NOT_REGULAR).astype(object)
    if len(whole):
        optimum = minimise_batch(problem.take(whole), start, inverse_hessian)
        fitted = whole[optimum.converged]
        theta[fitted], value[fitted] = optimum.theta[optimum.converged], optimum.value[optimum.converged]
        for i in whole[~optimum.converged]:
            theta[i], value[i], failure[i] = _alone(table, moments[i], len(start))
    values = values_stack(problem, theta)
    estimate, se = _with_errors(problem, table, theta, values, total)
    _, improper = standardised_stack(problem, values)
    return MomentFits(estimate, se, total * value, improper, tuple(map(str, failure)))


def _alone(table: ParameterTable, moments: Sequence[WeightedMoments], n_free: int) -> tuple[Array, float, str]:
    samples = [SampleMoments(table.observed, m.covariance, m.mean, m.n_observations) for m in moments]
    try:
        optimum = moment_solution(table, samples, "replication").optimum
    except (SmartCityError, np.linalg.LinAlgError):
        return np.full(n_free, np.nan), np.nan, NO_MINIMUM
    return optimum.theta, optimum.value, ""


def _with_errors(
    problem: BatchProblem, table: ParameterTable, theta: Array, values: Array, total: NDArray[np.int64]
) -> tuple[Array, Array]:
    """Estimates of free rows and definitions, and their standard errors from expected information, each (b, m)."""
    rows = free_rows(table)
    of_row = np.array([table.parameters[i].free - 1 for i in rows], dtype=np.int64)
    m = len(rows) + len(table.definitions)
    estimate, se = np.full((len(theta), m), np.nan), np.full((len(theta), m), np.nan)
    at = [stacked_implied(s, values[:, s.rows]) for s in problem.structures]
    for i in np.flatnonzero(np.isfinite(theta).all(axis=1)):
        estimate[i, : len(rows)] = values[i, rows]
        defined, gradients = evaluate(table, values[i])
        estimate[i, len(rows) :] = list(defined.values())
        inverse = _inverse_information(problem, at, int(i), len(theta[i]))
        if inverse is not None:
            covariance = inverse / total[i]
            se[i, : len(rows)] = np.sqrt(np.diag(covariance))[of_row]
            se[i, len(rows) :] = [np.sqrt(g @ covariance @ g) for g in gradients.values()]
    return estimate, se


def _inverse_information(problem: BatchProblem, at: Sequence[StackedImplied], i: int, n_free: int) -> Array | None:
    """Inverse of the expected information of one observation of sample ``i``; None where it is singular."""
    information = np.zeros((n_free, n_free))
    for structure, stack, stacked in zip(problem.structures, problem.stacks, at, strict=True):
        by_row = _curvature(structure, stacked, i, problem.meanstructure)
        information += 0.5 * stack.share[i] * (structure.collect @ by_row @ structure.collect.T)
    return inverse_information(information, np.zeros((0, n_free)))


def _curvature(structure: Structure, stacked: StackedImplied, i: int, meanstructure: bool) -> Array:
    p, nothing = structure.n_observed, np.zeros(0)
    full = stacked.full_covariance[i]
    moments = Implied(
        full[:p, :p], stacked.full_mean[i, :p], stacked.inverse[i], full, stacked.full_mean[i], nothing, nothing
    )
    d = derivatives(structure, moments)
    curvature = trace_products(d, moments.precision, moments.precision)
    return curvature + 2.0 * (d.mean.T @ moments.precision @ d.mean) if meanstructure else curvature
