"""Quality of data: Little's test, normality, pooling and imputation, held to R and by what must hold."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pingouin
import pytest
from analysis.errors import DataError, ModelError
from analysis.measurement.answer_codes import floor_ceiling, suspect_codes
from analysis.measurement.chained_equations import impute
from analysis.measurement.data_quality import data_quality
from analysis.measurement.missing_values import is_monotone, little_mcar, missing_values
from analysis.measurement.normality import henze_zirkler
from analysis.measurement.pooling import pool, pool_chi_square
from analysis.measurement.treatments import imputed, pooled_treatment, treatments
from analysis.sem import fit
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.references import REFERENCE, Case, case_names, load_case

CASES = case_names("quality", "rows")
POOLED = [name for name in CASES if "pooled" in load_case(name).expected]
MODEL = "a =~ a1 + a2 + a3 + a4\nb =~ b1 + b2 + b3 + b4\n"


@pytest.mark.parametrize("name", CASES)
def test_tests_are_those_of_r(name: str) -> None:
    case = load_case(name)
    found = data_quality(case.model, case.frame())
    theirs = case.expected
    assert found.missing.n == theirs["nobs"]
    assert (found.missing.mcar is None) == ("mcar" not in theirs)
    if found.missing.mcar is not None:
        for key, value in theirs["mcar"].items():
            assert getattr(found.missing.mcar, key) == pytest.approx(value, rel=1e-6), key
    assert (found.descriptives.mardia is None) == ("mardia" not in theirs)
    if found.descriptives.mardia is not None:
        assert found.henze_zirkler is not None
        for key, value in theirs["mardia"].items():
            assert getattr(found.descriptives.mardia, key) == pytest.approx(value, rel=1e-7, abs=1e-14), key
        for key, value in theirs["henze_zirkler"].items():
            assert getattr(found.henze_zirkler, key) == pytest.approx(value, rel=1e-7, abs=1e-14), key


def _sets(case: Case) -> list[pd.DataFrame]:
    long = pd.read_csv(case.folder / "imputed.csv")
    return [rows.drop(columns="set") for _, rows in long.groupby("set")]


@pytest.mark.parametrize("name", POOLED)
def test_pooled_fits_are_those_of_mice_and_semtools(name: str) -> None:
    case = load_case(name)
    theirs = case.expected["pooled"]
    fits = [fit(case.model, rows, meanstructure=True) for rows in _sets(case)]
    found, test = pooled_treatment(fits)
    rows = {(row.lhs, row.op, row.rhs): row for row in found.parameters}
    for expected in theirs["parameters"]:
        row = rows[expected["lhs"], expected["op"], expected["rhs"]]
        assert row.pooled is not None
        for key in ("estimate", "within", "between", "total", "df", "df_rubin", "relative_increase", "fmi"):
            assert getattr(row.pooled, key) == pytest.approx(expected[key], rel=1e-4, abs=1e-7), key
        label = "".join((row.lhs, row.op, row.rhs))
        assert row.est == pytest.approx(theirs["semtools"]["est"][label], rel=1e-5, abs=1e-7)
        assert row.se == pytest.approx(theirs["semtools"]["se"][label], rel=1e-4)
    assert test is not None
    d2 = theirs["d2"]
    assert [one.fit_measures["chisq"] for one in fits] == pytest.approx(theirs["chisq"], rel=1e-5)
    assert test.d2 == pytest.approx(d2["F"], rel=1e-4)
    assert (test.df, test.df_error) == pytest.approx((d2["df1"], d2["df2"]), rel=1e-4)
    assert test.pvalue == pytest.approx(d2["pvalue"], rel=1e-4)
    assert test.relative_increase == pytest.approx(d2["ariv"], rel=1e-4)


@given(st.integers(0, 300), st.integers(2, 6))
@settings(max_examples=25)
def test_henze_zirkler_is_pingouins(seed: int, p: int) -> None:
    x = np.random.default_rng(seed).gamma(3.0, size=(60, p))
    theirs = pingouin.multivariate_normality(x)
    ours = henze_zirkler(x)
    assert (ours.statistic, ours.pvalue) == pytest.approx((theirs.hz, theirs.pval), rel=1e-8)


def _incomplete(seed: int, n: int = 120, p: int = 4) -> np.ndarray:
    generator = np.random.default_rng(seed)
    x = generator.normal(size=(n, p)) + generator.normal(size=(n, 1))
    return np.where(generator.random((n, p)) < 0.12, np.nan, x)


@given(st.integers(0, 300), st.floats(-1e3, 1e3), st.floats(1e-2, 1e2))
@settings(max_examples=15, deadline=None)
def test_little_ignores_location_and_scale(seed: int, shift: float, factor: float) -> None:
    x = _incomplete(seed)
    turned = x * np.array([factor, 1.0, -1.0, 2.0]) + shift
    assert little_mcar(turned).chisq == pytest.approx(little_mcar(x).chisq, rel=1e-5)


def test_little_rejects_what_depends_on_answers_and_keeps_its_level() -> None:
    generator = np.random.default_rng(4)
    x = generator.normal(size=(500, 3)) + generator.normal(size=(500, 1))
    depending = x.copy()
    depending[x[:, 0] > 0.8, 1] = np.nan
    assert little_mcar(depending).pvalue < 1e-6
    rejected = [little_mcar(_incomplete(seed, 300)).pvalue < 0.05 for seed in range(150)]
    assert sum(rejected) < 18  # binomial(150, .05) exceeds it with probability below .001


@given(st.permutations(range(4)), st.lists(st.integers(0, 4), min_size=2, max_size=30))
def test_monotone_in_any_order_of_items(order: list[int], answered: list[int]) -> None:
    missing = np.arange(4) >= np.array(answered)[:, None]
    assert is_monotone(missing[:, order])
    swapped = np.vstack([missing, [True, False, False, False], [False, True, False, False]])
    assert not is_monotone(swapped)


@given(st.floats(-5, 5), st.floats(0.01, 3), st.integers(2, 9))
def test_equal_data_sets_leave_no_variance_between(estimate: float, variance: float, m: int) -> None:
    found = pool(np.full(m, estimate), np.full(m, variance), 100.0)
    assert (found.between, found.fmi, found.relative_increase, found.df_rubin) == (0.0, 0.0, 0.0, np.inf)
    assert found.total == pytest.approx(variance)
    test = pool_chi_square(np.full(m, 12.0), 4)
    assert (test.d2, test.df_error) == (3.0, np.inf)


def test_hardly_any_variance_between() -> None:
    found = pool(np.array([0.0, 1e-100]), np.ones(2), 50.0)
    assert found.df_rubin == np.inf
    assert found.df == pytest.approx(51 / 53 * 50)
    assert pool_chi_square(np.array([1.0, 1.0 + 1e-15]), 3).d2 == pytest.approx(1 / 3)


@given(st.lists(st.floats(-3, 3), min_size=3, max_size=8, unique=True), st.floats(2, 500))
def test_pooling_bounds(estimates: list[float], df_complete: float) -> None:
    found = pool(np.array(estimates), np.ones(len(estimates)), df_complete)
    assert found.total >= found.within
    assert found.df <= min(found.df_rubin, df_complete)
    assert 0.0 <= found.fmi <= 1.0


@given(st.integers(0, 200))
@settings(max_examples=10, deadline=None)
def test_imputed_values_are_answers_that_were_given(seed: int) -> None:
    x = np.round(_incomplete(seed, 60))
    filled = impute(x, np.random.default_rng(seed))
    seen = ~np.isnan(x)
    assert (filled[seen] == x[seen]).all()
    assert all(set(filled[:, j]) <= set(x[seen[:, j], j]) for j in range(x.shape[1]))
    assert (filled == impute(x, np.random.default_rng(seed))).all()


def test_imputation_undoes_the_bias_of_complete_rows() -> None:
    generator = np.random.default_rng(2)
    x = generator.multivariate_normal([0, 0], [[1, 0.8], [0.8, 1]], 2000)
    x[x[:, 0] > 0, 1] = np.where(generator.random((x[:, 0] > 0).sum()) < 0.7, np.nan, x[x[:, 0] > 0, 1])
    means = [impute(x, np.random.default_rng(seed))[:, 1].mean() for seed in range(5)]
    assert np.nanmean(x[:, 1]) < -0.25
    assert np.mean(means) == pytest.approx(0.0, abs=0.08)


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    frame = pd.read_csv(REFERENCE / "simulated.csv")
    items = [f"{x}{i}" for x in "ab" for i in range(1, 5)]
    return frame[items].mask(np.random.default_rng(1).random((len(frame), 8)) < 0.06)


def test_treatments_agree_where_nothing_is_missing(data: pd.DataFrame) -> None:
    complete = data.dropna()
    found = treatments(MODEL, complete, list(complete), n_imputations=3, seed=1)
    listwise, fiml, pooled = found.treatments
    for a, b, c in zip(listwise.parameters, fiml.parameters, pooled.parameters, strict=True):
        assert (b.est, c.est) == pytest.approx((a.est, a.est), rel=1e-4, abs=1e-5)
        assert c.pooled is None or c.pooled.between == 0.0
    assert pooled.chisq == pytest.approx(listwise.chisq, rel=1e-9)


def test_treatments_have_seeds_and_full_information_is_near_imputation(data: pd.DataFrame) -> None:
    found = treatments(MODEL, data, list(data), n_imputations=8, seed=3)
    _, fiml, pooled = found.treatments
    assert found.n_failed == 0
    assert {row.name: row.nobs for row in found.treatments} == {"listwise": 240, "fiml": 400, "imputation": 400}
    for a, b in zip(fiml.parameters, pooled.parameters, strict=True):
        assert abs(a.est - b.est) <= (0.5 * a.se if a.se else 1e-9)
    first, second = imputed(data, list(data), 2, 3)
    assert not first.equals(second)
    pd.testing.assert_frame_equal(first, imputed(data, list(data), 5, 3)[0])


def test_failed_fits_are_counted(data: pd.DataFrame) -> None:
    found = treatments("a =~ a1 + a2", data, ["a1", "a2"], n_imputations=3, seed=1)
    assert found.n_failed == 3
    assert sum(found.reasons.values()) == 3
    assert all(row.reason for row in found.treatments)
    empty = treatments(MODEL, data.assign(a1=np.nan), list(data), n_imputations=4, seed=1)
    assert (empty.n_failed, empty.reasons) == (4, {"nobody answered 'a1'": 4})


@pytest.mark.parametrize(
    ("columns", "reason"),
    [
        ({}, ""),
        ({"a1": np.nan}, "nobody answered a1"),
        ({"a1": 3.0}, "all gave one answer to a1"),
    ],
)
def test_why_little_is_not_defined(data: pd.DataFrame, columns: dict[str, float], reason: str) -> None:
    found = missing_values(data.assign(**columns).to_numpy(), list(data))
    assert found.why_no_mcar.startswith(reason)
    assert (found.mcar is None) == bool(reason)


def test_further_reasons(data: pd.DataFrame) -> None:
    def reason(frame: pd.DataFrame) -> str:
        return missing_values(frame.to_numpy(), list(frame)).why_no_mcar

    assert reason(data.dropna()) == "no value is missing"
    assert "two items" in reason(data[["a1"]])
    assert "more than the 8 items" in reason(data.head(6))
    assert "determine another" in reason(data.assign(b4=data["a1"] + data["a2"]))
    apart = data.assign(a2=data["a2"].mask(data["a1"].notna()))
    assert "nobody answered both a1 and a2" in reason(apart)


@pytest.mark.parametrize("column", [np.nan, 2.0])
def test_a_useless_item_leaves_reasons_in_place_of_numbers(data: pd.DataFrame, column: float) -> None:
    found = data_quality(MODEL, data.assign(a1=column), n_imputations=2)
    assert {"mcar", "mardia", "henze_zirkler", "treatments.listwise"} <= set(found.undefined)
    assert json.loads(found.to_json())["missing"]["mcar"] is None


def test_collinear_items_have_no_normality_test(data: pd.DataFrame) -> None:
    found = data_quality(MODEL, data.assign(b4=data["a1"] + data["a2"]))
    assert "singular" in found.undefined["mardia"]
    assert found.henze_zirkler is None


def test_one_item_and_a_model_without_latent_variables(data: pd.DataFrame) -> None:
    one = data_quality("a =~ a1", data)
    assert [row.item for row in one.floor_ceiling] == ["a1"]
    path = data_quality("a1 ~ a2 + a3", data)
    assert [row.item for row in path.missing.items] == ["a1", "a2", "a3"]
    assert len(path.tidy()) == 3
    assert len(path.glance()) == 1


def test_all_items_with_words_are_named(data: pd.DataFrame) -> None:
    words = data.assign(a1="agree", b2=data["b2"].astype(str).where(data["b2"].notna(), "no answer"))
    with pytest.raises(DataError) as caught:
        data_quality(MODEL, words)
    assert [problem.where for problem in caught.value.problems] == ["column 'a1'", "column 'b2'"]
    assert "'no answer'" in str(caught.value)
    with pytest.raises(ModelError, match="'a9' is not in the data"):
        data_quality("a =~ a1 + a9", data)
    with pytest.raises(DataError, match="no rows"):
        data_quality(MODEL, data.head(0))


def test_codes_of_missing_answers_are_told_from_answers() -> None:
    frame = pd.DataFrame({"x": [1, 5, 3, -999, 99], "y": [1, 9, 7, 8, 2], "z": [60, 70, 88, 99, 80]}, dtype=float)
    assert list(suspect_codes(frame, ["x", "y", "z"])) == [
        "x holds -999, 99: if that is a code for no answer, leave those cells empty"
    ]


def test_floor_and_ceiling_share_the_range_of_the_construct() -> None:
    frame = pd.DataFrame({"x": [1, 1, 2, np.nan], "y": [5, 4, 3, 3]}, dtype=float)
    x, y = floor_ceiling(frame, ["x", "y"])
    assert (x.n, x.floor, x.ceiling) == (3, pytest.approx(2 / 3), 0.0)
    assert (y.floor, y.ceiling, y.lowest, y.highest) == (0.0, 0.25, 1.0, 5.0)
