"""Constraints between labelled parameters: equalities that must hold, inequalities that hold where they bind."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from analysis.sem.effects import bound_labels
from analysis.sem.optimise import Function, Optimum, minimise, unconstrained
from analysis.sem.partable import ParameterTable, Relation, row_values

Array = NDArray[np.float64]

_SLACK = 1e-8


def constraint_values(table: ParameterTable, constraints: Sequence[Relation], theta: Array) -> tuple[Array, Array]:
    """Values (m,) of left minus right side, and their Jacobian (m, n_free)."""
    if not constraints:
        return unconstrained(theta)
    bound = bound_labels(table, row_values(table, theta))
    for definition in table.definitions:
        value, gradient = definition.expression.evaluate(bound)
        bound[definition.name] = (value, np.broadcast_to(gradient, (table.n_free,)))
    pairs = [constraint.expression.evaluate(bound) for constraint in constraints]
    values = np.array([value for value, _ in pairs])
    jacobian = np.array([np.broadcast_to(gradient, (table.n_free,)) for _, gradient in pairs])
    return values, jacobian.reshape(len(pairs), table.n_free)


def minimise_constrained(
    table: ParameterTable, function: Function, start: Array
) -> tuple[Optimum, tuple[Relation, ...]]:
    """Minimise under the table's constraints; returns the optimum and the constraints that bind there.

    Inequalities join the binding set while they are violated and leave it when their multiplier pushes inward
    (an active-set method: Nocedal & Wright 2006, section 16.5).
    """
    equalities = [c for c in table.constraints if c.op == "=="]
    inequalities = [c for c in table.constraints if c.op != "=="]
    active: list[Relation] = []
    iterations = evaluations = 0
    while True:
        binding = [*equalities, *active]
        optimum = minimise(function, start, partial(constraint_values, table, tuple(binding)))
        iterations, evaluations = iterations + optimum.iterations, evaluations + optimum.evaluations
        change = _next_set(table, inequalities, active, optimum, len(equalities))
        if change is None or iterations > 2000:
            return replace(optimum, iterations=iterations, evaluations=evaluations), tuple(binding)
        active, start = change, optimum.theta


def _next_set(
    table: ParameterTable, inequalities: list[Relation], active: list[Relation], optimum: Optimum, n_equalities: int
) -> list[Relation] | None:
    """The binding set to try next; None where the present one is right."""
    outside = [c for c in inequalities if c not in active]
    if outside:
        values, _ = constraint_values(table, outside, optimum.theta)
        excess = np.array([v if c.op == "<" else -v for c, v in zip(outside, values, strict=True)])
        if excess.max() > _SLACK:
            return [*active, outside[int(excess.argmax())]]
    if not optimum.converged:  # multipliers mean nothing away from a minimum
        return None
    # F may not fall by moving inward: the multiplier of g < 0 is then positive, that of g > 0 negative.
    pushes = optimum.multipliers[n_equalities:]
    inward = [m if c.op == "<" else -m for c, m in zip(active, pushes, strict=True)]
    if inward and min(inward) < -_SLACK:
        return [c for i, c in enumerate(active) if i != int(np.argmin(inward))]
    return None
