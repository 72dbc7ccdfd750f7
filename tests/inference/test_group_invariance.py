"""Invariance over the groupings of a study: bands, groups that are too small, what cannot be compared."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd
from analysis.inference.group_invariance import LEAST, Grouping, band_labels, bands, group_invariance
from analysis.measurement.invariance import Search
from analysis.measurement.invariance_sample import Treatment
from hypothesis import given
from hypothesis import strategies as st

MODEL = "f =~ x1 + x2 + x3 + x4\n"


def _rows(sizes: dict[str, int]) -> pd.DataFrame:
    generator = np.random.default_rng(8)
    n = sum(sizes.values())
    factor = generator.standard_normal(n)
    items = {f"x{k}": 0.8 * factor + 0.6 * generator.standard_normal(n) for k in range(1, 5)}
    labels = np.repeat(list(sizes), list(sizes.values()))
    order = generator.permutation(n)
    return pd.DataFrame({**items, "g": labels, "age": generator.uniform(18, 90, n)}).iloc[order]


@given(
    st.lists(st.integers(18, 98), min_size=1, max_size=5, unique=True).map(sorted),
    st.lists(st.floats(0, 120), min_size=1, max_size=20),
)
def test_a_band_holds_what_its_label_says(cuts: Sequence[float], values: list[float]) -> None:
    labels = band_labels(tuple(cuts))
    for value, label in zip(values, bands(pd.Series(values), tuple(cuts)), strict=True):
        at = labels.index(label)
        assert at == 0 or value >= cuts[at - 1]
        assert at == len(cuts) or value < cuts[at]


def test_bands_are_named_from_below_and_missing_ages_have_none() -> None:
    assert band_labels((35, 50.5)) == ("< 35", "35 to < 50.5", "≥ 50.5")
    assert bands(pd.Series([20.0, np.nan, 35.0]), (35,)).tolist() == ["< 35", None, "≥ 35"]


def test_groups_come_in_the_order_of_their_answers_and_small_ones_are_left_out() -> None:
    data = _rows({"Man": 150, "Woman": 200, "Other": LEAST - 1})
    groupings = {"g": Grouping((), ("Woman", "Man", "Other", "nobody")), "age": Grouping((50,), ())}
    result = group_invariance(MODEL, data, groupings, Treatment(""), Search())
    assert result.found["g"].groups == (("Woman", 200), ("Man", 150))
    assert result.left_out == {"g": (("Other", LEAST - 1),), "age": ()}
    assert [label for label, _ in result.found["age"].groups] == ["< 50", "≥ 50"]


def test_a_grouping_of_one_group_says_why_it_is_not_there() -> None:
    data = _rows({"Man": 20, "Woman": 200})
    result = group_invariance(MODEL, data, {"g": Grouping((), ("Man", "Woman"))}, Treatment(""), Search())
    assert result.found == {}
    assert "g" in result.absent["g"]
    assert result.left_out["g"] == (("Man", 20),)


def test_the_studys_own_cutoffs_are_used() -> None:
    groupings = {"g": Grouping((), ("a", "b"))}
    search = Search(max_releases=0, delta_cfi=0.004)
    found = group_invariance(MODEL, _rows({"a": 200, "b": 200}), groupings, Treatment("", "MLR"), search).found["g"]
    assert found.cutoffs.cfi == 0.004
    assert found.estimator == "MLR"
    assert not any(step.post_hoc for step in found.steps)
