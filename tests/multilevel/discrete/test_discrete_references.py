"""Binary and ordinal mixed models, held to glmer and clmm."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from analysis import multilevel
from analysis.multilevel import DiscreteResult
from tests.references import case_names, load_case

CASES = case_names("discrete", "rows")


@cache
def _fitted(name: str) -> DiscreteResult:
    case = load_case(name)
    return multilevel.fit(case.model, case.frame(), **case.options)


def test_there_are_cases() -> None:
    assert len(case_names("discrete")) >= 17


@pytest.mark.parametrize("name", [name for name in CASES if "fixed" in load_case(name).expected])
def test_fixed_effects(name: str) -> None:
    case, ours = load_case(name), _fitted(name).fixed
    theirs = case.table("fixed")
    assert list(ours["term"]) == list(theirs["term"])
    np.testing.assert_allclose(ours["est"], theirs["est"], rtol=case.tolerance["estimates"])
    tolerance = case.tolerance["se"]
    for column in ("se", "z", "odds_ratio"):
        np.testing.assert_allclose(ours[column], theirs[column], rtol=tolerance, err_msg=column)
    for column in ("ci_lower", "ci_upper"):  # differences of estimate and errors, which can cancel
        assert ((ours[column] - theirs[column]).abs() < tolerance * theirs["se"]).all()


@pytest.mark.parametrize("name", [name for name in CASES if load_case(name).expected.get("thresholds")])
def test_thresholds(name: str) -> None:
    case, ours = load_case(name), _fitted(name).thresholds
    theirs = case.table("thresholds")
    assert [row.term for row in ours] == list(theirs["term"])
    np.testing.assert_allclose([row.est for row in ours], theirs["est"], rtol=case.tolerance["estimates"])
    np.testing.assert_allclose([row.se for row in ours], theirs["se"], rtol=case.tolerance["se"])


@pytest.mark.parametrize("name", CASES)
def test_likelihood_variances_and_shares(name: str) -> None:
    case, ours = load_case(name), _fitted(name)
    expected, theirs = case.expected, case.table("random")
    for name_of_criterion in ("loglik", "aic", "bic"):
        assert getattr(ours, name_of_criterion) == pytest.approx(expected[name_of_criterion], rel=1e-7)
    assert (ours.nobs, ours.groups, ours.singular) == (expected["nobs"], expected["groups"], expected["singular"])
    np.testing.assert_allclose(ours.random["vcov"], theirs["vcov"], rtol=case.tolerance["variances"], atol=1e-7)
    for name_of_share in ("r2_marginal", "r2_conditional"):
        assert getattr(ours, name_of_share) == pytest.approx(expected[name_of_share], rel=1e-4, abs=1e-9)
    if len(theirs) == 1:
        assert ours.icc == pytest.approx(expected["icc"], rel=1e-4, abs=1e-9)
    else:
        assert ours.icc is None


@pytest.mark.parametrize("name", CASES)
def test_conditional_modes(name: str) -> None:
    case = load_case(name)
    ours = _fitted(name).conditional_modes.set_index(["term", "level"])
    theirs = case.table("ranef").astype({"level": str}).set_index(["term", "level"])
    chosen = ours.loc[theirs.index]
    size = max(float(theirs["est"].abs().max()), 1e-6)
    np.testing.assert_allclose(chosen["est"], theirs["est"], atol=1e-4 * size)
    if not case.expected["singular"]:
        np.testing.assert_allclose(chosen["se"], theirs["se"], rtol=1e-4)
