"""Bivariate normal probabilities, polychoric correlations and the influence of a cell on them."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.sem.ordinal.normal import FAR, bivariate_cdf, bivariate_density
from analysis.sem.ordinal.polychoric import (
    POLYCHORIC_BOUND,
    cell_derivatives,
    cell_probabilities,
    fit_polychoric,
    padded_thresholds,
)
from analysis.sem.ordinal.polychoric_influence import cell_scores, polychoric_influence, threshold_influence
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.special import ndtr, owens_t
from scipy.stats import multivariate_normal

Array = NDArray[np.float64]

POINTS = st.floats(-5.0, 5.0)
CORRELATIONS = st.floats(-0.999, 0.999)
SEEDS = st.integers(0, 2**32 - 1)


def cdf(h: float, k: float, rho: float) -> float:
    return float(bivariate_cdf(np.array([[h]]), np.array([[k]]), np.array([rho]))[0, 0, 0])


def by_owen(h: float, k: float, rho: float) -> float:
    """Owen (1956): the distribution function by his T function, for h and k other than 0."""
    root = np.sqrt(1.0 - rho * rho)
    tails = owens_t(h, (k - rho * h) / (h * root)) + owens_t(k, (h - rho * k) / (k * root))
    return float(0.5 * (ndtr(h) + ndtr(k)) - tails - 0.5 * ((h < 0) != (k < 0)))


def random_tables(seed: int, m: int = 4, size: int = 4) -> Array:
    """Two-way counts (m, size, size) with some dependence and no empty margin."""
    draw = np.random.default_rng(seed)
    slope = draw.uniform(-0.4, 0.4, size=(m, 1, 1))
    distance = (np.arange(size)[:, None] - np.arange(size)) ** 2
    shares = draw.dirichlet(np.ones(size * size), size=m).reshape(m, size, size) * np.exp(slope * distance)
    return np.asarray(draw.poisson(300 * shares) + 1.0)


def thresholds_of(counts: Array) -> tuple[Array, Array]:
    return padded_thresholds(counts.sum(axis=2)), padded_thresholds(counts.sum(axis=1))


@given(h=POINTS, k=POINTS, rho=CORRELATIONS)
@settings(max_examples=300)
def test_distribution_equals_owens(h: float, k: float, rho: float) -> None:
    if min(abs(h), abs(k)) > 1e-6:
        assert cdf(h, k, rho) == pytest.approx(by_owen(h, k, rho), abs=2e-13)


@pytest.mark.parametrize("rho", [-0.9999, -0.95, -0.925, -0.75, -0.3, 0.0, 0.2, 0.7, 0.92, 0.93, 0.99, 0.9999])
def test_distribution_at_the_origin_is_sheppards(rho: float) -> None:
    assert cdf(0.0, 0.0, rho) == pytest.approx(0.25 + np.arcsin(rho) / (2 * np.pi), abs=1e-15)


@pytest.mark.parametrize("rho", [-0.95, -0.5, 0.1, 0.8, 0.97])
def test_distribution_equals_scipys(rho: float) -> None:
    points = np.random.default_rng(3).normal(size=(20, 2)) * 1.5
    reference = multivariate_normal(cov=[[1, rho], [rho, 1]]).cdf(points)
    np.testing.assert_allclose([cdf(h, k, rho) for h, k in points], reference, rtol=0, atol=1e-7)


@given(h=POINTS, rho=CORRELATIONS)
def test_distribution_is_the_margin_far_out(h: float, rho: float) -> None:
    assert cdf(h, FAR, rho) == pytest.approx(ndtr(h), abs=1e-15)
    assert cdf(h, -FAR, rho) == pytest.approx(0.0, abs=1e-15)


@given(h=st.floats(-3, 3), k=st.floats(-3, 3), rho=st.floats(-0.97, 0.97))
def test_density_and_its_slope_equal_finite_differences(h: float, k: float, rho: float) -> None:
    step = 1e-5
    (density, slope), (below, _), (above, _) = (
        bivariate_density(np.array([[h]]), np.array([[k]]), np.array([rho + shift])) for shift in (0.0, -step, step)
    )
    assert density[0, 0, 0] == pytest.approx((cdf(h, k, rho + step) - cdf(h, k, rho - step)) / (2 * step), abs=2e-6)
    assert slope[0, 0, 0] == pytest.approx((above - below)[0, 0, 0] / (2 * step), rel=1e-4, abs=1e-5)


@given(seed=SEEDS, rho=CORRELATIONS)
def test_cells_sum_to_one_and_their_derivatives_to_zero(seed: int, rho: float) -> None:
    first, second = thresholds_of(random_tables(seed))
    rhos = np.full(len(first), rho)
    np.testing.assert_allclose(cell_probabilities(first, second, rhos).sum(axis=(1, 2)), 1.0, atol=1e-6)
    for derivative in cell_derivatives(first, second, rhos):
        np.testing.assert_allclose(derivative.sum(axis=(1, 2)), 0.0, atol=1e-10)


@given(rho=st.floats(-0.98, 0.98))
def test_the_correlation_of_exact_probabilities_comes_back(rho: float) -> None:
    first, second = np.array([[-1.0, 0.2, 1.1]]), np.array([[-0.4, 0.5, FAR]])
    counts = 1000 * cell_probabilities(first, second, np.array([rho]))
    fit = fit_polychoric(counts, first, second)
    assert fit.rho[0] == pytest.approx(rho, abs=1e-6)
    assert fit.converged.all()


@given(seed=SEEDS)
def test_the_score_is_zero_at_the_optimum_and_no_neighbour_is_likelier(seed: int) -> None:
    counts = random_tables(seed)
    first, second = thresholds_of(counts)
    fit = fit_polychoric(counts, first, second)

    def log_likelihood(rho: Array) -> Array:
        return np.asarray((counts * np.log(cell_probabilities(first, second, rho))).sum(axis=(1, 2)))

    score = (counts * cell_scores(first, second, fit.rho).rho).sum(axis=(1, 2))
    np.testing.assert_allclose(score, 0.0, atol=1e-6 * counts.sum(axis=(1, 2)).max())
    for grid in np.linspace(-0.99, 0.99, 41):
        assert (log_likelihood(np.full(len(counts), grid)) <= log_likelihood(fit.rho) + 1e-9).all()


@given(seed=SEEDS)
def test_swapping_keeps_and_reversing_turns_the_correlation(seed: int) -> None:
    counts = random_tables(seed)
    rho = fit_polychoric(counts, *thresholds_of(counts)).rho
    swapped, turned = counts.transpose(0, 2, 1), counts[:, ::-1]
    np.testing.assert_allclose(fit_polychoric(swapped, *thresholds_of(swapped)).rho, rho, atol=1e-9)
    np.testing.assert_allclose(fit_polychoric(turned, *thresholds_of(turned)).rho, -rho, atol=1e-9)


def test_an_independent_table_has_correlation_zero() -> None:
    counts = np.outer([20.0, 50.0, 30.0], [10.0, 60.0, 30.0])[None] / 100
    assert fit_polychoric(counts, *thresholds_of(counts)).rho[0] == pytest.approx(0.0, abs=1e-10)


@given(seed=SEEDS)
def test_a_batch_equals_its_tables_one_by_one(seed: int) -> None:
    counts = random_tables(seed, m=6)
    together = fit_polychoric(counts, *thresholds_of(counts)).rho
    alone = [fit_polychoric(table[None], *thresholds_of(table[None])).rho[0] for table in counts]
    np.testing.assert_allclose(together, alone, rtol=0, atol=1e-12)


def test_a_likelihood_that_rises_to_the_bound_is_said() -> None:
    fit = fit_polychoric(np.diag([30.0, 40.0, 30.0])[None], *thresholds_of(np.diag([30.0, 40.0, 30.0])[None]))
    assert fit.is_edge.all()
    assert fit.rho[0] <= POLYCHORIC_BOUND
    assert fit.rho[0] > 0.95


def test_padding_changes_nothing() -> None:
    counts = random_tables(7, size=3)
    wide = np.zeros((4, 5, 5))
    wide[:, :3, :3] = counts
    np.testing.assert_allclose(
        fit_polychoric(wide, *thresholds_of(wide)).rho, fit_polychoric(counts, *thresholds_of(counts)).rho, atol=1e-12
    )


@given(rho=st.floats(-0.9, 0.9))
def test_influence_is_the_derivative_of_the_estimates(rho: float) -> None:
    """Where the model holds exactly, a small weight on a cell moves thresholds and correlation by its influence."""
    counts = 500.0 * cell_probabilities(np.array([[-0.8, 0.4]]), np.array([[-0.2, 1.0]]), np.array([rho]))
    first, second = thresholds_of(counts)
    by_answer = (
        threshold_influence(counts.sum(axis=2), first, 500.0),
        threshold_influence(counts.sum(axis=1), second, 500.0),
    )
    cells = polychoric_influence(counts, (first, second), np.array([rho]), by_answer, 500.0)[0]
    for row, column in np.ndindex(3, 3):
        moved = [_estimates(counts, row, column, weight) for weight in (-0.05, 0.05)]
        slope = (moved[1] - moved[0]) / 0.1 * 500.0
        np.testing.assert_allclose(slope[:2], by_answer[0][0, :, row], rtol=1e-4, atol=1e-4)
        np.testing.assert_allclose(slope[2], cells[row, column], rtol=1e-3, atol=1e-3)


def _estimates(counts: Array, row: int, column: int, weight: float) -> Array:
    changed = counts.copy()
    changed[0, row, column] += weight
    first, second = thresholds_of(changed)
    return np.append(first[0], fit_polychoric(changed, first, second).rho)
