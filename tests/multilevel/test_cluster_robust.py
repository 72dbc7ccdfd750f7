"""CR2: held to clubSandwich, and to what bias reduction means."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.errors import ModelError
from analysis.multilevel.cluster_robust import Cluster, bias_reduced, cluster_robust
from analysis.multilevel.solution import solve
from tests.references import case_names, load_case

ROBUST = [name for name in case_names("mixed", "rows") if load_case(name).expected.get("cluster_robust")]


@pytest.mark.parametrize("name", ROBUST)
def test_errors_and_df_equal_clubsandwich(name: str) -> None:
    case = load_case(name)
    result = cluster_robust(solve(case.model, case.frame(), reml=not case.options["ml"]))
    expected = case.table("cluster_robust")
    assert [effect.term for effect in result.fixed_effects] == list(expected["term"])
    for column, tolerance in {"se": 1e-6, "df": 1e-5, "pvalue": 1e-4}.items():
        ours = [getattr(effect, column) for effect in result.fixed_effects]
        np.testing.assert_allclose(ours, expected[column].astype(float), rtol=tolerance, atol=1e-300)


def test_the_estimate_is_unbiased_where_the_working_model_holds() -> None:
    generator = np.random.default_rng(3)
    X = np.column_stack([np.ones(24), generator.standard_normal(24)])
    parts = np.split(np.arange(24), [3, 5, 12, 16])
    V = [0.5 + np.eye(len(rows)) for rows in parts]
    M = np.linalg.inv(sum(X[rows].T @ np.linalg.solve(v, X[rows]) for rows, v in zip(parts, V, strict=True)))
    total = np.zeros((2, 2))
    draws = 20_000
    noise = [np.linalg.cholesky(v) @ generator.standard_normal((len(v), draws)) for v in V]
    pulled = sum(X[rows].T @ np.linalg.solve(v, e) for rows, v, e in zip(parts, V, noise, strict=True))
    for draw in range(0, draws, 20):
        beta = M @ pulled[:, draw]
        clusters = [Cluster(X[r], e[:, draw] - X[r] @ beta, v) for r, v, e in zip(parts, V, noise, strict=True)]
        total += bias_reduced(clusters).covariance / (draws / 20)
    np.testing.assert_allclose(np.diag(total), np.diag(M), rtol=0.1)


def test_crossed_groups_are_refused() -> None:
    case = load_case("sim_mixed_crossed")
    with pytest.raises(ModelError, match="cross"):
        cluster_robust(solve(case.model, case.frame()))
