"""Fits that must agree: the same model seen as one group or two, complete or incomplete, in whatever codes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sem.models import THREE_FACTORS, simulated

# Covariances alike in all groups: everything but intercepts and latent means.
ALIKE = ("loadings", "regressions", "residuals", "residual.covariances", "lv.variances", "lv.covariances")
COVARIANCE_OPS = ["=~", "~", "~~"]
SEEDS = st.integers(0, 10_000)
CODES = st.lists(st.integers(-5, 40), min_size=4, max_size=4, unique=True).map(sorted)

TWO_FACTORS = "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\nf2 ~ f1"


def _rows(result: sem.SemResult, group: str | None = None) -> pd.DataFrame:
    """Estimates and standard errors by parameter, of one group or the only one."""
    frame = result.tidy()
    frame = frame[frame["group"].isna() | (frame["group"] == group)] if group is not None else frame
    return frame.set_index(["lhs", "op", "rhs"])[["est", "se", "std_all"]]


def _grouped(seed: int, n: int = 400) -> pd.DataFrame:
    """Two groups of unequal sizes and unequal means."""
    data = simulated(n, seed)
    is_north = np.arange(n) % 3 == 0
    shifted = data.add(np.outer(is_north, np.linspace(0.0, 2.0, data.shape[1])))
    return shifted.assign(region=np.where(is_north, "north", "south"))


@given(seed=SEEDS)
@settings(max_examples=5, deadline=None)
def test_full_information_on_complete_data_is_maximum_likelihood(seed: int) -> None:
    data = simulated(200, seed)
    listwise, fiml = (sem.fit(THREE_FACTORS, data, missing=how, meanstructure=True) for how in ("listwise", "fiml"))
    pd.testing.assert_series_equal(_rows(listwise)["est"], _rows(fiml)["est"], rtol=1e-7, atol=1e-9)
    for name in ("chisq", "df", "logl", "cfi", "rmsea", "srmr", "bic"):
        assert fiml.fit_measures[name] == pytest.approx(listwise.fit_measures[name], rel=1e-7)


@given(seed=SEEDS)
@settings(max_examples=5, deadline=None)
def test_groups_alike_but_for_their_means_are_one_group_of_deviations_from_them(seed: int) -> None:
    """Free intercepts fit each group's means, so that what is left to fit is the pooled within-group covariance."""
    data = _grouped(seed)
    items = [column for column in data if column != "region"]
    deviations = data[items] - data.groupby("region")[items].transform("mean")
    pooled = _rows(sem.fit(THREE_FACTORS, deviations))
    result = sem.fit(THREE_FACTORS, data, group="region", group_equal=ALIKE)
    for group in result.groups:
        ours = _rows(result, group).query("op in @COVARIANCE_OPS")
        pd.testing.assert_frame_equal(ours, pooled.loc[ours.index], rtol=1e-6, atol=1e-8)


@given(seed=SEEDS)
@settings(max_examples=5, deadline=None)
def test_groups_alike_in_everything_are_one_group(seed: int) -> None:
    data = _grouped(seed)
    pooled = sem.fit(THREE_FACTORS, data, meanstructure=True)
    result = sem.fit(THREE_FACTORS, data, group="region", group_equal=(*ALIKE, "intercepts", "means"))
    assert result.npar == pooled.npar
    assert result.fit_measures["logl"] == pytest.approx(pooled.fit_measures["logl"], rel=1e-10)
    for group in result.groups:
        pd.testing.assert_frame_equal(
            _rows(result, group).loc[_rows(pooled).index], _rows(pooled), rtol=1e-6, atol=1e-8
        )


@pytest.mark.parametrize("equal", [(), ("loadings",), ("loadings", "intercepts")])
@given(seed=SEEDS)
@settings(max_examples=4, deadline=None)
def test_the_order_of_groups_does_not_matter(equal: tuple[str, ...], seed: int) -> None:
    """But for latent means, of which the first group's are the origin."""
    data = _grouped(seed)
    swapped = data.sort_values("region", kind="stable", ascending=data["region"].iloc[0] != "north")
    first, second = (sem.fit(THREE_FACTORS, d, group="region", group_equal=equal) for d in (data, swapped))
    assert first.groups == second.groups[::-1]
    for name in ("chisq", "df", "logl", "cfi", "rmsea", "srmr", "bic"):
        assert first.fit_measures[name] == pytest.approx(second.fit_measures[name], rel=1e-7, abs=1e-9)
    for group in first.groups:
        a, b = (_rows(result, group).query("op in @COVARIANCE_OPS") for result in (first, second))
        pd.testing.assert_frame_equal(a, b.loc[a.index], rtol=1e-6, atol=1e-8)


@given(seed=SEEDS, codes=CODES)
@settings(max_examples=6, deadline=None)
def test_codes_of_ordered_categories_do_not_matter(seed: int, codes: list[int]) -> None:
    answers = simulated(300, seed)[[f"x{i}" for i in range(1, 7)]]
    numbers = ((answers - answers.mean()) / answers.std()).apply(np.digitize, bins=[-1.0, 0.0, 1.0])
    plain, recoded = (
        sem.fit(TWO_FACTORS, frame, ordered="all") for frame in (numbers, numbers.apply(lambda x: np.array(codes)[x]))
    )
    pd.testing.assert_frame_equal(plain.tidy(), recoded.tidy(), rtol=1e-10)
    pd.testing.assert_frame_equal(plain.glance(), recoded.glance(), rtol=1e-10)
