"""Hypotheses of one model judged under several ways of estimating it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.inference.families import families_of
from analysis.inference.hypotheses import judge
from analysis.inference.sensitivity import judge_alternatives
from analysis.study_files import Estimand, Hypothesis
from analysis.survey.codebook import Text

MODEL = "f =~ a + b + c\ng =~ d + e + h\ng ~ f"


def hypothesis(name: str, kind: str, model: str, estimand: str) -> Hypothesis:
    target = Estimand.model_validate({"kind": kind, "model": model, "name": estimand})
    return Hypothesis(id=name, statement=Text(en=name, fr=name), estimand=target, sign="+", source="made up")


HYPOTHESES = (
    hypothesis("first", "parameter", "structural", "g ~ f"),
    hypothesis("other", "parameter", "measurement", "f ~~ g"),
    hypothesis("mixed", "mixed", "structural", "x"),
    hypothesis("second", "parameter", "structural", "f =~ b"),
)


@pytest.fixture(scope="module")
def fits() -> dict[str, sem.SemResult]:
    rng = np.random.default_rng(5)
    f = rng.normal(size=300)
    g = 0.5 * f + rng.normal(size=300)
    data = pd.DataFrame({name: (f if name in "abc" else g) + rng.normal(0, 0.8, 300) for name in "abcdeh"})
    data.loc[:40, "a"] = np.nan
    return {
        "main": sem.fit(MODEL, data, name="structural", estimator="MLR", missing="fiml"),
        "complete_rows": sem.fit(MODEL, data, name="complete_rows"),
    }


def test_each_hypothesis_of_the_model_is_judged_under_each_analysis(fits: dict[str, sem.SemResult]) -> None:
    table = judge_alternatives(HYPOTHESES, fits, "structural")
    assert list(table["id"]) == ["first", "first", "second", "second"]
    assert list(table["analysis"]) == ["main", "complete_rows"] * 2
    assert list(table["nobs"][:2]) == [300, 259]
    assert list(table["estimator"][:2]) == ["MLR", "ML"]
    for name, result in fits.items():
        alone = judge([HYPOTHESES[0], HYPOTHESES[3]], {"structural": result}, {})
        same = table[table["analysis"] == name].reset_index(drop=True)
        pd.testing.assert_frame_equal(same[alone.columns], alone)


def test_without_such_a_hypothesis_the_table_is_empty(fits: dict[str, sem.SemResult]) -> None:
    table = judge_alternatives(HYPOTHESES[1:3], fits, "structural")
    assert table.empty
    assert {"analysis", "nobs", "id", "verdict"} <= set(table.columns)


def test_the_family_holds_the_hypotheses_about_other_models_too(fits: dict[str, sem.SemResult]) -> None:
    families = families_of(HYPOTHESES, "holm").given({"first": 0.9, "other": 0.9, "mixed": 0.9, "second": 0.9})
    table = judge_alternatives(HYPOTHESES, fits, "structural", families)
    for _, rows in table.groupby("analysis"):
        own = dict(zip(rows["id"], rows["pvalue"], strict=True))
        assert dict(zip(rows["id"], rows["pvalue_adjusted"], strict=True)) == families.adjusted(own)
        assert rows["pvalue_adjusted"].min() == pytest.approx(4 * rows["pvalue"].min())
