"""The data of the benchmarks: the same at every run, with the properties that the cases claim."""

from __future__ import annotations

import numpy as np
import pandas as pd
from analysis import multilevel, sem
from tests.benchmarks.simulated import (
    N_ROWS,
    clustered_responses,
    factor_model,
    ordinal,
    residents,
    responses,
    two_level_model,
    with_missing,
)


def test_data_are_the_same_at_every_call() -> None:
    pd.testing.assert_frame_equal(responses(N_ROWS, 16, 4), responses(N_ROWS, 16, 4))


def test_answers_are_seven_and_all_are_given() -> None:
    answers = ordinal(responses(N_ROWS, 16, 4))
    assert all(sorted(answers[name].unique()) == [1, 2, 3, 4, 5, 6, 7] for name in answers)


def test_missing_share_is_as_asked() -> None:
    gone = with_missing(responses(N_ROWS, 16, 4), 0.015).isna().to_numpy()
    assert abs(gone.mean() - 0.015) < 0.003
    assert not gone.all(axis=1).any()


def test_communes_are_sixty_of_unequal_sizes_and_matter() -> None:
    data = clustered_responses(1500, 60, 8, 2)
    sizes = data["commune"].value_counts()
    assert len(data) == 1500
    assert len(sizes) == 60
    assert sizes.max() > 2 * sizes.min()
    result = sem.fit(two_level_model(8, 2), data, cluster="commune")
    assert result.icc is not None
    assert 0.05 < min(result.icc.values()) < max(result.icc.values()) < 0.4


def test_model_holds_in_the_data() -> None:
    result = sem.fit(factor_model(16, 4), responses(20_000, 16, 4), std_lv=True)
    loadings = np.array([row.est for row in result.estimates if row.op == "=~"])
    np.testing.assert_allclose(loadings, np.linspace(0.5, 0.8, 16), atol=0.04)
    assert result.fit_measures["df"] == 98


def test_residents_vary_as_their_model_says() -> None:
    data = residents(20_000, 400)
    pd.testing.assert_frame_equal(data, residents(20_000, 400))
    result = multilevel.fit("y ~ x + (1 + x | commune)", data)
    assert result.groups == {"commune": 400}
    np.testing.assert_allclose(result.fixed["est"], [1.0, 0.5], atol=0.06)
    np.testing.assert_allclose(result.random["vcov"], [0.25, 0.10, 0.05, 1.0], atol=0.04)
