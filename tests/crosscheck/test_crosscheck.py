"""Second opinions: agreement where the other program is right, silence with a reason elsewhere."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.crosscheck import pingouin_check, semopy_check
from analysis.crosscheck.agreement import TOLERANCE
from analysis.measurement.reliability import reliability

MODEL = "f =~ a + b + c\ng =~ d + e + h\ng ~ p*f\na ~~ d\ntwice := 2*p"


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(21)
    f = rng.normal(size=400)
    g = 0.6 * f + rng.normal(size=400)
    columns = {n: f + rng.normal(0, 0.7, 400) for n in "abc"} | {n: g + rng.normal(0, 0.7, 400) for n in "deh"}
    frame = pd.DataFrame(columns | {"age": rng.normal(size=400)})
    frame.loc[:9, "b"] = np.nan
    return frame


@pytest.fixture(scope="module")
def fitted(data: pd.DataFrame) -> sem.SemResult:
    return sem.fit(MODEL, data, name="structural")


def test_semopy_agrees(fitted: sem.SemResult, data: pd.DataFrame) -> None:
    agreement = semopy_check.refit(fitted, data)
    assert agreement.agrees is True
    assert agreement.engine.startswith("semopy 2")
    quantities = set(agreement.table["quantity"])
    assert {"chisq", "df", "cfi", "tli", "est: g ~ f", "se: f =~ b", "est: a ~~ d"} <= quantities
    assert len(quantities) == 2 * fitted.npar + 4
    assert agreement.largest_difference is not None
    assert agreement.largest_difference < 1e-5


def test_a_wrong_number_of_ours_is_found(fitted: sem.SemResult, data: pd.DataFrame) -> None:
    estimates = list(fitted.estimates)
    at = next(i for i, row in enumerate(estimates) if row.op == "~")
    estimates[at] = dataclasses.replace(estimates[at], est=estimates[at].est + 10 * TOLERANCE)
    agreement = semopy_check.refit(dataclasses.replace(fitted, estimates=tuple(estimates)), data)
    assert agreement.agrees is False
    assert list(agreement.table.query("not within")["quantity"]) == ["est: g ~ f"]


def test_badly_scaled_items_leave_the_baseline_out(data: pd.DataFrame) -> None:
    stretched = data.assign(c=data["c"] * 1000)
    agreement = semopy_check.refit(sem.fit("f =~ a + b + c + d", stretched), stretched)
    assert agreement.agrees is True
    assert "CFI and TLI left out" in agreement.reason
    assert "cfi" not in set(agreement.table["quantity"])


def test_a_model_that_fits_better_than_it_should() -> None:
    """Chi-square below its df: our CFI stops at 1."""
    rng = np.random.default_rng(0)
    for _ in range(40):
        f = rng.normal(size=300)
        data = pd.DataFrame({n: f + rng.normal(size=300) for n in "abcde"})
        result = sem.fit("f =~ a + b + c + d + e", data)
        if (result.fit_measures["chisq"] or 0) < (result.fit_measures["df"] or 0):
            break
    assert result.fit_measures["cfi"] == 1
    assert semopy_check.refit(result, data).agrees is True


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("f =~ a + b + c\nf ~ age", "covariates"),
        ("f =~ a + q*b + q*c\ng =~ d + e + h", "constrained"),
    ],
)
def test_models_semopy_gets_wrong_are_not_compared(text: str, words: str, data: pd.DataFrame) -> None:
    agreement = semopy_check.refit(sem.fit(text, data), data)
    assert agreement.agrees is None
    assert words in agreement.reason
    assert agreement.table.empty


def test_a_factor_scaled_by_its_variance_is_not_compared(data: pd.DataFrame) -> None:
    agreement = semopy_check.refit(sem.fit("f =~ a + b + c", data, std_lv=True), data)
    assert agreement.agrees is None
    assert "no fixed loading" in agreement.reason


def test_means_and_other_rows_are_not_compared(fitted: sem.SemResult, data: pd.DataFrame) -> None:
    with_means = sem.fit("f =~ a + b + c\ng =~ d + e + h", data, meanstructure=True)
    assert "means" in semopy_check.refit(with_means, data).reason
    assert "complete rows" in semopy_check.refit(fitted, data.iloc[:200]).reason


def test_pingouin_agrees(data: pd.DataFrame) -> None:
    scales = {"f": ["a", "b", "c"], "g": ["d", "e", "h"], "one": ["age"]}
    ours = reliability(data, scales, None)
    agreement = pingouin_check.alpha(ours, data, scales)
    assert agreement.agrees is True
    assert list(agreement.table["quantity"]) == ["alpha: f", "alpha: g"]
    assert agreement.table["abs_diff"].max() < 1e-12


def test_pingouin_with_nothing_to_compare(data: pd.DataFrame) -> None:
    scales = {"one": ["age"]}
    agreement = pingouin_check.alpha(reliability(data, scales, None), data, scales)
    assert agreement.agrees is None
    assert "no number" in agreement.reason
