"""Sums over blocks are what numpy says of all replications at once, however they are cut into blocks."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.inference.power_fits import Fits, Target
from analysis.inference.power_tally import Tally, summary
from analysis.sem.bootstrap.result import Statistic
from hypothesis import given, settings
from hypothesis import strategies as st

TRUTH = np.array([0.5, 0.0, np.nan])
STATISTICS = tuple(Statistic(name, "~", "x", None, "", True) for name in ("a", "b", "c"))
TARGET = Target(("x",), STATISTICS, TRUTH)


def _fits(n: int, seed: int) -> Fits:
    rng = np.random.default_rng(seed)
    estimate = rng.normal([0.5, 0.0, 2.0], 0.2, (n, 3))
    se = rng.uniform(0.1, 0.3, (n, 3))
    se[rng.random((n, 3)) < 0.05] = np.nan
    failure = np.where(rng.random(n) < 0.1, "broke", "")
    estimate[failure != ""] = np.nan
    return Fits(
        estimate, se, np.full((n, 3), 1.96), rng.uniform(1, 9, n), rng.random(n) < 0.2, tuple(map(str, failure))
    )


def _slice(fits: Fits, rows: slice) -> Fits:
    return Fits(
        fits.estimate[rows], fits.se[rows], fits.critical[rows], fits.chisq[rows], fits.improper[rows],
        fits.failure[rows],
    )  # fmt: skip


@settings(max_examples=25)
@given(st.integers(40, 200), st.integers(0, 10**6), st.integers(1, 60))
def test_blocks_add_up_to_the_whole(n: int, seed: int, size: int) -> None:
    fits, tally = _fits(n, seed), Tally(np.nan_to_num(TRUTH))
    for first in range(0, n, size):
        tally.add(_slice(fits, slice(first, first + size)))
    there = np.array([not reason for reason in fits.failure])
    assert (tally.n, tally.n_converged) == (n, there.sum())
    assert tally.n_improper == fits.improper[there].sum()
    for j, row in enumerate(summary(TARGET, tally, 100).to_dict("records")):
        usable = there & np.isfinite(fits.se[:, j])
        estimate, se, k = fits.estimate[usable, j], fits.se[usable, j], usable.sum()
        significant = np.abs(estimate / se) > 1.96
        assert row["replications"] == k
        assert row["power"] == pytest.approx(significant.mean())
        assert row["power_mcse"] == pytest.approx(np.sqrt(significant.mean() * (1 - significant.mean()) / k))
        assert row["power_positive"] == pytest.approx((significant & (estimate > 0)).mean())
        assert row["power_positive"] + row["power_negative"] == pytest.approx(row["power"])
        assert row["mean"] == pytest.approx(estimate.mean())
        assert row["sd"] == pytest.approx(estimate.std(ddof=1))
        assert row["mean_se"] == pytest.approx(np.sqrt((se**2).mean()))
        assert row["se_ratio"] == pytest.approx(row["mean_se"] / row["sd"])
        if np.isfinite(TRUTH[j]):
            assert row["bias"] == pytest.approx(estimate.mean() - TRUTH[j])
            assert row["bias_mcse"] == pytest.approx(row["sd"] / np.sqrt(k))
            assert row["coverage"] == pytest.approx((np.abs(estimate - TRUTH[j]) <= 1.96 * se).mean())
        else:
            assert np.isnan([row["bias"], row["bias_mcse"], row["coverage"], row["coverage_mcse"]]).all()
        assert np.isnan(row["relative_bias"]) == (j > 0)


def test_the_monte_carlo_error_of_the_ratio_is_its_spread_over_studies() -> None:
    ratios, errors = [], []
    for seed in range(300):
        tally = Tally(np.nan_to_num(TRUTH))
        tally.add(_fits(200, seed))
        row = summary(TARGET, tally, 100).iloc[0]
        ratios.append(row["se_ratio"])
        errors.append(row["se_ratio_mcse"])
    assert np.mean(errors) == pytest.approx(np.std(ratios, ddof=1), rel=0.15)
