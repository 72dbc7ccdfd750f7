"""Reliability within and between clusters: held to base R, lavaan and semTools."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.errors import DataError, ModelError
from analysis.measurement.level_reliability import LEVELS, level_covariances, level_reliabilities, level_reliability
from analysis.sem.result import Estimate
from tests.references import Case, case_names, load_case


@pytest.fixture(params=case_names("levels", "rows"))
def case(request: pytest.FixtureRequest) -> Case:
    return load_case(request.param)


def _matrix(entry: dict[str, list[str]]) -> pd.DataFrame:
    return pd.DataFrame(entry["values"], entry["rows"], entry["columns"])


def test_covariances_are_those_of_manova(case: Case) -> None:
    items = case.expected["within"]["covariance"]["rows"]
    rows = case.frame()[[*items, case.definition["cluster"]]].dropna()
    clusters = pd.factorize(rows[case.definition["cluster"]])[0].astype(np.int64)
    parts = level_covariances(rows[items].to_numpy(dtype=float), clusters)
    assert parts.size == pytest.approx(case.expected["size"])
    np.testing.assert_allclose(parts.within, _matrix(case.expected["within"]["covariance"]), rtol=1e-9)
    np.testing.assert_allclose(parts.between, _matrix(case.expected["between"]["covariance"]), rtol=1e-8)


def test_each_level_alone_is_lavaans(case: Case) -> None:
    items = case.expected["within"]["covariance"]["rows"]
    constructs = [row["construct"] for row in case.expected["within"]["omega"]]
    found = level_reliabilities(case.model, case.frame(), case.definition["cluster"], items, constructs)
    for row in found:
        theirs = case.expected[row.level]
        assert row.omega == pytest.approx(_value(theirs["omega"], row.construct), rel=1e-5)
        assert row.alpha == pytest.approx(_value(theirs["alpha"], row.construct), rel=1e-9)


def _value(rows: list[dict[str, float | str]], construct: str) -> float:
    return next(float(row["value"]) for row in rows if row["construct"] == construct)


def test_a_two_level_model_gives_what_semtools_makes_of_it(case: Case) -> None:
    """The estimates are lavaan's: reliability takes what a model of two levels says, whoever fitted it."""
    theirs = case.expected["two_level"]
    items = case.expected["within"]["covariance"]["rows"]
    fitted = sem.fit(case.model, case.frame())
    rows = [Estimate(**_blank() | row) for row in theirs["parameters"]]
    model = replace(fitted, estimates=tuple(rows))
    saturated = [_matrix(entry) for entry in theirs["saturated"].values()]
    for block, (level, covariance) in enumerate(zip(LEVELS, saturated, strict=True), start=1):
        for entry in theirs["omega"][level]:
            ours = level_reliability(model, str(entry["construct"]), level, block=block, covariance=covariance)
            assert ours.n_items == len(items)
            assert ours.omega == pytest.approx(entry["value"], rel=1e-6)
            assert ours.alpha == pytest.approx(_value(theirs["alpha"][level], ours.construct), rel=1e-6)


def _blank() -> dict[str, object]:
    numbers = dict.fromkeys(("se", "z", "pvalue", "ci_lower", "ci_upper", "std_all"))
    return {"group": None, "label": "", "free": True, "user": True, **numbers}


@pytest.fixture
def clustered() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    commune = np.repeat(np.arange(60), 10)
    f = rng.normal(size=60)[commune] + rng.normal(size=600)
    items = {f"x{i}": f + rng.normal(0, 0.3, 60)[commune] + rng.normal(size=600) for i in range(1, 5)}
    return pd.DataFrame(items | {"commune": commune})


def test_levels_add_up_to_what_was_drawn(clustered: pd.DataFrame) -> None:
    text, items = "f =~ x1 + x2 + x3 + x4", ["x1", "x2", "x3", "x4"]
    within, between = level_reliabilities(text, clustered, "commune", items, ["f"])
    assert within.omega == pytest.approx(0.8, abs=0.05)
    assert between.omega == pytest.approx(16 / (16 + 4 * 0.09), abs=0.05)


def test_what_has_no_levels_is_refused(clustered: pd.DataFrame) -> None:
    text, items = "f =~ x1 + x2 + x3 + x4", ["x1", "x2", "x3", "x4"]
    with pytest.raises(DataError, match="did you mean 'commune'"):
        level_reliabilities(text, clustered, "comune", items, ["f"])
    with pytest.raises(DataError, match="no covariance both"):
        level_reliabilities(text, clustered.assign(commune=1), "commune", items, ["f"])
    with pytest.raises(DataError, match="no covariance both"):
        level_reliabilities(text, clustered.assign(commune=range(600)), "commune", items, ["f"])
    with pytest.raises(ModelError, match="'g' has no omega within"):
        level_reliabilities(text, clustered, "commune", items, ["g"])


def test_no_variance_between_clusters_is_an_error_that_says_so(clustered: pd.DataFrame) -> None:
    flat = clustered - clustered.groupby("commune").transform("mean").assign(commune=0)
    with pytest.raises(DataError, match="between clusters the covariance matrix"):
        level_reliabilities("f =~ x1 + x2 + x3 + x4", flat, "commune", ["x1", "x2", "x3", "x4"], ["f"])
