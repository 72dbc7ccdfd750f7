"""Invariance held to lavaan and semTools: fit, difference tests, changes, releases, verdicts and latent means."""

from __future__ import annotations

from functools import cache

import pytest
from analysis.measurement.invariance import Search, invariance
from analysis.measurement.invariance_result import Invariance
from analysis.measurement.invariance_sample import Treatment
from tests.references import Case, case_names, load_case

CASES = case_names("invariance", "rows")
MEASURES = (
    "chisq", "df", "pvalue", "chisq_scaled", "df_scaled", "pvalue_scaled", "cfi", "cfi_scaled", "cfi_robust", "tli",
    "tli_scaled", "tli_robust", "rmsea", "rmsea_scaled", "rmsea_robust", "srmr", "aic", "bic",
)  # fmt: skip
OPTIONS = ("group", "estimator", "missing", "ordered", "cluster")


@cache
def found(name: str) -> Invariance:
    case = load_case(name)
    treatment = Treatment(**{key: case.options[key] for key in OPTIONS if key in case.options})
    search = Search(**{key: value for key, value in case.options.items() if key not in OPTIONS})
    return invariance(case.model, case.frame(), treatment, search, name)


def plain(parameter: str) -> str:
    """A parameter as both programs write it, without blanks."""
    return parameter.replace(" ", "")


def close(case: Case, value: float, kind: str = "fit") -> object:
    return pytest.approx(value, rel=case.tolerance[kind], abs=case.tolerance[kind])


def test_the_cases_cover_what_they_should() -> None:
    """At least the simulated ones are there without data that do not ship."""
    assert len(case_names("invariance")) >= 10
    assert {"invariance_sim_ml", "invariance_sim_cluster", "invariance_sim_wlsmv"} <= set(CASES)


@pytest.mark.parametrize("name", CASES)
def test_steps_fit_as_in_lavaan(name: str) -> None:
    case, ours = load_case(name), found(name)
    assert [step.name for step in ours.steps] == [step["name"] for step in case.expected["steps"]]
    assert ours.nobs == case.expected["nobs"]
    for step, theirs in zip(ours.steps, case.expected["steps"], strict=True):
        assert [plain(p) for p in step.released] == theirs["released"]
        for key in MEASURES:
            value = theirs["fit"].get(key)
            if value is not None and key in step.fit:
                assert step.fit[key] == close(case, value), (step.name, key)


@pytest.mark.parametrize("name", CASES)
def test_steps_are_tested_and_judged_as_in_lavaan(name: str) -> None:
    case = load_case(name)
    for step, theirs in zip(found(name).steps[1:], case.expected["steps"][1:], strict=True):
        assert step.holds is theirs.get("holds")
        if theirs.get("test") is None:
            assert step.test is None
            continue
        assert step.test is not None
        assert step.delta is not None
        for key in ("chisq_diff", "df_diff", "pvalue"):
            assert getattr(step.test, key) == close(case, theirs["test"][key]), (step.name, key)
        for key in ("cfi", "rmsea", "srmr"):
            assert getattr(step.delta, key) == close(case, theirs["delta"][key]), (step.name, key)


@pytest.mark.parametrize("name", CASES)
def test_releases_are_those_of_lavaans_score_tests(name: str) -> None:
    case = load_case(name)
    for made, theirs in zip(found(name).partial.releases, case.expected["releases"], strict=True):
        assert (made.step, plain(made.parameter), made.holds) == (theirs["step"], theirs["parameter"], theirs["holds"])
        assert made.df == theirs["df"]
        assert made.x2 == close(case, theirs["x2"])
        assert made.pvalue == close(case, theirs["pvalue"])


@pytest.mark.parametrize("name", CASES)
def test_latent_means_are_lavaans(name: str) -> None:
    case, ours = load_case(name), found(name)
    theirs = {(row["lhs"], row["group"]): row for row in case.expected.get("latent_means") or ()}
    assert {(mean.lhs, mean.group) for mean in ours.latent_means} == set(theirs)
    for mean in ours.latent_means:
        row = theirs[mean.lhs, mean.group]
        for key in ("est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_diff"):
            kind = "se" if key == "se" else "estimates"
            assert getattr(mean, key) == close(case, row[key], kind), (mean.lhs, mean.group, key)
    assert bool(ours.latent_means) != bool(ours.means_reason)
