"""Estimation itself: from a filled table and moments to an optimum and the covariance of the estimates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError, Problem
from analysis.sem.baseline import baseline_estimates, baseline_table
from analysis.sem.constraints import constraint_values
from analysis.sem.discrepancy import Discrepancy
from analysis.sem.discrepancy.missing import FullInformation
from analysis.sem.discrepancy.normal import NormalTheory
from analysis.sem.estimators import Estimator
from analysis.sem.fitted import Fitted, Kind
from analysis.sem.groups import GroupRows
from analysis.sem.identification import n_moments, require_enough_moments, require_identified
from analysis.sem.implied import Implied, implied, structure_of
from analysis.sem.model_tests import ModelTest, likelihood_tests
from analysis.sem.moments import SampleMoments, require_regular
from analysis.sem.objective import GroupPart, Objective
from analysis.sem.optimise import Optimum, is_positive_definite
from analysis.sem.partable import ParameterTable, Relation, row_values
from analysis.sem.patterns import Patterns
from analysis.sem.robust import sandwich_of
from analysis.sem.starting_values import starting_values
from analysis.sem.starts import N_STARTS, minimise_from_starts
from analysis.sem.twolevel.sample import TwoLevelSample

Array = NDArray[np.float64]

Search = Callable[[ParameterTable, Objective, Sequence[SampleMoments]], tuple[Optimum, tuple[Relation, ...]]]

_REMEDY = "check the model and the scale of the variables, or give starting values: f =~ x1 + start(0.8)*x2"


@dataclass(frozen=True, slots=True)
class Solution:
    """What estimation leaves for inference and reporting.

    ``values`` (n_rows,) are those of all rows of the table; ``covariance`` (n_free, n_free) that of the estimates,
    None where the information is singular, and ``flat`` then names the parameters at fault. ``binding`` are the
    constraints that hold with equality, ``npar`` the free parameters less the number of equality constraints.
    ``gamma`` is N times the sampling covariance of each group's statistics, where least squares have it. A two-level
    model has its data in ``two_level``, and levels where others have groups: ``samples`` are the unrestricted moments
    of each level, ``implied`` the model's. An ordinal model's ``objective`` and ``implied`` are given its covariates.
    """

    table: ParameterTable
    estimator: Estimator
    samples: tuple[SampleMoments, ...]
    rows: tuple[GroupRows, ...] | None
    objective: Objective
    optimum: Optimum
    implied: tuple[Implied, ...]
    values: Array
    covariance: Array | None
    flat: tuple[str, ...]
    binding: tuple[Relation, ...]
    npar: int
    test: ModelTest
    gamma: tuple[Array, ...] | None = None
    two_level: TwoLevelSample | None = None

    @property
    def patterns(self) -> tuple[Patterns, ...] | None:
        """Patterns of missing values by group; None where every row is complete."""
        if self.rows is None or all(group.patterns.observed.all() for group in self.rows):
            return None
        return tuple(group.patterns for group in self.rows)

    @property
    def fitted(self) -> Fitted:
        """The optimum as inference needs it, with the Jacobian of the binding constraints."""
        _, jacobian = constraint_values(self.table, self.binding, self.optimum.theta)
        return Fitted(self.table, self.objective, self.optimum.theta, jacobian, self.optimum.point)

    @property
    def described(self) -> tuple[Implied, ...]:
        """Implied moments by group with covariates as they are in the sample, for what is told in units of variables:
        ``implied`` but for ordinal models with covariates, whose moments there are those given the covariates.
        """
        if not (self.table.ordinal and self.table.exogenous):
            return self.implied
        groups = range(len(self.table.groups))
        return tuple(implied(structure_of(self.table, group), self.optimum.theta) for group in groups)

    @property
    def of_moments(self) -> bool:
        """Whether moments alone were given, without responses."""
        return self.rows is None and self.two_level is None

    @property
    def df(self) -> int:
        """Degrees of freedom: sample statistics less parameters."""
        return n_moments(self.table) - self.npar

    def score_share(self, group: int) -> float:
        """The weight of a group in the score: its share of observations, less what least squares lose in lavaan."""
        n = self.samples[group].n_observations
        return self.objective.parts[group].share * (n - self.estimator.lost_per_group) / n

    @property
    def n_observations(self) -> int:
        """Observations over all groups."""
        return sum(sample.n_observations for sample in self.samples)


def likelihood_objective(
    table: ParameterTable, samples: Sequence[SampleMoments], rows: Sequence[GroupRows] | None
) -> Objective:
    """Normal-theory ML over the groups of ``table``: from moments, or from ``rows`` where some are incomplete."""
    total = sum(sample.n_observations for sample in samples)
    parts = []
    for group, sample in enumerate(samples):
        discrepancy: Discrepancy = NormalTheory(sample, table.meanstructure)
        if rows is not None and not rows[group].patterns.observed.all():
            discrepancy = FullInformation(rows[group].patterns, rows[group].saturated.deviance)
        parts.append(GroupPart(structure_of(table, group), discrepancy, sample.n_observations / total))
    return Objective(tuple(parts), total)


def solve(
    table: ParameterTable,
    samples: Sequence[SampleMoments],
    rows: Sequence[GroupRows] | None,
    estimator: Estimator,
    name: str,
) -> Solution:
    """Estimate a model; ``table`` holds its fixed exogenous moments already, ``rows`` is None for moments alone.

    Raises ModelError where the model is not identified and EstimationError where the sample covariance is
    singular or no minimum is reached.
    """
    for sample in samples:
        require_regular(sample)
    objective = likelihood_objective(table, samples, rows)
    optimum, binding, fitted = optimum_of(table, objective, samples, name)
    incomplete = any(isinstance(part.discrepancy, FullInformation) for part in objective.parts)
    kind: Kind = "observed" if incomplete else estimator.information
    sandwich = sandwich_of(fitted, rows, estimator, kind)
    null = baseline_table(table)
    theta = baseline_estimates(null, samples, [group.patterns for group in rows] if rows and incomplete else None)
    independent = Fitted(null, likelihood_objective(null, samples, rows), theta, np.zeros((0, null.n_free)))
    return Solution(
        table=table,
        estimator=estimator,
        samples=tuple(samples),
        rows=None if rows is None else tuple(rows),
        objective=objective,
        optimum=optimum,
        implied=objective.implied(optimum.theta),
        values=row_values(table, optimum.theta),
        covariance=sandwich.covariance(objective.n_observations),
        flat=fitted.flat(kind),
        binding=binding,
        npar=fitted.npar,
        test=likelihood_tests(fitted, independent, samples, rows, estimator, sandwich),
    )


def optimum_of(
    table: ParameterTable,
    objective: Objective,
    samples: Sequence[SampleMoments],
    name: str,
    search: Search = minimise_from_starts,
    remedy: Callable[[Array], str] | None = None,
) -> tuple[Optimum, tuple[Relation, ...], Fitted]:
    """The optimum, the constraints that bind there, and both as inference needs them; errors are those of ``solve``.
    ``search`` looks for it; ``remedy`` says what to do where no minimum is reached, given where it ended (n_free,).

    Full rank of the information at the optimum proves the model identified; only without that is the rank looked for
    elsewhere.
    """
    require_enough_moments(table)
    optimum, binding = search(table, objective, samples)
    _, jacobian = constraint_values(table, binding, optimum.theta)
    fitted = Fitted(table, objective, optimum.theta, jacobian, optimum.point)
    proper = optimum.converged and not table.constraints
    if not (proper and is_positive_definite(fitted.information("expected"), 1e-9)):
        require_identified(table, objective, starting_values(table, samples))
    require_converged(optimum, name, _REMEDY if remedy is None else remedy(optimum.theta))
    return optimum, binding, fitted


def require_converged(optimum: Optimum, name: str, hint: str) -> None:
    """Raise EstimationError where no minimum was reached."""
    if not optimum.converged:
        what = f"no minimum was reached from any of {N_STARTS} starts: {optimum.message}"
        raise EstimationError(Problem(what, name, hint))
