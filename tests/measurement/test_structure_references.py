"""Held to lavaan, semTools and psych: structures of first-order factors, and what a general factor accounts for."""

from __future__ import annotations

import pandas as pd
import pytest
from analysis.measurement.hierarchical import (
    BIFACTOR,
    CORRELATED,
    HIGHER,
    ONE,
    Hierarchy,
    first_order_factors,
    hierarchy,
    structures,
)
from analysis.measurement.measurement_model import measurement_model
from analysis.sem.syntax import parse_model
from tests.references import Case, case_names, load_case

OF_THE_STUDY = "smartcity_belonging"
NAMES = (*case_names("structure", "rows"), OF_THE_STUDY)
FILES = {ONE: "one", CORRELATED: "correlated", HIGHER: "higher", BIFACTOR: "bifactor"}
MEASURES = (
    "chisq", "chisq_scaled", "df", "cfi", "cfi_scaled", "tli", "tli_scaled", "rmsea", "rmsea_scaled", "srmr", "aic",
    "bic",
)  # fmt: skip


def text_of(case: Case, structure: str) -> str:
    return (case.folder / f"{FILES[structure]}.lav").read_text(encoding="utf-8")


@pytest.fixture(scope="module", params=NAMES)
def case(request: pytest.FixtureRequest) -> Case:
    return load_case(request.param)


@pytest.fixture(scope="module")
def found(case: Case, study_responses: pd.DataFrame) -> Hierarchy:
    factors = first_order_factors(measurement_model(text_of(case, CORRELATED), case.name))
    options = {key: value for key, value in case.options.items() if key != "std_lv"}
    return hierarchy(factors, study_responses if case.name == OF_THE_STUDY else case.frame(), **options)


@pytest.mark.parametrize("name", case_names("structure"))
@pytest.mark.parametrize("structure", FILES)
def test_structures_are_the_models_that_were_fitted(name: str, structure: str) -> None:
    case = load_case(name)
    factors = first_order_factors(measurement_model(text_of(case, CORRELATED), name))

    def statements(text: str) -> set[tuple[str, str, str]]:
        return {(s.lhs, s.op, s.rhs) for s in parse_model(text).statements}

    assert statements(structures(factors)[structure]) == statements(text_of(case, structure))


@pytest.mark.parametrize("structure", FILES)
def test_fit_of_structures(case: Case, found: Hierarchy, structure: str) -> None:
    ours = {row.structure: row for row in found.fits}[structure]
    theirs = case.expected["fits"][FILES[structure]]
    for key in MEASURES:
        wanted = theirs.get(key)
        if wanted is None:
            assert getattr(ours, key) is None, key
        else:
            # lavaan's polychoric correlations are good to about 1e-8, which a chi-square of 28,829 shows
            assert getattr(ours, key) == pytest.approx(wanted, rel=1e-7, abs=case.tolerance["fit"]), key


def test_nested_structures(case: Case, found: Hierarchy) -> None:
    tests = {(test.restricted, test.full): test for test in found.tests}
    for pair, key in (((HIGHER, BIFACTOR), "higher_bifactor"), ((ONE, CORRELATED), "one_correlated")):
        theirs = case.expected[key]
        ours = tests[pair]
        assert ours.reason == ""
        assert ours.chisq_diff == pytest.approx(theirs["chisq_diff"], rel=1e-4)
        assert ours.df_diff == theirs["df_diff"]
        assert ours.pvalue == pytest.approx(theirs["pvalue"], rel=1e-3, abs=1e-12)


def test_the_general_factor(case: Case, found: Hierarchy) -> None:
    ours, theirs = found.general, case.expected["general"]
    rel = case.tolerance["estimates"]
    assert ours is not None
    loadings = pd.DataFrame(case.expected["loadings"])
    for item, value in loadings[loadings["lhs"] == "general"].set_index("rhs")["est_std"].items():
        assert ours.loadings_general[str(item)] == pytest.approx(value, abs=rel)
    for item, value in loadings[loadings["lhs"] != "general"].set_index("rhs")["est_std"].items():
        assert ours.loadings_specific[str(item)] == pytest.approx(value, abs=rel)
    assert ours.omega_hierarchical == pytest.approx(theirs["omega_hierarchical"]["general"], rel=rel)
    assert ours.omega_hierarchical_observed == pytest.approx(theirs["omega_hierarchical_observed"], rel=rel)
    assert ours.ecv == pytest.approx(theirs["ecv"], rel=rel)
    assert ours.puc == pytest.approx(theirs["puc"], rel=1e-12)
    for row in ours.specific:
        assert row.omega_hierarchical == pytest.approx(theirs["omega_hierarchical"][row.factor], rel=rel)
    if theirs["omega"]:
        assert ours.omega == pytest.approx(theirs["omega"]["total"], rel=rel)


def test_three_factors_and_a_higher_order_one_are_one_model(study_responses: pd.DataFrame) -> None:
    case = load_case(OF_THE_STUDY)
    factors = first_order_factors(measurement_model(text_of(case, HIGHER), case.name))
    assert list(factors) == ["belonging_cognitive", "belonging_affective", "belonging_conative"]
    tests = {(test.restricted, test.full): test for test in hierarchy(factors, study_responses).tests}
    assert tests[HIGHER, CORRELATED].chisq_diff is None
    assert "one model written twice" in tests[HIGHER, CORRELATED].reason
