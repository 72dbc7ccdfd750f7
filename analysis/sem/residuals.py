"""Residuals of moments: where, and by how much, a model misses means, thresholds and covariances."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem, nearest
from analysis.sem.casewise import lower_triangle
from analysis.sem.discrepancy.least_squares import LeastSquares, Statistics
from analysis.sem.one_level import require_one_level
from analysis.sem.residual_errors import residual_variances, statistic_variances, statistics_of
from analysis.sem.solution import Solution

Array = NDArray[np.float64]
# Covariance (p, p), mean (p,), thresholds (t,) and slopes (s,).
_Parts = tuple[Array, Array, Array, Array]
Kind = Literal["raw", "cor", "normalized", "standardized"]
KINDS: tuple[Kind, ...] = ("raw", "cor", "normalized", "standardized")


@dataclass(frozen=True, slots=True)
class GroupResiduals:
    """One group's residuals: ``covariance`` (p, p) and ``mean`` (p,) in the order of ``names``, mean None without
    intercepts in the model; ``threshold`` (t,) in the order of ``thresholds``, pairs of variable and threshold. Ordinal
    models with covariates have them given these: ``slope`` (s,) in the order of ``slopes``, pairs of variable and
    covariate, and 0 for the covariates' own moments.
    """

    group: str
    names: tuple[str, ...]
    thresholds: tuple[tuple[str, str], ...]
    covariance: Array
    mean: Array | None
    threshold: Array
    slopes: tuple[tuple[str, str], ...]
    slope: Array


@dataclass(frozen=True, slots=True)
class Residuals:
    """Residuals of one kind: in units of the moments ("raw"), of correlations ("cor"), or of standard errors."""

    kind: Kind
    groups: tuple[GroupResiduals, ...]

    def tidy(self) -> pd.DataFrame:
        """One row a moment: columns group, lhs, op, rhs, residual."""
        rows: list[tuple[str | None, str, str, str, float]] = []
        for part in self.groups:
            group = part.group if len(self.groups) > 1 else None
            i, j = lower_triangle(len(part.names))
            of_pairs = part.covariance[i, j]
            rows += [
                (group, part.names[b], "~~", part.names[a], value) for a, b, value in zip(i, j, of_pairs, strict=True)
            ]
            if part.mean is not None:
                rows += [(group, name, "~1", "", value) for name, value in zip(part.names, part.mean, strict=True)]
            named = zip(part.thresholds, part.threshold, strict=True)
            rows += [(group, variable, "|", threshold, value) for (variable, threshold), value in named]
            of_slopes = zip(part.slopes, part.slope, strict=True)
            rows += [(group, variable, "~", covariate, value) for (variable, covariate), value in of_slopes]
        return pd.DataFrame(rows, columns=["group", "lhs", "op", "rhs", "residual"])


def residuals(solution: Solution, kind: Kind = "raw") -> Residuals:
    """Sample less implied moments; of ordinal variables polychoric correlations and thresholds.

    "cor": sample less implied correlations, means in sample SDs (Bollen 1989, p. 258). "normalized": raw, divided by
    the standard errors of the sample moments. "standardized": divided by those of the residuals themselves, which are
    standard normal where the model holds (Maydeu-Olivares 2017, Psychometrika 82(3), 533-558). Both are zero where
    the model fits a moment exactly. Raises ModelError for an unknown kind and for models of two
    levels, and EstimationError where standard errors cannot be had.
    """
    if kind not in KINDS:
        raise ModelError(Problem(f"there are no residuals of kind '{kind}'", "residuals", nearest(kind, KINDS)))
    hint = "compare result.sample_covariance with result.implied_covariance, level by level"
    require_one_level(solution, "residuals with standard errors", hint)
    groups = range(len(solution.samples))
    if kind == "cor":
        return Residuals(kind, tuple(_named(solution, g, *_correlations(solution, g)) for g in groups))
    raw = [_raw(solution, g) for g in groups]
    if kind == "raw":
        return Residuals(kind, tuple(_named(solution, g, *parts) for g, parts in enumerate(raw)))
    variances = statistic_variances(solution) if kind == "normalized" else residual_variances(solution)
    return Residuals(kind, tuple(_divided(solution, g, raw[g], variances[g]) for g in groups))


def _raw(solution: Solution, group: int) -> _Parts:
    """Sample less implied covariance (p, p), mean (p,), thresholds and slopes."""
    part, at, sample = solution.objective.parts[group], solution.implied[group], solution.samples[group]
    if isinstance(part.discrepancy, LeastSquares):
        statistics = part.discrepancy.statistics
        difference = part.discrepancy.observed - part.discrepancy.fitted(at)
        difference[statistics.mean] *= statistics.mean_sign
        return _unfolded(difference, statistics, len(sample.names))
    return sample.covariance - at.covariance, sample.mean - at.mean, np.zeros(0), np.zeros(0)


def _correlations(solution: Solution, group: int) -> _Parts:
    """Differences of correlations; the implied covariance of ordinal variables is one of scaled latent responses."""
    sample, at = solution.samples[group], solution.implied[group]
    _, mean, threshold, slope = _raw(solution, group)
    own, implied = np.sqrt(np.diag(sample.covariance)), np.sqrt(np.diag(at.covariance))
    if len(slope):  # what all is given varies no more, and is no residual
        given = np.array([name in solution.table.exogenous for name in solution.table.observed])
        own, implied = np.where(given, np.inf, own), np.where(given, np.inf, implied)
    covariance = sample.covariance / np.outer(own, own) - at.covariance / np.outer(implied, implied)
    return covariance, mean / own, threshold, slope


def _divided(solution: Solution, group: int, raw: _Parts, variances: Array) -> GroupResiduals:
    """Residuals over their standard errors; 0 where the variance is."""
    spread = _unfolded(variances, statistics_of(solution, group), len(solution.table.observed))
    with np.errstate(divide="ignore", invalid="ignore"):
        parts = [np.where(v > 0, r / np.sqrt(v), 0.0) for r, v in zip(raw, spread, strict=True)]
    return _named(solution, group, *parts)


def _unfolded(vector: Array, statistics: Statistics, p: int) -> _Parts:
    """From a vector of statistics to a matrix (p, p), means (p,), thresholds and slopes, zero for what is none."""
    matrix, means = np.zeros((p, p)), np.zeros(p)
    matrix[statistics.first, statistics.second] = vector[statistics.covariance]
    matrix[statistics.second, statistics.first] = vector[statistics.covariance]
    means[statistics.mean_of] = vector[statistics.mean]
    return matrix, means, vector[statistics.threshold], vector[statistics.slope]


def _named(
    solution: Solution, group: int, covariance: Array, mean: Array, threshold: Array, slope: Array
) -> GroupResiduals:
    table, statistics = solution.table, statistics_of(solution, group)
    rows = [table.parameters[i] for i in solution.objective.parts[group].structure.rows[statistics.threshold_row]]
    slopes = zip(statistics.slope_of.tolist(), statistics.slope_on.tolist(), strict=True)
    return GroupResiduals(
        group=table.groups[group],
        names=table.observed,
        thresholds=tuple((row.lhs, row.rhs) for row in rows),
        covariance=covariance,
        mean=mean if table.meanstructure else None,
        threshold=threshold,
        slopes=tuple((table.observed[variable], table.observed[covariate]) for variable, covariate in slopes),
        slope=slope,
    )
