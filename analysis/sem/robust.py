"""Standard errors and tests that do not rest on normality: MLR and MLM.

MLR: Huber-White covariance from the exact Hessian and casewise scores; test scaled after Yuan & Bentler (2000),
Sociological Methodology 30, 165-200, in the variant that takes the traces of saturated model and model apart
(Asparouhov & Muthen 2005; lavaan's yuan.bentler.mplus). MLM: Satorra & Bentler (1994), in von Eye & Clogg (eds.),
Latent Variables Analysis, 399-419, from expected information and centred scores.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.casewise import crossproduct, lower_triangle, row_scores, saturated_scores, standardised_residuals
from analysis.sem.discrepancy.missing import summed, summed_kronecker
from analysis.sem.estimators import Estimator
from analysis.sem.fitted import Fitted, Kind
from analysis.sem.groups import GroupRows
from analysis.sem.implied import Derivatives, Implied, derivatives, implied
from analysis.sem.objective import Objective
from analysis.sem.partable import ParameterTable
from analysis.sem.patterns import Patterns

Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Sandwich:
    """Inverse information of one observation (n_free, n_free), None where it is singular, and the mean crossproduct of
    scores that a robust estimator puts between two of them, None for others.
    """

    bread: Array | None
    meat: Array | None

    def covariance(self, n: int) -> Array | None:
        """Covariance of the estimates from ``n`` observations."""
        if self.bread is None or self.meat is None:
            return None if self.bread is None else self.bread / n
        return self.bread @ self.meat @ self.bread / n


def sandwich_of(fitted: Fitted, rows: Sequence[GroupRows] | None, estimator: Estimator, kind: Kind) -> Sandwich:
    """Both parts, with information of ``kind``; without rows there are no scores."""
    bread = fitted.inverse(kind)
    if bread is None or rows is None or not estimator.robust:
        return Sandwich(bread, None)
    return Sandwich(bread, parameter_meat(fitted.table, fitted.objective, rows, fitted.theta, estimator))


def parameter_meat(
    table: ParameterTable, objective: Objective, rows: Sequence[GroupRows], theta: Array, estimator: Estimator
) -> Array:
    """Mean crossproduct of casewise scores (n_free, n_free) over groups, as the estimator's sandwich needs it."""
    total = np.zeros((len(theta), len(theta)))
    for part, group in zip(objective.parts, rows, strict=True):
        at = implied(part.structure, theta)
        d = derivatives(part.structure, at)
        if estimator.scaling == "satorra_bentler":
            scores = _moment_scores(table, group, at, d)
        else:
            # Without intercepts in the model means are free, and their estimates are the sample's.
            mean = at.mean if table.meanstructure else group.saturated.mean
            pulled, weight = standardised_residuals(group.patterns, group.values, mean, at.covariance)
            scores = row_scores(group.patterns, pulled, weight, d)
        single = part.structure.single
        collected = scores @ part.structure.collect.T if single is None else scores[:, single]
        total += part.share * crossproduct(collected, group.weights, group.clusters)
    return total


def _moment_scores(table: ParameterTable, group: GroupRows, at: Implied, d: Derivatives) -> Array:
    """Delta' W z of each row (n, n_rows): z its centred contribution to the sample moments, W the normal weight."""
    residual, fitted = _regressed(table, group)
    weight = at.precision
    whole, part = (residual + fitted) @ weight, fitted @ weight
    scores = (whole @ d.left) * (whole @ d.right) - (part @ d.left) * (part @ d.right)
    if table.meanstructure:
        scores = scores + (residual @ weight) @ d.mean
    return np.asarray(scores - scores.mean(axis=0))


def _regressed(table: ParameterTable, group: GroupRows) -> tuple[Array, Array]:
    """Centred values split into the part fixed covariates explain and the rest: with those covariates fixed, sample
    moments vary with the rest alone. Without any, everything is rest.
    """
    centred = group.values - group.saturated.mean
    x = [i for i, name in enumerate(table.observed) if name in table.exogenous]
    if not x:
        return centred, np.zeros_like(centred)
    covariance = group.saturated.covariance
    fitted = centred[:, x] @ np.linalg.solve(covariance[np.ix_(x, x)], covariance[x])
    return centred - fitted, fitted


@dataclass(frozen=True, slots=True)
class SaturatedModel:
    """Of one group's saturated moments (q, q): observed ``information`` and mean crossproduct of ``scores``."""

    information: Array
    scores: Array


def saturated_model(group: GroupRows) -> SaturatedModel:
    """Both matrices of the means, then the lower triangle."""
    mean, covariance = group.saturated.mean, group.saturated.covariance
    pulled, weight = standardised_residuals(group.patterns, group.values, mean, covariance)
    scores = saturated_scores(group.patterns, pulled, weight)
    return SaturatedModel(
        saturated_information(group.patterns, mean, covariance),
        crossproduct(scores, group.weights, group.clusters),
    )


def yuan_bentler_trace(
    rows: Sequence[GroupRows], exogenous: BoolArray, meanstructure: bool, known: Sequence[SaturatedModel] | None = None
) -> float:
    """tr(B A^-1) of the saturated model over groups; ``exogenous`` (p,) marks covariates with fixed moments, ``known``
    are the groups' saturated models where they have been computed.
    """
    models: Sequence[SaturatedModel | None] = known or [None] * len(rows)
    return sum(
        saturated_trace(group, exogenous, meanstructure, model) for group, model in zip(rows, models, strict=True)
    )


def saturated_trace(
    group: GroupRows, exogenous: BoolArray, meanstructure: bool, model: SaturatedModel | None = None
) -> float:
    """tr(B A^-1) of one group's saturated model, A its observed information and B its mean crossproduct of scores.

    Of complete and independent rows it follows from Mardia's kurtosis, which needs no matrix of moments.
    """
    plain = group.weights is None and group.clusters is None and not exogenous.any()
    if plain and group.patterns.observed.all():
        mean, covariance = group.saturated.mean, group.saturated.covariance
        centred = group.values - mean
        distance = ((centred @ np.linalg.inv(covariance)) * centred).sum(axis=1)
        of_covariance = 0.5 * (float((distance**2).mean()) - len(mean))
        return of_covariance + (len(mean) if meanstructure else 0)
    model = model or saturated_model(group)
    block = np.ix_(*2 * (explained_moments(exogenous, meanstructure),))
    return float(np.trace(np.linalg.solve(model.information[block], model.scores[block])))


def explained_moments(exogenous: BoolArray, meanstructure: bool) -> BoolArray:
    """Which moments a model explains (q,): means, then the lower triangle; those of fixed covariates are not."""
    i, j = lower_triangle(len(exogenous))
    return np.concatenate([~exogenous & meanstructure, ~(exogenous[i] & exogenous[j])])


def saturated_information(patterns: Patterns, mean: Array, covariance: Array) -> Array:
    """Observed information of one row about the saturated moments (q, q): means, then the lower triangle."""
    share = patterns.share
    weight, _ = patterns.inverse_and_log_determinant(covariance)
    difference, second = patterns.about(mean)
    v = weight @ second @ weight
    pull = np.einsum("kij,kj->ki", weight, difference)
    p = len(mean)
    i, j = lower_triangle(p)
    # The derivative of Sigma by an element of its lower triangle is E_ij + E_ji, or E_ii on the diagonal.
    twice = np.where(i == j, 0.5, 1.0)
    lower, upper = i * p + j, j * p + i
    products = summed_kronecker(share, weight, 2.0 * v - weight)
    products = products[lower] + products[upper]
    block = (products[:, lower] + products[:, upper]) * (twice[:, None] * twice)
    joint = ((share[:, None] * pull).T @ weight.reshape(len(share), -1)).reshape(p * p, p)
    cross = (joint[lower] + joint[upper]) * twice[:, None]
    return np.block([[summed(share, weight), cross.T], [cross, 0.25 * (block + block.T)]])


def satorra_bentler_trace(
    table: ParameterTable, objective: Objective, rows: Sequence[GroupRows], theta: Array
) -> float:
    """tr(W Gamma) over groups: W the normal-theory weight at the model's moments, Gamma that of the sample moments.

    A row adds e'We + tr((W M)^2) / 2 with M = yy' - ff' less its mean, where y = f + e is the centred row and f the
    part that fixed covariates explain. Written out, this needs no matrix of moments.
    """
    total = 0.0
    for part, group in zip(objective.parts, rows, strict=True):
        weight = implied(part.structure, theta).precision
        residual, fitted = _regressed(table, group)
        y = residual + fitted
        whole, explained, crossed = (
            np.einsum("ij,ij->i", a @ weight, b) for a, b in ((y, y), (fitted, fitted), (y, fitted))
        )
        mean = (y.T @ y - fitted.T @ fitted) / len(y)
        product = weight @ mean
        quartic = float((whole**2 + explained**2 - 2.0 * crossed**2).mean()) - float(np.trace(product @ product))
        total += 0.5 * quartic
        if table.meanstructure:
            total += float(np.einsum("ij,ij->i", residual @ weight, residual).mean())
    return total
