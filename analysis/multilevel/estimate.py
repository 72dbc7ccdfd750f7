"""Fit a linear mixed model from an lme4 formula and a table."""

from __future__ import annotations

import pandas as pd

from analysis.multilevel.present import present
from analysis.multilevel.result import MixedResult
from analysis.multilevel.solution import solve


def fit(
    formula: str, data: pd.DataFrame, *, reml: bool = True, weights: str | None = None, name: str = "model"
) -> MixedResult:
    """Fit ``formula`` (lme4 notation) to ``data`` by REML or ML.

    ``weights`` names the column of prior weights: the residual variance of a row is σ² / weight. Rows with a missing
    value in a variable of the formula are left out and counted. Raises SpecificationError for a formula that cannot
    be read, ModelError for one that the data cannot answer, DataError for data that carry no mixed model,
    EstimationError when no estimate can be trusted.
    """
    return present(solve(formula, data, reml=reml, weights=weights), formula, name)
