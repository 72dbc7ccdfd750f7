from __future__ import annotations

import numpy as np
import pytest
from analysis.sem.bootstrap.intervals import bias_correction, interval, jackknife_acceleration, normal_quantiles
from hypothesis import given
from hypothesis import strategies as st
from scipy import special, stats

# 400 skewed replicates, and empirical influence values, for which R's boot 1.3-28.1 gives the intervals below:
# boot:::norm.inter(t, c(.025, .975)) and boot:::bca.ci(list(), 0.95, t0 = 1, t = t, L = L - mean(L)).
REPLICATES = np.exp(0.5 * special.ndtri(np.arange(1, 401) / 401) + 0.1)[:, None]
INFLUENCE = np.array([-2, -1.5, -1, -0.5, 0, 0.2, 0.8, 1.4, 3, 5])
FROM_BOOT = {
    "perc": (0.41479261029338599, 2.9446421460600312),
    "bc": (0.33906606949220375, 2.4062966392441281),
    "bca": (0.37440539401313505, 2.6039126855050192),
}


@pytest.mark.parametrize("kind", FROM_BOOT)
def test_ends_are_those_of_boot(kind: str) -> None:
    rate = jackknife_acceleration(-INFLUENCE[:, None])
    assert rate[0] == pytest.approx(0.046852666747502547, rel=1e-12)
    lower, upper = interval(REPLICATES, np.ones(1), kind, acceleration=rate)
    assert (lower[0], upper[0]) == pytest.approx(FROM_BOOT[kind], rel=1e-10)


def test_percentiles_of_999_replicates_are_order_statistics() -> None:
    shuffled = np.random.default_rng(0).permutation(np.arange(1.0, 1000.0))[:, None]
    lower, upper = interval(shuffled, np.array([500.0]), "perc")
    assert (lower[0], upper[0]) == pytest.approx((25.0, 975.0), rel=1e-12)


def test_percentiles_are_near_numpys_where_replicates_are_dense() -> None:
    draws = np.random.default_rng(1).standard_normal((20_000, 3))
    lower, upper = interval(draws, np.zeros(3), "perc")
    np.testing.assert_allclose([lower, upper], np.quantile(draws, [0.025, 0.975], axis=0), atol=2e-3)


def test_between_order_statistics_by_hand() -> None:
    # (4 + 1) * 0.5 = 2.5: the median of four is half way, as normal quantiles are symmetric about it.
    assert normal_quantiles(np.array([[1.0], [2.0], [4.0], [9.0]]), np.array([[0.5]]))[0, 0] == pytest.approx(3.0)


def test_beyond_the_last_order_statistic_it_is_that_one() -> None:
    ends = normal_quantiles(np.array([[3.0], [1.0], [2.0]]), np.array([[0.001], [0.999]]))
    assert ends[:, 0].tolist() == [1.0, 3.0]


def test_the_acceleration_of_a_mean_is_its_skewness_over_six_root_n() -> None:
    x = np.random.default_rng(2).gamma(2.0, size=50)
    left_out = (x.sum() - x) / 49
    expected = stats.skew(x) / (6 * np.sqrt(50))
    assert jackknife_acceleration(left_out[:, None])[0] == pytest.approx(expected, rel=1e-9)


def test_bca_corrects_a_variance_of_normal_data_towards_its_exact_interval() -> None:
    # The bootstrap of s2 as it would be with endless replicates: s2 chi2_49 / 50 about s2 = 1. Efron (1987, section 2).
    n = 50
    replicates = stats.chi2.ppf(np.arange(1, 10_000) / 10_000, n - 1)[:, None] / n
    rate = np.array([np.sqrt(8 / n) / 6])  # skewness of a chi-square with n df, over six
    exact = ((n - 1) / stats.chi2.ppf(0.975, n - 1), (n - 1) / stats.chi2.ppf(0.025, n - 1))
    errors = {}
    for kind in ("perc", "bca"):
        lower, upper = interval(replicates, np.ones(1), kind, acceleration=rate)
        errors[kind] = abs(lower[0] - exact[0]) + abs(upper[0] - exact[1])
    assert errors["bca"] < 0.25 * errors["perc"]


@given(st.floats(0.1, 3.0), st.floats(-2.0, 2.0), st.sampled_from(["perc", "bc", "bca"]))
def test_intervals_move_with_unit_and_origin(scale: float, shift: float, kind: str) -> None:
    rate, estimate = np.array([0.03]), np.array([1.05])
    plain = interval(REPLICATES, estimate, kind, acceleration=rate)
    moved = interval(scale * REPLICATES + shift, scale * estimate + shift, kind, acceleration=rate)
    np.testing.assert_allclose(np.ravel(moved), scale * np.ravel(plain) + shift, rtol=1e-9)


def test_an_interval_that_does_not_exist_is_nan() -> None:
    estimate = np.array([100.0])  # above every replicate
    assert np.isinf(bias_correction(REPLICATES, estimate)[0])
    assert np.isnan(interval(REPLICATES, estimate, "bc")).all()
    with_nan = np.vstack([REPLICATES, [[np.nan]]])
    assert np.isnan(interval(with_nan, np.ones(1), "perc")).all()
    assert jackknife_acceleration(np.ones((5, 1)))[0] == 0.0
