"""The structural model with standard errors robust to communes, and beside it a model of both levels."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.errors import SmartCityError
from analysis.sem import SemResult, fit


@dataclass(frozen=True, slots=True)
class Levels:
    """``clustered`` is the structural model, its errors and test robust to the clustering; ``two_level`` is None where
    ``absent`` says why: the study has no such model, or it could not be estimated.
    """

    clustered: SemResult
    two_level: SemResult | None
    absent: str


def fit_levels(structural: str, two_level: str | None, data: pd.DataFrame, cluster: str, missing: str) -> Levels:
    """Fit both by MLR. Raises what ``sem.fit`` raises for the structural model; a two-level model that finds no
    minimum, as happens with few clusters, is reported.
    """
    clustered = fit(structural, data, name="structural_by_cluster", estimator="MLR", missing=missing, cluster=cluster)
    if two_level is None:
        return Levels(clustered, None, "this study has no two-level model")
    try:
        both = fit(two_level, data, name="two_level", estimator="MLR", cluster=cluster)
    except SmartCityError as error:
        return Levels(clustered, None, "; ".join(problem.what for problem in error.problems))
    return Levels(clustered, both, "")
