"""Intervals of HTMT: resamples are what they say, the same from the same seed, and tested against a cutoff."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis.measurement.htmt_intervals import CUTOFF, HtmtRatio, htmt_ratios
from analysis.measurement.resampled_correlations import pearson_correlations, polychoric_correlations, resample
from analysis.sem.bootstrap.draws import LeaveOneOut, WithReplacement
from analysis.sem.ordinal.coding import code_answers
from analysis.sem.ordinal.moments import ordinal_moments

SCALES = {"f": ["a", "b", "c"], "g": ["d", "e", "h"]}
ITEMS = ["a", "b", "c", "d", "e", "h"]


def answers(phi: float, n: int = 400, seed: int = 5) -> pd.DataFrame:
    rng = np.random.default_rng(seed)
    f, g = rng.multivariate_normal([0, 0], [[1, phi], [phi, 1]], n).T
    columns = [0.8 * source + rng.normal(0, 0.6, n) for source in (f, f, f, g, g, g)]
    return pd.DataFrame(dict(zip(ITEMS, columns, strict=True)))


def coded(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.apply(lambda column: np.digitize(column, [-1.0, -0.2, 0.5, 1.2])).astype(float)


def test_a_resample_is_its_repeated_rows() -> None:
    rows = answers(0.5).to_numpy()
    source = pearson_correlations(rows)
    scheme = WithReplacement(3)
    for index, found in enumerate(np.concatenate(list(resample(source, scheme, range(120))))):
        if index % 40 == 0:
            counts = scheme.counts([len(rows)], index)[0]
            np.testing.assert_allclose(found, np.corrcoef(np.repeat(rows, counts, axis=0), rowvar=False), atol=1e-12)


def test_an_ordinal_resample_is_its_repeated_rows() -> None:
    rows = coded(answers(0.5)).to_numpy()
    source = polychoric_correlations(code_answers(rows, ITEMS))
    counts = WithReplacement(3).counts([len(rows)], 7)[0]
    drawn = np.repeat(rows, counts, axis=0)
    theirs = ordinal_moments(drawn, np.ones(6, dtype=bool), ITEMS).covariance
    np.testing.assert_allclose(source.of_resamples(counts[None].astype(float))[0], theirs, atol=1e-6)


def test_a_category_that_no_one_in_a_resample_gave_is_no_obstacle() -> None:
    rows = coded(answers(0.5)).to_numpy()
    kept = (rows[:, 0] > 0) & (rows[:, 1] != 2)
    source = polychoric_correlations(code_answers(rows, ITEMS))
    found = source.of_resamples(kept[None].astype(float))[0]
    theirs = ordinal_moments(rows[kept], np.ones(6, dtype=bool), ITEMS).covariance
    np.testing.assert_allclose(found, theirs, atol=1e-6)


def test_a_resample_in_which_an_item_does_not_vary_has_no_correlation() -> None:
    rows = np.array([[1.0, 2], [1, 3], [2, 5], [1, 4]])
    found = pearson_correlations(rows).of_resamples(np.array([[2.0, 1, 0, 1], [1, 1, 1, 1]]))
    assert np.isnan(found[0]).any()
    np.testing.assert_allclose(found[1], np.corrcoef(rows, rowvar=False))


def ratios(phi: float, **options: int) -> tuple[HtmtRatio, ...]:
    plan = {"n_resamples": 300, "seed": 2} | options
    return htmt_ratios(answers(phi), SCALES, ordinal=False, **plan)


def test_distinct_constructs_are_below_the_cutoff_and_equal_ones_are_not() -> None:
    for row in ratios(0.4):
        assert row.distinct
        assert row.pvalue == pytest.approx(1 / 301)
        assert row.perc_lower is not None
        assert row.perc_upper is not None
        assert row.value is not None
        assert row.perc_lower < row.value < row.perc_upper < CUTOFF
    for row in ratios(1.0):
        assert not row.distinct
        assert row.pvalue is not None
        assert row.pvalue > 0.5


def test_the_same_seed_gives_the_same_intervals() -> None:
    assert ratios(0.4) == ratios(0.4)
    assert ratios(0.4) != ratios(0.4, seed=3)


def test_bca_is_that_of_the_definition() -> None:
    """z0 and acceleration by hand, from the same resamples."""
    frame = answers(0.4, n=150)
    row = htmt_ratios(frame, SCALES, ordinal=False, n_resamples=400, seed=1)[0]
    source = pearson_correlations(frame.to_numpy())

    def htmt(correlation: np.ndarray) -> np.ndarray:
        size = np.abs(correlation)
        within = (
            [size[:, i, j] for i, j in ((0, 1), (0, 2), (1, 2))],
            [size[:, i, j] for i, j in ((3, 4), (3, 5), (4, 5))],
        )
        return size[:, :3, 3:].mean(axis=(1, 2)) / np.sqrt(np.mean(within[0], axis=0) * np.mean(within[1], axis=0))

    drawn = htmt(np.concatenate(list(resample(source, WithReplacement(1), range(400)))))
    left_out = htmt(np.concatenate(list(resample(source, LeaveOneOut(150), range(150)))))
    from scipy.stats import norm

    u = left_out.mean() - left_out
    a = (u**3).sum() / (6 * (u**2).sum() ** 1.5)
    z0 = norm.ppf((drawn < row.value).mean())
    level = norm.cdf(z0 + (z0 + norm.ppf(0.975)) / (1 - a * (z0 + norm.ppf(0.975))))
    assert row.bca_upper == pytest.approx(np.quantile(drawn, level), abs=0.005)


def test_ordinal_answers_take_polychoric_correlations() -> None:
    frame = coded(answers(0.4))
    row = htmt_ratios(frame, SCALES, ordinal=True, n_resamples=50, seed=1)[0]
    plain = htmt_ratios(frame, SCALES, ordinal=False, n_resamples=50, seed=1)[0]
    assert row.value != plain.value
    assert row.value == pytest.approx(0.4, abs=0.12)
    assert row.bca_lower is not None
