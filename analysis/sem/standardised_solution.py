"""The standardised solution with its inference: delta-method standard errors from the exact Jacobian."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.sem import chi_square
from analysis.sem.implied import Implied, Structure
from analysis.sem.solution import Solution
from analysis.sem.standardise import residual_variances, scale_factors

Array = NDArray[np.float64]
Kind = Literal["std_lv", "std_all"]

# A standardised value that cannot vary (the variance of an exogenous variable is 1) has an SE of rounding error.
_CONSTANT = 1e-8


@dataclass(frozen=True, slots=True)
class StandardisedEstimate:
    """One standardised parameter in lavaan's columns; inference is None for values that cannot vary."""

    lhs: str
    op: str
    rhs: str
    group: str | None
    level: int
    label: str
    est_std: float | None
    se: float | None
    z: float | None
    pvalue: float | None
    ci_lower: float | None
    ci_upper: float | None


@dataclass(frozen=True, slots=True)
class StandardisedSolution:
    """All parameters standardised by latent variables alone (std_lv) or by all variables (std_all)."""

    kind: Kind
    estimates: tuple[StandardisedEstimate, ...]

    def tidy(self) -> pd.DataFrame:
        """One row an estimate."""
        frame = pd.DataFrame([asdict(estimate) for estimate in self.estimates])
        return frame.astype(dict.fromkeys(["est_std", "se", "z", "pvalue", "ci_lower", "ci_upper"], float))


def standardised_solution(solution: Solution, kind: Kind = "std_all", level: float = 0.95) -> StandardisedSolution:
    """Standardised estimates with standard errors, Wald tests and intervals of coverage ``level``.

    The variance is J V J' with the Jacobian J of the standardised values: Bollen (1989), Structural Equations with
    Latent Variables, pp. 123-126; Sobel (1982), Sociological Methodology 13, 290-312. Standard errors are None
    without a covariance of the estimates, and values are None where a variance is not positive.
    """
    table = solution.table
    values, jacobian = _with_definitions(solution, kind)
    names = [(row.lhs, row.op, row.rhs, row.label) for row in table.parameters]
    names += [(d.name, ":=", d.expression.text, d.name) for d in table.definitions]
    places = [(table.group_of(row), table.level_of(row)) for row in table.parameters]
    places += [(None, 1)] * len(table.definitions)
    errors = _standard_errors(jacobian, solution.covariance)
    quantile = chi_square.normal_quantile(0.5 + level / 2.0)
    rows = zip(names, places, values, errors, strict=True)
    return StandardisedSolution(kind, tuple(_estimate(*row, quantile) for row in rows))


def with_errors(solution: Solution) -> tuple[Array, Array]:
    """``std_all`` of all rows and then of the definitions, and its standard errors, NaN where nothing can vary."""
    values, jacobian = _with_definitions(solution, "std_all")
    errors = _standard_errors(jacobian, solution.covariance)
    with np.errstate(invalid="ignore"):
        return values, np.where(errors > _CONSTANT, errors, np.nan)


def _with_definitions(solution: Solution, kind: Kind) -> tuple[Array, Array]:
    """Standardised values of rows and definitions, and their Jacobian (n, n_free)."""
    values, jacobian = standardised_jacobian(solution, kind)
    bound = _labelled(solution, values, jacobian)
    for definition in solution.table.definitions:
        value, gradient = definition.expression.evaluate(bound)
        bound[definition.name] = (value, np.broadcast_to(gradient, (solution.table.n_free,)))
        values, jacobian = np.append(values, value), np.vstack([jacobian, bound[definition.name][1]])
    return values, jacobian


def standardised_jacobian(solution: Solution, kind: Kind) -> tuple[Array, Array]:
    """Standardised values (n_rows,) of all rows of the table and their Jacobian (n_rows, n_free)."""
    values = np.zeros(len(solution.values))
    jacobian = np.zeros((len(values), solution.table.n_free))
    for part, at, given in zip(solution.objective.parts, solution.described, solution.implied, strict=True):
        rows = part.structure.rows
        values[rows], by_row = _of_group(part.structure, at, given, solution.values[rows], kind)
        with np.errstate(invalid="ignore"):
            jacobian[rows] = by_row @ part.structure.collect.T
    return values, jacobian


def _of_group(structure: Structure, at: Implied, given: Implied, values: Array, kind: Kind) -> tuple[Array, Array]:
    """Standardised values of one group (n_rows,) and their derivatives by every row (n_rows, n_rows), from implied
    moments with covariates as they are in the sample (``at``), and ``given`` the covariates of an ordinal model.

    A standardised value is a row's value times a factor, so its derivative is the factor (by the row itself) plus
    the standardised value times the derivative of the factor's logarithm.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        factor = scale_factors(structure, at, values, observed=kind == "std_all")
        total, residual, own = _variance_slopes(structure, at, given, values)
        total /= 2.0 * np.diag(at.full_covariance)[:, None]
        residual /= 2.0 * residual_variances(structure, values)[:, None]
    if kind == "std_lv":
        total[: structure.n_observed] = 0.0
        residual[: structure.n_observed] = 0.0
    slope = np.zeros((len(values), len(values)))
    slope[structure.a] = total[structure.a_from] - total[structure.a_to]
    slope[structure.m] = -total[structure.m_at]
    slope[structure.threshold] = -total[structure.threshold_at]
    if kind == "std_all":
        slope[structure.delta, structure.delta] = -1.0 / values[structure.delta]
    i, j = structure.s_first, structure.s_second
    slope[structure.s] = -np.where((i == j)[:, None], 2.0 * total[i], residual[i] + residual[j])
    with np.errstate(invalid="ignore"):
        return values * factor, factor[:, None] * own + (values * factor)[:, None] * slope


def _variance_slopes(structure: Structure, at: Implied, given: Implied, values: Array) -> tuple[Array, Array, Array]:
    """Derivatives by every row of total variances (k, n_rows), of residual variances, and of the rows themselves.

    With E = (I - A)^-1 and Phi = E S E': dPhi_vv is 2 E_vi Phi_vj for A_ij and 2 E_vi E_vj for S_ij (half on the
    diagonal). The latent response of an ordinal variable has variance 1 / delta^2 given the covariates, whatever
    explains it, and its residual variance is what is left; what covariates explain comes on top.
    """
    i, j = structure.s_first, structure.s_second
    total = _implied_variance_slopes(structure, at)
    residual, own = np.zeros_like(total), np.eye(len(values))
    diagonal = i == j
    residual[i[diagonal], structure.s[diagonal]] = 1.0
    if len(ordinal := structure.delta_at):
        unit = np.zeros((len(ordinal), len(values)))
        unit[np.arange(len(ordinal)), structure.delta] = -2.0 / at.delta[ordinal] ** 3
        residual[ordinal] = unit - _implied_variance_slopes(structure, given)[ordinal]
        total[ordinal] += residual[ordinal]
        left_over = diagonal & np.isin(i, ordinal)
        own[structure.s[left_over]] = residual[i[left_over]]
    return total, residual, own


def _implied_variance_slopes(structure: Structure, at: Implied) -> Array:
    """Derivatives of the diagonal of Phi by every row (k, n_rows), residual variances held."""
    total = np.zeros((len(structure.names), len(structure.fixed)))
    total[:, structure.a] = 2.0 * at.inverse[:, structure.a_to] * at.full_covariance[:, structure.a_from]
    i, j = structure.s_first, structure.s_second
    total[:, structure.s] = np.where(i == j, 1.0, 2.0) * at.inverse[:, i] * at.inverse[:, j]
    return total


def _labelled(solution: Solution, values: Array, jacobian: Array) -> dict[str, tuple[float, Array]]:
    """Each label with the standardised value and gradient of the first row that carries it, as in lavaan."""
    bound: dict[str, tuple[float, Array]] = {}
    for row, value, gradient in zip(solution.table.parameters, values, jacobian, strict=True):
        if row.label:
            bound.setdefault(row.label, (float(value), gradient))
    return bound


def _standard_errors(jacobian: Array, covariance: Array | None) -> Array:
    if covariance is None:
        return np.full(len(jacobian), np.nan)
    with np.errstate(invalid="ignore"):
        return np.asarray(np.sqrt(np.maximum(((jacobian @ covariance) * jacobian).sum(axis=1), 0.0)))


def _estimate(
    names: tuple[str, str, str, str], place: tuple[str | None, int], value: float, error: float, quantile: float
) -> StandardisedEstimate:
    lhs, op, rhs, label = names
    known = np.isfinite(value) and np.isfinite(error) and error > _CONSTANT
    se, est = (float(error) if known else None), (float(value) if np.isfinite(value) else None)
    z = None if se is None or est is None else est / se
    margin = quantile * float(error)
    return StandardisedEstimate(
        lhs=lhs,
        op=op,
        rhs=rhs,
        group=place[0],
        level=place[1],
        label=label,
        est_std=est,
        se=se,
        z=z,
        pvalue=None if z is None else chi_square.two_sided_normal(z),
        ci_lower=float(value) - margin if known else None,
        ci_upper=float(value) + margin if known else None,
    )
