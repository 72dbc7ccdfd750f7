"""Parametric bootstrap of mixed models."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from analysis.errors import ModelError
from analysis.multilevel.parametric_bootstrap import parametric_bootstrap, simulated_outcome
from analysis.multilevel.solution import solve


def test_outcomes_have_the_moments_of_the_model(sleep_like: pd.DataFrame) -> None:
    solution = solve("y ~ x + (1 + x | g)", sleep_like)
    seeds = np.random.SeedSequence(7).spawn(4000)
    drawn = np.array([simulated_outcome(solution, seed)[:3] for seed in seeds])
    design, block = solution.design, solution.design.blocks[0]
    Z = block.Z[:3]
    same = block.codes[:3, None] == block.codes[:3]
    V = np.where(same, Z @ solution.covariances[0] @ Z.T, 0.0) + solution.sigma2 * np.eye(3)
    error = np.sqrt(np.diag(V) / 4000)
    assert (np.abs(drawn.mean(axis=0) - design.X[:3] @ solution.beta) < 4.5 * error).all()
    np.testing.assert_allclose(np.cov(drawn.T), V, rtol=0.15)


def test_errors_are_those_of_theory_and_workers_do_not_matter(sleep_like: pd.DataFrame) -> None:
    solution = solve("y ~ x + (1 | g)", sleep_like)
    alone = parametric_bootstrap(solution, 120, seed=3)
    with ThreadPoolExecutor(2) as pool:
        together = parametric_bootstrap(solution, 120, seed=3, executor=pool.map)
    np.testing.assert_array_equal(alone.replicates, together.replicates)
    assert alone.n_failed == 0
    table = alone.tidy().set_index("parameter")
    # A standard deviation from 120 draws is good to a factor of about 1 ± 4 / sqrt(240).
    assert table.loc["x", "se"] == pytest.approx(float(np.sqrt(solution.cov_beta[1, 1])), rel=0.26)
    assert list(table.index) == ["(Intercept)", "x", "sd_(Intercept)|g", "sigma"]


def test_one_replicate_is_refused(sleep_like: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match="no spread"):
        parametric_bootstrap(solve("y ~ x + (1 | g)", sleep_like), 1)
