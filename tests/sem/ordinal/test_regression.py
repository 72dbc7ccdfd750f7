"""Regressions of single variables on covariates, against lavaan's and finite differences."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.errors import EstimationError
from analysis.sem.ordinal.regression import LinearMargin, ProbitMargin, linear_margin, probit_margin
from numpy.typing import NDArray
from scipy.special import ndtr, ndtri
from tests.references import Case, load_case

Array = NDArray[np.float64]
ORDINAL_CASES = ("sim_wlsmv_covariates", "sim_path_wlsmv_covariates", "sim_mixed_wlsmv_covariates")


def probit(values: Array, covariates: Array) -> ProbitMargin:
    codes = np.unique(values, return_inverse=True)[1]
    shares = np.cumsum(np.bincount(codes))[:-1] / len(codes)
    return probit_margin(codes, covariates, ndtri(shares), "y")


def slopes_of(case: Case) -> tuple[list[str], list[str], Array]:
    table = case.expected["sample_statistics"]["res.slopes"]
    return table["rows"], table["columns"], np.array(table["values"])


@pytest.mark.parametrize("name", ORDINAL_CASES)
def test_slopes_thresholds_and_variances_are_lavaans(name: str) -> None:
    case = load_case(name)
    variables, covariates, slopes = slopes_of(case)
    data, expected = case.frame(), case.expected["sample_statistics"]
    x = data[covariates].to_numpy(float)
    covariance = np.array(expected["res.cov"]["values"])
    for row, variable in enumerate(variables):
        values = data[variable].to_numpy(float)
        margin: ProbitMargin | LinearMargin
        if variable in case.options["ordered"]:
            margin = probit(values, x)
            cuts = [expected["res.th"][f"{variable}|t{k + 1}"] for k in range(len(margin.thresholds))]
            np.testing.assert_allclose(margin.thresholds, cuts, atol=1e-6)
        else:
            margin = linear_margin(values, x)
            assert margin.intercept == pytest.approx(expected["res.int"][variable], abs=1e-8)
            assert margin.variance == pytest.approx(covariance[row, row], abs=1e-8)
        np.testing.assert_allclose(margin.slopes, slopes[row], atol=1e-6)


def test_scores_of_the_probit_are_derivatives() -> None:
    random = np.random.default_rng(3)
    x = random.normal(size=(60, 2))
    codes = np.clip(np.round(x @ [0.5, -0.4] + random.normal(size=60)) + 1, 0, 2).astype(np.intp)
    margin = probit(codes.astype(float), x)
    theta = np.concatenate([margin.thresholds, margin.slopes])

    def loglik(at: Array) -> Array:
        cuts = np.concatenate([[-np.inf], at[:2], [np.inf]])
        linear = x @ at[2:]
        return np.asarray(np.log(ndtr(cuts[codes + 1] - linear) - ndtr(cuts[codes] - linear)))

    for column, step in enumerate(np.eye(4) * 1e-6):
        difference = (loglik(theta + step) - loglik(theta - step)) / 2e-6
        np.testing.assert_allclose(margin.scores[:, column], difference, atol=1e-7)


def test_scores_sum_to_zero() -> None:
    random = np.random.default_rng(4)
    x = random.normal(size=(80, 2))
    y = x @ [0.3, 0.7] + random.normal(size=80)
    np.testing.assert_allclose(linear_margin(y, x).scores.sum(axis=0), 0.0, atol=1e-10)
    np.testing.assert_allclose(probit((y > 0).astype(float), x).scores.sum(axis=0), 0.0, atol=1e-6)


def test_a_covariate_that_separates_the_categories_is_named() -> None:
    x = np.linspace(-1.0, 1.0, 40)[:, None]
    with pytest.raises(EstimationError, match="'y' on the covariates has no maximum"):
        probit((x[:, 0] > 0).astype(float), x)
