"""Held to lme4 and lmerTest: every reference of a mixed model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis.multilevel.modes import ConditionalModes, conditional_modes, linear_predictor
from analysis.multilevel.present import present
from analysis.multilevel.result import MixedResult
from analysis.multilevel.solution import Solution, solve
from analysis.study import load_study
from tests.references import REPOSITORY, Case, case_names, load_case

OF_THE_STUDY = tuple(name for name in case_names("mixed") if name.startswith("smartcity_mixed_"))
CASES = (*case_names("mixed", "rows"), *OF_THE_STUDY)


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return load_case(request.param)


@pytest.fixture(scope="module")
def solution(case: Case, study_responses: pd.DataFrame) -> Solution:
    rows = study_responses if case.name in OF_THE_STUDY else case.frame()
    return solve(case.model, rows, reml=not case.options["ml"], weights=case.options.get("weights"))


@pytest.fixture(scope="module")
def result(case: Case, solution: Solution) -> MixedResult:
    return present(solution, case.model, case.name)


@pytest.fixture(scope="module")
def modes(solution: Solution) -> tuple[ConditionalModes, ...]:
    return conditional_modes(solution)


def test_the_references_are_of_the_models_of_the_study() -> None:
    models = load_study(REPOSITORY, "smartcity").multilevel
    own = {f"smartcity_mixed_{name}": model.formula for name, model in models.items()}
    assert {name: load_case(name).model for name in OF_THE_STUDY} == own


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


def test_satterthwaite_degrees_of_freedom(case: Case, result: MixedResult) -> None:
    expected = case.table("fixed")
    np.testing.assert_allclose(result.fixed["df"], expected["df"], rtol=case.tolerance["df"])
    np.testing.assert_allclose(result.fixed["t"], expected["t"], rtol=case.tolerance["se"], atol=1e-9)
    np.testing.assert_allclose(result.fixed["pvalue"], expected["pvalue"], rtol=2e-2, atol=1e-12)
    np.testing.assert_allclose(result.fixed["ci_lower"], expected["ci_lower"], rtol=1e-3, atol=1e-4)


def test_f_tests_of_terms(case: Case, result: MixedResult) -> None:
    expected = pd.DataFrame(case.expected.get("anova", []), columns=["term", "f", "num_df", "den_df", "pvalue"])
    assert list(result.anova["term"]) == list(expected["term"])
    for column, tolerance in {"num_df": 0.0, "f": 2 * case.tolerance["se"], "den_df": case.tolerance["df"]}.items():
        ours, theirs = result.anova[column].astype(float), expected[column].astype(float)
        np.testing.assert_allclose(ours, theirs, rtol=tolerance)


def test_conditional_modes_and_their_errors(case: Case, modes: tuple[ConditionalModes, ...]) -> None:
    ours = pd.concat([term.table.assign(group=term.group) for term in modes]).set_index(["group", "level", "term"])
    theirs = case.table("ranef").astype({"level": str}).set_index(["group", "level", "term"])
    ours = ours.loc[theirs.index]
    scale = float(theirs["est"].abs().max())
    np.testing.assert_allclose(ours["est"], theirs["est"], rtol=case.tolerance["variances"], atol=1e-5 * scale + 1e-9)
    np.testing.assert_allclose(ours["se"], theirs["se"], rtol=case.tolerance["variances"], atol=1e-5 * scale + 1e-9)


def test_fitted_values(case: Case, solution: Solution, modes: tuple[ConditionalModes, ...]) -> None:
    fitted, population = linear_predictor(solution, modes)[:10], linear_predictor(solution)[:10]
    scale = 1e-6 * float(np.std(solution.design.y))
    np.testing.assert_allclose(fitted, case.expected["fitted"], rtol=1e-5, atol=scale)
    np.testing.assert_allclose(population, case.expected["fitted_population"], rtol=1e-6, atol=scale)
