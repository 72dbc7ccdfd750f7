"""Estimates, standard errors, standardised values, explained variance and fit measures against lavaan."""

from __future__ import annotations

import math
from functools import cache

import pytest
from analysis import sem
from analysis.survey.plain import read_matrix
from tests.references import Case, case_names, load_case

_ESTIMATED_HERE = {"estimator", "std_lv", "meanstructure", "cov", "nobs"}


def _is_estimated_here(name: str) -> bool:
    options = load_case(name).options
    return set(options) <= _ESTIMATED_HERE and options.get("estimator", "ML") == "ML"


CASES = [name for name in case_names("sem") if _is_estimated_here(name)]
FROM_ROWS = [name for name in case_names("sem", "rows") if name in CASES]


def test_there_are_cases() -> None:
    assert len(CASES) >= 15


@cache
def _from_moments(name: str) -> sem.SemResult:
    case = load_case(name)
    flags = {key: case.options.get(key, False) for key in ("std_lv", "meanstructure")}
    if "cov" in case.options:
        covariance = read_matrix(case.folder / case.options["cov"])
        return sem.fit(case.model, cov=covariance, nobs=case.options["nobs"], **flags)
    (moments,) = case.moments()
    has_means = any(op == "~1" for op in case.parameters["op"])
    # The stored matrix is divided by N, a published one by N - 1.
    covariance = moments.cov * moments.nobs / (moments.nobs - 1)
    return sem.fit(case.model, cov=covariance, nobs=moments.nobs, means=moments.mean if has_means else None, **flags)


@pytest.mark.parametrize("column", ["est", "se", "ci_lower", "ci_upper", "std_lv", "std_all"])
@pytest.mark.parametrize("name", CASES)
def test_parameters_equal_lavaan(name: str, column: str) -> None:
    _compare_parameters(_from_moments(name), load_case(name), column)


@pytest.mark.parametrize("column", ["est", "se"])
@pytest.mark.parametrize("name", FROM_ROWS)
def test_parameters_from_the_responses_equal_lavaan(name: str, column: str) -> None:
    case = load_case(name)
    flags = {key: case.options.get(key, False) for key in ("std_lv", "meanstructure")}
    _compare_parameters(sem.fit(case.model, case.frame(), **flags), case, column)


@pytest.mark.parametrize("name", CASES)
def test_fit_measures_equal_lavaan(name: str) -> None:
    result, case = _from_moments(name), load_case(name)
    ours = result.fit_measures
    assert set(case.fit) <= set(ours)
    for measure, value in case.fit.items():
        if value is None:
            assert ours[measure] is None
            assert result.undefined[measure]
        else:
            scale = max(1.0, abs(value)) if measure in _ON_THE_SCALE_OF_THE_DATA else 1.0
            assert ours[measure] == pytest.approx(value, abs=case.tolerance["fit"] * scale), measure


# Likelihoods grow with N and with the units: 1e-4 of a log-likelihood of -30000 is below its own rounding.
_ON_THE_SCALE_OF_THE_DATA = {"logl", "unrestricted_logl", "aic", "bic", "bic2"}


@pytest.mark.parametrize("name", CASES)
def test_explained_variance_equals_lavaan(name: str) -> None:
    result, case = _from_moments(name), load_case(name)
    assert result.r_squared == pytest.approx(case.expected["r2"], rel=case.tolerance["estimates"])


def _compare_parameters(result: sem.SemResult, case: Case, column: str) -> None:
    ours = {_key(row.lhs, row.op, row.rhs): row for row in result.estimates}
    theirs = {_key(row["lhs"], row["op"], row["rhs"]): row for row in case.expected["parameters"]}
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


def _key(lhs: str, op: str, rhs: str) -> tuple[str, ...]:
    if op == ":=":
        return (lhs, op)
    return (op, *sorted((lhs, rhs))) if op == "~~" else (lhs, op, rhs)
