"""A model refitted to resamples: in batches of arrays where moments suffice, one by one where they do not."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.sem.bootstrap.batch import positive_definite
from analysis.sem.bootstrap.draws import Kind, Scheme, drawn_rows, row_counts, unit_sizes, weighted_moments
from analysis.sem.bootstrap.refit_batch import refit_batch
from analysis.sem.bootstrap.refit_job import RefitJob, Replicates, stacked
from analysis.sem.bootstrap.refit_single import refit_single
from analysis.sem.constraints import constraint_values
from analysis.sem.groups import GroupRows
from analysis.sem.optimise import null_space
from analysis.sem.solution import Solution

Array = NDArray[np.float64]


def job_of(solution: Solution, rows: Sequence[GroupRows], kind: Kind, scheme: Scheme) -> RefitJob:
    """The job of refitting ``solution`` to resamples of ``rows``: its own, or rows made to agree with it."""
    table = solution.table
    basis, inverse, projector = _free_directions(solution), None, None
    if basis is not None:
        reduced = basis.T @ solution.objective.hessian(solution.optimum.theta) @ basis
        if positive_definite(reduced[None])[0]:
            inverse = np.asarray(basis @ np.linalg.solve(reduced, basis.T), dtype=np.float64)
            projector = basis @ basis.T if table.constraints else None
    everyone = np.concatenate([group.values for group in rows])
    categories = {name: np.unique(everyone[:, table.observed.index(name)]) for name in table.ordinal}
    return RefitJob(
        table=table,
        estimator=solution.estimator,
        rows=tuple(rows),
        kind=kind,
        scheme=scheme,
        start=solution.optimum.theta,
        inverse_hessian=inverse,
        projector=projector,
        categories=categories,
    )


def _free_directions(solution: Solution) -> Array | None:
    """Orthonormal basis of the directions that linear equalities leave free, (n_free, n_free) without any. None where
    moments do not suffice for refits, or constraints are no linear equalities.
    """
    table, theta = solution.table, solution.optimum.theta
    moments_suffice = solution.patterns is None and not solution.estimator.least_squares
    if not moments_suffice or any(c.op != "==" for c in table.constraints):
        return None
    _, jacobian = constraint_values(table, table.constraints, theta)
    _, elsewhere = constraint_values(table, table.constraints, 1.5 * theta + 0.1)
    return null_space(jacobian) if np.array_equal(jacobian, elsewhere) else None


def refit(job: RefitJob, indices: Sequence[int]) -> Replicates:
    """Draw and fit the resamples with these ``indices``."""
    sizes = unit_sizes(job.rows, job.kind)
    drawn = (row_counts(job.rows, job.kind, job.scheme.counts(sizes, index)) for index in indices)
    if job.inverse_hessian is None:
        return stacked(
            [refit_single(job, [drawn_rows(*pair) for pair in zip(job.rows, c, strict=True)]) for c in drawn]
        )
    moments = [[weighted_moments(*pair) for pair in zip(job.rows, c, strict=True)] for c in drawn]
    return refit_batch(job, moments, job.inverse_hessian)
