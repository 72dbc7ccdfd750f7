"""Starts from composites: at the true loadings they are the moments of the population."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis.sem.composites import with_composites
from analysis.sem.moments import moments_given
from analysis.sem.partable import ParameterTable, build_table
from analysis.sem.starting_values import starting_values
from analysis.sem.syntax import parse_model
from numpy.typing import NDArray

ITEMS = [f"x{i}" for i in range(1, 8)]
LOADINGS = np.array([[1, 0], [0.8, 0], [0.6, 0], [0, 1], [0, 1.2], [0, 0.9], [0, 0]])
LATENT = np.array([[0.5, 0.2], [0.2, 0.8]])
RESIDUAL = np.array([0.4, 0.5, 0.6, 0.3, 0.7, 0.4, 1.0])


def _starts(model: str) -> tuple[ParameterTable, NDArray[np.float64]]:
    """Starts from the exact covariance of ``LOADINGS``, with loadings given."""
    covariance = LOADINGS @ LATENT @ LOADINGS.T + np.diag(RESIDUAL)
    sample = moments_given(pd.DataFrame(covariance, ITEMS, ITEMS), 10_000_000, ITEMS, None)
    table = build_table(parse_model(model))
    ordered = moments_given(pd.DataFrame(sample.covariance, ITEMS, ITEMS), 10_000_000, table.observed, None)
    return table, with_composites(table, [ordered], starting_values(table, [ordered]))


GIVEN = "f =~ x1 + start(0.8)*x2 + start(0.6)*x3\ng =~ x4 + start(1.2)*x5 + start(0.9)*x6\nx7 ~ f"


def test_true_loadings_give_true_variances_and_residuals() -> None:
    table, theta = _starts(GIVEN)
    start = {row.name: theta[row.free - 1] for row in table.parameters if row.free}
    assert start["f ~~ f"] == pytest.approx(0.5, rel=1e-6)
    assert start["g ~~ g"] == pytest.approx(0.8, rel=1e-6)
    assert start["f ~~ g"] == pytest.approx(0.9 * 0.2, rel=1e-6)  # drawn towards zero
    residuals = [start[f"{item} ~~ {item}"] for item in ITEMS[:6]]
    np.testing.assert_allclose(residuals, RESIDUAL[:6], rtol=1e-6)


def test_given_starts_and_shared_items_are_left_alone() -> None:
    table, theta = _starts(GIVEN + "\nf ~~ start(0.4)*f\ng =~ start(0.2)*x3")
    start = {row.name: theta[row.free - 1] for row in table.parameters if row.free}
    assert start["f ~~ f"] == 0.4
    assert start["f ~~ g"] == 0.0  # x3 belongs to both
