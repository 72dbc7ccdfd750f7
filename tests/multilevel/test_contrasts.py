"""Combinations of fixed effects, held to models that estimate them as coefficients."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import multilevel
from analysis.multilevel.contrasts import contextual_effects, moderations
from analysis.multilevel.solution import solve
from scipy import stats


def test_a_contextual_effect_is_the_group_mean_beside_the_variable_itself(sleep_like: pd.DataFrame) -> None:
    (found,) = contextual_effects(solve("y ~ within(x, g) + between(x, g) + z + (1 | g)", sleep_like))
    other = multilevel.fit("y ~ x + between(x, g) + z + (1 | g)", sleep_like).fixed.set_index("term")
    expected = other.loc["between(x, g)"]
    assert found.term == "between(x, g) - within(x, g)"
    for column in ("est", "se", "df", "pvalue", "ci_lower"):
        assert getattr(found, column) == pytest.approx(expected[column], rel=1e-5)


def test_a_simple_slope_is_the_main_effect_with_the_moderator_moved(sleep_like: pd.DataFrame) -> None:
    data = sleep_like.assign(w=sleep_like.groupby("g")["z"].transform("mean"))
    (found,) = moderations(solve("y ~ x * w + (1 + x | g)", data))
    assert (found.predictor, found.moderator) == ("x", "w")
    groups = data.groupby("g")["w"].first()
    assert (found.mean, found.sd) == (pytest.approx(groups.mean()), pytest.approx(groups.std()))
    for slope in found.slopes:
        moved = data.assign(w=data["w"] - groups.mean() - slope.at * groups.std())
        expected = multilevel.fit("y ~ x * w + (1 + x | g)", moved).fixed.set_index("term").loc["x"]
        for column in ("est", "se", "df", "ci_upper"):
            assert getattr(slope.effect, column) == pytest.approx(expected[column], rel=1e-4)


def test_slopes_are_as_significant_as_the_level_at_the_bounds_of_the_region(sleep_like: pd.DataFrame) -> None:
    data = sleep_like.assign(y=sleep_like["y"] + 0.5 * sleep_like["x"] * sleep_like["z"])
    (found,) = moderations(solve("y ~ x * z + (1 | g)", data))
    bounds = [bound for bound in (found.lower, found.upper) if bound is not None]
    assert bounds
    for bound in bounds:
        direction = np.array([1.0, bound])
        t = direction @ found.estimates / np.sqrt(direction @ found.covariance @ direction)
        assert 2.0 * stats.t.sf(abs(t), found.df) == pytest.approx(0.05, rel=1e-6)


def test_products_without_their_main_effects_have_no_slopes(sleep_like: pd.DataFrame) -> None:
    assert moderations(solve("y ~ z + x:z + (1 | g)", sleep_like)) == ()
