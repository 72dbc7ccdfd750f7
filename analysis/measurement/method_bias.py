"""Common method bias: the signs and tests of it, side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Unpack

import numpy as np
import pandas as pd

from analysis.errors import SmartCityError
from analysis.measurement.collinearity import single_factor_share, variance_inflation
from analysis.measurement.marker import MarkerTechnique, marker_technique, require_marker
from analysis.measurement.measurement_model import MeasurementModel
from analysis.measurement.method_factor import MethodFactor, method_factor
from analysis.sem.estimate import FitOptions

CONVENTIONS = (
    "single-factor share: first principal component of the items' Pearson correlations (Harman; for the record only)",
    "VIF: of each construct's mean of items on all others (Kock 2015; above 3.3 is a sign of method variance)",
    "method factor: uncorrelated with the constructs; its share is an upper bound of method variance at best",
)


@dataclass(frozen=True, slots=True)
class ConstructVif:
    """Full collinearity of one construct's mean of items."""

    construct: str
    vif: float


@dataclass(frozen=True, slots=True)
class MethodBias:
    """Harman's share, full collinearity, latent method factors (equal and free loadings), and the marker technique.

    What is not there has its reason in ``undefined``.
    """

    single_factor_share: float | None
    vifs: tuple[ConstructVif, ...]
    method_factors: tuple[MethodFactor, ...]
    marker: MarkerTechnique | None
    undefined: dict[str, str]


def method_bias(
    model: MeasurementModel,
    data: pd.DataFrame,
    signs: Mapping[str, float],
    marker: str | None = None,
    **options: Unpack[FitOptions],
) -> MethodBias:
    """All that ``data`` say of method bias; ``signs`` (item → ±1) turn items that load against their construct.

    Raises ModelError for a marker that cannot be one; what fails otherwise is left out with its reason.
    """
    if marker is not None:
        require_marker(model, marker)
    undefined: dict[str, str] = {}
    complete = data[list(model.items)].dropna()
    share = None
    if len(complete) > 1 and (np.ptp(complete.to_numpy(dtype=float), axis=0) > 0).all():
        share = single_factor_share(np.corrcoef(complete.to_numpy(dtype=float), rowvar=False))
    else:
        undefined["single_factor_share"] = "an item does not vary among those who answered every item"
    return MethodBias(
        single_factor_share=share,
        vifs=_vifs(model, complete, signs, undefined),
        method_factors=tuple(_method_factors(model, data, undefined, options)),
        marker=None if marker is None else _marker(model, data, marker, undefined, options),
        undefined=undefined,
    )


def _vifs(
    model: MeasurementModel, complete: pd.DataFrame, signs: Mapping[str, float], undefined: dict[str, str]
) -> tuple[ConstructVif, ...]:
    names = model.separate
    means = [(complete[list(items)] * [signs[item] for item in items]).mean(axis=1) for items in _members(model, names)]
    if len(names) < 2 or len(complete) < 2 or not all(np.ptp(score.to_numpy()) > 0 for score in means):
        undefined["vif"] = "two constructs with items of their own are needed, whose means vary"
        return ()
    factors = variance_inflation(np.corrcoef(np.array(means)))
    return tuple(ConstructVif(name, float(value)) for name, value in zip(names, factors, strict=True))


def _members(model: MeasurementModel, names: Sequence[str]) -> list[tuple[str, ...]]:
    return [model.scales[name] for name in names]


def _method_factors(
    model: MeasurementModel, data: pd.DataFrame, undefined: dict[str, str], options: FitOptions
) -> list[MethodFactor]:
    found = []
    for equal in (True, False):
        key = f"method_factor.{'equal' if equal else 'free'}"
        if model.rigid or len(model.tops) < 2:
            undefined[key] = "a method factor needs two constructs, and one free loading of each beside its marker"
            continue
        try:
            found.append(method_factor(model, data, equal=equal, **options))
        except SmartCityError as error:
            undefined[key] = "; ".join(problem.what for problem in error.problems)
    return found


def _marker(
    model: MeasurementModel, data: pd.DataFrame, marker: str, undefined: dict[str, str], options: FitOptions
) -> MarkerTechnique | None:
    if options.get("ordered"):
        undefined["marker"] = "the technique fixes error variances, which ordinal items do not have"
        return None
    try:
        return marker_technique(model, data, marker, estimator=options.get("estimator"))
    except SmartCityError as error:
        undefined["marker"] = "; ".join(problem.what for problem in error.problems)
        return None
