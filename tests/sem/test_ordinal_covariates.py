"""Ordinal models given fixed covariates: derivatives of their discrepancy, standardised values, and errors."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.errors import DataError, EstimationError
from analysis.sem.estimate import estimate
from analysis.sem.implied import implied
from analysis.sem.partable import row_values
from analysis.sem.residuals import residuals
from numpy.typing import NDArray
from tests.sem.models import simulated

Array = NDArray[np.float64]

MODEL = "f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6\nf ~ z1\ng ~ f + z1 + z2\nx5 ~ z2"
ORDERED = ["x1", "x2", "x3", "x4"]


def _answers(n: int = 400, seed: int = 1) -> pd.DataFrame:
    """Four items of three categories each, two continuous ones and two covariates."""
    data = simulated(n, seed)
    for k, name in enumerate(ORDERED):
        data[name] = np.digitize(data[name] - k, [-0.6, 0.7]) + 1
    return data


def _numerical(function: object, at: Array) -> Array:
    step = 1e-5
    assert callable(function)
    return np.array([(function(at + step * e) - function(at - step * e)) / (2 * step) for e in np.eye(len(at))])


def test_gradient_and_hessian_equal_finite_differences() -> None:
    solution = estimate(MODEL, _answers(), ordered=ORDERED)
    objective = solution.objective
    theta = solution.optimum.theta + np.random.default_rng(2).uniform(-0.1, 0.1, len(solution.optimum.theta))
    hessian, gradient = objective.hessian(theta), objective.slopes(theta)[0]
    scale = np.abs(hessian).max()
    np.testing.assert_allclose(gradient, _numerical(objective.value, theta), rtol=1e-5, atol=1e-7 * scale)
    numerical = _numerical(lambda x: objective.slopes(x)[0], theta)
    np.testing.assert_allclose(hessian, numerical, rtol=1e-5, atol=1e-7 * scale)


def test_latent_responses_have_unit_variance_given_the_covariates() -> None:
    solution = estimate(MODEL, _answers(), ordered=ORDERED)
    ordinal = [solution.table.observed.index(name) for name in ORDERED]
    (given,), (described,) = solution.implied, solution.described
    np.testing.assert_allclose(np.diag(given.covariance)[ordinal], 1.0, atol=1e-12)
    fixed = [solution.table.observed.index(name) for name in ("z1", "z2")]
    slopes = described.inverse[: len(described.covariance), fixed]
    explained = slopes @ described.covariance[np.ix_(fixed, fixed)] @ slopes.T
    expected = given.covariance + explained
    np.testing.assert_allclose(described.covariance, expected, atol=1e-10)
    assert row_values(solution.table, solution.optimum.theta) == pytest.approx(solution.values)
    assert implied(solution.objective.parts[0].structure, solution.optimum.theta).delta == pytest.approx(1.0)


def test_order_of_items_does_not_matter() -> None:
    one = sem.fit(MODEL, _answers(), ordered=ORDERED)
    turned = MODEL.replace("x4 + x5 + x6", "x4 + x6 + x5").replace("x1 + x2 + x3", "x1 + x3 + x2")
    other = sem.fit(turned, _answers(), ordered=ORDERED)
    assert one.fit_measures["chisq_scaled"] == pytest.approx(other.fit_measures["chisq_scaled"], rel=1e-6)


def test_residuals_hold_slopes_and_nothing_of_the_covariates() -> None:
    (found,) = residuals(estimate(MODEL, _answers(), ordered=ORDERED), "cor").groups
    assert len(found.slopes) == 6 * 2
    assert np.isfinite(found.covariance).all()
    assert found.covariance[-1] == pytest.approx(0.0)


def test_a_covariate_that_separates_the_answers_is_named() -> None:
    data = _answers()
    data["z2"] = np.where(data["x2"] == 3, 1.0, 0.0) + 0.001 * np.arange(len(data)) / len(data)
    with pytest.raises(EstimationError, match="the regression of 'x2' on the covariates has no maximum"):
        sem.fit(MODEL, data, ordered=ORDERED)


def test_a_constant_covariate_is_named() -> None:
    with pytest.raises(DataError, match="'z2' is constant"):
        sem.fit(MODEL, _answers().assign(z2=1.0), ordered=ORDERED)


def test_bootstrap_refits_given_the_covariates() -> None:
    data = _answers()
    plain = sem.fit(MODEL, data, ordered=ORDERED)
    boot = sem.fit(MODEL, data, ordered=ORDERED, se="bootstrap", bootstrap=12, seed=3)
    assert boot.bootstrap is not None
    assert boot.bootstrap.estimate == pytest.approx(np.array([row.est for row in plain.estimates]), abs=1e-5)
