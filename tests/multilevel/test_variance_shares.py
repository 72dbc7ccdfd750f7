"""Shares of variance: held to performance, and to what within and between mean."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import multilevel
from analysis.multilevel.solution import Solution, solve
from analysis.multilevel.variance_shares import VarianceShares, variance_shares
from tests.references import case_names, load_case

COMPARED = [name for name in case_names("mixed", "rows") if load_case(name).expected.get("performance")]


@pytest.mark.parametrize("name", COMPARED)
def test_marginal_and_conditional_equal_performance(name: str) -> None:
    case = load_case(name)
    result = multilevel.fit(case.model, case.frame(), reml=not case.options["ml"])
    theirs = case.expected["performance"]
    assert result.r2_marginal == pytest.approx(theirs["r2_marginal"], rel=1e-4, abs=1e-8)
    assert result.r2_conditional == pytest.approx(theirs["r2_conditional"], rel=1e-4)


def _shares(formula: str, data: pd.DataFrame) -> VarianceShares:
    return _of(solve(formula, data))


def _of(solution: Solution) -> VarianceShares:
    design = solution.design
    return variance_shares(design.X, solution.beta, design.blocks, solution.covariances, solution.sigma2)


def test_centred_predictors_explain_one_level_alone(sleep_like: pd.DataFrame) -> None:
    within = _shares("y ~ within(x, g) + (1 + within(x, g) | g)", sleep_like)
    between = _shares("y ~ between(x, g) + (1 | g)", sleep_like)
    assert within.fixed_between == pytest.approx(0.0, abs=1e-12)
    assert within.slopes > 0.0
    assert between.fixed_within == pytest.approx(0.0, abs=1e-12)
    assert between.slopes == pytest.approx(0.0, abs=1e-12)
    assert within.within is not None
    assert within.within_with_slopes is not None
    assert 0.0 < within.within < within.within_with_slopes < 1.0


def test_parts_add_up(sleep_like: pd.DataFrame) -> None:
    solution = solve("y ~ x + z + (1 + x | g)", sleep_like)
    shares = _of(solution)
    design, block = solution.design, solution.design.blocks[0]
    assert shares.fixed_within + shares.fixed_between == pytest.approx(np.var(design.X @ solution.beta, ddof=1))
    random = np.einsum("iq,qr,ir->", block.Z, solution.covariances[0], block.Z) / len(design.y)
    assert shares.slopes + shares.intercepts == pytest.approx(random)
    assert shares.conditional == pytest.approx(1.0 - solution.sigma2 / shares.total)


def test_several_factors_have_no_one_pair_of_levels(sleep_like: pd.DataFrame) -> None:
    result = multilevel.fit("y ~ x + (1 | g) + (1 | h)", sleep_like)
    assert result.r2_within is None
    assert "several grouping factors" in result.undefined["r2_within"]


def test_standardised_coefficient_is_that_of_standardised_variables(sleep_like: pd.DataFrame) -> None:
    raw = multilevel.fit("y ~ x + (1 | g)", sleep_like)
    scaled = multilevel.fit("scale(y) ~ scale(x) + (1 | g)", sleep_like)
    assert raw.fixed_effects[1].std == pytest.approx(scaled.fixed_effects[1].est, rel=1e-6)
    assert raw.fixed_effects[0].std is None
