"""Is the model identified? Counted by degrees of freedom, then judged by the rank of the information."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem
from analysis.sem.discrepancy.normal import expected_information
from analysis.sem.implied import Structure, derivatives, implied
from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]

_REMEDY = (
    "fix a parameter (a loading to 1, a covariance to 0), set parameters equal by a label, "
    "or give a factor with one or two items more items"
)


def degrees_of_freedom(table: ParameterTable) -> int:
    """Sample moments less free parameters; moments of observed covariates are on neither side."""
    p, x = len(table.observed), len(table.exogenous)
    moments = p * (p + 1) // 2 - x * (x + 1) // 2
    if table.meanstructure:
        moments += p - x
    return moments - table.n_free


def require_identified(table: ParameterTable, structure: Structure, start: Array) -> None:
    """Raise ModelError, naming the parameters at fault, where the model is not locally identified.

    The rank of the information is taken near, not at, the starting values: at the start many covariances and
    paths are zero, where models that are identified elsewhere look as if they were not.
    """
    df = degrees_of_freedom(table)
    if df < 0:
        raise ModelError(
            Problem(
                f"the model is not identified: {table.n_free} free parameters for {table.n_free + df} moments "
                f"(df = {df})",
                "model",
                _REMEDY,
            )
        )
    for seed in range(3):  # one point of full rank is proof; a flat one may be bad luck
        at_fault = _flat_direction(table, structure, start, seed)
        if not at_fault:
            return
    raise ModelError(
        Problem(f"the model is not identified: the data cannot tell apart {', '.join(at_fault)}", "model", _REMEDY)
    )


def flat_parameters(names: Sequence[str], information: Array) -> list[str]:
    """Names of the parameters that carry the flattest direction of a singular information matrix."""
    spread = np.sqrt(np.maximum(np.diag(information), 1e-300))
    scaled = information / np.outer(spread, spread)
    values, vectors = np.linalg.eigh(scaled)
    if values[0] > 1e-9:
        return []
    weight = np.abs(vectors[:, 0])
    return [names[i] for i in np.argsort(-weight) if weight[i] > 0.15 * weight.max()][:6]


def _flat_direction(table: ParameterTable, structure: Structure, start: Array, seed: int) -> list[str]:
    """Parameters in the null space of the information at a random point near the start."""
    generator = np.random.default_rng(seed)
    for shrink in (1.0, 0.3, 0.1):
        noise = generator.uniform(0.5, 1.5, size=len(start))
        theta = start * noise + np.where(start == 0, shrink * _typical(table, start) * (noise - 1.0), 0.0)
        try:
            at = implied(structure, theta)
            np.linalg.cholesky(at.covariance)
        except np.linalg.LinAlgError:
            continue
        information = expected_information(structure, at, derivatives(structure, at), table.meanstructure)
        return flat_parameters(table.free_names(), information)
    return []


def _typical(table: ParameterTable, start: Array) -> Array:
    """A modest size for parameters that start at zero, on the scale of their variables."""
    variance = {
        row.lhs: start[row.free - 1] if row.free else (row.fixed or 0.0)
        for row in table.parameters
        if row.op == "~~" and row.lhs == row.rhs
    }
    size = np.zeros(len(start))
    for row in table.parameters:
        if row.free:
            left, right = abs(variance.get(row.lhs, 1.0)), abs(variance.get(row.rhs, 1.0))
            covariance = 0.4 * np.sqrt(left * right)
            size[row.free - 1] = covariance if row.op == "~~" else 0.6 * np.sqrt(left / right) if right else 0.5
    return size
