"""Common method bias: held to lavaan and base R, and by what must hold."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis.errors import ModelError
from analysis.measurement.collinearity import single_factor_share, variance_inflation
from analysis.measurement.marker import marker_technique
from analysis.measurement.measurement_model import measurement_model
from analysis.measurement.method_bias import method_bias
from analysis.measurement.method_factor import method_factor
from hypothesis import given
from hypothesis import strategies as st
from tests.references import case_names, load_case

CASES = case_names("method_bias", "rows")


@pytest.mark.parametrize("name", CASES)
def test_share_and_vifs_are_those_of_r(name: str) -> None:
    case = load_case(name)
    model = measurement_model(case.model, name)
    found = method_bias(model, case.frame(), dict.fromkeys(model.items, 1.0), **case.options)
    assert found.single_factor_share == pytest.approx(case.expected["single_factor_share"], rel=1e-10)
    assert {row.construct: row.vif for row in found.vifs} == pytest.approx(case.expected["vif"], rel=1e-9)


FACTORS = [(name, k) for name in CASES for k in range(len(load_case(name).definition["equal"]))]


@pytest.mark.parametrize(("name", "k"), FACTORS)
def test_method_factor_is_lavaans(name: str, k: int) -> None:
    case = load_case(name)
    theirs = case.expected["method_factors"][k]
    model = measurement_model(case.model, name)
    ours = method_factor(model, case.frame(), equal=theirs["equal"], **case.options)
    assert ours.models[1].chisq == pytest.approx(theirs["fit"][0]["chisq"], rel=1e-4)
    assert ours.models[1].cfi == pytest.approx(theirs["fit"][0]["cfi"], abs=1e-5)
    assert ours.method_share == pytest.approx(theirs["method_share"], rel=1e-4)
    assert ours.substantive_share == pytest.approx(theirs["substantive_share"], rel=1e-4)
    assert ours.chisq_diff == pytest.approx(theirs["test"][0]["chisq_diff"], rel=1e-4)
    assert ours.df_diff == theirs["test"][0]["df_diff"]
    table = pd.DataFrame(theirs["loadings"]).set_index("item")
    for row in ours.loadings:
        assert row.substantive is not None
        assert row.method is not None
        assert abs(row.substantive) == pytest.approx(table.loc[row.item, "substantive"], rel=1e-3)
        assert abs(row.method) == pytest.approx(table.loc[row.item, "method"], rel=1e-3)


@pytest.mark.parametrize("name", CASES)
def test_marker_technique_is_lavaans(name: str) -> None:
    case = load_case(name)
    theirs = case.expected["marker"]
    model = measurement_model(case.model, name)
    ours = marker_technique(model, case.frame(), case.definition["marker"], estimator=case.options["estimator"])
    assert ours.retained == theirs["retained"]
    for mine, other in zip(ours.models, theirs["models"], strict=True):
        assert (mine.name, mine.df) == (other["model"], other["df"])
        assert mine.chisq == pytest.approx(other["chisq"], rel=1e-5)
        assert mine.cfi == pytest.approx(other["cfi"], abs=1e-5)
    for test, other in zip(ours.tests, theirs["tests"], strict=True):
        assert (test.full, test.restricted, test.df_diff) == (other["full"], other["restricted"], other["df_diff"])
        assert test.chisq_diff == pytest.approx(other["chisq_diff"], rel=1e-4, abs=1e-4)
        assert test.pvalue == pytest.approx(other["pvalue"], rel=1e-2, abs=1e-12)


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    """Two constructs and a marker, all answered in one style, which every item takes up with 0.5."""
    rng = np.random.default_rng(8)
    f, style, mark = (
        rng.multivariate_normal([0, 0], [[1, 0.3], [0.3, 1]], 2000),
        rng.normal(size=2000),
        rng.normal(size=2000),
    )
    sources = {"a": f[:, 0], "b": f[:, 1], "m": mark}
    items = {
        f"{name}{i}": 0.7 * source + 0.5 * style + rng.normal(0, 0.5, 2000)
        for name, source in sources.items()
        for i in range(1, 5)
    }
    return pd.DataFrame(items)


MODEL = "a =~ a1 + a2 + a3 + a4\nb =~ b1 + b2 + b3 + b4\nm =~ m1 + m2 + m3 + m4"


def test_a_style_of_answering_is_found(data: pd.DataFrame) -> None:
    model = measurement_model(MODEL, "model")
    found = marker_technique(model, data, "m")
    assert found.tests[0].pvalue is not None
    assert found.tests[0].pvalue < 1e-10
    assert found.retained == "Method-C"
    assert found.tests[2].pvalue is not None
    assert found.tests[2].pvalue < 0.01


def test_a_marker_must_be_one(data: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match="no latent variable 'n'"):
        marker_technique(measurement_model(MODEL, "model"), data, "n")
    with pytest.raises(ModelError, match="has one item"):
        marker_technique(measurement_model("a =~ a1 + a2\nb =~ b1 + b2\nm =~ m1", "model"), data, "m")
    with pytest.raises(ModelError) as caught:
        marker_technique(measurement_model("a =~ a1 + a2 + m1\nm =~ m1 + 1*m2 + 1*m3", "model"), data, "m")
    assert [word in str(caught.value) for word in ("shares items", "are fixed", "no two constructs")] == [True] * 3


def test_what_cannot_be_says_why(data: pd.DataFrame) -> None:
    model = measurement_model("a =~ a1 + a2 + a3 + a4", "model")
    found = method_bias(model, data, dict.fromkeys(model.items, 1.0))
    assert found.method_factors == ()
    assert found.vifs == ()
    assert set(found.undefined) == {"vif", "method_factor.equal", "method_factor.free"}
    small = measurement_model("a =~ a1 + a2\nb =~ b1 + b2", "model")
    found = method_bias(small, data, dict.fromkeys(small.items, 1.0))
    assert "method_factor.free" in found.undefined


def test_ordinal_answers_have_no_marker_technique(data: pd.DataFrame) -> None:
    model = measurement_model(MODEL, "model")
    answers = data.clip(-2, 2).round()
    found = method_bias(model, answers, dict.fromkeys(model.items, 1.0), "m", ordered="all")
    assert found.marker is None
    assert "ordinal" in found.undefined["marker"]


@given(st.integers(0, 300), st.integers(2, 6))
def test_vif_is_one_over_one_minus_r_squared(seed: int, c: int) -> None:
    x = np.random.default_rng(seed).normal(size=(50, c)) @ np.random.default_rng(seed + 1).normal(size=(c, c))
    x -= x.mean(axis=0)
    factors = variance_inflation(np.corrcoef(x, rowvar=False))
    others = x[:, 1:]
    residual = x[:, 0] - others @ np.linalg.lstsq(others, x[:, 0], rcond=None)[0]
    assert factors[0] == pytest.approx((x[:, 0] @ x[:, 0]) / (residual @ residual), rel=1e-5)


def test_vif_is_infinite_for_what_others_determine() -> None:
    r = np.array([[1.0, 1, 0.2], [1, 1, 0.2], [0.2, 0.2, 1]])
    factors = variance_inflation(r)
    assert np.isinf(factors[:2]).all()
    assert factors[2] == pytest.approx(1 / (1 - 0.04))


def test_single_factor_share_of_equal_correlations() -> None:
    r = np.full((5, 5), 0.4) + 0.6 * np.eye(5)
    assert single_factor_share(r) == pytest.approx((1 + 4 * 0.4) / 5)
