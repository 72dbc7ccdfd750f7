"""Counts of a model before any data, held to what lavaan counts; identification judged from the text alone."""

from __future__ import annotations

import pytest
from analysis.errors import ModelError
from analysis.sem.model_check import check_model
from tests.references import case_names, load_case

COUNTED = {"estimator", "missing", "meanstructure", "cluster", "se", "bootstrap", "weights", "seed", "modindices"}
CASES = [
    name
    for name in case_names("sem")
    if set(load_case(name).options) <= COUNTED and load_case(name).fit.get("df") is not None
]
MEASURES = "f =~ a + b + c\ng =~ d + e + h\n"


@pytest.mark.parametrize("name", CASES)
def test_parameters_and_degrees_of_freedom_are_lavaans(name: str) -> None:
    case = load_case(name)
    options = case.options
    means = any((options.get("meanstructure"), options.get("missing") == "fiml", options.get("cluster")))
    check = check_model(case.model, name, meanstructure=means)
    assert check.df == case.fit["df"]
    assert check.identified


def test_there_are_many_cases_and_some_of_two_levels() -> None:
    assert len(CASES) > 40
    assert any("twolevel" in name for name in CASES)


@pytest.mark.parametrize(
    ("model", "at_fault"),
    [
        ("f =~ NA*a + b + c\ng =~ d + e + h\ng ~ f", "f ~~ f"),
        ("f =~ a + b\ng =~ d + e\nf ~~ 0*g", "f =~ b"),
        (f"{MEASURES}f ~ g\ng ~ f", "g ~ f"),
        ("level: 1\nf =~ a + b + c\nlevel: 2\ng =~ NA*a + b + c", "g =~ b [between]"),
    ],
)
def test_what_no_data_could_tell_apart_is_named(model: str, at_fault: str) -> None:
    check = check_model(model)
    assert not check.identified
    assert at_fault in check.at_fault


@pytest.mark.parametrize(
    "model",
    [
        f"{MEASURES}g ~ f",
        "f =~ NA*a + l*b + l*c\nf ~~ 1*f",
        "f =~ p*a + q*b + c\nf ~~ 1*f\np == q",
        f"{MEASURES}k =~ l + m + n\nk ~ f + g + f:g",
        # A circle with an instrument for each direction
        f"{MEASURES}f ~ g + x\ng ~ f + z",
        "y ~ x + z",
    ],
)
def test_identified_models_are_found_so(model: str) -> None:
    assert check_model(model).identified


def test_too_many_parameters_for_the_moments() -> None:
    check = check_model("f =~ a + b")
    assert (check.npar, check.n_moments, check.identified) == (4, 3, False)


def test_a_label_that_nothing_carries_is_an_error_with_its_line() -> None:
    with pytest.raises(ModelError, match=r"mine\.lav:3.*label 'p'"):
        check_model(f"{MEASURES}twice := 2*p", "mine.lav")
