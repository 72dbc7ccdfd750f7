"""What a report's content made up for tests says of scales and of partial least squares."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
from analysis.measurement.data_quality import DataQuality, data_quality
from analysis.measurement.dimensions import Dimensions, ParallelPlan
from analysis.measurement.dimensions import dimensions as measure_dimensions
from analysis.measurement.invariance import invariance as measure_invariance
from analysis.measurement.invariance_sample import Treatment
from analysis.measurement.scale_quality import ScaleQuality, scale_quality
from analysis.report.invariance_part import InvariancePart
from analysis.report.paths_part import PathsPart
from analysis.report.subgroups_part import SubgroupsPart

ITEMS = {
    "internal_efficacy": ["ie1", "ie2", "ie3"],
    "satisfaction": ["sat1", "sat2", "sat3", "sat4"],
    "intention": ["int1", "int2", "int3", "int4"],
}


@cache
def scales(cutoff: float = 0.9) -> ScaleQuality:
    generator = np.random.default_rng(5)
    common = generator.standard_normal(300)
    columns = {}
    for items in ITEMS.values():
        factor = 0.6 * common + 0.8 * generator.standard_normal(300)
        columns |= {item: factor + 0.7 * generator.standard_normal(300) for item in items}
    text = "\n".join(f"{construct} =~ {' + '.join(items)}" for construct, items in ITEMS.items())
    data = pd.DataFrame(columns)
    return scale_quality(text, data, marker="internal_efficacy", n_resamples=99, htmt_cutoff=cutoff)


def paths() -> PathsPart:
    numbers = {"est": 0.3, "se": 0.05, "pvalue": 0.0, "ci_lower": 0.2, "ci_upper": 0.4, "pvalue_adjusted": float("nan")}
    judged = [
        {"id": "H2", "statement_en": "More is more.", "estimator": name, "nobs": 500, **numbers, "verdict": verdict}
        for name, verdict in (("MLR", "supported"), ("PLS", "supported"), ("PLSc", "not supported"))
    ]
    shown = dict.fromkeys(("alpha", "rho_a", "rho_c", "ave", "r2", "r2_adjusted"), 0.5)
    errors = dict.fromkeys(("q2_predict", "rmse", "mae", "lm_mae"), 0.4)
    items = [
        {"construct": "intention", "item": item, **errors, "lm_rmse": 0.3 + 0.2 * (item == "int1")}
        for item in ITEMS["intention"]
    ]
    return PathsPart(
        n_resamples=500,
        hypotheses=pd.DataFrame(judged),
        constructs=pd.DataFrame([{"estimator": "PLS", "construct": "intention", "mode": "A", **shown}]),
        paths=pd.DataFrame(
            [
                {
                    "estimator": "PLS",
                    "outcome": "intention",
                    "predictor": "satisfaction",
                    "est": 0.3,
                    "f2": 0.1,
                    "vif": 1.2,
                }
            ]
        ),
        prediction=pd.DataFrame(items),
        importance=pd.DataFrame(
            [
                {"target": "intention", "construct": "satisfaction", "importance": 0.3, "performance": 51.0},
                {"target": "intention", "construct": "internal_efficacy", "importance": 0.1, "performance": 60.0},
            ]
        ),
        absent="PLSc: its items do not agree",
    )


@cache
def invariance() -> InvariancePart:
    """Two groups, of which one answers one item of the intention higher than its construct says."""
    generator = np.random.default_rng(9)
    intention = generator.standard_normal(600)
    items = {item: intention + 0.7 * generator.standard_normal(600) for item in ITEMS["intention"]}
    data = pd.DataFrame({**items, "gender": np.repeat(["Woman", "Man"], 300)})
    data.loc[data["gender"] == "Man", "int2"] += 0.8
    found = measure_invariance("intention =~ int1 + int2 + int3 + int4", data, Treatment("gender"), name="gender")
    return InvariancePart({"gender": "Gender"}, {"gender": found}, {"gender": ()}, {}, 100)


def _answers() -> pd.DataFrame:
    """Answers of 300 to three scales, one in fifty missing, one item with most answers at its top."""
    generator = np.random.default_rng(12)
    common = generator.standard_normal(300)
    columns = {}
    for items in ITEMS.values():
        factor = 0.6 * common + 0.8 * generator.standard_normal(300)
        for item in items:
            score = np.clip(np.round(4 + 1.2 * factor + generator.standard_normal(300)), 1, 7)
            columns[item] = np.where(generator.random(300) < 0.02, np.nan, score)
    columns["sat4"] = np.minimum(columns["sat4"] + 2, 7)
    return pd.DataFrame(columns)


def _measurement() -> str:
    return "\n".join(f"{construct} =~ {' + '.join(items)}" for construct, items in ITEMS.items()) + "\n"


@cache
def quality() -> DataQuality:
    """Missing values, floor and ceiling, and three treatments of a structural model."""
    text = f"{_measurement()}satisfaction ~ internal_efficacy\nintention ~ satisfaction\n"
    return data_quality(text, _answers(), n_imputations=3)


@cache
def dimensions() -> dict[str, Dimensions]:
    """Dimensions of all items, and the structure of the three scales as if they were one."""
    plan = ParallelPlan(replicates=20)
    whole = measure_dimensions(_measurement(), _answers(), parallel=plan)
    return {"all": whole, "structure": measure_dimensions(_measurement(), _answers(), of=tuple(ITEMS), parallel=plan)}


def subgroups() -> SubgroupsPart:
    """One path in two groups, its tests, and one product of constructs."""
    numbers = {"est": 0.3, "se": 0.1, "pvalue": 0.003, "std": 0.25}
    path = {"grouping": "gender", "path": "intention ~ satisfaction", "nobs": 300, **numbers}
    test = {"grouping": "gender", "chisq_diff": 2.0, "df_diff": 1, "pvalue": 0.16}
    product = {"moderator": "satisfaction", "outcome": "intention", "predictor": "internal_efficacy", **numbers}
    return SubgroupsPart(
        titles={"gender": "Gender"},
        paths=pd.DataFrame([{**path, "group": "Woman"}, {**path, "group": "Man"}]),
        tests=pd.DataFrame([{**test, "path": "all paths"}, {**test, "path": "intention ~ satisfaction"}]),
        products=pd.DataFrame([product]),
        left_out={"gender": (("Other", 6),)},
        absent={"gender": "no minimum"},
    )
