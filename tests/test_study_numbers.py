"""The study's own structural model, from its raw responses, against lavaan."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from analysis import sem
from tests.comparison import compare_fit, compare_parameters
from tests.references import REPOSITORY, load_case

OF_THE_STUDY = ("smartcity_structural", "smartcity_fiml_mlr", "smartcity_wlsmv")
CASES = (*OF_THE_STUDY, "smartcity_twolevel")


@pytest.fixture(scope="module")
def fitted(study_responses: pd.DataFrame) -> dict[str, sem.SemResult]:
    """The model under each estimator."""
    cases = {name: load_case(name) for name in CASES}
    return {name: sem.fit(case.model, study_responses, **case.options) for name, case in cases.items()}


@pytest.mark.parametrize("name", OF_THE_STUDY)
def test_the_reference_is_of_the_model_that_the_study_fits(name: str) -> None:
    own = (REPOSITORY / Path("models/smartcity/structural.lav")).read_text(encoding="utf-8")
    assert load_case(name).model == own.strip()


@pytest.mark.parametrize("column", ["est", "se", "ci_lower", "ci_upper", "std_lv", "std_all"])
@pytest.mark.parametrize("name", CASES)
def test_parameters_equal_lavaan(fitted: dict[str, sem.SemResult], name: str, column: str) -> None:
    compare_parameters(fitted[name], load_case(name), column)


@pytest.mark.parametrize("name", CASES)
def test_fit_measures_equal_lavaan(fitted: dict[str, sem.SemResult], name: str) -> None:
    compare_fit(fitted[name], load_case(name))
