"""Comparisons of nested models against lavaan's lavTestLRT, and what is refused."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

import numpy as np
import pytest
from analysis.errors import ModelError
from analysis.sem import nested
from analysis.sem.difference import DifferenceTest, ScaledTest, satorra_bentler_2001
from analysis.sem.estimate import estimate
from analysis.sem.nested import compare, compare_models, difference_test
from analysis.sem.nesting import nesting
from analysis.sem.solution import Solution
from tests.references import case_names, load_case
from tests.sem.models import THREE_FACTORS, simulated

CASES = case_names("compare", "rows")
TIED = THREE_FACTORS.replace("x1 + x2 + x3", "x1 + l*x2 + l*x3")
_METHODS = {
    "default": "default",
    "satorra_bentler_2001": "satorra.bentler.2001",
    "satorra_bentler_2010": "satorra.bentler.2010",
    "satorra_2000": "satorra.2000",
}


def _tests() -> list[tuple[str, str]]:
    """Every test of every case, but for what lavaan makes of Satorra (2000) when values are missing."""
    found = [(name, method) for name in CASES for method in load_case(name).expected["tests"]]
    return [(n, m) for n, m in found if m != "satorra_2000" or load_case(n).options.get("missing") != "fiml"]


@cache
def _fitted(name: str) -> tuple[Solution, Solution]:
    """The full and the restricted model of a case."""
    case = load_case(name)
    narrow: dict[str, Any] = dict(case.options) | dict(case.definition.get("restricted", {}))
    data = case.frame()
    return estimate(case.model, data, **case.options), estimate(case.restricted or case.model, data, **narrow)


def test_there_are_cases() -> None:
    assert len(case_names("compare")) >= 8
    assert CASES


@pytest.mark.parametrize(("name", "method"), _tests())
def test_difference_equals_lavaan(name: str, method: str) -> None:
    case, (full, restricted) = load_case(name), _fitted(name)
    expected = case.expected["tests"][method]
    ours = compare(full, restricted, method=_METHODS[method]).test  # type: ignore[arg-type]
    assert ours.df_diff == expected["df_diff"]
    assert ours.chisq_diff == pytest.approx(expected["chisq_diff"], rel=case.tolerance["estimates"])
    assert ours.pvalue == pytest.approx(expected["pvalue"], rel=1e-2, abs=1e-8)


@pytest.mark.parametrize("name", CASES)
def test_restricted_model_is_nested_in_the_full_one_and_not_the_other_way_round(name: str) -> None:
    full, restricted = _fitted(name)
    assert nesting(restricted, full).nested
    assert not nesting(full, restricted).nested


def test_order_of_models_and_of_variables_does_not_matter() -> None:
    data = simulated(300, 3)
    full = estimate(THREE_FACTORS, data, estimator="MLR")
    lines = [line for line in THREE_FACTORS.replace("b*f2", "0*f2").strip().split("\n") if ":=" not in line]
    restricted = estimate("\n".join(reversed(lines)), data, estimator="MLR")
    assert restricted.table.observed != full.table.observed
    for method in ("satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000"):
        one = compare(full, restricted, ("full", "restricted"), method)
        other = compare(restricted, full, ("restricted", "full"), method)
        assert one.test == other.test
        assert (one.full, one.restricted) == (other.full, other.restricted) == ("full", "restricted")
        assert one.test.chisq_diff is not None
        assert one.test.chisq_diff > 0


def test_scaled_tests_are_close_to_the_plain_one_where_data_are_normal() -> None:
    data = simulated(4000, 6)
    restricted = THREE_FACTORS.replace("a*f1", "a*f1 + z1").replace("c*f1", "c*f1 + 0*z1")
    full = THREE_FACTORS.replace("a*f1", "a*f1 + z1").replace("c*f1", "c*f1 + z1")
    plain = compare_models(restricted, full, data, estimator="ML").test.chisq_diff
    for method in ("satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000"):
        scaled = compare_models(restricted, full, data, method=method, estimator="MLM").test.chisq_diff
        assert scaled == pytest.approx(plain, rel=0.12)


def test_restrictions_that_share_no_parameter_are_recognised() -> None:
    """One factor is two factors that correlate perfectly, though no row of the tables says so."""
    data = simulated(300, 3)
    one = estimate("f =~ x1 + x2 + x3 + x4 + x5 + x6", data)
    two = estimate("f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6", data)
    assert nesting(one, two).nested
    assert compare(one, two).test.df_diff == 1


def test_equivalent_models_restrict_neither_and_rivals_get_their_criteria() -> None:
    data = simulated(300, 3)
    chain = estimate("f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\nf2 ~ f1", data)
    with pytest.raises(ModelError, match=r"neither restricts the other[\s\S]*AIC and BIC"):
        compare(chain, estimate("f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\nf1 ~ f2", data))
    rival = estimate("f1 =~ x1 + x2 + x4\nf2 =~ x3 + x5 + x6\nx1 ~~ x2", data)
    with pytest.raises(ModelError, match=r"b is not nested in a|a is not nested in b"):
        compare(chain, rival)


def test_different_data_and_treatment_are_refused_with_every_reason() -> None:
    data = simulated(300, 3)
    model = "f1 =~ x1 + x2 + x3 + x4"
    full = estimate(model, data)
    with pytest.raises(ModelError, match="different variables: x4 in one alone"):
        compare(full, estimate("f1 =~ x1 + x2 + x3", data))
    with pytest.raises(ModelError, match="300 and 299 observations"):
        compare(full, estimate(f"{model}\nx1 ~~ x2", data.iloc[1:]))
    with pytest.raises(ModelError, match="sample moments differ"):
        compare(full, estimate(f"{model}\nx1 ~~ x2", simulated(300, 4)))
    with pytest.raises(ModelError, match=r"estimators: ML and MLR[\s\S]*mean structures"):
        compare(full, estimate(model, data, estimator="MLR", meanstructure=True))
    holes = data.mask(np.random.default_rng(1).random(data.shape) < 0.02)
    fiml = estimate(model, holes, missing="fiml")
    with pytest.raises(ModelError, match=r"treatments of missing values[\s\S]*observations"):
        compare(estimate(model, holes, meanstructure=True), fiml)


def test_methods_that_do_not_suit_the_estimator_are_refused() -> None:
    data = simulated(200, 3)
    pair = [estimate(text, data) for text in ("f =~ x1 + x2 + x3 + x4", "f =~ x1 + x2 + x3 + x4\nx1 ~~ x2")]
    with pytest.raises(ModelError, match=r"satorra.bentler.2001 does not go with ML"):
        compare(*pair, method="satorra.bentler.2001")
    with pytest.raises(ModelError, match="no difference test 'wald'"):
        compare(*pair, method="wald")  # type: ignore[arg-type]


def test_json_has_the_keys_of_the_contract() -> None:
    models = ("f =~ x1 + x2 + x3 + x4", "f =~ x1 + x2 + x3 + x4\nx1 ~~ x2")
    content = json.loads(compare_models(*models, simulated(200, 3), names=("one.lav", "two.lav")).to_json())
    assert [model["name"] for model in content["models"]] == ["one.lav", "two.lav"]
    assert {"chisq_diff", "df_diff", "pvalue", "method"} <= set(content["test"])
    assert content["test"]["restricted"] == "one.lav"
    assert content["models"][0]["aic"] is not None


def test_a_factor_that_is_not_positive_leaves_the_test_undefined_with_the_reason() -> None:
    test = satorra_bentler_2001(ScaledTest(50.0, 10, 1.0), ScaledTest(40.0, 9, 1.3))
    assert test.chisq_diff is test.pvalue is None
    assert "not positive" in test.reason
    saturated = satorra_bentler_2001(ScaledTest(50.0, 10, 2.0), ScaledTest(0.0, 0, None))
    assert saturated.chisq_diff == pytest.approx(25.0)


def test_the_test_of_a_model_known_to_be_nested_is_that_of_compare() -> None:
    full, restricted = (estimate(text, simulated(400, 3), estimator="MLR") for text in (THREE_FACTORS, TIED))
    assert difference_test(restricted, full) == compare(full, restricted).test


def test_a_scaling_factor_below_zero_hands_over_to_the_test_of_2010(monkeypatch: pytest.MonkeyPatch) -> None:
    full, restricted = (estimate(text, simulated(400, 3), estimator="MLR") for text in (THREE_FACTORS, TIED))
    undefined = DifferenceTest(None, 1, None, "satorra.bentler.2001", -0.1, reason="not positive")
    monkeypatch.setattr(nested, "satorra_bentler_2001", lambda *_: undefined)
    assert difference_test(restricted, full) == compare(full, restricted, method="satorra.bentler.2010").test
