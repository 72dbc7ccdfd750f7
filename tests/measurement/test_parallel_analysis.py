"""Parallel analysis and minimum average partial: what they must find, and the same numbers whoever computes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor

import numpy as np
import pandas as pd
import pytest
from analysis.errors import ModelError
from analysis.measurement.item_correlations import ItemCorrelations, item_correlations
from analysis.measurement.parallel_analysis import ParallelAnalysis, parallel_analysis
from analysis.measurement.partial_correlations import minimum_average_partial
from tests.references import REFERENCE

DATA = pd.read_csv(REFERENCE / "simulated.csv")
CONTINUOUS = [f"{scale}{i}" for scale in "abc" for i in range(1, 5)]
ORDINAL = [f"{scale}{i}" for scale in "op" for i in range(1, 5)]


def items(names: list[str], *, ordinal: bool = False) -> ItemCorrelations:
    return item_correlations(DATA, names, ordinal=ordinal)


def numbers(found: ParallelAnalysis) -> np.ndarray:
    sides = (found.components, found.factors)
    return np.array([values for side in sides for values in (side.observed, side.mean, side.percentile)])


def test_three_scales_are_three_dimensions() -> None:
    found = parallel_analysis(items(CONTINUOUS), replicates=100)
    assert (found.components.n_percentile, found.factors.n_percentile) == (3, 3)
    partial = minimum_average_partial(items(CONTINUOUS).correlation)
    assert (partial.n_squared, partial.n_fourth) == (3, 3)


def test_two_ordinal_scales_are_two_dimensions() -> None:
    found = parallel_analysis(items(ORDINAL, ordinal=True), replicates=40)
    assert found.random == "permuted"
    assert (found.components.n_percentile, found.factors.n_percentile) == (2, 2)


def test_unrelated_items_have_no_dimension() -> None:
    rows = pd.DataFrame(np.random.default_rng(2).standard_normal((400, 6)), columns=list("abcdef"))
    found = parallel_analysis(item_correlations(rows, list("abcdef")), replicates=100)
    assert (found.components.n_percentile, found.factors.n_percentile) == (0, 0)
    assert minimum_average_partial(item_correlations(rows, list("abcdef")).correlation).n_squared == 0


def backwards(function: Callable[..., np.ndarray], chunks: Iterable[object]) -> Iterable[np.ndarray]:
    """Compute the last chunk first."""
    return [function(chunk) for chunk in reversed(list(chunks))][::-1]


@pytest.mark.parametrize(("names", "ordinal"), [(CONTINUOUS, False), (ORDINAL, True)])
def test_numbers_do_not_depend_on_workers(names: list[str], ordinal: bool) -> None:
    correlations = items(names, ordinal=ordinal)
    one = numbers(parallel_analysis(correlations, replicates=60, seed=9))
    np.testing.assert_array_equal(
        one, numbers(parallel_analysis(correlations, replicates=60, seed=9, executor=backwards))
    )
    with ProcessPoolExecutor(2) as pool:
        many = parallel_analysis(correlations, replicates=60, seed=9, executor=pool.map)
    np.testing.assert_array_equal(one, numbers(many))
    assert not np.array_equal(one, numbers(parallel_analysis(correlations, replicates=60, seed=10)))


def test_eigenvalues_of_unrelated_answers_add_up_and_fall() -> None:
    found = parallel_analysis(items(CONTINUOUS), replicates=50)
    assert found.components.mean.sum() == pytest.approx(len(CONTINUOUS))
    for side in (found.components, found.factors):
        assert (np.diff(side.mean) < 0).all()
        assert (side.percentile > side.mean).all()


def test_wishart_draws_are_correlations_of_normal_rows() -> None:
    """Mean and percentile of the largest eigenvalue of plain normal rows."""
    generator = np.random.default_rng(1)
    rows = generator.standard_normal((600, 400, 12))
    largest = np.array([np.linalg.eigvalsh(np.corrcoef(x, rowvar=False))[-1] for x in rows])
    found = parallel_analysis(items(CONTINUOUS), replicates=600, communalities="smc")
    assert found.components.mean[0] == pytest.approx(largest.mean(), abs=4 * largest.std() * np.sqrt(2 / 600))
    assert found.components.percentile[0] == pytest.approx(np.percentile(largest, 95), abs=0.03)


def test_mistakes_are_told_all_at_once() -> None:
    with pytest.raises(ModelError) as caught:
        parallel_analysis(items(CONTINUOUS), replicates=3, percent=100.0)
    assert len(caught.value.problems) == 2
