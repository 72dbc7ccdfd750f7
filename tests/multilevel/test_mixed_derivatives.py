"""Analytic derivatives of the deviance held to finite differences, over all shapes of the elimination."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.multilevel.crossproducts import Block, NormalEquations, normal_equations
from analysis.multilevel.derivatives import derivatives, deviance
from analysis.multilevel.optimise import factors_of, theta_of, triangular
from hypothesis import given
from hypothesis import strategies as st

SHAPES = ["one", "two terms", "nested", "crossed", "nested and crossed"]


def equations(shape: str, seed: int) -> NormalEquations:
    rng = np.random.default_rng(seed)
    n = 90
    inner = np.append(np.arange(12), rng.integers(0, 12, n - 12))
    outer, other, third = inner // 3, np.append(np.arange(5), rng.integers(0, 5, n - 5)), rng.integers(0, 2, n)
    third[:2] = [0, 1]
    Z = np.column_stack([np.ones(n), rng.normal(size=n)])
    slopes, intercept, slope = (
        Block(Z, inner, "i", 12),
        Block(Z[:, :1], inner, "i", 12),
        Block(Z[:, 1:], inner, "i", 12),
    )
    blocks = {
        "one": [slopes],
        "two terms": [intercept, slope],
        "nested": [slopes, Block(Z, outer, "o", 4)],
        "crossed": [slopes, Block(Z[:, :1], other, "x", 5), Block(Z[:, 1:], third, "t", 2)],
        "nested and crossed": [slopes, Block(Z, other, "x", 5), Block(Z[:, :1], outer, "o", 4)],
    }[shape]
    X = np.column_stack([np.ones(n), rng.normal(size=n), Z[:, 1]])
    return normal_equations(rng.normal(size=n), X, blocks)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize("shape", SHAPES)
def test_gradient_and_hessian_are_those_of_finite_differences(shape: str, reml: bool) -> None:
    system = equations(shape, 1)
    theta = np.random.default_rng(2).normal(0.5, 0.5, system.n_theta)
    at = derivatives(system, theta, reml)
    assert at.deviance == pytest.approx(deviance(system, theta, reml), rel=1e-12)
    steps = 1e-5 * np.eye(len(theta))
    around = [(derivatives(system, theta + h, reml), derivatives(system, theta - h, reml)) for h in steps]
    for exact, name in (
        (at.gradient, "deviance"),
        (at.hessian, "gradient"),
        (at.d_rss, "rss"),
        (at.d_unscaled, "unscaled"),
    ):
        numeric = np.array([(getattr(up, name) - getattr(down, name)) / 2e-5 for up, down in around])
        np.testing.assert_allclose(exact, numeric, atol=1e-6 * max(1.0, np.abs(numeric).max()))


@pytest.mark.parametrize("shape", SHAPES)
def test_the_deviance_does_not_know_the_sign_of_a_column(shape: str) -> None:
    system = equations(shape, 3)
    theta = np.random.default_rng(4).normal(size=system.n_theta)
    assert deviance(system, theta, True) == pytest.approx(deviance(system, -theta, True), rel=1e-12)


def test_levels_are_those_of_the_grouping_factors() -> None:
    shapes = {shape: [level.products.shape[:2] for level in equations(shape, 0).levels] for shape in SHAPES}
    assert shapes == {
        "one": [(12, 2)],
        "two terms": [(12, 2)],
        "nested": [(12, 2), (4, 2)],
        "crossed": [(12, 2), (1, 7)],
        "nested and crossed": [(12, 2), (4, 1), (1, 10)],
    }


@given(st.integers(1, 4), st.integers(0, 1000))
def test_a_triangular_factor_has_the_same_product(q: int, seed: int) -> None:
    factor = np.random.default_rng(seed).normal(size=(q, q))
    lower = triangular(factor)
    np.testing.assert_allclose(lower @ lower.T, factor @ factor.T, atol=1e-12)
    assert (np.diag(lower) >= 0).all()
    np.testing.assert_array_equal(next(iter(factors_of(theta_of([lower]), [q]))), lower)
