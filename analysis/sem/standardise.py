"""Standardised solution: latent variables alone (std_lv), or all variables (std_all)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.implied import Implied, Structure
from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]


def standardised(table: ParameterTable, structure: Structure, implied: Implied, values: Array) -> tuple[Array, Array]:
    """Standardised value of every row of the table: (std_lv, std_all), each of shape (n_rows,).

    Paths are multiplied by the SD of where they start and divided by that of where they end; a variance is
    divided by the total variance, a covariance by the SDs of the two (residual) terms it joins, an intercept
    by the SD. For std_lv the SD of every observed variable counts as 1 (Bollen 1989, pp. 123-126; lavaan's
    conventions for residual covariances). NaN where a variance is negative.
    """
    with np.errstate(invalid="ignore"):
        deviations = np.sqrt(np.diag(implied.full_covariance))
    latent_only = np.where(np.arange(len(deviations)) < structure.n_observed, 1.0, deviations)
    residual = _residual_deviations(table, values)
    residual_latent = {name: 1.0 if name in table.observed else deviation for name, deviation in residual.items()}
    return (
        _scaled(table, structure, values, latent_only, residual_latent),
        _scaled(table, structure, values, deviations, residual),
    )


def _residual_deviations(table: ParameterTable, values: Array) -> dict[str, float]:
    """SD of each variable's own term in S: its residual where it is explained, the variable itself where not."""
    with np.errstate(invalid="ignore"):
        return {
            row.lhs: float(np.sqrt(value))
            for row, value in zip(table.parameters, values, strict=True)
            if row.op == "~~" and row.lhs == row.rhs
        }


def _scaled(
    table: ParameterTable, structure: Structure, values: Array, deviations: Array, residual: dict[str, float]
) -> Array:
    out = values.copy()
    with np.errstate(invalid="ignore", divide="ignore"):
        out[structure.a] *= deviations[structure.a_from] / deviations[structure.a_to]
        out[structure.m] /= deviations[structure.m_at]
        for row, i, j in zip(structure.s, structure.s_first, structure.s_second, strict=True):
            parameter = table.parameters[row]
            if i == j:
                out[row] /= deviations[i] ** 2
            else:
                out[row] /= residual[parameter.lhs] * residual[parameter.rhs]
    return out


def r_squared(table: ParameterTable, implied: Implied, values: Array) -> dict[str, float]:
    """Share of variance explained, by endogenous variable: 1 - residual variance / implied variance."""
    names = (*table.observed, *table.latent)
    explained = {row.rhs if row.op == "=~" else row.lhs for row in table.parameters if row.op in {"=~", "~"}}
    residual = {
        row.lhs: value
        for row, value in zip(table.parameters, values, strict=True)
        if row.op == "~~" and row.lhs == row.rhs
    }
    total = np.diag(implied.full_covariance)
    return {name: float(1.0 - residual[name] / total[i]) for i, name in enumerate(names) if name in explained}
