"""One call for every outcome: the family chooses between a linear and a logit model."""

from __future__ import annotations

from typing import Literal, overload

import pandas as pd

from analysis.errors import ModelError, Problem, nearest
from analysis.multilevel import estimate
from analysis.multilevel.discrete import DiscreteResult, fit_discrete
from analysis.multilevel.result import MixedResult

FAMILIES = ("gaussian", "binomial", "cumulative")


@overload
def fit(
    formula: str,
    data: pd.DataFrame,
    *,
    reml: bool = True,
    weights: str | None = None,
    name: str = "model",
    family: Literal["gaussian"] = "gaussian",
) -> MixedResult: ...


@overload
def fit(
    formula: str,
    data: pd.DataFrame,
    *,
    name: str = "model",
    family: Literal["binomial", "cumulative"],
    quadrature: int = 1,
) -> DiscreteResult: ...


def fit(
    formula: str,
    data: pd.DataFrame,
    *,
    reml: bool = True,
    weights: str | None = None,
    name: str = "model",
    family: Literal["gaussian", "binomial", "cumulative"] = "gaussian",
    quadrature: int = 1,
) -> MixedResult | DiscreteResult:
    """Fit a mixed model: linear (gaussian), binary (binomial) or ordinal (cumulative).

    ``reml`` and ``weights`` go with a linear model, ``quadrature`` points per random effect with the two others; see
    ``estimate.fit`` and ``discrete.fit_discrete``, also for the errors raised.
    """
    if family == "gaussian":
        if quadrature != 1:
            what = "a linear mixed model needs no quadrature"
            raise ModelError(Problem(what, "quadrature", "it goes with the families binomial and cumulative"))
        return estimate.fit(formula, data, reml=reml, weights=weights, name=name)
    if family not in FAMILIES:
        raise ModelError(Problem(f"there is no family '{family}'", "family", nearest(family, FAMILIES)))
    if weights is not None:
        raise ModelError(Problem("logit models take no prior weights here", "weights", "leave them out"))
    return fit_discrete(formula, data, family=family, quadrature=quadrature, name=name)
