"""Reliability: closed forms, invariances, and what is undefined."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pingouin
import pytest
from analysis import sem
from analysis.errors import ModelError
from analysis.measurement.alpha import cronbach_alpha
from analysis.measurement.reliability import Reliability, reliability
from hypothesis import given
from hypothesis import strategies as st

SCALES = {"f": ["a", "b", "c"], "g": ["d", "e", "h"], "lone": ["k"]}
MODEL = "f =~ a + b + c\ng =~ d + e + h\na ~~ b"


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(3)
    f = rng.normal(size=500)
    g = 0.5 * f + rng.normal(size=500)
    items = {n: w * f + rng.normal(0, s, 500) for n, w, s in zip("abc", (1, 0.8, 1.4), (0.7, 1, 1.3), strict=True)}
    items |= {n: w * g + rng.normal(0, 0.8, 500) for n, w in zip("deh", (1, 0.9, 0.7), strict=True)}
    frame = pd.DataFrame(items | {"k": rng.normal(size=500)})
    frame.loc[::25, "d"] = np.nan
    return frame


@pytest.fixture(scope="module")
def model(data: pd.DataFrame) -> sem.SemResult:
    return sem.fit(MODEL, data)


@pytest.fixture(scope="module")
def result(data: pd.DataFrame, model: sem.SemResult) -> Reliability:
    return reliability(data, SCALES, model)


def row(result: Reliability, construct: str) -> pd.Series:
    return result.table.set_index("construct").loc[construct]


def test_alpha_and_interval_are_pingouins(data: pd.DataFrame, result: Reliability) -> None:
    for construct in ("f", "g"):
        complete = data[SCALES[construct]].dropna()
        theirs, interval = pingouin.cronbach_alpha(data=complete)
        ours = row(result, construct)
        assert ours["n"] == len(complete)
        assert ours["alpha"] == pytest.approx(theirs, rel=1e-12)
        np.testing.assert_allclose(ours[["alpha_ci_lower", "alpha_ci_upper"]].astype(float), interval, atol=5e-4)


def test_alpha_of_parallel_items_is_spearman_brown() -> None:
    base = np.array([[1.0, 1], [1, -1], [-1, 1], [-1, -1]])
    scores = np.column_stack([base[:, 0] + base[:, 1], base[:, 0] - base[:, 1]])
    assert cronbach_alpha(scores).alpha == pytest.approx(0.0, abs=1e-12)
    assert cronbach_alpha(np.column_stack([base[:, 0], base[:, 0]])).alpha == pytest.approx(1.0)


@given(
    shifts=st.lists(st.floats(-1e3, 1e3), min_size=4, max_size=4),
    factor=st.floats(0.01, 100),
    seed=st.integers(0, 1000),
)
def test_alpha_ignores_shifts_a_common_factor_and_order(shifts: list[float], factor: float, seed: int) -> None:
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(40, 4)) + rng.normal(size=(40, 1))
    one = cronbach_alpha(scores)
    other = cronbach_alpha((rng.permutation(scores) * factor + np.array(shifts))[:, ::-1])
    assert other.alpha == pytest.approx(one.alpha, rel=1e-6)
    assert other.ci_lower == pytest.approx(one.ci_lower, rel=1e-6)
    assert one.ci_lower < one.alpha < one.ci_upper


def test_composite_formulas(model: sem.SemResult, result: Reliability) -> None:
    tidy = model.tidy()
    loadings = tidy.query("op == '=~' and lhs == 'g'")
    lam = loadings["std_all"].to_numpy()
    ours = row(result, "g")
    assert ours["cr"] == pytest.approx(lam.sum() ** 2 / (lam.sum() ** 2 + (1 - lam**2).sum()))
    assert ours["ave"] == pytest.approx((lam**2).mean())
    psi = tidy.query("op == '~~' and lhs == 'g' and rhs == 'g'")["est"].item()
    theta = tidy[(tidy["op"] == "~~") & (tidy["lhs"] == tidy["rhs"]) & tidy["lhs"].isin(SCALES["g"])]["est"].sum()
    common = loadings["est"].sum() ** 2 * psi
    assert ours["omega"] == pytest.approx(common / (common + theta))


def test_residual_covariance_lowers_omega(model: sem.SemResult, result: Reliability) -> None:
    tidy = model.tidy()
    of_f = tidy[(tidy["op"] == "~~") & tidy["lhs"].isin(SCALES["f"])]
    theta = of_f["est"].sum() + of_f[of_f["lhs"] != of_f["rhs"]]["est"].sum()
    psi = tidy.query("op == '~~' and lhs == 'f' and rhs == 'f'")["est"].item()
    common = tidy.query("op == '=~' and lhs == 'f'")["est"].sum() ** 2 * psi
    assert row(result, "f")["omega"] == pytest.approx(common / (common + theta))


def test_fornell_larcker(model: sem.SemResult, result: Reliability) -> None:
    matrix = result.fornell_larcker
    assert list(matrix.index) == ["f", "g"]
    assert matrix.loc["f", "f"] == pytest.approx(np.sqrt(row(result, "f")["ave"]))
    r = model.tidy().query("op == '~~' and lhs == 'f' and rhs == 'g'")["std_all"].item()
    assert matrix.loc["f", "g"] == matrix.loc["g", "f"] == pytest.approx(r)
    distinct = result.discriminant.set_index("construct")
    assert distinct.loc["g", "strongest_correlation"] == pytest.approx(abs(r))
    assert distinct.loc["g", "distinct"]


def test_one_item_has_no_reliability_and_says_why(result: Reliability) -> None:
    assert row(result, "lone")[["alpha", "omega", "cr", "ave"]].isna().all()
    assert result.undefined["lone.alpha"] == "alpha needs at least two items"
    assert "does not measure" in result.undefined["lone.omega"]


def test_no_model_no_composite(data: pd.DataFrame) -> None:
    result = reliability(data, {"f": SCALES["f"]}, None)
    assert row(result, "f")["alpha"] > 0
    assert "f.cr" in result.undefined
    assert result.fornell_larcker.empty
    assert len(result.glance()) == 1


def test_nobody_answered_all(data: pd.DataFrame) -> None:
    holed = data.assign(b=data["b"].where(data["a"] > 99))
    result = reliability(holed, {"f": SCALES["f"]}, None)
    assert "0 respondents" in result.undefined["f.alpha"]


def test_constant_and_unknown_items_are_all_named(data: pd.DataFrame) -> None:
    with pytest.raises(ModelError) as caught:
        reliability(data.assign(b=4.0), {"f": ["a", "b", "zz"]}, None)
    assert "'b' is constant" in str(caught.value)
    assert "'zz' is not in the data" in str(caught.value)
