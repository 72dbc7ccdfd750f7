"""Kernels of scale quality: closed forms, certificates of optimality, and invariances."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.measurement.categorical_omega import categorical_omega
from analysis.measurement.greatest_lower_bound import greatest_lower_bound
from analysis.measurement.htmt import heterotrait_monotrait, membership
from analysis.measurement.item_statistics import alpha_of_covariance, item_statistics
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import multivariate_normal, norm

Array = NDArray[np.float64]
SEEDS = st.integers(0, 10_000)


def covariance(seed: int, k: int) -> Array:
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(k, 2 * k)) + rng.normal(size=2 * k)
    return root @ root.T


# Greatest lower bound


@given(SEEDS, st.integers(2, 9))
def test_the_bound_is_feasible_and_no_error_can_be_larger(seed: int, k: int) -> None:
    """By duality: Σθ ≤ tr(XΣ) for every positive semidefinite X whose diagonal is at least 1, and one attains it."""
    sigma = covariance(seed, k)
    found = greatest_lower_bound(sigma)
    rest = sigma - np.diag(found.error_variances)
    assert np.linalg.eigvalsh(rest)[0] > 0
    assert (found.error_variances > 0).all()
    dual = np.linalg.inv(rest)
    dual /= np.diag(dual).min()
    best = float(np.trace(dual @ sigma))
    assert found.error_variances.sum() <= best
    assert found.error_variances.sum() == pytest.approx(best, rel=1e-5)
    assert found.gap < 1e-8
    assert alpha_of_covariance(sigma) <= found.value + 1e-8


@given(st.lists(st.floats(0.5, 0.9), min_size=3, max_size=8), st.floats(0.1, 10))
def test_the_bound_of_one_factor_is_its_reliability(loadings: list[float], scale: float) -> None:
    """Where no loading exceeds the sum of the others, uniquenesses have the largest sum (a null matrix exists)."""
    lam = np.array(loadings)
    sigma = scale * (np.outer(lam, lam) + np.diag(1 - lam**2))
    omega = lam.sum() ** 2 / (lam.sum() ** 2 + (1 - lam**2).sum())
    assert greatest_lower_bound(sigma).value == pytest.approx(omega, abs=1e-7)


def test_the_bound_needs_a_regular_covariance() -> None:
    with pytest.raises(np.linalg.LinAlgError):
        greatest_lower_bound(np.ones((3, 3)))


# Items


@given(SEEDS, st.integers(2, 7))
def test_items_by_their_definition(seed: int, k: int) -> None:
    rows = np.random.default_rng(seed).normal(size=(30, k)) + np.random.default_rng(seed + 1).normal(size=(30, 1))
    found = item_statistics(np.cov(rows, rowvar=False))
    for i in range(k):
        others = np.delete(rows, i, axis=1)
        assert found.rest_correlation[i] == pytest.approx(np.corrcoef(rows[:, i], others.sum(axis=1))[0, 1])
        if k > 2:
            assert found.alpha_if_dropped[i] == pytest.approx(alpha_of_covariance(np.cov(others, rowvar=False)))
    assert np.isnan(found.alpha_if_dropped).all() == (k == 2)


# Categorical omega


def by_definition(common: Array, total: Array, thresholds: list[Array]) -> float:
    """Green and Yang's sums, cell by cell."""

    def covariances(correlation: Array) -> float:
        out = 0.0
        for i, first in enumerate(thresholds):
            for j, second in enumerate(thresholds):
                r = correlation[i, j]
                for t in first:
                    for u in second:
                        both = norm.cdf(min(t, u)) if r == 1 else multivariate_normal.cdf([t, u], cov=[[1, r], [r, 1]])
                        out += both - norm.cdf(t) * norm.cdf(u)
        return out

    return covariances(common) / covariances(total)


def test_categorical_omega_by_its_definition() -> None:
    lam = np.array([0.8, 0.7, -0.5, 0.9])
    common = np.outer(lam, lam)
    total = common + np.diag(1 - lam**2)
    thresholds = [np.array([-1.0, 0.2]), np.array([0.5]), np.array([-0.4, 0.1, 1.3]), np.array([0.0])]
    ours = categorical_omega(common, total, thresholds)
    assert ours == pytest.approx(by_definition(common, total, thresholds), rel=1e-5)
    spread = np.array([2.0, 0.5, 1.0, 3.0])
    scale = np.outer(spread, spread)
    same = categorical_omega(common * scale, total * scale, [t * s for t, s in zip(thresholds, spread, strict=True)])
    assert same == pytest.approx(ours, rel=1e-12)


@given(st.lists(st.floats(0.2, 0.95), min_size=2, max_size=6))
def test_many_categories_are_as_good_as_numbers(loadings: list[float]) -> None:
    lam = np.array(loadings)
    common = np.outer(lam, lam)
    total = common + np.diag(1 - lam**2)
    ours = categorical_omega(common, total, [np.linspace(-4, 4, 60)] * len(lam))
    assert ours == pytest.approx(common.sum() / total.sum(), abs=2e-3)


def test_more_categories_measure_better() -> None:
    lam = np.full(4, 0.7)
    common = np.outer(lam, lam)
    total = common + np.diag(1 - lam**2)
    values = [categorical_omega(common, total, [norm.ppf(np.arange(1, k) / k)] * 4) for k in (2, 3, 5, 9)]
    assert values == sorted(values)
    assert values[-1] < common.sum() / total.sum()


# HTMT

ITEMS = (("a", "b", "c"), ("d", "e"), ("f", "g", "h"))
NAMES = [item for members in ITEMS for item in members]
PHI = np.array([[1, 0.6, -0.3], [0.6, 1, 0.2], [-0.3, 0.2, 1]])


def of_factors(loadings: Array) -> Array:
    lam = membership(ITEMS, NAMES) * loadings[:, None]
    sigma = lam @ PHI @ lam.T
    np.fill_diagonal(sigma, 1.0)
    return sigma


def test_equal_loadings_give_the_correlations_of_constructs() -> None:
    ratios = heterotrait_monotrait(of_factors(np.full(8, 0.7)), membership(ITEMS, NAMES), geometric=False)
    np.testing.assert_allclose(ratios, np.abs(PHI), rtol=1e-12)


@given(st.lists(st.floats(0.3, 0.95), min_size=8, max_size=8), st.lists(st.booleans(), min_size=8, max_size=8))
def test_htmt2_gives_them_with_any_loadings_and_reversed_items(loadings: list[float], turned: list[bool]) -> None:
    signs = np.where(turned, -1.0, 1.0)
    correlation = of_factors(np.array(loadings) * signs)
    ratios = heterotrait_monotrait(correlation, membership(ITEMS, NAMES), geometric=True)
    np.testing.assert_allclose(ratios, np.abs(PHI), rtol=1e-10)


def test_many_matrices_at_once_and_a_lone_item() -> None:
    one = of_factors(np.full(8, 0.8))
    members = membership([*ITEMS[:2], ("f",)], NAMES)
    both = heterotrait_monotrait(np.stack([one, one]), members, geometric=False)
    assert both.shape == (2, 3, 3)
    np.testing.assert_array_equal(both[0], both[1])
    assert np.isnan(both[0, 2]).all()
    assert np.isfinite(both[0, :2, :2]).all()


def test_uncorrelated_constructs_have_no_ratio_but_zero() -> None:
    sigma = np.eye(4) + 0.5 * np.kron(np.eye(2), np.array([[0, 1], [1, 0]]))
    members = np.kron(np.eye(2), np.ones((2, 1)))
    for geometric in (False, True):
        ratios = heterotrait_monotrait(sigma, members, geometric=geometric)
        np.testing.assert_allclose(ratios, np.eye(2), atol=1e-12)
