"""Residual correlations given covariates, against lavaan's."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from analysis.sem.ordinal.residual_correlation import correlation_scores, residual_polychoric
from tests.references import load_case
from tests.sem.ordinal.test_regression import probit


@pytest.mark.parametrize("name", ["sim_wlsmv_covariates", "sim_path_wlsmv_covariates"])
def test_residual_correlations_are_lavaans(name: str) -> None:
    case = load_case(name)
    expected = case.expected["sample_statistics"]
    data, names = case.frame(), expected["res.cov"]["rows"]
    x = data[expected["res.slopes"]["columns"]].to_numpy(float)
    margins = [probit(data[variable].to_numpy(float), x) for variable in names]
    correlation = np.array(expected["res.cov"]["values"])
    for i, j in combinations(range(len(names)), 2):
        rho = residual_polychoric(margins[i], margins[j])
        assert rho == pytest.approx(correlation[i, j], abs=1e-5)
        assert correlation_scores(margins[i], margins[j], rho).sum() == pytest.approx(0.0, abs=1e-5)
