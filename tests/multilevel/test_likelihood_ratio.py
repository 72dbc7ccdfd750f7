"""Likelihood-ratio tests of mixed models."""

from __future__ import annotations

import pandas as pd
import pytest
from analysis.errors import ModelError
from analysis.multilevel.likelihood_ratio import likelihood_ratio
from analysis.multilevel.solution import solve
from scipy.stats import chi2


def test_a_random_slope_is_tested_at_its_bound(sleep_like: pd.DataFrame) -> None:
    small, large = (solve(f"y ~ x + ({term} | g)", sleep_like) for term in ("1", "1 + x"))
    test = likelihood_ratio(small, large)
    assert test.chisq == pytest.approx(2.0 * (large.loglik - small.loglik))
    assert test.mixture == (1, 2)
    assert test.pvalue == pytest.approx(0.5 * chi2.sf(test.chisq, 1) + 0.5 * chi2.sf(test.chisq, 2))


def test_fixed_effects_are_tested_by_ml(sleep_like: pd.DataFrame) -> None:
    small, large = (solve(f"y ~ {fixed} + (1 | g)", sleep_like, reml=False) for fixed in ("1", "x"))
    test = likelihood_ratio(small, large)
    assert test.mixture == (1,)
    assert test.pvalue == pytest.approx(chi2.sf(test.chisq, 1))


@pytest.mark.parametrize(
    ("small", "large", "words"),
    [
        ("y ~ z + (1 | g)", "y ~ x + (1 | g)", "fixed effects are not nested"),
        ("y ~ 1 + (1 | g)", "y ~ x + (1 | g)", "REML likelihoods of different fixed effects"),
        ("y ~ x + (1 | h)", "y ~ x + (1 + x | g)", "random effects are not nested"),
        ("y ~ x + (1 | g)", "y ~ x + (1 | g)", "no parameter less"),
        ("x ~ 1 + (1 | g)", "y ~ 1 + (1 | g)", "outcomes differ"),
    ],
)
def test_what_cannot_be_compared_is_refused(sleep_like: pd.DataFrame, small: str, large: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        likelihood_ratio(solve(small, sleep_like), solve(large, sleep_like))


def test_other_rows_are_refused(sleep_like: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match="rows are analysed"):
        likelihood_ratio(solve("y ~ 1 + (1 | g)", sleep_like), solve("y ~ 1 + (1 | g)", sleep_like.iloc[5:]))
