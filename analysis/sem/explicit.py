"""Constraints that give a parameter by others, ``a == expression``: the search leaves those parameters out.

Steps then stay on the constraints whatever their curvature, where steps along linearised ones would have to be short.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.sem.constraints import constraint_values, minimise_constrained
from analysis.sem.moments import SampleMoments
from analysis.sem.objective import Objective, Point
from analysis.sem.optimise import Optimum, minimise
from analysis.sem.partable import ParameterTable, Relation
from analysis.sem.starts import minimise_from_starts, starts

Array = NDArray[np.float64]
IntArray = NDArray[np.intp]


@dataclass(frozen=True)
class ReducedPoint:
    """F at one place of the kept parameters (k,): ``inner`` at all of them, whose derivatives by the kept ones are
    ``jacobian`` (n, k); outside the domain of the constraints F is infinite. Derivatives are computed once; that is
    why the class has no slots.
    """

    inner: Point
    jacobian: Array

    @property
    def value(self) -> float:
        """F."""
        return self.inner.value

    @cached_property
    def slopes(self) -> tuple[Array, Array]:
        """Gradient (k,), and the curvature (k, k) of F without that of the constraints."""
        gradient, curvature = self.inner.slopes
        return self.jacobian.T @ gradient, self.jacobian.T @ curvature @ self.jacobian

    @property
    def newton(self) -> tuple[Array, Array]:
        """As ``slopes``: all steps are Gauss and Newton's."""
        return self.slopes


@dataclass(frozen=True, slots=True)
class Reduced:
    """The objective as a function of the parameters ``kept`` (k,); the constraints of ``table`` give those that are
    ``solved`` (m,), one each.
    """

    table: ParameterTable
    objective: Objective
    kept: IntArray
    solved: IntArray

    def at(self, kept: Array) -> ReducedPoint:
        """F at values of the kept parameters (k,)."""
        theta, jacobian = self.all_of(kept)
        if not np.isfinite(theta).all():
            return ReducedPoint(Point(self.objective.parts, (), len(theta), np.inf), jacobian)
        return ReducedPoint(self.objective.at(theta), jacobian)

    def all_of(self, kept: Array) -> tuple[Array, Array]:
        """All parameters (n,) and their derivatives by the kept ones (n, k); NaN where a constraint is not defined.

        A constraint a - f = 0 at a = 0 is -f.
        """
        theta = np.zeros(self.table.n_free)
        theta[self.kept] = kept
        values, slopes = constraint_values(self.table, self.table.constraints, theta)
        theta[self.solved] = -values
        jacobian = np.zeros((len(theta), len(kept)))
        jacobian[self.kept, np.arange(len(kept))] = 1.0
        jacobian[self.solved] = -slopes[:, self.kept]
        return theta, jacobian


def minimise_explicit(
    table: ParameterTable, objective: Objective, samples: Sequence[SampleMoments]
) -> tuple[Optimum, tuple[Relation, ...]]:
    """Minimise a model all of whose constraints are ``a == expression`` of other parameters, from the first start.

    Where that leads to no minimum, or there are no such constraints, the search is the usual one.
    """
    free = {row.label: row.free - 1 for row in reversed(table.parameters) if row.free and row.label}
    solved = [free.get(relation.name.split(" == ")[0], -1) for relation in table.constraints]
    if not solved or min(solved) < 0:
        return minimise_from_starts(table, objective, samples)
    kept = np.setdiff1d(np.arange(table.n_free), solved)
    reduced = Reduced(table, objective, kept, np.array(solved))
    words, start = next(starts(table, samples))
    found = minimise(reduced, start[kept])
    if found.converged:
        optimum, binding = minimise_constrained(table, objective, reduced.all_of(found.theta)[0])
        if optimum.converged:
            return replace(optimum, iterations=found.iterations, evaluations=found.evaluations, start=words), binding
    return minimise_from_starts(table, objective, samples)
