"""Residual correlations of two variables of any kind: scores against finite differences of the pair's likelihood."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from analysis.sem.ordinal.regression import LinearMargin, ProbitMargin, linear_margin
from analysis.sem.ordinal.residual_pair import Margin, residual_pair
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import ndtr
from scipy.stats import multivariate_normal
from tests.sem.ordinal.test_regression import probit

Array = NDArray[np.float64]
KINDS = [(True, True), (True, False), (False, True), (False, False)]
_STEP = 1e-5


def _margins(kinds: tuple[bool, bool], seed: int, n: int = 60) -> tuple[Margin, Margin]:
    random = np.random.default_rng(seed)
    x = random.normal(size=(n, 2))
    common = random.normal(size=n)
    made: list[Margin] = []
    for is_ordinal in kinds:
        y = x @ [0.4, -0.3] + common + random.normal(size=n)
        made.append(probit(np.digitize(y, [-0.8, 0.7]).astype(float), x) if is_ordinal else linear_margin(3.0 * y, x))
    return made[0], made[1]


def _at(margin: Margin, theta: Array) -> Margin:
    """The margin with other parameters."""
    if isinstance(margin, ProbitMargin):
        k = len(margin.thresholds)
        cuts = np.concatenate([[-37.0], theta[:k], [37.0]])
        linear = margin.covariates @ theta[k:]
        lower = np.where(margin.codes == 0, -37.0, cuts[margin.codes] - linear)
        upper = np.where(margin.codes == k, 37.0, cuts[margin.codes + 1] - linear)
        return replace(margin, thresholds=theta[:k], slopes=theta[k:], lower=lower, upper=upper)
    design = np.column_stack([np.ones(len(margin.z)), margin.covariates])
    values = design @ [margin.intercept, *margin.slopes] + np.sqrt(margin.variance) * margin.z
    z = (values - design @ theta[:-1]) / np.sqrt(theta[-1])
    return replace(margin, variance=float(theta[-1]), z=z)


def _theta(margin: Margin) -> Array:
    if isinstance(margin, ProbitMargin):
        return np.concatenate([margin.thresholds, margin.slopes])
    return np.array([margin.intercept, *margin.slopes, margin.variance])


def _logliks(first: Margin, second: Margin, rho: float) -> Array:
    """Log-likelihood (n,) of each respondent, by the textbook."""
    if isinstance(first, ProbitMargin) and isinstance(second, ProbitMargin):
        normal = multivariate_normal(cov=[[1.0, rho], [rho, 1.0]])
        corners = [(1.0, first.upper, second.upper), (-1.0, first.lower, second.upper)]
        corners += [(-1.0, first.upper, second.lower), (1.0, first.lower, second.lower)]
        return np.asarray(np.log(sum(sign * normal.cdf(np.column_stack([a, b])) for sign, a, b in corners)))
    if isinstance(first, ProbitMargin):
        return _logliks(second, first, rho)
    root = np.sqrt(1.0 - rho * rho)
    own = -0.5 * (first.z**2 + np.log(2.0 * np.pi * first.variance))
    if isinstance(second, LinearMargin):
        given = (second.z - rho * first.z) / root
        return np.asarray(own - 0.5 * (given**2 + np.log(2.0 * np.pi * second.variance)) - np.log(root))
    probability = ndtr((second.upper - rho * first.z) / root) - ndtr((second.lower - rho * first.z) / root)
    return np.asarray(own + np.log(probability))


def _slopes(margin: Margin, other: Margin, rho: float) -> Array:
    """Numerical scores (n, k) by the parameters of a margin."""
    theta = _theta(margin)
    steps = _STEP * np.eye(len(theta))
    return np.column_stack(
        [
            (_logliks(_at(margin, theta + s), other, rho) - _logliks(_at(margin, theta - s), other, rho)) / (2 * _STEP)
            for s in steps
        ]
    )


@pytest.mark.parametrize("kinds", KINDS)
@given(seed=st.integers(0, 1000))
@settings(max_examples=4, deadline=None)
def test_scores_are_derivatives_and_vanish_at_the_estimate(kinds: tuple[bool, bool], seed: int) -> None:
    first, second = _margins(kinds, seed)
    pair = residual_pair(first, second)
    numerical = (_logliks(first, second, pair.rho + _STEP) - _logliks(first, second, pair.rho - _STEP)) / (2 * _STEP)
    np.testing.assert_allclose(pair.by_rho, numerical, rtol=1e-4, atol=1e-5)
    assert pair.by_rho.sum() == pytest.approx(0.0, abs=1e-3)
    np.testing.assert_allclose(pair.crossed_first, pair.by_rho @ _slopes(first, second, pair.rho), rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(
        pair.crossed_second, pair.by_rho @ _slopes(second, first, pair.rho), rtol=1e-4, atol=1e-4
    )


@pytest.mark.parametrize("kinds", KINDS)
def test_order_of_the_two_does_not_matter(kinds: tuple[bool, bool]) -> None:
    first, second = _margins(kinds, 5)
    one, other = residual_pair(first, second), residual_pair(second, first)
    assert one.rho == pytest.approx(other.rho, abs=1e-7)
    np.testing.assert_allclose(one.by_rho, other.by_rho, atol=1e-5)
    np.testing.assert_allclose(one.crossed_first, other.crossed_second, rtol=1e-5, atol=1e-5)
