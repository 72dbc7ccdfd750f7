"""Is the model identified? Counted by degrees of freedom, then judged by the rank of the information."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem
from analysis.sem.constraints import constraint_values
from analysis.sem.objective import Objective
from analysis.sem.optimise import is_positive_definite, null_space
from analysis.sem.partable import ParameterTable, Relation

Array = NDArray[np.float64]

REMEDY = (
    "fix a parameter (a loading to 1, a covariance to 0), set parameters equal by a label, "
    "or give a factor with one or two items more items"
)


def n_moments(table: ParameterTable) -> int:
    """Number of sample statistics that the model explains; moments of observed covariates are none of them.

    An ordinal variable has thresholds in place of a mean and a variance. Of two levels, each has covariances, but a
    variable has one mean, whichever level or levels it is of.
    """
    if table.levels:
        return _n_moments_of_levels(table)
    p, x, ordinal = len(table.observed), len(table.exogenous), len(table.ordinal)
    moments = p * (p + 1) // 2 - x * (x + 1) // 2 - ordinal
    if table.meanstructure:
        moments += p - x - ordinal
    return moments * len(table.groups) + sum(row.op == "|" for row in table.parameters)


def _n_moments_of_levels(table: ParameterTable) -> int:
    covariances = sum(
        p * (p + 1) // 2 - x * (x + 1) // 2
        for p, x in ((len(level.observed), len(level.exogenous)) for level in table.levels)
    )
    within, between = table.levels
    means = {*between.observed} - {*between.exogenous}
    means |= {*within.observed} - {*within.exogenous} - {*between.observed}
    return covariances + len(means)


def require_enough_moments(table: ParameterTable) -> None:
    """Raise ModelError where there are more free parameters than moments and equalities."""
    df = n_moments(table) - table.n_free + sum(c.op == "==" for c in table.constraints)
    if df < 0:
        counted = f"{table.n_free} free parameters for {n_moments(table)} moments (df = {df})"
        raise ModelError(Problem(f"the model is not identified: {counted}", "model", REMEDY))


def require_identified(table: ParameterTable, objective: Objective, start: Array) -> None:
    """Raise ModelError, naming the parameters at fault, where the model is not locally identified.

    The rank of the information is taken near, not at, the starting values: at the start many covariances and
    paths are zero, where models that are identified elsewhere look as if they were not.
    """
    equalities = [c for c in table.constraints if c.op == "=="]
    for seed in range(3):  # one point of full rank is proof; a flat one may be bad luck
        at_fault = _flat_direction(table, objective, start, equalities, seed)
        if not at_fault:
            return
    what = f"the model is not identified: the data cannot tell apart {', '.join(at_fault)}"
    raise ModelError(Problem(what, "model", REMEDY))


def flat_parameters(names: Sequence[str], information: Array, jacobian: Array) -> list[str]:
    """Names of the parameters that carry the flattest direction of a singular information matrix.

    Directions that constraints with this ``jacobian`` (m, n) bar do not count.
    """
    # Without a constraint a Cholesky factor is proof enough of full rank; eigenvectors take longer.
    if not len(jacobian) and is_positive_definite(information, 1e-9):
        return []
    spread = np.sqrt(np.maximum(np.diag(information), 1e-300))
    basis = null_space(jacobian / spread)
    with np.errstate(over="ignore", invalid="ignore"):
        scaled = information / np.outer(spread, spread)
    if not np.isfinite(scaled).all():  # some parameter has no information at all
        return [name for name, row in zip(names, scaled, strict=True) if not np.isfinite(row).all()][:6]
    values, vectors = np.linalg.eigh(basis.T @ scaled @ basis)
    if not len(values) or values[0] > 1e-9:
        return []
    weight = np.abs(basis @ vectors[:, 0])
    return [names[i] for i in np.argsort(-weight) if weight[i] > 0.15 * weight.max()][:6]


def _flat_direction(
    table: ParameterTable, objective: Objective, start: Array, equalities: Sequence[Relation], seed: int
) -> list[str]:
    """Parameters in the null space of the information at a random point near the start."""
    generator = np.random.default_rng(seed)
    typical = _typical(table, start)
    for shrink in (1.0, 0.3, 0.1):
        noise = generator.uniform(0.5, 1.5, size=len(start))
        theta = start * noise + np.where(start == 0, shrink * typical * (noise - 1.0), 0.0)
        _, jacobian = constraint_values(table, equalities, theta)
        # A root or logarithm in a constraint may not be defined there.
        if np.isfinite(objective.value(theta)) and np.isfinite(jacobian).all():
            return flat_parameters(table.free_names(), objective.expected_information(theta), jacobian)
    return []


def _typical(table: ParameterTable, start: Array) -> Array:
    """A modest size for parameters that start at zero, on the scale of their variables."""
    variance = {
        (row.group, row.lhs): start[row.free - 1] if row.free else (row.fixed or 0.0)
        for row in table.parameters
        if row.is_variance
    }
    size = np.zeros(len(start))
    for row in table.parameters:
        if row.free:
            left, right = (abs(variance.get((row.group, name), 1.0)) for name in (row.lhs, row.rhs))
            if row.op == "~~":
                size[row.free - 1] = 0.4 * np.sqrt(left * right)
            else:
                size[row.free - 1] = 0.6 * np.sqrt(left / right) if right else 0.5
    return size
