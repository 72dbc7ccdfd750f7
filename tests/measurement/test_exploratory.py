"""Exploratory factors: tables, and every case without a number."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis.errors import DataError, ModelError
from analysis.measurement.exploratory import explore, most_factors
from analysis.measurement.factorability import sampling_adequacy, sphericity
from analysis.measurement.hierarchical import first_order_factors, hierarchy, structures
from analysis.measurement.item_correlations import given_correlations, item_correlations
from analysis.measurement.measurement_model import measurement_model
from analysis.measurement.partial_correlations import minimum_average_partial
from tests.references import REFERENCE

DATA = pd.read_csv(REFERENCE / "simulated.csv")
ITEMS = [f"{scale}{i}" for scale in "abc" for i in range(1, 5)]


def test_items_are_sorted_by_factor_and_size() -> None:
    table = explore(item_correlations(DATA, ITEMS), 3).tidy()
    size = table[["F1", "F2", "F3"]].abs()
    place = size.to_numpy().argmax(axis=1)
    assert (np.diff(place) >= 0).all()
    for factor in range(3):
        assert (np.diff(size.max(axis=1)[place == factor]) <= 0).all()
    np.testing.assert_allclose(table["communality"] + table["uniqueness"], 1.0)
    assert {item[0] for item in table["item"][place == 0]} in ({"a"}, {"b"}, {"c"})


def test_a_matrix_and_its_rows_give_one_solution() -> None:
    rows = item_correlations(DATA, ITEMS)
    given = given_correlations(DATA[ITEMS].cov(), len(DATA))
    one, other = explore(rows, 3, extraction="ml"), explore(given, 3, extraction="ml")
    pd.testing.assert_frame_equal(one.loadings, other.loadings, atol=1e-9)
    assert one.fit.chisq == pytest.approx(other.fit.chisq)


def test_the_order_of_items_does_not_matter() -> None:
    one = explore(item_correlations(DATA, ITEMS), 3)
    other = explore(item_correlations(DATA, ITEMS[::-1]), 3)
    pd.testing.assert_frame_equal(one.loadings, other.loadings.loc[ITEMS], atol=1e-6)


@pytest.mark.parametrize("p", range(3, 30))
def test_the_most_factors_leave_degrees_of_freedom(p: int) -> None:
    k = most_factors(p)
    assert (p - k) ** 2 - p - k >= 0
    assert (p - k - 1) ** 2 - p - k - 1 < 0


@pytest.mark.parametrize(
    ("names", "n_factors", "words"),
    [
        (ITEMS[:4], 2, "leave -1 degrees of freedom"),
        (ITEMS[:2], 1, "a factor takes three items"),
        (ITEMS, 0, "ask for 1 at least"),
    ],
)
def test_too_many_factors_are_refused_with_a_way_out(names: list[str], n_factors: int, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        explore(item_correlations(DATA, names), n_factors)


def test_no_degrees_of_freedom_leave_no_test() -> None:
    found = explore(item_correlations(DATA, ITEMS[:3]), 1)
    assert found.fit.df == 0
    assert found.fit.pvalue is None
    assert "no degrees of freedom" in found.undefined["rmsea"]


def test_what_is_wrong_with_items_is_told_all_at_once() -> None:
    data = DATA.assign(word="x", same=1.0)
    with pytest.raises(ModelError) as caught:
        item_correlations(data, ["a1", "word", "a9"])
    assert len(caught.value.problems) == 2
    with pytest.raises(ModelError, match="'same' is constant"):
        item_correlations(data, ["a1", "same"])
    with pytest.raises(ModelError, match="two items at least"):
        item_correlations(data, ["a1"])
    with pytest.raises(ModelError, match="take listwise or pairwise"):
        item_correlations(data, ["a1", "a2"], missing="none")  # type: ignore[arg-type]


def test_missing_answers_are_left_out_by_row_or_by_pair() -> None:
    data = DATA[ITEMS].copy()
    data.loc[:49, "a1"] = np.nan
    listwise, pairwise = (item_correlations(data, ITEMS, missing=m) for m in ("listwise", "pairwise"))
    assert (listwise.nobs, listwise.n_dropped) == (350, 50)
    assert 350 < pairwise.nobs < 400
    np.testing.assert_allclose(pairwise.correlation[1:, 1:], np.corrcoef(data[ITEMS[1:]].T))
    np.testing.assert_allclose(pairwise.correlation[0], listwise.correlation[0])


def test_nobody_answered_everything() -> None:
    data = DATA[["a1", "a2"]].copy()
    data.loc[:198, "a1"] = np.nan
    data.loc[200:, "a2"] = np.nan
    with pytest.raises(DataError, match="1 respondents answered every item"):
        item_correlations(data, ["a1", "a2"])
    with pytest.raises(DataError, match="fewer than three respondents in common"):
        item_correlations(data, ["a1", "a2"], missing="pairwise")


def test_items_that_add_up_have_minres_but_no_likelihood() -> None:
    data = DATA.assign(sum=DATA["a1"] + DATA["a2"])
    items = item_correlations(data, [*ITEMS[:8], "sum"])
    assert not items.positive_definite
    assert any("not positive definite" in warning for warning in items.warnings)
    with pytest.raises(ModelError, match="maximum likelihood takes correlations that are positive definite"):
        explore(items, 2, extraction="ml")
    found = explore(items, 2)
    assert found.fit.chisq is None
    assert "not positive definite" in found.undefined["chisq"]
    assert found.fit.rmsr > 0
    assert np.isfinite(minimum_average_partial(items.correlation).squared[0])


def test_a_heywood_case_is_told() -> None:
    """A third item that repeats the sum of two, nearly."""
    noise = np.random.default_rng(3).standard_normal(len(DATA))
    data = DATA.assign(copy=DATA["a1"] + 0.05 * noise)
    found = explore(item_correlations(data, [*ITEMS[:4], "copy"]), 2, rotation="none")
    assert found.heywood
    assert any(warning.startswith("Heywood case") for warning in found.warnings)


def test_equal_correlations_have_a_known_adequacy() -> None:
    """For p = 2 partial and plain correlations are one, and the measure is a half."""
    pair = np.array([[1.0, 0.6], [0.6, 1.0]])
    assert sampling_adequacy(pair).overall == pytest.approx(0.5)
    assert sphericity(pair, 100).chisq == pytest.approx(-(100 - 1 - 9 / 6) * np.log(1 - 0.36))
    assert np.isnan(sampling_adequacy(np.eye(3)).overall)


def test_structures_take_three_factors() -> None:
    model = measurement_model("f =~ a1 + a2 + a3\ng =~ b1 + b2 + b3", "two.lav")
    with pytest.raises(ModelError, match="is not identified"):
        structures(first_order_factors(model))
    with pytest.raises(ModelError, match="'h' is no factor"):
        first_order_factors(model, ["f", "h"])


def test_a_structure_that_cannot_be_estimated_carries_the_reason() -> None:
    """Two items a factor leave specific factors that the data cannot tell."""
    found = hierarchy({"f": ("a1", "a2"), "g": ("b1", "b2"), "h": ("c1", "c2")}, DATA)
    fits = {fit.structure: fit for fit in found.fits}
    assert fits["correlated"].chisq is not None
    assert fits["bifactor"].chisq is None
    assert fits["bifactor"].reason
    assert found.general is None
    assert {test.reason for test in found.tests if test.full == "bifactor"} == {
        "the bifactor model could not be estimated"
    }


def test_a_general_factor_takes_a_name_that_is_free() -> None:
    assert "general_ =~ " in structures({"general": ["a", "b"], "g": ["c", "d"], "h": ["e", "f"]})["bifactor"]
