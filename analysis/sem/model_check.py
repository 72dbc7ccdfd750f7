"""What a model's text alone says of it: parameters, degrees of freedom, and whether any data could tell them apart."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.sem.constraints import constraint_values
from analysis.sem.defaults import roles_of
from analysis.sem.identification import flat_parameters, n_moments
from analysis.sem.implied import derivatives, implied, structure_of
from analysis.sem.interaction import expand_products
from analysis.sem.parameter import Parameter
from analysis.sem.partable import ParameterTable, TableOptions, bind_exogenous, build_table
from analysis.sem.syntax import parse_model
from analysis.sem.twolevel.levels import has_levels
from analysis.sem.twolevel.table import two_level_table

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ModelCheck:
    """A model before any data: its ``table``, its number of sample statistics, and of free parameters less equality
    constraints; ``at_fault`` names parameters that no data could tell apart, and is empty where the model is locally
    identified.
    """

    table: ParameterTable
    n_moments: int
    npar: int
    at_fault: tuple[str, ...]

    @property
    def df(self) -> int:
        """Degrees of freedom."""
        return self.n_moments - self.npar

    @property
    def identified(self) -> bool:
        """Whether the model is locally identified, for all but special values of its parameters."""
        return self.df >= 0 and not self.at_fault


def check_model(text: str, filename: str = "model", *, meanstructure: bool = False) -> ModelCheck:
    """Count parameters and statistics of lavaan syntax, and judge its identification.

    Thresholds of ordinal variables, which are as many as their sample statistics, are left out of both counts.
    Raises SpecificationError for faulty syntax and ModelError for what is not estimated, as ``estimate`` does.
    """
    table = _table(text, filename, meanstructure)
    equalities = [constraint for constraint in table.constraints if constraint.op == "=="]
    return ModelCheck(table, n_moments(table), table.n_free - len(equalities), _at_fault(table))


def _table(text: str, filename: str, meanstructure: bool) -> ParameterTable:
    parsed = parse_model(text, filename)
    if has_levels(parsed):
        table = two_level_table(parsed, std_lv=False)
    else:
        expanded, _ = expand_products(text, _some_rows(roles_of(parsed.statements).observed))
        parsed = parsed if expanded == text else parse_model(expanded, filename)
        table = build_table(parsed, TableOptions(meanstructure=meanstructure))
    p = len(table.observed)
    moments = (0.7 * np.eye(p) + 0.3, np.zeros(p))
    return bind_exogenous(table, [moments] * len(table.groups))


def _some_rows(names: Sequence[str]) -> pd.DataFrame:
    """Rows that products of items can be written for; their values do not matter."""
    values = np.random.default_rng(0).normal(size=(10, len(names)))
    return pd.DataFrame(values, columns=pd.Index(list(names)))


def _at_fault(table: ParameterTable) -> tuple[str, ...]:
    """Parameters in the null space of the Jacobian of the implied moments, at random values of all parameters.

    A model is locally identified where this Jacobian has full column rank (Wegge 1965, Australian Journal of
    Statistics 7(3), 67-77; Rothenberg 1971, Econometrica 39(3), 577-591). The rank is the same for almost all values,
    so that one point of full rank is proof.
    """
    equalities = [constraint for constraint in table.constraints if constraint.op == "=="]
    found: tuple[str, ...] = ()
    for seed in range(3):
        theta = _random_values(table, np.random.default_rng(seed))
        jacobian = _jacobian(table, theta)
        _, barred = constraint_values(table, equalities, theta)
        found = tuple(flat_parameters(table.free_names(), jacobian.T @ jacobian, barred))
        if not found:
            break
    return found


def _random_values(table: ParameterTable, generator: np.random.Generator) -> Array:
    """Variances near one, loadings and paths clearly off zero, small covariances, any means (n_free,)."""
    theta = np.zeros(table.n_free)
    for row in table.parameters:
        if row.free:
            low, high = _range(row)
            theta[row.free - 1] = generator.uniform(low, high)
    return theta


def _range(row: Parameter) -> tuple[float, float]:
    if row.is_variance:
        return 0.6, 1.4
    return {"~~": (0.1, 0.3), "~1": (-1.0, 1.0)}.get(row.op, (0.3, 0.9))


def _jacobian(table: ParameterTable, theta: Array) -> Array:
    """Derivatives of covariances and means of all groups or levels, shape (statistics, n_free)."""
    parts = []
    for group in range(len(table.groups)):
        structure = structure_of(table, group)
        slopes = derivatives(structure, implied(structure, theta))
        i, j = np.tril_indices(structure.n_observed)
        covariance = slopes.left[i] * slopes.right[j] + slopes.right[i] * slopes.left[j]
        parts += [covariance @ structure.collect.T, slopes.mean @ structure.collect.T]
    return np.concatenate(parts)
