"""Reliability within and between clusters: held to semTools on lavaan's two-level models."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.errors import DataError, ModelError
from analysis.measurement.level_reliability import LevelReliability, level_reliabilities, level_reliability
from analysis.measurement.measurement_model import measurement_model
from tests.references import case_names, load_case


@pytest.mark.parametrize("name", case_names("levels", "rows"))
def test_each_level_is_that_of_semtools(name: str) -> None:
    case = load_case(name)
    undefined: dict[str, str] = {}
    model = measurement_model(case.model, name)
    found = level_reliabilities(model, case.frame(), case.options["cluster"], undefined)
    assert undefined == {}
    assert [row.level for row in found] == ["within", "between"]
    for row in found:
        (omega,), (alpha,) = (case.expected[key][row.level] for key in ("omega", "alpha"))
        assert row.construct == omega["construct"]
        assert row.omega == pytest.approx(omega["value"], rel=1e-5)
        assert row.alpha == pytest.approx(alpha["value"], rel=1e-4)


def test_a_negative_variance_between_clusters_is_said() -> None:
    case = load_case("levels_sim")
    model = measurement_model(case.model, "model")
    _, between = level_reliabilities(model, case.frame(), "cluster", {})
    assert between.omega > 1
    assert any("Heywood" in warning for warning in between.warnings)


@pytest.fixture
def clustered() -> pd.DataFrame:
    rng = np.random.default_rng(4)
    commune = np.repeat(np.arange(60), 10)
    f = rng.normal(size=60)[commune] + rng.normal(size=600)
    items = {f"x{i}": f + rng.normal(0, 0.3, 60)[commune] + rng.normal(size=600) for i in range(1, 5)}
    return pd.DataFrame(items | {"commune": commune})


def of(text: str, data: pd.DataFrame, cluster: str = "commune") -> tuple[tuple[LevelReliability, ...], dict[str, str]]:
    undefined: dict[str, str] = {}
    return level_reliabilities(measurement_model(text, "model"), data, cluster, undefined), undefined


def test_levels_are_what_was_drawn(clustered: pd.DataFrame) -> None:
    (within, between), _ = of("f =~ x1 + x2 + x3 + x4", clustered)
    assert within.omega == pytest.approx(0.8, abs=0.05)
    assert between.omega == pytest.approx(16 / (16 + 4 * 0.09), abs=0.05)


def test_a_residual_covariance_is_part_of_the_error(clustered: pd.DataFrame) -> None:
    (within, _), _ = of("f =~ x1 + x2 + x3 + x4\nx1 ~~ x2", clustered)
    text = "f =~ x1 + x2 + x3 + x4\nx1 ~~ x2\n"
    model = sem.fit(f"level: 1\n{text}level: 2\n{text}", clustered, cluster="commune")
    rows = [row for row in model.estimates if row.level == 1]
    common = sum(row.std_lv or 0 for row in rows if row.op == "=~") ** 2
    theta = sum(row.est * (1 + (row.lhs != row.rhs)) for row in rows if row.op == "~~" and row.lhs != "f")
    assert within.omega == pytest.approx(common / (common + theta))


def test_what_has_no_levels_says_why(clustered: pd.DataFrame) -> None:
    with pytest.raises(DataError, match="did you mean 'commune'"):
        of("f =~ x1 + x2 + x3 + x4", clustered, "comune")
    found, undefined = of("f =~ x1 + x2\ng =~ x3\ntop =~ f + g", clustered)
    assert found == ()
    assert "two items" in undefined["g.levels"]
    assert set(undefined) == {"f.levels", "g.levels", "top.levels"}
    with pytest.raises(ModelError, match="'h' has no omega within"):
        level_reliability(
            sem.fit("level: 1\nf =~ x1+x2+x3\nlevel: 2\nf =~ x1+x2+x3", clustered, cluster="commune"), "h"
        )


def test_one_cluster_each_is_a_reason(clustered: pd.DataFrame) -> None:
    found, undefined = of("f =~ x1 + x2 + x3 + x4", clustered.assign(commune=range(600)))
    assert found == ()
    assert undefined["f.levels"]
