"""Descriptions of items: counts that add up, moments as others compute them, Mardia."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis.errors import ModelError
from analysis.measurement.descriptives import Descriptives, describe
from analysis.measurement.moments import kurtosis, mardia, skewness
from hypothesis import given
from hypothesis import strategies as st

ITEMS = {"f": ["a", "b"], "g": ["c"]}


@pytest.fixture
def data() -> pd.DataFrame:
    rng = np.random.default_rng(9)
    frame = pd.DataFrame(rng.integers(1, 6, (80, 3)).astype(float), columns=list("abc"))
    frame.loc[:7, "b"] = np.nan
    return frame


@pytest.fixture
def result(data: pd.DataFrame) -> Descriptives:
    return describe(data, ITEMS)


def test_moments_are_those_of_pandas(data: pd.DataFrame, result: Descriptives) -> None:
    items = result.items.set_index("item")
    np.testing.assert_allclose(items["mean"], data.mean())
    np.testing.assert_allclose(items["sd"], data.std())
    np.testing.assert_allclose(items["skew"], data.skew())
    np.testing.assert_allclose(items["kurtosis"], data.kurt())
    assert items.loc["b", "n"] == 72
    assert items.loc["b", "missing_share"] == pytest.approx(0.1)
    assert list(items["construct"]) == ["f", "f", "g"]


def test_answers_add_up(result: Descriptives) -> None:
    by_item = result.answers.groupby("item")
    assert by_item["n"].sum().to_dict() == {"a": 80, "b": 72, "c": 80}
    np.testing.assert_allclose(by_item["share"].sum(), 1.0)


def test_codes_nobody_gave_count_zero(data: pd.DataFrame) -> None:
    answers = describe(data.assign(a=data["a"].clip(upper=3)), ITEMS).answers
    assert answers[(answers["item"] == "a") & (answers["code"] == 5)]["n"].item() == 0


def test_correlations_use_common_answers(data: pd.DataFrame, result: Descriptives) -> None:
    pd.testing.assert_frame_equal(result.correlation, data.corr(), check_exact=False)


@given(st.integers(0, 500), st.floats(-50, 50), st.floats(0.1, 10))
def test_shape_ignores_location_and_scale(seed: int, shift: float, factor: float) -> None:
    x = np.random.default_rng(seed).gamma(2.0, size=30)
    assert skewness(x * factor + shift) == pytest.approx(skewness(x), rel=1e-6, abs=1e-9)
    assert kurtosis(x * factor + shift) == pytest.approx(kurtosis(x), rel=1e-6, abs=1e-9)
    assert skewness(-x) == pytest.approx(-skewness(x))


def test_mardia_by_its_definition_and_in_any_units() -> None:
    x = np.random.default_rng(2).gamma(3.0, size=(60, 3))
    centred = x - x.mean(axis=0)
    d = centred @ np.linalg.inv(np.cov(x, rowvar=False)) @ centred.T
    result = mardia(x)
    assert result.skew == pytest.approx((d**3).sum() / 60**2)
    assert result.kurtosis == pytest.approx((np.diag(d) ** 2).mean())
    assert result.skew_df == 10
    other = mardia(x @ np.array([[2.0, 1, 0], [0, 1, 0.5], [0, 0, 9]]) + 5)
    assert other.skew == pytest.approx(result.skew)
    assert other.kurtosis_z == pytest.approx(result.kurtosis_z)


def test_mardia_as_psych_gives_it() -> None:
    """psych::mardia(matrix(c(...), 12)) of R's psych 2.2.9, printed with 17 digits."""
    x = np.array([[1, 2], [2, 1], [3, 5], [4, 3], [5, 8], [6, 4], [7, 9], [8, 6], [2, 7], [9, 1], [4, 4], [1, 9.0]])
    result = mardia(x)
    assert result.skew == pytest.approx(0.16826372103486292, rel=1e-10)
    assert result.kurtosis == pytest.approx(5.29951330626589368, rel=1e-10)


def test_what_is_undefined_says_why(data: pd.DataFrame) -> None:
    odd = data.assign(a=np.nan, b=3.0)
    result = describe(odd, ITEMS)
    items = result.items.set_index("item")
    assert items.loc["a", ["mean", "sd", "skew", "kurtosis"]].isna().all()
    assert items.loc["b", "sd"] == 0
    assert "same" in result.undefined["b.skew"]
    assert "answers" in result.undefined["a.mean"]
    assert "mardia" in result.undefined
    assert result.mardia is None
    assert np.isnan(result.correlation.loc["b", "c"])
    assert len(result.glance()) == 1


def test_dependent_items_have_no_mardia(data: pd.DataFrame) -> None:
    result = describe(data.assign(b=data["a"]), ITEMS)
    assert "singular" in result.undefined["mardia"]


def test_unknown_items_are_all_named(data: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match="'d'"):
        describe(data, {"f": ["a", "d"]})
