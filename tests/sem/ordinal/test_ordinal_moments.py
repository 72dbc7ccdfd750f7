"""Moments of ordinal and mixed data, and their asymptotic covariance, against lavaan's and against themselves."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.errors import DataError
from analysis.sem.ordinal.moments import OrdinalMoments, ordinal_moments
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.references import Case, case_names, load_case

Array = NDArray[np.float64]
SEEDS = st.integers(0, 2**32 - 1)

NAMES = ("u1", "y1", "u2", "u3", "y2")
ORDINAL = np.array([True, False, True, True, False])


def answers(seed: int, n: int = 150) -> Array:
    """Three ordinal variables of 4, 2 and 3 categories and two continuous ones, of one factor."""
    draw = np.random.default_rng(seed)
    latent = 0.7 * draw.normal(size=(n, 1)) + 0.7 * draw.normal(size=(n, 5))
    latent[:, 1] = np.exp(0.5 * latent[:, 1]) + 5
    for column, cuts in ((0, [-0.8, 0.1, 0.9]), (2, [0.3]), (3, [-0.5, 0.6])):
        latent[:, column] = np.searchsorted(cuts, latent[:, column]) + 1
    # Every category is chosen by some.
    latent[:4, 0], latent[4:6, 2], latent[6:9, 3] = [1, 2, 3, 4], [1, 2], [1, 2, 3]
    return latent


def of_case(case: Case) -> OrdinalMoments:
    frame = case.frame()[list(case.definition["variables"])]
    ordered = case.options["ordered"]
    flags = np.array([ordered == "all" or name in ordered for name in frame.columns])
    missing = case.options.get("missing", "listwise")
    return ordinal_moments(frame.to_numpy(dtype=float), flags, tuple(frame.columns), missing)


def reference_gamma(case: Case) -> Array:
    rows = case.expected["gamma"]["lower"]
    gamma = np.zeros((len(rows), len(rows)))
    for number, row in enumerate(rows):
        gamma[number, : number + 1] = gamma[: number + 1, number] = row
    return gamma


@pytest.mark.parametrize("name", case_names("polychoric", source="rows"))
class TestAgainstLavaan:
    def test_correlations(self, name: str) -> None:
        case = load_case(name)
        expected = np.array(case.expected["sample_statistics"]["cov"]["values"])
        moments = of_case(case)
        assert moments.n_observations == case.expected["nobs"]
        np.testing.assert_allclose(moments.covariance, expected, rtol=1e-6, atol=1e-6)

    def test_thresholds_and_means(self, name: str) -> None:
        case = load_case(name)
        moments, expected = of_case(case), case.expected["sample_statistics"]
        ours = {
            label: value for label, value in zip(moments.labels, moments.wls_observed, strict=True) if "|t" in label
        }
        assert ours.keys() == expected["th"].keys()
        np.testing.assert_allclose(list(ours.values()), [expected["th"][label] for label in ours], atol=1e-9)
        np.testing.assert_allclose(moments.mean, [expected["mean"][name] for name in moments.names], atol=1e-9)

    def test_asymptotic_covariance(self, name: str) -> None:
        case = load_case(name)
        moments, expected = of_case(case), reference_gamma(case)
        assert list(moments.labels) == case.expected["gamma"]["names"]
        scale = np.sqrt(np.outer(np.diag(expected), np.diag(expected)))
        np.testing.assert_allclose(moments.gamma / scale, expected / scale, rtol=0, atol=1e-5)


@given(seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_order_of_variables_and_rows_does_not_matter(seed: int) -> None:
    columns = answers(seed)
    draw = np.random.default_rng(seed)
    order = draw.permutation(5)
    moments = ordinal_moments(columns, ORDINAL, NAMES)
    shuffled = columns[draw.permutation(len(columns))][:, order]
    other = ordinal_moments(shuffled, ORDINAL[order], [NAMES[k] for k in order])
    place = [_index(other, label) for label in moments.labels]
    np.testing.assert_allclose(other.wls_observed[place], moments.wls_observed, atol=1e-8)
    np.testing.assert_allclose(other.gamma[np.ix_(place, place)], moments.gamma, rtol=1e-6, atol=1e-6)


def _index(moments: OrdinalMoments, label: str) -> int:
    turned = "~~".join(reversed(label.split("~~")))
    return moments.labels.index(label if label in moments.labels else turned)


@given(seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_reversing_a_scale_turns_signs(seed: int) -> None:
    columns = answers(seed)
    turned = columns.copy()
    turned[:, 0] = 5 - turned[:, 0]
    moments, other = ordinal_moments(columns, ORDINAL, NAMES), ordinal_moments(turned, ORDINAL, NAMES)
    np.testing.assert_allclose(other.thresholds[0], -moments.thresholds[0][::-1], atol=1e-12)
    signs = np.where(np.arange(5) == 0, -1.0, 1.0)
    np.testing.assert_allclose(other.covariance, moments.covariance * np.outer(signs, signs), atol=1e-8)
    np.testing.assert_allclose(np.sort(np.diag(other.gamma)), np.sort(np.diag(moments.gamma)), rtol=1e-6)


@given(seed=SEEDS)
@settings(max_examples=40, deadline=None)
def test_gamma_is_symmetric_and_positive_semidefinite(seed: int) -> None:
    gamma = ordinal_moments(answers(seed), ORDINAL, NAMES).gamma
    np.testing.assert_allclose(gamma, gamma.T, rtol=1e-9, atol=1e-9)
    assert np.linalg.eigvalsh((gamma + gamma.T) / 2)[0] > -1e-8 * np.trace(gamma)


@given(seed=SEEDS, scale=st.floats(0.01, 1e6), shift=st.floats(-100, 100))
@settings(max_examples=40, deadline=None)
def test_units_of_continuous_variables_and_numbering_of_codes(seed: int, scale: float, shift: float) -> None:
    columns = answers(seed)
    other = columns.copy()
    other[:, 1] = shift + scale * other[:, 1]
    other[:, 0] = np.array([-3.0, 0.0, 7.0, 5000.0])[columns[:, 0].astype(int) - 1]
    one, two = ordinal_moments(columns, ORDINAL, NAMES), ordinal_moments(other, ORDINAL, NAMES)
    factors = np.where(np.arange(5) == 1, scale, 1.0)
    np.testing.assert_allclose(two.covariance, one.covariance * np.outer(factors, factors), rtol=1e-6, atol=1e-8)
    assert two.categories[0].tolist() == [-3.0, 0.0, 7.0, 5000.0]
    np.testing.assert_array_equal(one.thresholds[0], two.thresholds[0])


def test_all_continuous_gives_the_sample_covariance() -> None:
    columns = answers(4)[:, [1, 4]]
    moments = ordinal_moments(columns, np.array([False, False]), ("y1", "y2"))
    np.testing.assert_allclose(moments.covariance, np.cov(columns.T, ddof=0), rtol=1e-10)
    assert moments.labels == ("y1~1", "y2~1", "y1~~y1", "y2~~y2", "y1~~y2")
    np.testing.assert_allclose(moments.wls_observed[:2], -columns.mean(axis=0))


def test_doubling_the_rows_keeps_gamma() -> None:
    columns = answers(5)
    one, two = (ordinal_moments(rows, ORDINAL, NAMES) for rows in (columns, np.vstack([columns, columns])))
    np.testing.assert_allclose(one.gamma, two.gamma, rtol=1e-7, atol=1e-7)


def test_more_rows_than_a_block_hold() -> None:
    columns = answers(6, n=400)
    many = ordinal_moments(np.tile(columns, (60, 1)), ORDINAL, NAMES)
    np.testing.assert_allclose(many.gamma, ordinal_moments(columns, ORDINAL, NAMES).gamma, rtol=1e-6, atol=1e-6)


def test_the_spread_of_estimates_over_samples_is_gammas() -> None:
    """Monte Carlo: variances of the statistics over 400 samples, N = 400, against the mean of gamma / N."""
    samples = [ordinal_moments(answers(seed, n=400), ORDINAL, NAMES) for seed in range(400)]
    spread = np.var([sample.wls_observed for sample in samples], axis=0)
    stated = np.mean([np.diag(sample.gamma) for sample in samples], axis=0) / 400
    normal = [place for place, label in enumerate(samples[0].labels) if "y1" not in label]
    np.testing.assert_allclose(spread[normal], stated[normal], rtol=0.3)


class TestMissing:
    def test_listwise_leaves_rows_out(self) -> None:
        columns = answers(7)
        holes = columns.copy()
        holes[20:30, 0] = np.nan
        moments = ordinal_moments(holes, ORDINAL, NAMES)
        assert (moments.n_observations, moments.n_dropped) == (140, 10)
        complete = ordinal_moments(np.delete(columns, range(20, 30), axis=0), ORDINAL, NAMES)
        np.testing.assert_array_equal(moments.gamma, complete.gamma)

    def test_pairwise_on_complete_rows_is_listwise(self) -> None:
        columns = answers(8)
        one, two = (ordinal_moments(columns, ORDINAL, NAMES, missing) for missing in ("listwise", "pairwise"))
        np.testing.assert_array_equal(one.gamma, two.gamma)

    def test_a_category_that_only_dropped_rows_have_is_refused(self) -> None:
        columns = answers(9)
        columns[10, 0], columns[10, 1] = 5.0, np.nan
        with pytest.raises(DataError, match="nobody here answered 5 to 'u1'"):
            ordinal_moments(columns, ORDINAL, NAMES)

    def test_no_complete_row(self) -> None:
        columns = answers(10)
        columns[::2, 0], columns[1::2, 1] = np.nan, np.nan
        with pytest.raises(DataError, match="no row is complete"):
            ordinal_moments(columns, ORDINAL, NAMES)


class TestEmptyCells:
    def test_a_two_by_two_table_is_filled_and_larger_ones_are_not(self) -> None:
        case = load_case("polychoric_binary")
        found = {(cell.first, cell.second): cell.filled for cell in of_case(case).empty_cells}
        assert {pair for pair, filled in found.items() if filled} == {("v1", "v2"), ("v1", "v3")}
        assert found[("v1", "v5")] is False

    def test_variables_that_determine_each_other_are_all_named(self) -> None:
        item = np.repeat([1.0, 2.0], 30)
        columns = np.column_stack([item, item, 3 - item])
        with pytest.raises(DataError) as caught:
            ordinal_moments(columns, np.ones(3, dtype=bool), ("a", "b", "c"))
        assert len(caught.value.problems) == 3

    def test_a_correlation_at_the_bound_is_warned_of(self) -> None:
        item = np.repeat([1.0, 2.0, 3.0], 30)
        columns = np.column_stack([item, item, np.tile([1.0, 2.0, 3.0], 30)])
        moments = ordinal_moments(columns, np.ones(3, dtype=bool), ("a", "b", "c"))
        assert any("'a' and 'b'" in warning for warning in moments.warnings)
        assert np.isfinite(moments.gamma).all()


def test_every_variable_at_fault_is_named_at_once() -> None:
    columns = np.column_stack([np.ones(40), np.arange(40.0), np.tile([1.0, 2.0], 20)])
    with pytest.raises(DataError) as caught:
        ordinal_moments(columns, np.ones(3, dtype=bool), ("one", "many", "fine"))
    assert [problem.what.split("'")[1] for problem in caught.value.problems] == ["one", "many"]


@pytest.mark.parametrize("bad", [1.5, np.inf])
def test_codes_that_are_not_whole_numbers_are_refused(bad: float) -> None:
    columns = answers(11)
    columns[3, 0], columns[4, 3] = bad, bad
    with pytest.raises(DataError) as caught:
        ordinal_moments(columns, ORDINAL, NAMES)
    assert [problem.what.split("'")[1] for problem in caught.value.problems] == ["u1", "u3"]


def test_a_constant_continuous_variable_is_refused() -> None:
    columns = answers(12)
    columns[:, [1, 4]] = 3.0
    with pytest.raises(DataError) as caught:
        ordinal_moments(columns, ORDINAL, NAMES)
    assert len(caught.value.problems) == 2


def test_an_expected_category_that_nobody_chose_is_refused() -> None:
    expected = [np.arange(1.0, 6.0), np.array([1.0, 2.0]), np.array([1.0, 2.0, 3.0])]
    with pytest.raises(DataError, match="nobody here answered 5 to 'u1'"):
        ordinal_moments(answers(13), ORDINAL, NAMES, expected=expected)
