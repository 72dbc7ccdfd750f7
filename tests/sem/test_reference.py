"""Estimates, standard errors, standardised values, explained variance and fit measures against lavaan."""

from __future__ import annotations

from functools import cache

import pytest
from analysis import sem
from analysis.survey.plain import read_matrix, read_means
from tests.comparison import compare_fit, compare_parameters
from tests.references import case_names, load_case

CASES = case_names("sem")
FROM_ROWS = [name for name in case_names("sem", "rows") if name in CASES]
FROM_MOMENTS = [
    name
    for name in case_names("sem")
    if name in CASES and ("cov" in load_case(name).options or len(load_case(name).moments()) == 1)
]


def test_there_are_cases() -> None:
    assert len(set(FROM_ROWS) | set(FROM_MOMENTS)) >= 40


@cache
def _from_moments(name: str) -> sem.SemResult:
    case = load_case(name)
    options = dict(case.options)
    if "cov" in options:
        options["cov"] = read_matrix(case.folder / options["cov"])
        if "means" in options:
            options["means"] = read_means(case.folder / options["means"])
        return sem.fit(case.model, **options)
    (moments,) = case.moments()
    if any(op == "~1" for op in case.parameters["op"]):
        options["means"] = moments.mean
    # The stored matrix is divided by N, a published one by N - 1.
    covariance = moments.cov * moments.nobs / (moments.nobs - 1)
    return sem.fit(case.model, cov=covariance, nobs=moments.nobs, **options)


@cache
def _from_rows(name: str) -> sem.SemResult:
    case = load_case(name)
    return sem.fit(case.model, case.frame(), **case.options)


@pytest.mark.parametrize("column", ["est", "se", "ci_lower", "ci_upper", "std_lv", "std_all"])
@pytest.mark.parametrize("name", FROM_MOMENTS)
def test_parameters_from_moments_equal_lavaan(name: str, column: str) -> None:
    compare_parameters(_from_moments(name), load_case(name), column)


@pytest.mark.parametrize("column", ["est", "se", "ci_lower", "ci_upper", "std_lv", "std_all"])
@pytest.mark.parametrize("name", FROM_ROWS)
def test_parameters_from_responses_equal_lavaan(name: str, column: str) -> None:
    compare_parameters(_from_rows(name), load_case(name), column)


@pytest.mark.parametrize("name", FROM_MOMENTS)
def test_fit_measures_from_moments_equal_lavaan(name: str) -> None:
    compare_fit(_from_moments(name), load_case(name))


@pytest.mark.parametrize("name", FROM_ROWS)
def test_fit_measures_from_responses_equal_lavaan(name: str) -> None:
    compare_fit(_from_rows(name), load_case(name))


@pytest.mark.parametrize("name", [name for name in FROM_ROWS if "r2" in load_case(name).expected])
def test_explained_variance_equals_lavaan(name: str) -> None:
    result, case = _from_rows(name), load_case(name)
    expected = case.expected["r2"]
    if len(result.groups) > 1:
        expected = {f"{variable} [{group}]": value for group, by in expected.items() for variable, value in by.items()}
    if result.levels:
        blocks = zip(result.levels, expected.values(), strict=True)
        expected = {f"{variable} [{level}]": value for level, by in blocks for variable, value in by.items()}
    assert set(result.r_squared) == set(expected)
    # lavaan says nothing of a variable whose residual variance is negative.
    given = {variable: value for variable, value in expected.items() if value is not None}
    ours = {variable: result.r_squared[variable] for variable in given}
    assert ours == pytest.approx(given, rel=case.tolerance["estimates"], abs=1e-8)


@pytest.mark.parametrize("name", [name for name in FROM_ROWS if "icc" in load_case(name).expected])
def test_intraclass_correlations_equal_lavaan(name: str) -> None:
    result, case = _from_rows(name), load_case(name)
    assert result.icc == pytest.approx(case.expected["icc"], rel=case.tolerance["fit"])
