"""Coefficients of a scale beside alpha, omega, CR and AVE: bounds, totals, hierarchical and ordinal ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.measurement.composite import (
    Loadings,
    latent_response_omega,
    loadings_of,
    observed_omega,
    total_omega,
    weighted_variance_extracted,
)
from analysis.measurement.greatest_lower_bound import greatest_lower_bound
from analysis.measurement.item_statistics import alpha_of_covariance, item_statistics
from analysis.measurement.reliability import why_no_composite
from analysis.sem import SemResult

CONVENTIONS = (
    "omega_observed with the variance that the sum has in the sample (semTools::compRelSEM's default)",
    "omega_hierarchical from the model's own general or higher-order factor, not from a Schmid-Leiman rotation as in "
    "psych::omega",
    "glb by constrained minimum-trace factor analysis (psych::glb.algebraic), on complete rows",
    "ave_weighted weighs items by their variance (semTools::AVE with the model's variances)",
)


@dataclass(frozen=True, slots=True)
class ScaleCoefficients:
    """Further coefficients of one scale; None where the reason is among those given with it.

    ``alpha_ordinal`` and ``omega_latent_response`` are of the responses behind ordinal answers. ``omega_total``: the
    share of the sum's variance that all constructs of the model account for; ``omega_hierarchical``: that of a general
    or higher-order factor alone.
    """

    construct: str
    alpha_ordinal: float | None
    omega_observed: float | None
    omega_total: float | None
    omega_hierarchical: float | None
    omega_latent_response: float | None
    glb: float | None
    ave_weighted: float | None


@dataclass(frozen=True, slots=True)
class ItemRow:
    """One item: its standardised loading, its correlation with the sum of the others, and alpha without it."""

    construct: str
    item: str
    n: int
    loading: float | None
    rest_correlation: float | None
    alpha_if_dropped: float | None


def scale_coefficients(
    answers: pd.DataFrame, construct: str, model: SemResult, omega: float | None, undefined: dict[str, str]
) -> ScaleCoefficients:
    """Coefficients of ``construct``, whose ``answers`` are (n, k) and whose ``omega`` is known; reasons for what is
    not defined go to ``undefined`` as "construct.statistic".
    """
    reasons: dict[str, str] = {}
    loadings = loadings_of(model, construct)
    why = why_no_composite(loadings)
    measured = loadings if not why else None
    if measured is None:
        modelled = ("omega_observed", "omega_total", "ave_weighted", "omega_hierarchical", "alpha_ordinal")
        reasons |= dict.fromkeys((*modelled, "omega_latent_response"), why)
    elif measured.higher_order:
        reasons["ave_weighted"] = "measured by constructs, not by items"
    if measured is not None and omega is None:
        reasons |= dict.fromkeys(("omega_observed", "omega_total"), "ordinal and numeric items")
    general = _general(measured, model, construct, reasons) and omega is not None
    ordinal = _ordinal(measured, reasons)
    whole = measured if omega is not None else None
    glb = _glb(answers, reasons)
    undefined |= {f"{construct}.{name}": reason for name, reason in reasons.items()}
    return ScaleCoefficients(
        construct=construct,
        alpha_ordinal=alpha_of_covariance(ordinal.observed) if ordinal else None,
        omega_observed=observed_omega(whole) if whole else None,
        omega_total=total_omega(whole) if whole else None,
        omega_hierarchical=omega if general else None,
        omega_latent_response=latent_response_omega(ordinal) if ordinal else None,
        glb=glb,
        ave_weighted=weighted_variance_extracted(measured) if measured and not measured.higher_order else None,
    )


def item_rows(answers: pd.DataFrame, construct: str, model: SemResult, undefined: dict[str, str]) -> list[ItemRow]:
    """Statistics of each item of a scale on its complete rows; reasons go to ``undefined``."""
    complete = answers.dropna().to_numpy(dtype=float)
    n, k = complete.shape
    loadings = loadings_of(model, construct)
    found = dict(zip(loadings.items, loadings.standardised, strict=True)) if loadings else {}
    reason = "a scale of one item has no rest" if k < 2 else "fewer than two respondents answered every item"
    rest = dropped = np.full(k, np.nan)
    if k > 1 and n > 1:
        statistics = item_statistics(np.cov(complete, rowvar=False))
        rest, dropped = statistics.rest_correlation, statistics.alpha_if_dropped
        reason = "without this item one is left, or the others do not vary"
    numbers = zip(answers.columns, rest, dropped, strict=True)
    rows = [
        ItemRow(construct, item, n, _defined(found.get(item, np.nan)), _defined(with_rest), _defined(without))
        for item, with_rest, without in numbers
    ]
    for row in rows:
        if row.rest_correlation is None or row.alpha_if_dropped is None:
            undefined[f"{construct}.{row.item}"] = reason
    return rows


def _general(loadings: Loadings | None, model: SemResult, construct: str, reasons: dict[str, str]) -> bool:
    """Whether the construct is a general factor: measured by constructs, or by items of others that it does not
    correlate with.
    """
    if loadings is None:
        return False
    covering = [other for other in loadings.shared if _is_within(model, other, loadings.items)]
    if loadings.higher_order or (covering and all(_uncorrelated(model, construct, other) for other in covering)):
        return True
    reasons["omega_hierarchical"] = "the model has no general factor here: omega is the share of this one factor"
    return False


def _is_within(model: SemResult, other: str, items: Sequence[str]) -> bool:
    theirs = {row.rhs for row in model.estimates if row.op == "=~" and row.lhs == other}
    return len(theirs) < len(items) and theirs <= set(items)


def _uncorrelated(model: SemResult, construct: str, other: str) -> bool:
    pair = {construct, other}
    found = [row for row in model.estimates if row.op == "~~" and {row.lhs, row.rhs} == pair]
    return all(row.est == 0.0 and not row.free for row in found)


def _ordinal(loadings: Loadings | None, reasons: dict[str, str]) -> Loadings | None:
    if loadings is None:
        return None
    if loadings.thresholds:
        return loadings
    reason = "items are not declared ordinal" if not loadings.n_ordinal else "ordinal and numeric items"
    reasons |= dict.fromkeys(("alpha_ordinal", "omega_latent_response"), reason)
    return None


def _glb(answers: pd.DataFrame, reasons: dict[str, str]) -> float | None:
    complete = answers.dropna().to_numpy(dtype=float)
    n, k = complete.shape
    if k < 2:
        reasons["glb"] = "a bound needs at least two items"
        return None
    if n > k:
        try:
            return greatest_lower_bound(np.cov(complete, rowvar=False)).value
        except np.linalg.LinAlgError:
            pass
    reasons["glb"] = "the covariance matrix of the items is singular: too few complete rows, or items that add up"
    return None


def _defined(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
