"""Reliability and convergent validity of a scale from a fitted measurement model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.measurement.categorical_omega import categorical_omega
from analysis.sem import SemResult

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Loadings:
    """What a model says of a construct and the k ``items`` that measure it, directly or through lower-order factors.

    ``standardised`` (k,): loadings of standardised items. ``common`` (k,): loadings in the units of the items on the
    construct at unit variance. ``residual``, ``total``, ``observed`` (k, k): covariances of the items' residuals, of
    the items as the model has them, and in the sample. ``thresholds``: of each item where all k are ordinal (units
    are then those of the responses behind the answers), else empty. ``n_ordinal`` counts ordinal items.
    ``higher_order``: the construct is measured by other constructs. ``shared`` names the other constructs
    that the items measure too.
    """

    items: tuple[str, ...]
    standardised: Array
    common: Array
    residual: Array
    total: Array
    observed: Array
    thresholds: tuple[Array, ...]
    n_ordinal: int
    higher_order: bool
    shared: tuple[str, ...]


def loadings_of(model: SemResult, construct: str) -> Loadings | None:
    """What ``model``, of one group, says of ``construct``; None where the model does not measure it."""
    effects = _effects(model, construct)
    if not effects:
        return None
    items = tuple(effects)
    common = np.array(list(effects.values()))
    total, observed = (_among(matrix, items) for matrix in (model.implied_covariance, model.sample_covariance))
    cuts = [np.array(_thresholds(model, item)) for item in items]
    with np.errstate(invalid="ignore"):
        standardised = common / np.sqrt(np.diag(total))
    below = {row.rhs for row in model.estimates if row.op == "=~" and row.lhs == construct}
    return Loadings(
        items=items,
        standardised=standardised,
        common=common,
        residual=_residual_covariance(model, items),
        total=total,
        observed=observed,
        thresholds=tuple(cuts) if all(len(tau) for tau in cuts) else (),
        n_ordinal=sum(len(tau) > 0 for tau in cuts),
        higher_order=bool(below & set(model.latent)),
        shared=tuple(_others(model, construct, set(items))),
    )


def _effects(model: SemResult, construct: str) -> dict[str, float]:
    """Effect of ``construct``, at unit variance, on each item it reaches: its own loading, or the sum over the chains
    of loadings through lower-order factors, in which the variances of these cancel.
    """
    effects: dict[str, float] = {}
    for row in model.estimates:
        if row.op == "=~" and row.lhs == construct:
            loading = np.nan if row.std_lv is None else row.std_lv
            reached = _effects(model, row.rhs) if row.rhs in model.latent else {row.rhs: 1.0}
            for item, effect in reached.items():
                effects[item] = effects.get(item, 0.0) + loading * effect
    return effects


def _among(matrix: pd.DataFrame, items: tuple[str, ...]) -> Array:
    return matrix.loc[list(items), list(items)].to_numpy(dtype=float)


def _thresholds(model: SemResult, item: str) -> list[float]:
    return [row.est for row in model.estimates if row.op == "|" and row.lhs == item]


def _others(model: SemResult, construct: str, items: set[str]) -> Iterator[str]:
    """First-order constructs, beside ``construct`` and those that measure it, which share items with it."""
    below = {row.rhs for row in model.estimates if row.op == "=~" and row.lhs == construct}
    for other in model.latent:
        theirs = {row.rhs for row in model.estimates if row.op == "=~" and row.lhs == other}
        if other != construct and other not in below and theirs & items:
            yield other


def _residual_covariance(model: SemResult, items: tuple[str, ...]) -> Array:
    position = {item: i for i, item in enumerate(items)}
    residual = np.zeros((len(items), len(items)))
    for row in model.estimates:
        if row.op == "~~" and row.lhs in position and row.rhs in position:
            i, j = position[row.lhs], position[row.rhs]
            residual[i, j] = residual[j, i] = row.est
    return residual


def composite_reliability(loadings: Array) -> float:
    """CR = (Σλ)² / ((Σλ)² + Σ(1 − λ²)) of standardised loadings (k,) (Fornell & Larcker 1981).

    The reliability of the sum of standardised items whose errors are uncorrelated.
    """
    common = float(loadings.sum()) ** 2
    return common / (common + float((1.0 - loadings**2).sum()))


def average_variance_extracted(loadings: Array) -> float:
    """AVE = mean of λ² over standardised loadings (k,) (Fornell & Larcker 1981)."""
    return float((loadings**2).mean())


def weighted_variance_extracted(loadings: Loadings) -> float:
    """Share of the summed item variances that the construct accounts for: Σλ² / tr Σ, in the units of the items.

    semTools::AVE(obs.var = FALSE) gives this number: items that vary more weigh more. It is the AVE of Fornell &
    Larcker (1981) where all items have one variance.
    """
    return float((loadings.common**2).sum() / np.trace(loadings.total))


def omega(loadings: Loadings) -> float:
    """ω: share of the variance of the sum of the answers, as the model has it, that the construct accounts for.

    (Σλ)² ψ / 1'Σ1, loadings and implied covariance in item units: the reliability of the sum of items (McDonald 1999,
    Test Theory, chapter 6), with residual covariances (Raykov 2001, British Journal of Mathematical and Statistical
    Psychology 54, 315-323) and what other constructs give the items in the error. Where all items are ordinal
    it is Green & Yang's (2009) for the sum of category numbers. semTools::compRelSEM(obs.var = FALSE).
    With equal item variances, no residual covariance and no shared item it equals CR.
    """
    return _omega(loadings, loadings.total)


def observed_omega(loadings: Loadings) -> float:
    """ω with the variance that the sum has in the sample: semTools::compRelSEM's default, ω₃ of semTools."""
    return _omega(loadings, loadings.observed)


def latent_response_omega(loadings: Loadings) -> float:
    """ω of the sum of the responses behind ordinal answers, as if these were seen; for numeric items it is omega."""
    return float(loadings.common.sum()) ** 2 / float(loadings.total.sum())


def total_omega(loadings: Loadings) -> float:
    """ω total: share of the variance of the sum that all constructs of the model account for, 1 - ΣΣθ / 1'Σ1.

    McDonald (1999), chapter 6; Zinbarg, Revelle, Yovel & Li (2005, Psychometrika 70, 123-133). Where all items are
    ordinal, of the sum of category numbers.
    """
    common = loadings.total - loadings.residual
    if loadings.thresholds:
        return categorical_omega(common, loadings.total, loadings.thresholds)
    return float(common.sum()) / float(loadings.total.sum())


def _omega(loadings: Loadings, total: Array) -> float:
    if loadings.thresholds:
        common = np.outer(loadings.common, loadings.common)
        return categorical_omega(common, total, loadings.thresholds)
    return float(loadings.common.sum()) ** 2 / float(total.sum())
