"""The two-level likelihood against the density of whole clusters, and its derivatives against differences."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from analysis.sem.partable import bind_exogenous
from analysis.sem.starting_values import starting_values
from analysis.sem.syntax import parse_model
from analysis.sem.twolevel.likelihood_tests import log_likelihood
from analysis.sem.twolevel.objective import TwoLevelObjective, two_level_objective
from analysis.sem.twolevel.sample import TwoLevelSample, two_level_sample
from analysis.sem.twolevel.scores import cluster_scores
from analysis.sem.twolevel.table import two_level_table
from analysis.sem.twolevel.unrestricted import unrestricted_model
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.stats import multivariate_normal
from tests.sem.twolevel.clustered import CONTEXTUAL, EVERYTHING, clustered

Array = NDArray[np.float64]
MODELS = {"contextual": CONTEXTUAL, "everything": EVERYTHING}


def _problem(text: str, seed: int) -> tuple[TwoLevelObjective, TwoLevelSample, Array]:
    table = two_level_table(parse_model(text), std_lv=False)
    sample = two_level_sample(clustered(60, 1), table, "town")
    levels = unrestricted_model(sample.moments, table).levels
    table = bind_exogenous(table, [(level.covariance, level.mean) for level in levels])
    start = starting_values(table, levels)
    near = start + np.random.default_rng(seed).uniform(-0.1, 0.1, len(start))
    return two_level_objective(table, sample.moments), sample, near


def _numerical(function: Callable[[Array], Array | float], at: Array) -> Array:
    step = 1e-5
    return np.array([(function(at + step * e) - function(at - step * e)) / (2 * step) for e in np.eye(len(at))])


def _log_density(objective: TwoLevelObjective, sample: TwoLevelSample, cluster: int, theta: Array) -> float:
    """Of all rows of a cluster and its own variables at once, from their whole covariance matrix."""
    within, between = objective.implied(theta)
    inner = sample.moments.within
    rows = (sample.deviations + sample.means[sample.clusters])[sample.clusters == cluster][:, inner]
    n = len(rows)
    block = np.ix_(inner, inner)
    of_rows = np.kron(np.eye(n), within.covariance[block]) + np.kron(np.ones((n, n)), between.covariance[block])
    joint = np.kron(np.ones((n, 1)), between.covariance[np.ix_(inner, ~inner)])
    covariance = np.block([[of_rows, joint], [joint.T, between.covariance[np.ix_(~inner, ~inner)]]])
    mean = within.mean + between.mean
    values = np.concatenate([rows.ravel(), sample.means[cluster, ~inner]])
    density = multivariate_normal(np.concatenate([np.tile(mean[inner], n), mean[~inner]]), covariance)
    return float(density.logpdf(values))


@pytest.mark.parametrize("name", MODELS)
def test_likelihood_is_the_density_of_whole_clusters(name: str) -> None:
    objective, sample, theta = _problem(MODELS[name], 3)
    density = sum(_log_density(objective, sample, j, theta) for j in range(sample.moments.n_clusters))
    assert log_likelihood(sample.moments, objective.value(theta)) == pytest.approx(density, rel=1e-12)


@pytest.mark.parametrize("name", MODELS)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_gradient_and_hessian_equal_finite_differences(name: str, seed: int) -> None:
    objective, _, theta = _problem(MODELS[name], seed)

    def gradient(x: Array) -> Array:
        return objective.slopes(x)[0]

    hessian = objective.hessian(theta)
    scale = np.abs(hessian).max()
    np.testing.assert_allclose(gradient(theta), _numerical(objective.value, theta), rtol=1e-5, atol=1e-7 * scale)
    np.testing.assert_allclose(objective.at(theta).newton[0], gradient(theta), rtol=1e-12, atol=1e-12 * scale)
    np.testing.assert_allclose(hessian, _numerical(gradient, theta), rtol=1e-5, atol=1e-7 * scale)


@pytest.mark.parametrize("name", MODELS)
def test_scores_of_clusters_equal_differences_of_their_densities(name: str) -> None:
    objective, sample, theta = _problem(MODELS[name], 5)
    scores = cluster_scores(sample, objective, theta)
    for cluster in (0, 7, 31):
        numerical = _numerical(lambda x, j=cluster: _log_density(objective, sample, j, x), theta)  # type: ignore[misc]
        np.testing.assert_allclose(scores[cluster], numerical, rtol=1e-5, atol=1e-5)
    total = -0.5 * sample.moments.n_rows * objective.slopes(theta)[0]
    np.testing.assert_allclose(scores.sum(axis=0), total, rtol=1e-9, atol=1e-9 * np.abs(total).max())


def test_curvature_is_the_expected_hessian() -> None:
    """Where each statistic is what the model expects of it, the two are the same."""
    objective, sample, theta = _problem(EVERYTHING, 3)
    within, between = objective.implied(theta)
    moments = sample.moments
    true = type(moments)(
        moments.within, moments.n_rows, moments.n_clusters, within.covariance, moments.sizes, moments.counts,
        np.tile(within.mean + between.mean, (len(moments.sizes), 1)),
        between.covariance + within.covariance / moments.sizes[:, None, None],
    )  # fmt: skip
    there = TwoLevelObjective(objective.parts, objective.n_observations, true, 0.0)
    gradient, curvature = there.slopes(theta)
    np.testing.assert_allclose(gradient, 0.0, atol=1e-10)
    np.testing.assert_allclose(there.hessian(theta), curvature, rtol=1e-8, atol=1e-9 * np.abs(curvature).max())
