"""Scale quality as a whole, and what must be said where scales are not as they should be."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from analysis.errors import DataError, EstimationError, ModelError
from analysis.measurement.scale_quality import ScaleQuality, scale_quality

MODEL = "f =~ a + b + c\ng =~ d + e + h"
NAMES = "abcdeh"


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(12)
    factors = rng.multivariate_normal([0, 0], [[1, 0.4], [0.4, 1]], 500)
    columns = [factors[:, j // 3] * 0.8 + rng.normal(0, 0.6, 500) for j in range(6)]
    return pd.DataFrame(dict(zip(NAMES, columns, strict=True)))


def quality(model: str, data: pd.DataFrame, **options: object) -> ScaleQuality:
    return scale_quality(model, data, n_resamples=100, **options)


@pytest.fixture(scope="module")
def result(data: pd.DataFrame) -> ScaleQuality:
    return quality(MODEL, data)


def test_the_json_has_the_contract_and_no_number_that_is_none(result: ScaleQuality) -> None:
    content = json.loads(result.to_json())
    assert {"scales", "htmt", "fornell_larcker", "undefined", "warnings", "conventions"} <= set(content)
    assert set(content["scales"]) == {"f", "g"}
    scale = content["scales"]["f"]
    assert {"alpha", "alpha_ci_lower", "alpha_ci_upper", "omega", "cr", "ave"} <= set(scale)
    for name, value in scale.items():
        assert (value is None) == (f"f.{name}" in content["undefined"])
    matrix = content["fornell_larcker"]
    assert content["htmt"]["f"]["g"] == content["htmt"]["g"]["f"] == pytest.approx(matrix["f"]["g"], abs=0.02)
    assert matrix["f"]["f"] == pytest.approx(scale["ave"] ** 0.5)


def test_every_coefficient_comes_in_its_order(result: ScaleQuality) -> None:
    table = result.tidy().set_index("construct")
    assert (table["alpha"] <= table["glb"]).all()
    np.testing.assert_allclose(table["omega"], table["omega_total"])
    assert len(result.glance()) == 1
    assert result.warnings == ()


def test_one_factor_fits_no_better_than_a_perfect_correlation(result: ScaleQuality) -> None:
    perfect, one = result.pairs
    assert perfect.chisq_diff is not None
    assert one.chisq_diff is not None
    assert one.chisq_diff >= perfect.chisq_diff - 1e-6
    assert one.df_diff == perfect.df_diff == 1
    assert perfect.pvalue is not None
    assert perfect.pvalue < 1e-6


def test_three_constructs_are_more_tied_by_merging_two(data: pd.DataFrame) -> None:
    rng = np.random.default_rng(1)
    more = data.assign(**{f"z{i}": data["a"] * 0.2 + data["d"] * 0.6 + rng.normal(0, 0.7, 500) for i in range(3)})
    for test in quality(f"{MODEL}\nk =~ z0 + z1 + z2", more).pairs:
        assert test.df_diff == (2 if test.restriction == "one factor" else 1)


def test_a_scale_of_one_item_says_why_it_has_no_reliability(data: pd.DataFrame) -> None:
    found = quality("f =~ a + b + c\ng =~ d", data)
    row = found.tidy().set_index("construct").loc["g"]
    assert row[["alpha", "omega", "cr", "ave", "glb", "omega_total"]].isna().all()
    for name in ("alpha", "omega", "cr", "ave", "glb", "omega_total", "htmt"):
        assert "item" in found.undefined[f"g.{name}"], name
    assert "two items" in found.undefined["htmt"]
    assert len(found.pairs) == 2
    json.loads(found.to_json())


def test_two_items_have_no_alpha_without_one(data: pd.DataFrame) -> None:
    found = quality("f =~ a + b\ng =~ d + e", data)
    assert all(row.alpha_if_dropped is None and row.rest_correlation is not None for row in found.items)
    assert "one is left" in found.undefined["f.a"]


def test_constant_and_unknown_items_are_named_together_with_the_remedy(data: pd.DataFrame) -> None:
    with pytest.raises(ModelError) as caught:
        quality(f"{MODEL} + hh", data.assign(b=3.0))
    assert "'b' is constant" in str(caught.value)
    assert "take it out" in str(caught.value)
    assert "did you mean 'h'" in str(caught.value)


def test_a_reversed_item_is_named_and_changes_no_validity(data: pd.DataFrame, result: ScaleQuality) -> None:
    found = quality(MODEL, data.assign(b=-data["b"]))
    assert any("b loads against" in warning for warning in found.warnings)
    assert found.reliability.scales[0].alpha is not None
    assert result.reliability.scales[0].alpha is not None
    assert found.reliability.scales[0].alpha < result.reliability.scales[0].alpha
    assert found.reliability.scales[0].ave == pytest.approx(result.reliability.scales[0].ave, rel=1e-6)
    for mine, other in zip(found.htmt, result.htmt, strict=True):
        assert mine.value == pytest.approx(other.value, rel=1e-9)
    for vif, other_vif in zip(found.method_bias.vifs, result.method_bias.vifs, strict=True):
        assert vif.vif == pytest.approx(other_vif.vif, rel=1e-9)
    assert found.coefficients[0].glb is not None


def test_a_heywood_case_is_said() -> None:
    """Correlations .9, .5 and .4 put the squared loading of the first item at .9 · .5 / .4 = 1.125."""
    rows = np.random.default_rng(6).normal(size=(60, 3))
    rows -= rows.mean(axis=0)
    white = rows @ np.linalg.inv(np.linalg.cholesky(rows.T @ rows)).T
    root = np.linalg.cholesky([[1, 0.9, 0.5], [0.9, 1, 0.4], [0.5, 0.4, 1]])
    found = quality("f =~ a + b + c", pd.DataFrame(white @ root.T, columns=list("abc")) * 10)
    assert any("a exceeds 1 (Heywood case)" in warning for warning in found.warnings)
    assert found.items[0].loading == pytest.approx(1.125**0.5, rel=1e-5)
    assert found.reliability.scales[0].omega is not None


def test_two_constructs_that_are_one(data: pd.DataFrame) -> None:
    rng = np.random.default_rng(3)
    f = rng.normal(size=500)
    same = pd.DataFrame({name: 0.8 * f + rng.normal(0, 0.6, 500) for name in NAMES})
    found = quality(MODEL, same)
    assert all(test.pvalue is not None and test.pvalue > 0.01 for test in found.pairs)
    assert all(row.distinct is False for row in found.htmt)
    assert not found.reliability.discriminant["distinct"].any()


def test_items_that_are_copies_end_in_an_error_that_says_so(data: pd.DataFrame) -> None:
    with pytest.raises(EstimationError, match="determine each other"):
        quality(MODEL, data.assign(d=data["a"], e=data["b"], h=data["c"]))


@pytest.fixture(scope="module")
def coded(data: pd.DataFrame) -> pd.DataFrame:
    return data.apply(lambda column: np.digitize(column, [-1.0, -0.3, 0.3, 1.0]) + 1.0)


def test_ordinal_scales_have_coefficients_of_their_own(coded: pd.DataFrame) -> None:
    found = quality(MODEL, coded, ordered="all")
    for row, more in zip(found.reliability.scales, found.coefficients, strict=True):
        assert row.omega is not None
        assert more.omega_latent_response is not None
        assert more.alpha_ordinal is not None
        assert row.alpha is not None
        assert row.alpha < more.alpha_ordinal
        assert row.omega < more.omega_latent_response
    assert found.estimator == "WLSMV"


def test_a_category_that_no_one_chose_changes_nothing_but_the_codes(coded: pd.DataFrame) -> None:
    gap = coded.assign(a=coded["a"].replace(3.0, 4.0))
    found, same = (
        quality(MODEL, frame, ordered="all") for frame in (gap, gap.assign(a=gap["a"].replace({4.0: 3.0, 5.0: 4.0})))
    )
    assert found.reliability.scales[0].omega == pytest.approx(same.reliability.scales[0].omega, rel=1e-12)
    assert found.htmt == same.htmt


def test_some_ordinal_items_and_others_not(coded: pd.DataFrame, data: pd.DataFrame) -> None:
    found = quality(MODEL, data.assign(a=coded["a"], b=coded["b"]), ordered=["a", "b"])
    assert "ordinal" in found.undefined["f.omega"]
    assert found.reliability.scales[1].omega is not None
    assert "declare all" in found.undefined["htmt"]
    json.loads(found.to_json())


def test_words_and_too_few_resamples_are_refused(data: pd.DataFrame, coded: pd.DataFrame) -> None:
    with pytest.raises((DataError, ModelError), match="a"):
        quality(MODEL, data.assign(a="agree"), ordered="all")
    with pytest.raises((DataError, ModelError), match="number"):
        quality(MODEL, data.assign(a=["yes", "no"] * 250))
    with pytest.raises(ModelError, match="too few"):
        scale_quality(MODEL, data, n_resamples=1)


def test_regressions_are_left_out_and_said(data: pd.DataFrame, result: ScaleQuality) -> None:
    found = quality(f"{MODEL}\ng ~ f", data)
    assert any("left out" in warning for warning in found.warnings)
    assert found.reliability.fornell_larcker.equals(result.reliability.fornell_larcker)


def test_fixed_loadings_leave_no_test_of_pairs(data: pd.DataFrame) -> None:
    found = quality("f =~ 1*a + 1*b + 1*c\ng =~ d + e + h", data)
    assert {test.chisq_diff for test in found.pairs} == {None}
    assert all("fixed at numbers" in test.reason for test in found.pairs)
    assert "method_bias.method_factor.equal" in found.undefined


def test_a_higher_order_construct(data: pd.DataFrame) -> None:
    rng = np.random.default_rng(1)
    more = data.assign(**{f"z{i}": data["a"] * 0.2 + data["d"] * 0.6 + rng.normal(0, 0.7, 500) for i in range(3)})
    found = quality(f"{MODEL}\nk =~ z0 + z1 + z2\ntop =~ f + g + k", more)
    top = found.tidy().set_index("construct").loc["top"]
    assert top["omega_hierarchical"] == top["omega"] < top["omega_total"]
    assert top[["cr", "ave", "ave_weighted"]].isna().all()
    assert all(f"top.{name}" in found.undefined for name in ("cr", "ave", "ave_weighted", "htmt"))
    assert {row.construct for row in found.htmt} == {"f", "g"}
    assert found.pairs == ()
    assert {row["distinct"] for row in json.loads(found.to_json())["discriminant"]} == {None}


def test_incomplete_rows_are_counted_by_scale(data: pd.DataFrame) -> None:
    found = quality(MODEL, data.assign(a=data["a"].where(data.index > 49)))
    assert [row.n for row in found.reliability.scales] == [450, 500]
    assert found.nobs == 450
