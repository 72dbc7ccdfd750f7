"""Factor scores: where each respondent stands on the latent variables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem, nearest
from analysis.sem.implied import Implied
from analysis.sem.one_level import require_one_level
from analysis.sem.partable import ParameterTable
from analysis.sem.patterns import Patterns
from analysis.sem.solution import Solution

Array = NDArray[np.float64]
Method = Literal["regression", "bartlett"]
METHODS: tuple[Method, ...] = ("regression", "bartlett")


@dataclass(frozen=True, slots=True)
class FactorScores:
    """Scores (n, k) of one group's used rows on ``latent``, in the units of the latent variables; ``rows`` (n,) are
    their positions in the data. NaN where Bartlett's method has no item of a latent variable to go by.
    """

    method: Method
    group: str
    latent: tuple[str, ...]
    rows: NDArray[np.int64]
    scores: Array

    def frame(self) -> pd.DataFrame:
        """One row a respondent, by position in the data."""
        return pd.DataFrame(self.scores, index=pd.Index(self.rows, name="row"), columns=list(self.latent))


def factor_scores(solution: Solution, method: Method = "regression") -> tuple[FactorScores, ...]:
    """Scores of every row that was used, group by group; rows with missing values by what they hold.

    "regression": the expectation of the latent variables given the answers, Cov(eta, y) Sigma^-1 (y - mu) + E(eta)
    (Thurstone 1935; Thomson 1951). "bartlett": generalised least squares, (L' Sigma^-1 L)^-1 L' Sigma^-1 (y - mu) +
    E(eta) with loadings L (Bartlett 1937, British Journal of Psychology 28(1), 97-104). Without intercepts in the
    model, mu is the sample mean. Raises ModelError for an unknown method, for moments without rows, and for models of
    two levels or without latent variables.
    """
    _refuse(solution, method)
    table, found = solution.table, []
    for group, (rows, at) in enumerate(zip(solution.rows or (), solution.implied, strict=True)):
        covariates = _regressed(table, group)
        if method == "regression":
            weights = _regression_weights(rows.patterns, at, len(table.observed))
        else:
            weights = _bartlett_weights(rows.patterns, at, _loadings(solution, group, covariates))
        mean = at.mean if table.meanstructure else rows.saturated.mean
        centre = at.full_mean[len(table.observed) :]
        if not table.meanstructure:
            centre = _expectation(at, mean, covariates)
        scores = _weighted(np.nan_to_num(rows.values - mean), weights, rows.patterns) + centre
        found.append(FactorScores(method, table.groups[group], table.latent, rows.positions, scores))
    return tuple(found)


def _refuse(solution: Solution, method: Method) -> None:
    require_one_level(solution, "factor scores", "fit level 1 alone, robust to clusters, for scores of rows")
    problems = []
    if method not in METHODS:
        problems.append(Problem(f"there are no factor scores by '{method}'", "scores", nearest(method, METHODS)))
    if solution.rows is None:
        problems.append(Problem("factor scores need responses, not moments alone", "scores", "give data"))
    if solution.table.ordinal:
        problems.append(Problem("ordinal variables give no factor scores here", "scores", "treat them as continuous"))
    if not solution.table.latent:
        problems.append(Problem("the model has no latent variable to score", "scores"))
    if problems:
        raise ModelError(problems)


def _regressed(table: ParameterTable, group: int) -> list[int]:
    """Observed variables that stand in regressions: they are their own latent variables, measured without error."""
    paths = [row for row in table.parameters if row.group == group and row.op == "~"]
    inside = {name for row in paths for name in (row.lhs, row.rhs)}
    return [i for i, name in enumerate(table.observed) if name in inside]


def _expectation(at: Implied, sample_mean: Array, covariates: list[int]) -> Array:
    """E(eta) without intercepts in the model: what the sample means of variables in regressions pass on."""
    if not covariates:
        return np.zeros(len(at.inverse) - len(sample_mean))
    own = np.linalg.solve(at.inverse[np.ix_(covariates, covariates)], sample_mean[covariates])
    return np.asarray(at.inverse[len(sample_mean) :, covariates] @ own)


def _regression_weights(patterns: Patterns, at: Implied, p: int) -> Array:
    """Cov(eta, y_o) Sigma_o^-1 by pattern, (n_patterns, k, p)."""
    inverse, _ = patterns.inverse_and_log_determinant(at.covariance)
    return np.asarray(at.full_covariance[p:, :p] @ inverse)


def _bartlett_weights(patterns: Patterns, at: Implied, loadings: tuple[Array, int]) -> Array:
    """(L' Sigma_o^-1 L)^-1 L' Sigma_o^-1 by pattern, (n_patterns, k, p); NaN for what a pattern tells nothing of."""
    matrix, k = loadings
    inverse, _ = patterns.inverse_and_log_determinant(at.covariance)
    crossed = matrix.T @ inverse
    weights = np.linalg.pinv(crossed @ matrix, hermitian=True) @ crossed
    known = patterns.observed.astype(float) @ np.abs(matrix) > 0
    return np.asarray(np.where(known[:, :k, None], weights[:, :k], np.nan))


def _loadings(solution: Solution, group: int, covariates: list[int]) -> tuple[Array, int]:
    """Loadings (p, k + c) on the k latent variables and on the c variables in regressions themselves, and k."""
    table = solution.table
    observed = {name: i for i, name in enumerate(table.observed)}
    latent = {name: i for i, name in enumerate(table.latent)}
    matrix = np.zeros((len(observed), len(latent) + len(covariates)))
    for row, value in zip(table.parameters, solution.values, strict=True):
        if row.group == group and row.op == "=~" and row.rhs in observed and observed[row.rhs] not in covariates:
            matrix[observed[row.rhs], latent[row.lhs]] = value
    matrix[covariates, len(latent) + np.arange(len(covariates))] = 1.0
    return matrix, len(latent)


def _weighted(deviations: Array, weights: Array, patterns: Patterns) -> Array:
    if len(weights) == 1:
        return np.asarray(deviations @ weights[0].T)
    return np.asarray(np.einsum("nj,nij->ni", deviations, weights[patterns.of_row]))
