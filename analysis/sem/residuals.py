"""Residuals of moments: where, and by how much, a model misses means and covariances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import EstimationError, ModelError, Problem, nearest
from analysis.sem.casewise import lower_triangle
from analysis.sem.covariance import inverse_information
from analysis.sem.groups import GroupRows
from analysis.sem.implied import Implied, derivatives
from analysis.sem.missing_fit import moment_slopes
from analysis.sem.moment_information import expected_information, observed_information, score_crossproduct
from analysis.sem.robust import explained_moments
from analysis.sem.solution import Solution

Array = NDArray[np.float64]
Kind = Literal["raw", "cor", "normalized", "standardized"]
KINDS: tuple[Kind, ...] = ("raw", "cor", "normalized", "standardized")

# A residual whose variance is this share of its moment's sampling variance is one that the model fits exactly.
_EXACT = 1e-8


@dataclass(frozen=True, slots=True)
class Residuals:
    """Residuals of one kind, one entry a group in the order of ``groups``.

    ``covariance`` holds matrices (p, p) in the order of ``names``, ``mean`` vectors (p,), None without intercepts in
    the model. In units of the moments ("raw"), of correlations ("cor"), or of standard errors.
    """

    kind: Kind
    names: tuple[str, ...]
    groups: tuple[str, ...]
    covariance: tuple[Array, ...]
    mean: tuple[Array, ...] | None

    def tidy(self) -> pd.DataFrame:
        """One row a moment of the lower triangle, then one a mean: columns group, lhs, op, rhs, residual."""
        i, j = lower_triangle(len(self.names))
        rows = []
        for g, label in enumerate(self.groups):
            group = label if len(self.groups) > 1 else None
            rows += [
                (group, self.names[b], "~~", self.names[a], self.covariance[g][a, b]) for a, b in zip(i, j, strict=True)
            ]
            if self.mean is not None:
                rows += [(group, name, "~1", "", self.mean[g][k]) for k, name in enumerate(self.names)]
        return pd.DataFrame(rows, columns=["group", "lhs", "op", "rhs", "residual"])


def residuals(solution: Solution, kind: Kind = "raw") -> Residuals:
    """Sample less implied moments.

    "cor": sample less implied correlations, means in sample SDs (Bollen 1989, p. 258). "normalized": raw, divided by
    the standard errors of the sample moments. "standardized": divided by those of the residuals themselves, which are
    standard normal where the model holds (Joereskog & Soerbom 1981; Maydeu-Olivares 2017, Psychometrika 82(3),
    533-558); zero where the model fits a moment exactly. Raises ModelError for an unknown kind and EstimationError
    where standard errors cannot be had.
    """
    if kind not in KINDS:
        raise ModelError(Problem(f"there are no residuals of kind '{kind}'", "residuals", nearest(kind, KINDS)))
    raw = [
        (sample.covariance - at.covariance, sample.mean - at.mean)
        for sample, at in zip(solution.samples, solution.implied, strict=True)
    ]
    if kind == "cor":
        found = [_correlations(solution, g) for g in range(len(raw))]
    elif kind == "raw":
        found = raw
    else:
        errors = _variances(solution, kind)
        found = [_divided(pair, error) for pair, error in zip(raw, errors, strict=True)]
    table = solution.table
    means = tuple(mean for _, mean in found) if table.meanstructure else None
    return Residuals(kind, table.observed, table.groups, tuple(covariance for covariance, _ in found), means)


def _correlations(solution: Solution, group: int) -> tuple[Array, Array]:
    sample, at = solution.samples[group], solution.implied[group]
    own, implied = np.sqrt(np.diag(sample.covariance)), np.sqrt(np.diag(at.covariance))
    covariance = sample.covariance / np.outer(own, own) - at.covariance / np.outer(implied, implied)
    return covariance, (sample.mean - at.mean) / own


def _divided(raw: tuple[Array, Array], variances: tuple[Array, Array]) -> tuple[Array, Array]:
    """Residuals over their standard errors; 0 where the variance is."""
    (covariance, mean), (of_covariance, of_mean) = raw, variances
    with np.errstate(divide="ignore", invalid="ignore"):
        return (
            np.where(of_covariance > 0, covariance / np.sqrt(of_covariance), 0.0),
            np.where(of_mean > 0, mean / np.sqrt(of_mean), 0.0),
        )


@dataclass(frozen=True, slots=True)
class _Moments:
    """One group: sampling covariance of its moments (q, q), their weight A (q, q) at the model's moments, and their
    derivatives (q, n_free), over the moments that the model explains.
    """

    sampling: Array
    weight: Array
    slopes: Array
    share: float


def _variances(solution: Solution, kind: Kind) -> list[tuple[Array, Array]]:
    """Variances of covariance residuals (p, p) and of mean residuals (p,) by group, zero where there is none.

    The residuals of the estimated moments are Q times the sample's, Q = I - share D (sum of share D'AD)^-1 D'A.
    """
    exogenous = np.array([name in solution.table.exogenous for name in solution.table.observed])
    explained = explained_moments(exogenous, solution.table.meanstructure)
    groups = [_moments(solution, g, explained) for g in range(len(solution.samples))]
    if kind == "normalized":
        return [_unfolded(np.diag(group.sampling), explained, len(exogenous)) for group in groups]
    information = np.sum([g.share * g.slopes.T @ g.weight @ g.slopes for g in groups], axis=0)
    inverse = inverse_information(information, solution.fitted.jacobian)
    if inverse is None:
        what = f"no standardised residuals: the data barely tell apart {', '.join(solution.flat)}"
        raise EstimationError(Problem(what, "model", "take raw or normalized residuals"))
    found = []
    for group in groups:
        q = np.eye(len(group.weight)) - group.share * group.slopes @ inverse @ group.slopes.T @ group.weight
        variance = np.einsum("ij,jk,ik->i", q, group.sampling, q)
        exact = variance <= _EXACT * np.diag(group.sampling)
        found.append(_unfolded(np.where(exact, 0.0, variance), explained, len(exogenous)))
    return found


def _moments(solution: Solution, group: int, explained: NDArray[np.bool_]) -> _Moments:
    """Information as the estimator takes it: its inverse at the sample's moments is their sampling covariance."""
    part, at, sample = solution.objective.parts[group], solution.implied[group], solution.samples[group]
    rows = None if solution.rows is None else solution.rows[group]
    kept = np.ix_(explained, explained)
    inverse = np.linalg.inv(_information(solution, rows, sample.mean, sample.covariance)[kept])
    sampling = inverse
    if solution.estimator.robust and rows is not None:
        sampling = np.asarray(inverse @ score_crossproduct(rows)[kept] @ inverse)
    return _Moments(
        sampling=sampling / sample.n_observations,
        weight=_information(solution, rows, _mean(solution, at, sample.mean), at.covariance)[kept],
        slopes=moment_slopes(derivatives(part.structure, at))[explained] @ part.structure.collect.T,
        share=part.share,
    )


def _information(solution: Solution, rows: GroupRows | None, mean: Array, covariance: Array) -> Array:
    incomplete = solution.patterns is not None
    if rows is not None and (incomplete or solution.estimator.information == "observed"):
        return observed_information(rows.patterns, mean, covariance)
    return expected_information(None if rows is None else rows.patterns, covariance)


def _mean(solution: Solution, at: Implied, sample: Array) -> Array:
    """Implied means; without intercepts in the model means are free and the sample's."""
    return at.mean if solution.table.meanstructure else sample


def _unfolded(variances: Array, explained: NDArray[np.bool_], p: int) -> tuple[Array, Array]:
    """From a vector over explained moments to a matrix (p, p) and a vector (p,), zero elsewhere."""
    every = np.zeros(len(explained))
    every[explained] = variances
    i, j = lower_triangle(p)
    matrix = np.zeros((p, p))
    matrix[i, j] = matrix[j, i] = every[p:]
    return matrix, every[:p]
