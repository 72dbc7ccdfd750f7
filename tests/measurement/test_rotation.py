"""Rotation: criteria and their gradients, what no rotation may change, and statsmodels as second opinion."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.measurement.rotation import ROTATIONS, Name, rotate
from analysis.measurement.rotation_criteria import geomin, quartimin, varimax
from hypothesis import given, settings
from hypothesis import strategies as st
from statsmodels.multivariate.factor_rotation import rotate_factors

SIMPLE = np.kron(np.eye(3), np.array([[0.8], [0.7], [0.6], [0.5]]))


def turned(seed: int, noise: float = 0.05) -> np.ndarray:
    """Simple structure, disturbed and turned at random."""
    generator = np.random.default_rng(seed)
    turn = np.linalg.qr(generator.standard_normal((3, 3)))[0]
    return (SIMPLE + noise * generator.standard_normal(SIMPLE.shape)) @ turn


@pytest.mark.parametrize("criterion", [quartimin, geomin, varimax])
def test_gradients_are_those_of_the_criteria(criterion: object) -> None:
    loadings = turned(1)
    gradient = criterion(loadings)[1]
    for place in np.ndindex(*loadings.shape):
        step = np.zeros_like(loadings)
        step[place] = 1e-6
        numeric = (criterion(loadings + step)[0] - criterion(loadings - step)[0]) / 2e-6
        assert gradient[place] == pytest.approx(numeric, rel=1e-5, abs=1e-8)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(ROTATIONS))
def test_what_factors_reproduce_does_not_change(seed: int, name: Name) -> None:
    loadings = turned(seed)
    found = rotate(loadings, name, seed=seed, n_starts=3)
    np.testing.assert_allclose(found.loadings @ found.phi @ found.loadings.T, loadings @ loadings.T, atol=1e-8)
    np.testing.assert_allclose(np.diag(found.phi), 1.0, atol=1e-10)
    assert found.converged


@settings(max_examples=10, deadline=None)
@given(st.integers(0, 10_000), st.sampled_from(("oblimin", "promax", "varimax", "geomin")))
def test_the_end_does_not_depend_on_how_factors_were_turned_before(seed: int, name: Name) -> None:
    loadings = turned(seed)
    turn = np.linalg.qr(np.random.default_rng(seed + 1).standard_normal((3, 3)))[0]
    first, second = rotate(loadings, name), rotate(loadings @ turn, name)
    # columns may change places where they account for nearly the same variance
    order = [int(np.argmax(np.abs(first.loadings[:, [j]] * second.loadings).sum(axis=0))) for j in range(3)]
    assert sorted(order) == [0, 1, 2]
    np.testing.assert_allclose(first.loadings, second.loadings[:, order], atol=1e-5)


@pytest.mark.parametrize("name", ["oblimin", "geomin"])
def test_oblique_factors_of_simple_structure_are_found(name: Name) -> None:
    phi = np.array([[1.0, 0.5, 0.3], [0.5, 1.0, 0.4], [0.3, 0.4, 1.0]])
    found = rotate(SIMPLE @ np.linalg.cholesky(phi), name)
    largest = np.abs(found.loadings).argmax(axis=1)
    assert [len(set(largest[i : i + 4])) for i in (0, 4, 8)] == [1, 1, 1]
    others = np.abs(found.loadings)[np.arange(3)[None, :] != largest[:, None]]
    assert others.max() < (1e-6 if name == "oblimin" else 0.02)
    if name == "oblimin":
        order = [largest[0], largest[4], largest[8]]
        np.testing.assert_allclose(found.phi[np.ix_(order, order)], phi, atol=1e-6)


def test_quartimin_and_varimax_are_those_of_statsmodels() -> None:
    loadings = turned(3)
    oblique, _ = rotate_factors(loadings, "quartimin", tol=1e-9, max_tries=5000)
    assert rotate(loadings, "oblimin").value == pytest.approx(quartimin(oblique)[0], rel=1e-9)
    lengths = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    orthogonal, _ = rotate_factors(loadings / lengths, "varimax", tol=1e-9, max_tries=5000)
    assert rotate(loadings, "varimax").value == pytest.approx(varimax(orthogonal)[0], rel=1e-9)


def test_more_starts_never_end_higher() -> None:
    generator = np.random.default_rng(5)
    loadings = generator.uniform(-0.6, 0.6, (10, 4))
    one, many = (rotate(loadings, "geomin", n_starts=n) for n in (0, 30))
    assert one.value is not None
    assert many.value is not None
    assert many.value <= one.value + 1e-9
    assert many.n_minima > 1
    assert one.n_starts == 1


def test_one_factor_is_not_turned() -> None:
    loadings = np.array([[0.7], [0.5], [0.6]])
    for name in ROTATIONS:
        np.testing.assert_array_equal(rotate(loadings, name).loadings, loadings)
