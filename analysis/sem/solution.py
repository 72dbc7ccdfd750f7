"""Estimation itself: from a filled table and moments to an optimum and the covariance of the estimates."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError, Problem
from analysis.sem.constraints import constraint_values, minimise_constrained
from analysis.sem.covariance import inverse_information
from analysis.sem.discrepancy.normal import NormalTheory
from analysis.sem.identification import flat_parameters, n_moments, require_identified
from analysis.sem.implied import Implied, structure_of
from analysis.sem.moments import SampleMoments
from analysis.sem.objective import GroupPart, Objective
from analysis.sem.optimise import Optimum
from analysis.sem.partable import ParameterTable, Relation, row_values
from analysis.sem.starting_values import starting_values

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Solution:
    """What estimation leaves for inference and reporting.

    ``values`` (n_rows,) are those of all rows of the table; ``covariance`` (n_free, n_free) that of the estimates,
    None where the information is singular, and ``flat`` then names the parameters at fault. ``binding`` are the
    constraints that hold with equality, ``npar`` the free parameters less their number.
    """

    table: ParameterTable
    samples: tuple[SampleMoments, ...]
    objective: Objective
    optimum: Optimum
    implied: tuple[Implied, ...]
    values: Array
    covariance: Array | None
    flat: tuple[str, ...]
    binding: tuple[Relation, ...]
    npar: int

    @property
    def n_observations(self) -> int:
        """Observations over all groups."""
        return sum(sample.n_observations for sample in self.samples)

    @property
    def df(self) -> int:
        """Degrees of freedom: sample moments less parameters, each binding constraint giving one back."""
        return n_moments(self.table) - self.npar


def normal_objective(table: ParameterTable, samples: Sequence[SampleMoments]) -> Objective:
    """Normal-theory ML over the groups of ``table``."""
    total = sum(sample.n_observations for sample in samples)
    return Objective(
        tuple(
            GroupPart(
                structure_of(table, group), NormalTheory(sample, table.meanstructure), sample.n_observations / total
            )
            for group, sample in enumerate(samples)
        )
    )


def solve(table: ParameterTable, samples: Sequence[SampleMoments], name: str) -> Solution:
    """Estimate a model; ``table`` holds its fixed exogenous moments already.

    Raises ModelError where the model is not identified and EstimationError where the sample covariance is
    singular or no minimum is reached.
    """
    for sample in samples:
        _require_regular(sample)
    objective = normal_objective(table, samples)
    start = starting_values(table, samples)
    equalities = [c for c in table.constraints if c.op == "=="]
    require_identified(table, objective, start, equalities)
    optimum, binding = minimise_constrained(table, objective, start)
    if not optimum.converged:
        what = f"no minimum was reached after {optimum.iterations} iterations: {optimum.message}"
        hint = "check the model and the scale of the variables, or give starting values: f =~ x1 + start(0.8)*x2"
        raise EstimationError(Problem(what, name, hint))
    information = objective.expected_information(optimum.theta)
    _, jacobian = constraint_values(table, binding, optimum.theta)
    unit = inverse_information(information, jacobian)
    total = sum(sample.n_observations for sample in samples)
    rank = int(np.linalg.matrix_rank(jacobian)) if len(jacobian) else 0
    return Solution(
        table=table,
        samples=tuple(samples),
        objective=objective,
        optimum=optimum,
        implied=objective.implied(optimum.theta),
        values=row_values(table, optimum.theta),
        covariance=None if unit is None else unit / total,
        flat=tuple(flat_parameters(table.free_names(), information, jacobian)) if unit is None else (),
        binding=binding,
        npar=table.n_free - rank,
    )


def _require_regular(sample: SampleMoments) -> None:
    """A singular sample covariance has no likelihood: name the variables that depend on each other."""
    deviations = np.sqrt(np.diag(sample.covariance))
    values, vectors = np.linalg.eigh(sample.covariance / np.outer(deviations, deviations))
    if values[0] > 1e-10:
        return
    weight = np.abs(vectors[:, 0])
    names = [n for n, w in zip(sample.names, weight, strict=True) if w > 0.1 * weight.max()]
    what = f"these variables determine each other: {', '.join(names)}"
    raise EstimationError(Problem(what, "data", "leave one of them out"))
