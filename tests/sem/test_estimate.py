from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.errors import DataError, EstimationError, ModelError
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sem.models import THREE_FACTORS, WITH_COVARIATES, simulated

MODELS = {"structural": THREE_FACTORS, "covariates": WITH_COVARIATES}


def _numbers(result: sem.SemResult) -> pd.DataFrame:
    """Estimates and standard errors by parameter, whatever the order of rows and of a covariance's two sides."""
    frame = result.tidy()
    pair = [" ".join(sorted((r.lhs, r.rhs))) if r.op == "~~" else f"{r.lhs} {r.rhs}" for r in frame.itertuples()]
    return frame.set_index([pd.Index(pair), "op"])[["est", "se", "std_all"]].sort_index()


def _same(a: sem.SemResult, b: sem.SemResult) -> None:
    pd.testing.assert_frame_equal(_numbers(a), _numbers(b), rtol=1e-7, atol=1e-9)
    assert a.fit_measures["chisq"] == pytest.approx(b.fit_measures["chisq"], rel=1e-7)
    assert a.fit_measures["df"] == b.fit_measures["df"]


@pytest.mark.parametrize("name", MODELS)
@given(seed=st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
def test_order_of_rows_columns_and_statements_does_not_matter(name: str, seed: int) -> None:
    data = simulated(250, 2)
    generator = np.random.default_rng(seed)
    shuffled = data.sample(frac=1, random_state=seed)[generator.permutation(data.columns)]
    lines = MODELS[name].strip().split("\n")
    relations = [line for line in lines if ":=" in line]
    statements = generator.permutation([line for line in lines if ":=" not in line])
    _same(sem.fit(MODELS[name], data), sem.fit("\n".join([*statements, *relations]), shuffled))


@pytest.mark.parametrize("name", MODELS)
@given(power=st.integers(-3, 3))
@settings(max_examples=7, deadline=None)
def test_units_of_measurement_do_not_matter(name: str, power: int) -> None:
    data = simulated(250, 3)
    plain, scaled = sem.fit(MODELS[name], data), sem.fit(MODELS[name], data * 10.0**power)
    a, b = plain.tidy(), scaled.tidy()
    assert plain.fit_measures["chisq"] == pytest.approx(scaled.fit_measures["chisq"], rel=1e-7)
    pd.testing.assert_series_equal(a["std_all"], b["std_all"], rtol=1e-7)
    pd.testing.assert_series_equal(a["z"], b["z"], rtol=1e-6)


def test_one_badly_scaled_item_does_not_stop_the_search() -> None:
    data = simulated(250, 4)
    scaled = data.assign(x2=data["x2"] * 1e5, x7=data["x7"] * 1e-4)
    chisq = [sem.fit(THREE_FACTORS, frame).fit_measures["chisq"] for frame in (data, scaled)]
    assert chisq[0] == pytest.approx(chisq[1], rel=1e-7)


@pytest.mark.parametrize("name", MODELS)
def test_a_covariance_matrix_gives_what_the_responses_give(name: str) -> None:
    data = simulated(250, 5)
    covariance = data.cov().sample(frac=1, random_state=1)
    _same(sem.fit(MODELS[name], data), sem.fit(MODELS[name], cov=covariance, nobs=len(data)))
    both = sem.fit(MODELS[name], cov=covariance, nobs=len(data), means=data.mean())
    _same(sem.fit(MODELS[name], data, meanstructure=True), both)


def test_identification_by_variance_gives_the_same_fit() -> None:
    data = simulated(250, 6)
    marker, variance = sem.fit(THREE_FACTORS, data), sem.fit(THREE_FACTORS, data, std_lv=True)
    assert marker.fit_measures["chisq"] == pytest.approx(variance.fit_measures["chisq"], rel=1e-9)
    a, b = (r.tidy().query("op == '=~'")["std_all"] for r in (marker, variance))
    np.testing.assert_allclose(a, b, rtol=1e-7)


def test_a_true_model_is_recovered_from_its_own_implied_moments() -> None:
    first = sem.fit(THREE_FACTORS, simulated(250, 7))
    again = sem.fit(THREE_FACTORS, cov=first.implied_covariance * 250 / 249, nobs=250)
    assert again.fit_measures["chisq"] == pytest.approx(0.0, abs=1e-8)
    np.testing.assert_allclose(again.tidy()["est"], first.tidy()["est"], rtol=1e-6)


def test_delta_method_of_a_product() -> None:
    result = sem.fit(THREE_FACTORS, simulated(250, 8))
    rows = result.tidy().set_index("label")
    at = [i for i, name in enumerate(result.free_names) if name in {"f3 ~ f2", "f2 ~ f1"}]
    assert result.covariance is not None
    v = result.covariance[np.ix_(at, at)]
    b, c = rows.loc["b", "est"], rows.loc["c", "est"]
    gradient = np.array([c if result.free_names[i] == "f3 ~ f2" else b for i in at])
    assert rows.loc["indirect", "est"] == pytest.approx(b * c)
    assert rows.loc["indirect", "se"] == pytest.approx(np.sqrt(gradient @ v @ gradient))


def test_a_saturated_model_says_why_it_has_no_test() -> None:
    result = sem.fit("f =~ x1 + x2 + x3", simulated(100, 9))
    assert result.fit_measures["df"] == 0
    assert result.fit_measures["rmsea"] is None
    assert "saturated" in result.undefined["rmsea"]


def test_dropped_rows_and_heywood_cases_are_said() -> None:
    data = simulated(100, 10)
    data.loc[:4, "x1"] = np.nan
    result = sem.fit(THREE_FACTORS, data)
    assert (result.nobs, result.n_dropped) == (95, 5)
    assert any("5 rows" in warning for warning in result.warnings)
    ordinal = sem.fit("f =~ x1 + x2 + x3", (data > 0).where(data.notna()).astype(float), ordered="all")
    assert (ordinal.nobs, ordinal.n_dropped) == (95, 5)
    assert any("5 rows" in warning for warning in ordinal.warnings)
    covariance = pd.DataFrame([[1.0, 0.9, 0.9], [0.9, 1.0, 0.7], [0.9, 0.7, 1.0]], list("abc"), list("abc"))
    heywood = sem.fit("f =~ a + b + c", cov=covariance, nobs=100)
    assert any("Heywood" in warning and "a" in warning for warning in heywood.warnings)


@pytest.mark.parametrize(
    ("model", "named"),
    [
        ("f =~ x1 + x2", "df = -1"),
        ("f =~ NA*x1 + x2 + x3 + x4", "f =~ x1"),
        ("f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\nf1 ~~ 0*f2\nf1 ~ f2\nf2 ~ f1", "f1 ~ f2"),
        ("f1 =~ x1 + x2\nf2 =~ x4 + x5\nf1 ~~ 0*f2", "f1 =~ x2"),
    ],
)
def test_models_that_are_not_identified_name_the_parameters(model: str, named: str) -> None:
    with pytest.raises(ModelError, match="not identified") as caught:
        sem.fit(model, simulated(200, 11))
    assert named in str(caught.value)


def test_unknown_variables_come_all_at_once_with_the_nearest_name() -> None:
    data = simulated(100, 12).rename(columns={"x1": "satisfaction1"})
    with pytest.raises(ModelError) as caught:
        sem.fit("f =~ satisfaction_1 + x2 + x3 + zz", data)
    assert len(caught.value.problems) == 2
    assert "satisfaction1" in caught.value.problems[0].hint


def test_labels_that_nothing_carries_and_operators_not_estimated_are_named() -> None:
    data = simulated(100, 13)
    with pytest.raises(ModelError, match="'k'"):
        sem.fit("f =~ x1 + x2 + x3 + x4\nind := k*2", data)
    with pytest.raises(ModelError, match="is not estimated here"):
        sem.fit("f =~ x1 + a*x2 + b*x3 + x4\na == 2*b\nx1 | t1", data)


def test_data_that_cannot_be_used_name_their_columns() -> None:
    data = simulated(100, 14)
    with pytest.raises(DataError, match="'x2' is constant"):
        sem.fit("f =~ x1 + x2 + x3 + x4", data.assign(x2=3.0))
    with pytest.raises(DataError, match="'x3' does not hold numbers"):
        sem.fit("f =~ x1 + x2 + x3 + x4", data.assign(x3="often"))
    with pytest.raises(DataError, match="too few"):
        sem.fit("f =~ x1 + x2 + x3 + x4", data.head(4))
    with pytest.raises(EstimationError, match=r"determine each other: .*x1"):
        sem.fit("f =~ x1 + x2 + x3 + x4", data.assign(x1=data["x2"] + data["x3"]))
    with pytest.raises(ModelError, match="latent variable of the model and a column"):
        sem.fit("x9 =~ x1 + x2 + x3 + x4", data)


def test_json_holds_no_number_that_json_lacks() -> None:
    text = sem.fit("f =~ x1 + x2 + x3", simulated(100, 15)).to_json()
    assert "NaN" not in text
    assert "Infinity" not in text
