"""P values adjusted over families, held to statsmodels."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.inference.families import Families, adjust, families_of
from analysis.study_files import Adjustment, Hypothesis
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.multitest import multipletests

THEIRS: dict[Adjustment, str] = {"holm": "holm", "bh": "fdr_bh"}
PVALUES = st.lists(st.floats(0, 1, allow_subnormal=False), min_size=1, max_size=12)


@pytest.mark.parametrize("method", THEIRS)
@settings(max_examples=50, deadline=None)
@given(values=PVALUES)
def test_adjusted_p_values_are_those_of_statsmodels(method: Adjustment, values: list[float]) -> None:
    found = adjust(np.array(values), method)
    np.testing.assert_allclose(found, multipletests(values, method=THEIRS[method])[1], rtol=1e-12, atol=1e-300)
    assert np.all(found >= np.array(values))


def test_none_are_adjusted_where_the_study_adjusts_none() -> None:
    assert Families("none", {"a": "f"}).adjusted({"a": 0.01}) == {}
    np.testing.assert_array_equal(adjust(np.array([0.2, 0.1]), "none"), [0.2, 0.1])


def test_each_family_is_adjusted_by_itself() -> None:
    families = Families("holm", {"a": "one", "b": "one", "c": "two"})
    assert families.adjusted({"a": 0.01, "b": 0.04, "c": 0.03}) == pytest.approx({"a": 0.02, "b": 0.04, "c": 0.03})


def test_a_hypothesis_without_p_has_no_place() -> None:
    families = Families("holm", dict.fromkeys("abc", "one"))
    assert families.adjusted({"a": 0.01, "b": None, "c": float("nan")}) == {"a": 0.01}


def test_members_that_an_analysis_does_not_reach_keep_their_p() -> None:
    families = Families("holm", dict.fromkeys("abc", "one")).given({"a": 0.5, "b": 0.03, "c": 0.9})
    assert families.adjusted({"a": 0.02}) == pytest.approx({"a": 0.06})


def test_without_a_name_the_status_is_the_family() -> None:
    def claim(name: str, **declared: str) -> Hypothesis:
        words = {"en": name, "fr": name}
        target = {"kind": "effect", "model": "structural", "name": name}
        content = {"id": name, "statement": words, "estimand": target, "sign": "+", "source": "made up", **declared}
        return Hypothesis.model_validate(content)

    claims = [claim("H1"), claim("H2", status="exploratory"), claim("H3", family="pivot")]
    assert families_of(claims, "bh").family == {"H1": "confirmatory", "H2": "exploratory", "H3": "pivot"}
