"""Factors before rotation: derivatives, recovery of a population, bounds."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.measurement import extraction
from analysis.measurement.extraction import LEAST_UNIQUENESS, METHODS, extract, squared_multiple_correlations
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import check_grad

LOADINGS = np.array([[0.8, 0.0], [0.7, 0.1], [0.6, 0.0], [0.0, 0.8], [0.2, 0.6], [0.0, 0.5], [0.4, 0.4]])


def population(loadings: np.ndarray) -> np.ndarray:
    matrix = loadings @ loadings.T
    np.fill_diagonal(matrix, 1.0)
    return matrix


def sample(seed: int, p: int = 7, n: int = 60) -> np.ndarray:
    generator = np.random.default_rng(seed)
    common = generator.standard_normal((n, 2)) @ generator.uniform(0.2, 0.9, (2, p))
    return np.corrcoef(common + generator.standard_normal((n, p)), rowvar=False)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 3))
def test_derivatives_are_those_of_the_discrepancies(seed: int, k: int) -> None:
    correlation = sample(seed)
    place = np.random.default_rng(seed).uniform(0.2, 0.8, 7)
    for function, at in ((extraction._least_squares, place), (extraction._likelihood, np.log(place))):
        assert check_grad(lambda x, f=function: f(correlation, x, k)[0], lambda x, f=function: f(correlation, x, k)[1],
                          at, epsilon=1e-6) < 1e-4  # fmt: skip
        for i in range(7):
            step = 1e-5 * np.eye(7)[i]
            numeric = (function(correlation, at + step, k)[1] - function(correlation, at - step, k)[1]) / 2e-5
            np.testing.assert_allclose(function(correlation, at, k)[2][i], numeric, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("method", METHODS)
def test_a_population_is_recovered(method: extraction.Method) -> None:
    found = extract(population(LOADINGS), 2, method)
    assert found.converged
    np.testing.assert_allclose(found.uniqueness, 1.0 - (LOADINGS**2).sum(axis=1), atol=1e-6)
    np.testing.assert_allclose(found.loadings @ found.loadings.T, LOADINGS @ LOADINGS.T, atol=1e-6)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(METHODS), st.integers(1, 3))
def test_ends_are_minima_within_bounds(seed: int, method: extraction.Method, k: int) -> None:
    found = extract(sample(seed), k, method, starts=3)
    assert found.gradient < 1e-6
    assert (found.uniqueness >= LEAST_UNIQUENESS - 1e-12).all()
    assert (found.at_bound == (found.uniqueness < LEAST_UNIQUENESS + 1e-7)).all()
    inside = ~found.at_bound & (found.uniqueness < 1.0 - 1e-9)
    shared = (found.loadings**2).sum(axis=1)
    np.testing.assert_allclose(shared[inside], 1.0 - found.uniqueness[inside], atol=1e-5)
    assert (found.loadings.sum(axis=0) >= 0).all()


def test_squared_multiple_correlations_are_those_of_regressions() -> None:
    correlation = sample(4)
    ours = squared_multiple_correlations(correlation)
    for i in range(7):
        others = np.arange(7) != i
        weights = np.linalg.solve(correlation[np.ix_(others, others)], correlation[others, i])
        assert ours[i] == pytest.approx(weights @ correlation[others, i], rel=1e-9)
