"""Two one-sided tests, held to statsmodels and to the interval that goes with them."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.inference.smallest_effect import two_one_sided_tests
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.stats.weightstats import DescrStatsW


@pytest.mark.parametrize("bound", [0.05, 0.2, 0.6])
def test_the_test_of_a_mean_is_that_of_statsmodels(bound: float) -> None:
    values = np.random.default_rng(3).normal(0.1, 1.0, 60)
    described = DescrStatsW(values)
    found = two_one_sided_tests(described.mean, described.std_mean, bound, df=described.nobs - 1)
    assert found.pvalue == pytest.approx(described.ttost_mean(-bound, bound)[0], rel=1e-10)
    assert (found.ci_lower, found.ci_upper) == pytest.approx(described.tconfint_mean(alpha=0.1), rel=1e-10)


@settings(max_examples=100, deadline=None)
@given(
    est=st.floats(-2, 2),
    se=st.floats(0.01, 2),
    bound=st.floats(0.01, 2),
    df=st.one_of(st.none(), st.floats(2, 500)),
)
def test_an_effect_is_smaller_where_its_interval_lies_within_the_bounds(
    est: float, se: float, bound: float, df: float | None
) -> None:
    found = two_one_sided_tests(est, se, bound, df)
    margin = min(found.ci_lower + bound, bound - found.ci_upper)
    if abs(margin) > 1e-9:
        assert found.equivalent == (margin > 0)
    assert two_one_sided_tests(-est, se, bound, df).pvalue == pytest.approx(found.pvalue, rel=1e-9, abs=1e-12)
