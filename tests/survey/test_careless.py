"""Indices of careless responding against examples by hand and against plain numpy."""

from __future__ import annotations

import itertools

import numpy as np
import pandas as pd
import pytest
from analysis.survey import careless
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from scipy import stats

NAN = float("nan")
ANSWERS = arrays(
    float,
    st.tuples(st.integers(1, 8), st.integers(1, 12)),
    elements=st.one_of(st.integers(1, 5).map(float), st.just(NAN)),
)


def sample(n: int = 200, seed: int = 3) -> NDArray[np.float64]:
    """Four scales of three items, n respondents."""
    rng = np.random.default_rng(seed)
    factors = rng.normal(size=(n, 4)).repeat(3, axis=1)
    return np.clip(np.round(3 + factors + 0.5 * rng.normal(size=(n, 12))), 1, 5)


def test_completion() -> None:
    assert careless.completion_share(np.array([[1, NAN], [1, 2], [NAN, NAN]])).tolist() == [0.5, 1.0, 0.0]


def test_longest_run_by_hand() -> None:
    raw = np.array([[1, 1, 1, 2, 2], [1, 2, 1, 2, 1], [3, 3, NAN, 3, 3], [NAN] * 5, [4] * 5])
    assert careless.longest_run(raw).tolist() == [3, 1, 2, 0, 5]


@given(ANSWERS)
def test_longest_run_is_that_of_groupby(raw: NDArray[np.float64]) -> None:
    def longest(row: list[float]) -> int:
        runs = [(key, len(list(run))) for key, run in itertools.groupby(row)]
        return max((length for key, length in runs if not np.isnan(key)), default=0)

    assert careless.longest_run(raw).tolist() == [longest(row) for row in raw.tolist()]


@given(ANSWERS)
def test_variability_is_the_standard_deviation(raw: NDArray[np.float64]) -> None:
    expected = [np.std(row[~np.isnan(row)], ddof=1) if (~np.isnan(row)).sum() > 1 else NAN for row in raw]
    np.testing.assert_allclose(careless.individual_variability(raw), expected, atol=1e-12)


def test_even_odd_by_hand() -> None:
    """Halves (5, 2, 1) and (4, 3, 1): their correlation, then Spearman-Brown."""
    turned = np.array([[5.0, 4.0, 2.0, 3.0, 1.0, 1.0]])
    scales = [np.array([0, 1]), np.array([2, 3]), np.array([4, 5])]
    r = np.corrcoef([5, 2, 1], [4, 3, 1])[0, 1]
    assert careless.even_odd(turned, scales)[0] == pytest.approx(2 * r / (1 + r))


def test_even_odd_of_opposites_is_bounded() -> None:
    scales = [np.array([0, 1]), np.array([2, 3]), np.array([4, 5])]
    turned = np.array([[1.0, 5, 3, 3, 5, 1], [1.0, 5, 3, 2, 5, 1], [3.0] * 6])
    found = careless.even_odd(turned, scales)
    assert found[:2].tolist() == [-1.0, -1.0]
    assert np.isnan(found[2])


def test_even_odd_needs_three_scales() -> None:
    turned = np.array([[1.0, 2, 3, 4]])
    assert np.isnan(careless.even_odd(turned, [np.array([0, 1]), np.array([2, 3])])[0])
    assert np.isnan(careless.even_odd(turned, [np.array([0]), np.array([1])])[0])


def test_distance_is_that_of_scipy() -> None:
    turned = sample()
    turned[5, 2] = NAN
    complete = np.delete(turned, 5, axis=0)
    inverse = np.linalg.inv(np.cov(complete, rowvar=False))
    centre = complete.mean(axis=0)
    expected = np.array([(row - centre) @ inverse @ (row - centre) for row in complete])
    distance, p = careless.squared_distance(turned)
    assert np.isnan(distance[5])
    np.testing.assert_allclose(np.delete(distance, 5), expected)
    np.testing.assert_allclose(np.delete(p, 5), stats.chi2(12).sf(expected))
    assert np.nansum(distance) == pytest.approx((len(complete) - 1) * 12)


def test_distance_of_a_singular_sample_is_refused() -> None:
    turned = sample()
    turned[:, 3] = turned[:, 4]
    with pytest.raises(np.linalg.LinAlgError):
        careless.squared_distance(turned)
    with pytest.raises(np.linalg.LinAlgError, match="5 complete rows for 12 items"):
        careless.squared_distance(sample(5))


def test_synonyms() -> None:
    turned = sample()
    turned[0, 0] = NAN
    first, second = careless.synonym_pairs(turned, 0.6)
    assert set(zip(first.tolist(), second.tolist(), strict=True)) == {
        (3 * scale + a, 3 * scale + b) for scale in range(4) for a, b in [(0, 1), (0, 2), (1, 2)]
    }
    found = careless.synonym_consistency(turned, (first, second))
    assert found[1] == pytest.approx(np.corrcoef(turned[1, first], turned[1, second])[0, 1])


def test_correlations_of_columns_are_pairwise_complete() -> None:
    rng = np.random.default_rng(1)
    answers = np.where(rng.random((80, 6)) < 0.2, NAN, sample(80)[:, :6])
    answers[:, 5] = 2.0
    expected = pd.DataFrame(answers[:, :5]).corr().to_numpy()
    found = careless.column_correlations(answers)
    np.testing.assert_allclose(found[:5, :5], expected, atol=1e-12)
    assert np.isnan(found[5]).all()
