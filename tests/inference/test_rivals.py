"""Rival models side by side."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import multilevel, sem
from analysis.errors import ModelError
from analysis.inference.difference import differences
from analysis.inference.rivals import akaike_weights, compare_rivals
from scipy.stats import chi2

MEASURES = "f =~ a + b + c\ng =~ d + e + h\nk =~ l + m + n\n"
MODELS = {
    "base": MEASURES + "g ~ f\nk ~ f + g",
    "mediated": MEASURES + "g ~ f\nk ~ g",
    "reversed": MEASURES + "f ~ k\ng ~ f",
    "constrained": MEASURES + "g ~ p*f\nk ~ p*f + g",
    "smaller": "f =~ a + b + c\ng =~ d + e + h\ng ~ f",
}


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    f = rng.normal(size=400)
    g = 0.6 * f + rng.normal(size=400)
    k = 0.3 * f + 0.5 * g + rng.normal(size=400)
    sources = {"abc": f, "deh": g, "lmn": k}
    frame = pd.DataFrame({n: v + rng.normal(0, 0.8, 400) for letters, v in sources.items() for n in letters})
    return frame.assign(commune=np.arange(400) % 16)


@pytest.fixture(scope="module")
def sems(data: pd.DataFrame) -> dict[str, sem.SemResult]:
    return {name: sem.fit(text, data, name=name) for name, text in MODELS.items()}


@pytest.fixture(scope="module")
def table(sems: dict[str, sem.SemResult], data: pd.DataFrame) -> pd.DataFrame:
    mixed = multilevel.fit("a ~ d + (1 | commune)", data)
    return compare_rivals({**sems, "moderated": mixed}, "base", differences(MODELS, data, "base")).set_index("model")


def test_nested_rival_is_tested(table: pd.DataFrame, sems: dict[str, sem.SemResult]) -> None:
    row = table.loc["mediated"]
    difference = sems["mediated"].fit_measures["chisq"] - sems["base"].fit_measures["chisq"]  # type: ignore[operator]
    assert row["nested"]
    assert row["chisq_diff"] == pytest.approx(difference)
    assert row["df_diff"] == 1
    assert row["diff_pvalue"] == pytest.approx(chi2.sf(difference, 1))
    assert "this model is the restricted one" in row["note"]


def test_the_difference_of_robust_tests_is_scaled(data: pd.DataFrame) -> None:
    fits = {name: sem.fit(MODELS[name], data, name=name, estimator="MLR") for name in ("base", "mediated")}
    tests = differences({name: MODELS[name] for name in fits}, data, "base", estimator="MLR")
    row = compare_rivals(fits, "base", tests).set_index("model").loc["mediated"]
    expected = sem.compare_models(MODELS["base"], MODELS["mediated"], data, estimator="MLR").test
    assert row["diff_method"] == "Satorra-Bentler (2001) scaled difference"
    assert row["chisq_diff"] == pytest.approx(expected.chisq_diff)
    assert row["diff_pvalue"] == pytest.approx(expected.pvalue)
    assert row["chisq_scaled"] == pytest.approx(row["chisq"] / row["chisq_scaling_factor"])


def test_estimators_without_a_test_of_the_difference_say_so(data: pd.DataFrame) -> None:
    test = differences({name: MODELS[name] for name in ("base", "mediated")}, data, "base", estimator="ULS")["mediated"]
    assert test.pvalue is None
    assert "no known distribution" in test.note


def test_other_data_have_no_weight(table: pd.DataFrame) -> None:
    for name, words in (("smaller", "variables"), ("moderated", "not comparable")):
        assert words in table.loc[name, "note"]
        assert np.isnan(table.loc[name, "delta_bic"])
    assert np.isnan(table.loc["moderated", "aic"])


def test_weights_and_deltas(table: pd.DataFrame) -> None:
    assert table["aic_weight"].sum() == pytest.approx(1)
    assert table["bic_weight"].sum() == pytest.approx(1)
    assert table["delta_aic"].min() == 0
    one, other = table.loc["base"], table.loc["mediated"]
    ratio = np.exp(-0.5 * (one["aic"] - other["aic"]))
    assert one["aic_weight"] / other["aic_weight"] == pytest.approx(ratio)


def test_weights_of_distant_models_are_finite() -> None:
    np.testing.assert_allclose(akaike_weights(np.array([1e6, 1e6 + 2, 9e6])), [0.731058579, 0.268941421, 0])


def test_explained_variance_by_construct(table: pd.DataFrame, sems: dict[str, sem.SemResult]) -> None:
    assert table.loc["base", "r2_k"] == sems["base"].r_squared["k"]
    assert np.isnan(table.loc["smaller", "r2_k"])
    # The mixed model explains item a: its R² is that of the fixed effects, and the note says so.
    assert table["r2_a"].notna().tolist() == [name == "moderated" for name in table.index]
    assert "that of the fixed effects" in table.loc["moderated", "note"]


def test_base_must_be_there(sems: dict[str, sem.SemResult]) -> None:
    with pytest.raises(ModelError, match="did you mean 'base'"):
        compare_rivals(sems, "bas", {})


def test_nesting_that_only_a_fit_shows_is_found(sems: dict[str, sem.SemResult], data: pd.DataFrame) -> None:
    tests = differences({name: MODELS[name] for name in ("base", "mediated", "constrained")}, data, "base")
    fits = {name: sems[name] for name in ("base", "mediated", "constrained")}
    row = compare_rivals(fits, "base", tests).set_index("model").loc["constrained"]
    expected = sem.compare_models(MODELS["base"], MODELS["constrained"], data).test
    assert row["nested"]
    assert row["chisq_diff"] == pytest.approx(expected.chisq_diff)
    assert row["diff_pvalue"] == pytest.approx(expected.pvalue)
    assert row["note"] == "this model is the restricted one"


def test_rivals_that_no_test_compares_say_why(data: pd.DataFrame) -> None:
    tests = differences({name: MODELS[name] for name in ("mediated", "reversed", "smaller")}, data, "mediated")
    assert not any(test.nested for test in tests.values())
    assert all(test.note for test in tests.values())
