"""Reliability of a scale within and between clusters."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import DataError, ModelError, Problem, SmartCityError, nearest
from analysis.measurement.item_statistics import alpha_of_covariance
from analysis.measurement.measurement_model import MeasurementModel, alone
from analysis.sem import SemResult, fit

LEVELS = ("within", "between")

CONVENTION = (
    "within and between clusters: each construct's items measure it at both levels of a two-level model of its own "
    "(Geldhof, Preacher & Zyphur 2014); alpha of the unrestricted covariance of each level"
)


@dataclass(frozen=True, slots=True)
class LevelReliability:
    """Alpha and omega of the sum of a construct's items at one level; ``warnings`` are those of the model."""

    construct: str
    level: str
    n_items: int
    omega: float
    alpha: float
    warnings: tuple[str, ...]


def level_reliability(model: SemResult, construct: str) -> tuple[LevelReliability, ...]:
    """Omega and alpha of ``construct`` at each level of a two-level ``model`` that measures it at both.

    ω = (Σλ)² ψ / ((Σλ)² ψ + ΣΣθ) with the loadings, variance and residual covariances of that level alone, which is
    the reliability of the sum of items within clusters, and of the sum of their cluster means free of sampling error:
    Geldhof, Preacher & Zyphur (2014), Reliability estimation in a multilevel confirmatory factor analysis framework,
    Psychological Methods 19(1), 72-91. Alpha is that of the level's unrestricted covariance.
    Raises ModelError where a level does not measure the construct by two items, or its variance there is not positive.
    """
    return tuple(_at_level(model, construct, block) for block in (1, 2))


def _at_level(model: SemResult, construct: str, block: int) -> LevelReliability:
    level = LEVELS[block - 1]
    rows = [row for row in model.estimates if row.level == block]
    loadings = {row.rhs: row.std_lv for row in rows if row.op == "=~" and row.lhs == construct}
    values = np.array([np.nan if value is None else value for value in loadings.values()])
    if len(values) < 2 or not np.isfinite(values).all():
        what = f"'{construct}' has no omega {level} clusters"
        raise ModelError(Problem(what, model.name, "it needs two items and a positive variance at that level"))
    common = float(values.sum()) ** 2
    residual = sum(
        row.est * (1 if row.lhs == row.rhs else 2)
        for row in rows
        if row.op == "~~" and row.lhs in loadings and row.rhs in loadings
    )
    covariance = model.sample_covariance.loc[model.levels[block - 1]].loc[list(loadings), list(loadings)]
    alpha = alpha_of_covariance(covariance.to_numpy(dtype=float))
    return LevelReliability(construct, level, len(loadings), common / (common + residual), alpha, model.warnings)


def level_reliabilities(
    model: MeasurementModel, data: pd.DataFrame, cluster: str, undefined: dict[str, str]
) -> tuple[LevelReliability, ...]:
    """Both coefficients at both levels of each construct with items of its own; the reason why a construct has none
    goes to ``undefined`` as "construct.levels".

    Raises DataError for a column of clusters that is not in the data.
    """
    if cluster not in data.columns:
        what = f"the column of clusters '{cluster}' is not in the data"
        raise DataError(Problem(what, "--cluster", nearest(cluster, map(str, data.columns))))
    return tuple(row for construct in model.scales for row in _of_construct(model, construct, data, cluster, undefined))


def _of_construct(
    model: MeasurementModel, construct: str, data: pd.DataFrame, cluster: str, undefined: dict[str, str]
) -> Iterator[LevelReliability]:
    if construct not in model.separate or len(model.scales[construct]) < 2:
        undefined[f"{construct}.levels"] = "it needs two items that measure it alone"
        return
    text = alone(model, construct)
    try:
        fitted = fit(f"level: 1\n{text}level: 2\n{text}", data, name=construct, cluster=cluster)
        yield from level_reliability(fitted, construct)
    except SmartCityError as error:
        undefined[f"{construct}.levels"] = "; ".join(problem.what for problem in error.problems)
