"""Estimates, standard errors, standardised values, explained variance and fit measures against lavaan."""

from __future__ import annotations

import math
from functools import cache

import pytest
from analysis import sem
from analysis.survey.plain import read_matrix, read_means
from tests.references import Case, case_names, load_case

_NOT_FITTED_HERE = {
    "sim_wlsmv_covariates",  # ordinal models with fixed covariates: an error, held in test_ordinal_models
    "twolevel_demo",
    "twolevel_demo_mlr",
    "twolevel_demo_two",
    "twolevel_elsoc",
}
CASES = [name for name in case_names("sem") if name not in _NOT_FITTED_HERE]
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
    _compare_parameters(_from_moments(name), load_case(name), column)


@pytest.mark.parametrize("column", ["est", "se", "ci_lower", "ci_upper", "std_lv", "std_all"])
@pytest.mark.parametrize("name", FROM_ROWS)
def test_parameters_from_responses_equal_lavaan(name: str, column: str) -> None:
    _compare_parameters(_from_rows(name), load_case(name), column)


@pytest.mark.parametrize("name", FROM_MOMENTS)
def test_fit_measures_from_moments_equal_lavaan(name: str) -> None:
    _compare_fit(_from_moments(name), load_case(name))


@pytest.mark.parametrize("name", FROM_ROWS)
def test_fit_measures_from_responses_equal_lavaan(name: str) -> None:
    _compare_fit(_from_rows(name), load_case(name))


def _compare_fit(result: sem.SemResult, case: Case) -> None:
    ours = result.fit_measures
    assert set(case.fit) <= set(ours)
    for measure, value in case.fit.items():
        if value is None:
            assert ours[measure] is None
            assert result.undefined[measure]
        else:
            # Log-likelihoods and chi-squares grow with N and the units, and have no scale of 1.
            scale = max(1.0, abs(value)) if measure in _ON_THE_SCALE_OF_THE_DATA else 1.0
            assert ours[measure] == pytest.approx(value, abs=case.tolerance["fit"] * scale), measure


_ON_THE_SCALE_OF_THE_DATA = {
    "logl", "unrestricted_logl", "aic", "bic", "bic2", "chisq", "chisq_scaled", "baseline_chisq",
    "baseline_chisq_scaled", "cn_05", "cn_01",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for name in FROM_ROWS if "r2" in load_case(name).expected])
def test_explained_variance_equals_lavaan(name: str) -> None:
    result, case = _from_rows(name), load_case(name)
    expected = case.expected["r2"]
    if len(result.groups) > 1:
        expected = {f"{variable} [{group}]": value for group, by in expected.items() for variable, value in by.items()}
    assert result.r_squared == pytest.approx(expected, rel=case.tolerance["estimates"], abs=1e-8)


def _compare_parameters(result: sem.SemResult, case: Case, column: str) -> None:
    ours = {_key(row.lhs, row.op, row.rhs, row.group): row for row in result.estimates}
    theirs = {_key(row["lhs"], row["op"], row["rhs"], row["group"]): row for row in case.expected["parameters"]}
    assert set(ours) == set(theirs)
    tolerance = case.tolerance["se" if column == "se" else "estimates"]
    for key, row in theirs.items():
        value, expected = getattr(ours[key], column), row[column]
        if (column in {"se", "ci_lower", "ci_upper"} and not ours[key].free) or expected is None:
            assert value is None
        else:
            # Limits of an interval are differences: they are compared on the scale of what they are made of.
            scale = max(abs(row["est"]), abs(expected)) if column.startswith("ci") else abs(expected)
            assert math.isclose(value, expected, rel_tol=0, abs_tol=tolerance * max(scale, 1e-6)), key


def _key(lhs: str, op: str, rhs: str, group: object) -> tuple[str, ...]:
    if op == ":=":
        return (lhs, op)
    pair = sorted((lhs, rhs)) if op == "~~" else (lhs, rhs)
    return (op, *pair, "" if group is None else str(group))
