"""Estimation and tests by least squares: GLS, ULS, DWLS, and WLSMV with its scaled and shifted test."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.sem.baseline import baseline_table
from analysis.sem.estimators import Estimator
from analysis.sem.fitted import Fitted
from analysis.sem.identification import n_moments
from analysis.sem.implied import implied, structure_of
from analysis.sem.model_tests import ModelTest
from analysis.sem.objective import GroupPart, Objective
from analysis.sem.optimise import minimise
from analysis.sem.ordinal_fit import correlation_test, group_slopes
from analysis.sem.partable import ParameterTable, bind_exogenous, given_covariates, row_values
from analysis.sem.solution import Search, Solution, optimum_of
from analysis.sem.starting_values import starting_values
from analysis.sem.starts import minimise_from_starts
from analysis.sem.statistics import GroupStatistics, for_table

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Test:
    """A chi-square with its correction: scaled = chisq / scaling + shift; None where nothing is corrected."""

    chisq: float
    scaling: float | None
    shift: float | None


def least_squares_objective(table: ParameterTable, groups: Sequence[GroupStatistics]) -> Objective:
    """F over groups, weighted by their observations."""
    total = sum(group.sample.n_observations for group in groups)
    parts = (
        GroupPart(structure_of(table, index), group.discrepancy, group.sample.n_observations / total)
        for index, group in enumerate(groups)
    )
    return Objective(tuple(parts), total)


def solve_least_squares(
    table: ParameterTable, groups: Sequence[GroupStatistics], estimator: Estimator, name: str,
    search: Search = minimise_from_starts,
) -> Solution:  # fmt: skip
    """Estimate a model by least squares; the counterpart of ``solution.solve``, with the same errors. ``search`` looks
    for the minimum.

    Ordinal models are estimated given their covariates (lavaan's conditional.x); the table of the solution has the
    sample moments of these.
    """
    table = given_covariates(table)
    samples = [group.sample for group in groups]
    objective = least_squares_objective(table, groups)
    optimum, binding, fitted = optimum_of(table, objective, samples, name, search)
    inverse = fitted.inverse("expected")
    complete = _with_residual_variances(table, objective, optimum.theta)
    final = least_squares_objective(complete, groups)
    described = bind_exogenous(complete, [(sample.covariance, sample.mean) for sample in samples])
    return Solution(
        table=described,
        estimator=estimator,
        samples=tuple(samples),
        rows=None,
        objective=final,
        optimum=optimum,
        implied=final.implied(optimum.theta),
        values=row_values(described, optimum.theta),
        covariance=_covariance(fitted, groups, estimator, inverse),
        flat=fitted.flat("expected"),
        binding=binding,
        npar=fitted.npar,
        test=_model_test(fitted, groups, estimator, n_moments(table) - fitted.npar),
        gamma=tuple(group.gamma for group in groups) if table.ordinal else None,
    )


def _with_residual_variances(table: ParameterTable, objective: Objective, theta: Array) -> ParameterTable:
    """Residual variances of ordinal variables: what is left of the latent response's variance 1 / delta^2."""
    rows = list(table.parameters)
    at = {name: i for i, name in enumerate(table.observed)}
    for part in objective.parts:
        implied_here = implied(part.structure, theta)
        for row in part.structure.rows:
            parameter = rows[row]
            if parameter.is_variance and parameter.lhs in table.ordinal:
                i = at[parameter.lhs]
                explained = implied_here.covariance[i, i] - 1.0
                rows[row] = replace(parameter, fixed=float(1.0 / implied_here.delta[i] ** 2 - explained))
    return replace(table, parameters=tuple(rows))


def _covariance(
    fitted: Fitted, groups: Sequence[GroupStatistics], estimator: Estimator, inverse: Array | None
) -> Array | None:
    """(D'WD)^-1 / N, or the sandwich (D'WD)^-1 D'W Gamma W D (D'WD)^-1 / N (Muthen 1984, Psychometrika 49)."""
    if inverse is None:
        return None
    if estimator.robust:
        meat = np.zeros_like(inverse)
        for slopes, group, share in group_slopes(fitted, groups):
            weighted = group.discrepancy.weight[:, None] * slopes
            meat += share * weighted.T @ group.gamma @ weighted
        inverse = np.asarray(inverse @ meat @ inverse)
    return inverse / (fitted.objective.n_observations - estimator.lost_per_group * len(groups))


def _model_test(fitted: Fitted, groups: Sequence[GroupStatistics], estimator: Estimator, df: int) -> ModelTest:
    table = baseline_table(fitted.table)
    null_groups = [for_table(group, table, structure_of(table, index)) for index, group in enumerate(groups)]
    objective = least_squares_objective(table, null_groups)
    start = starting_values(table, [group.sample for group in groups])
    independent = Fitted(table, objective, minimise(objective, start).theta, np.zeros((0, table.n_free)))
    baseline_df = n_moments(table) - table.n_free
    own, null = _test(fitted, groups, estimator, df), _test(independent, null_groups, estimator, baseline_df)
    return ModelTest(
        chisq=own.chisq,
        df=df,
        baseline_chisq=null.chisq,
        baseline_df=baseline_df,
        is_scaled=estimator.scaling is not None,
        scaling=own.scaling,
        baseline_scaling=null.scaling,
        shift=own.shift,
        baseline_shift=null.shift,
        scaling_h1=None,
        scaling_h0=None,
        population=correlation_test(fitted, groups, df, baseline_df) if estimator.scaling == "shifted" else None,
        loglik=None,
        unrestricted_loglik=None,
    )


def _test(fitted: Fitted, groups: Sequence[GroupStatistics], estimator: Estimator, df: int) -> _Test:
    """Chi-square, and its scaling and shift by the traces of U Gamma and its square.

    Asparouhov & Muthen (2010), Simple second order chi-square correction: T a + b has mean df and variance 2 df with
    a = sqrt(df / tr((U Gamma)^2)) and b = df - a tr(U Gamma).
    """
    chisq = sum(
        (group.sample.n_observations - estimator.lost_per_group)
        * group.discrepancy.value(implied(part.structure, fitted.theta))
        for part, group in zip(fitted.objective.parts, groups, strict=True)
    )
    if estimator.scaling != "shifted" or df == 0:
        return _Test(chisq, None, None)
    inverse = fitted.inverse("expected")
    if inverse is None:
        return _Test(chisq, None, None)
    product = _u_gamma(group_slopes(fitted, groups), inverse)
    trace, square = float(np.trace(product)), float(np.sum(product * product.T))
    a = np.sqrt(df / square)
    return _Test(chisq, float(1.0 / a), float(df - a * trace))


def _u_gamma(slopes: Sequence[tuple[Array, GroupStatistics, float]], inverse: Array) -> Array:
    """U Gamma over all groups, U = W - W D (D'WD)^-1 D'W."""
    sizes = np.cumsum([0, *(len(d) for d, _, _ in slopes)])
    weighted_gamma = np.zeros((sizes[-1], sizes[-1]))
    stacked = np.zeros((sizes[-1], len(inverse)))
    crossed = np.zeros((len(inverse), sizes[-1]))
    for (d, group, share), start, end in zip(slopes, sizes[:-1], sizes[1:], strict=True):
        weight = group.discrepancy.weight
        weighted_gamma[start:end, start:end] = weight[:, None] * group.gamma
        stacked[start:end] = share * weight[:, None] * d
        crossed[:, start:end] = d.T @ (weight[:, None] * group.gamma)
    return weighted_gamma - stacked @ inverse @ crossed
