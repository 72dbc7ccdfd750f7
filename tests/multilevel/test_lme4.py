"""Held to lme4: every reference with one grouping factor and one random term."""

from __future__ import annotations

import numpy as np
import pytest
from analysis import multilevel
from analysis.errors import SmartCityError
from analysis.multilevel.formula import parse_formula
from analysis.multilevel.result import MixedResult
from tests.references import Case, case_names, load_case


def _is_fitted_here(name: str) -> bool:
    case = load_case(name)
    if set(case.options) - {"ml"}:
        return False
    try:
        return len(parse_formula(case.model).random) == 1
    except SmartCityError:
        return False


CASES = [name for name in case_names("mixed", "rows") if _is_fitted_here(name)]


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return load_case(request.param)


@pytest.fixture(scope="module")
def result(case: Case) -> MixedResult:
    return multilevel.fit(case.model, case.frame(), reml=not case.options["ml"])


def test_fixed_effects(case: Case, result: MixedResult) -> None:
    expected = case.table("fixed").set_index("term")
    fixed = result.fixed.set_index("term")
    assert list(fixed.index) == list(expected.index)
    np.testing.assert_allclose(fixed["est"], expected["est"], rtol=case.tolerance["estimates"])


def test_standard_errors(case: Case, result: MixedResult) -> None:
    expected = case.table("fixed").set_index("term")
    np.testing.assert_allclose(result.fixed["se"], expected["se"], rtol=case.tolerance["se"])


def test_variance_components(case: Case, result: MixedResult) -> None:
    expected = case.table("random")
    for column in ("grp", "var1", "var2"):
        theirs = [value if isinstance(value, str) else None for value in expected[column]]
        assert list(result.random[column]) == theirs
    scale = expected["vcov"].abs().max() * 1e-9
    np.testing.assert_allclose(result.random["vcov"], expected["vcov"], rtol=case.tolerance["variances"], atol=scale)


def test_likelihood_and_criteria(case: Case, result: MixedResult) -> None:
    assert result.loglik == pytest.approx(case.expected["loglik"], rel=case.tolerance["loglik"])
    assert result.npar == case.expected["npar"]
    assert result.aic == pytest.approx(case.expected["aic"], rel=case.tolerance["loglik"])
    assert result.bic == pytest.approx(case.expected["bic"], rel=case.tolerance["loglik"])


def test_counts_and_singularity(case: Case, result: MixedResult) -> None:
    assert result.nobs == case.expected["nobs"]
    assert result.groups == case.expected["groups"]
    assert result.singular == case.expected["singular"]
    assert any(warning.startswith("singular fit") for warning in result.warnings) == result.singular


def test_explained_variance(case: Case, result: MixedResult) -> None:
    assert result.r2_marginal == pytest.approx(case.expected["r2_marginal"], abs=1e-4)
    assert result.r2_conditional == pytest.approx(case.expected["r2_conditional"], abs=1e-4)
    if result.icc is not None:
        assert result.icc == pytest.approx(case.expected["icc"], rel=1e-3, abs=1e-6)
