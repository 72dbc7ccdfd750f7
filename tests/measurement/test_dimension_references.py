"""Held to psych and GPArotation: adequacy, eigenvalues, average partials, factors, rotations, fit."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd
import pytest
from analysis.measurement.exploratory import FactorSolution, explore
from analysis.measurement.extraction import extract
from analysis.measurement.factorability import sampling_adequacy, sphericity
from analysis.measurement.item_correlations import ItemCorrelations, given_correlations, item_correlations
from analysis.measurement.parallel_analysis import parallel_analysis
from analysis.measurement.partial_correlations import minimum_average_partial
from tests.references import Case, case_names, load_case

NAMES = case_names("dimension")
ROTATIONS = {"oblimin": "oblimin", "promax": "promax", "varimax": "varimax", "geominQ": "geomin"}
EXTRACTIONS = [(name, method) for name in NAMES for method in load_case(name).expected["factors"]]
ROTATED = [
    (*pair, turn) for pair in EXTRACTIONS for turn in load_case(pair[0]).expected["factors"][pair[1]]["rotations"]
]
WITH_DRAWS = [name for name in NAMES if "random" in load_case(name).expected]


def given(case: Case) -> ItemCorrelations:
    """The correlations that psych had."""
    names = case.expected["names"]
    return given_correlations(pd.DataFrame(case.expected["correlation"], names, names), case.expected["nobs"])


@cache
def solution(name: str, method: Any, rotation: Any) -> FactorSolution:
    case = load_case(name)
    return explore(given(case), case.options["factors"], extraction=method, rotation=rotation)


@pytest.mark.parametrize("name", case_names("dimension", "rows"))
def test_correlations_of_the_rows_are_theirs(name: str) -> None:
    case = load_case(name)
    ordinal = case.options.get("correlations") == "polychoric"
    missing = case.options.get("missing", "listwise")
    ours = item_correlations(case.frame(), case.definition["items"], ordinal=ordinal, missing=missing)
    assert ours.nobs == pytest.approx(case.expected["nobs"], rel=1e-12)
    # lavaan maximises each polychoric correlation to its optimiser's tolerance
    np.testing.assert_allclose(ours.correlation, case.expected["correlation"], atol=2e-6 if ordinal else 1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_adequacy_and_sphericity(name: str) -> None:
    case = load_case(name)
    items = given(case)
    adequacy, test = sampling_adequacy(items.correlation), sphericity(items.correlation, items.nobs)
    assert adequacy.overall == pytest.approx(case.expected["kmo"]["overall"], rel=1e-10)
    np.testing.assert_allclose(adequacy.by_item, case.expected["kmo"]["items"], rtol=1e-10)
    assert test.chisq == pytest.approx(case.expected["bartlett"]["chisq"], rel=1e-10)
    assert test.df == case.expected["bartlett"]["df"]


@pytest.mark.parametrize("name", NAMES)
def test_average_partials_after_each_component(name: str) -> None:
    """psych starts from one component and its last one leaves nothing."""
    case = load_case(name)
    ours, theirs = minimum_average_partial(given(case).correlation), case.expected["map"]
    last = len(theirs["squared"]) + 1
    np.testing.assert_allclose(ours.squared[1:last], theirs["squared"], rtol=1e-8)
    np.testing.assert_allclose(ours.fourth[1:last], theirs["fourth"], rtol=1e-8)


@pytest.mark.parametrize("name", NAMES)
def test_observed_eigenvalues_of_parallel_analysis(name: str) -> None:
    """Of factors by psych's own minres, which stops early."""
    case = load_case(name)
    items, theirs = given(case), case.expected["eigenvalues"]
    ours = parallel_analysis(items, replicates=20)
    np.testing.assert_allclose(ours.components.observed, theirs["components"], atol=1e-10)
    np.testing.assert_allclose(ours.factors.observed, theirs["factors"], atol=1e-5)
    smc = parallel_analysis(items, replicates=20, communalities="smc").factors
    np.testing.assert_allclose(smc.observed, theirs["factors_smc"], atol=1e-10)


@pytest.mark.parametrize("name", WITH_DRAWS)
def test_random_eigenvalues_are_psychs_within_monte_carlo_error(name: str) -> None:
    case = load_case(name)
    theirs, draws = case.expected["random"], 400
    ours = parallel_analysis(given(case), replicates=draws, seed=3)
    for side, found in (("components", ours.components), ("factors", ours.factors)):
        sd = np.array(theirs[side]["sd"])
        error = sd * np.sqrt(1.0 / draws + 1.0 / theirs["draws"])
        assert (np.abs(found.mean - theirs[side]["mean"]) < 4.0 * error).all(), side


@pytest.mark.parametrize(("name", "method"), EXTRACTIONS)
def test_extracted_factors(name: str, method: Any) -> None:
    case = load_case(name)
    theirs = case.expected["factors"][method]
    ours = solution(name, method, "none")
    rtol = case.tolerance["estimates"]
    np.testing.assert_allclose(ours.unrotated, np.reshape(theirs["loadings"], ours.unrotated.shape), atol=rtol)
    np.testing.assert_allclose(ours.uniqueness, theirs["uniqueness"], atol=rtol)
    extracted = extract(given(case).correlation, ours.n_factors, method, starts=3)
    np.testing.assert_allclose(extracted.uniqueness, theirs["psi"], atol=rtol)
    assert ours.converged


@pytest.mark.parametrize(("name", "method"), EXTRACTIONS)
def test_fit_of_factors(name: str, method: Any) -> None:
    case = load_case(name)
    theirs = case.expected["factors"][method]["fit"]
    ours = solution(name, method, "none").fit.values()
    for key in ("chisq", "df", "pvalue", "rmsea", "tli", "bic", "rmsr"):
        assert ours[key] == pytest.approx(theirs[key], rel=case.tolerance["fit"], abs=1e-12), key


@pytest.mark.parametrize(("name", "method", "turn"), ROTATED)
def test_rotated_factors(name: str, method: Any, turn: str) -> None:
    theirs = load_case(name).expected["factors"][method]["rotations"][turn]
    ours = solution(name, method, ROTATIONS[turn])
    rtol = load_case(name).tolerance["estimates"]
    np.testing.assert_allclose(ours.loadings, theirs["loadings"], atol=rtol)
    np.testing.assert_allclose(ours.factor_correlations, theirs["phi"], atol=rtol)
    np.testing.assert_allclose(ours.complexity, theirs["complexity"], rtol=1e-4)


def test_psych_itself_is_near_but_where_it_stops_at_another_minimum() -> None:
    distance = {pair: load_case(pair[0]).expected["factors"][pair[1]]["psych_distance"] for pair in EXTRACTIONS}
    assert [pair for pair, value in distance.items() if value > 1e-3] == [("dimension_hs_heywood", "ml")]


def test_a_case_has_an_item_that_factors_explain_wholly() -> None:
    assert solution("dimension_hs_heywood", "ml", "oblimin").heywood == ("x7",)
