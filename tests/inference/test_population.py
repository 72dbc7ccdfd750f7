"""Populations: their moments are those of what is drawn from them, and impossible ones say why."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.errors import ModelError
from analysis.inference.population import read_population
from analysis.inference.population_checks import require_known
from analysis.inference.population_draw import sampler, shared_out
from hypothesis import given
from hypothesis import strategies as st
from tests.inference.power_examples import CLUSTERS, POPULATION, STUDY, TWO_LEVELS


def _drawn(text: str, names: tuple[str, ...], n: int = 200_000, **options: object) -> tuple[np.ndarray, np.ndarray]:
    drawn = sampler(read_population(text), names, **options)  # type: ignore[arg-type]
    values, clusters = drawn.draw(n, np.random.Generator(np.random.PCG64(5)))
    return values[0], clusters[0]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        (POPULATION, ("x1", "m2", "y3", "y1")),
        (TWO_LEVELS, ("y", "x", "w")),
        ((STUDY / "population.lav").read_text(encoding="utf-8"), ("int1", "int2", "sat1", "ie3", "bo2", "offer")),
    ],
    ids=["one level", "product", "study"],
)
def test_moments_are_those_of_what_is_drawn(text: str, names: tuple[str, ...]) -> None:
    values, _ = _drawn(text, names)
    covariance, mean = read_population(text).groups[0].moments(names)
    spread = np.sqrt(np.diag(covariance))
    np.testing.assert_allclose(values.mean(axis=0), mean, atol=5 * spread.max() / np.sqrt(len(values)))
    errors = np.outer(spread, spread) * np.sqrt(3 / len(values))  # products have longer tails than the normal
    assert (np.abs(np.cov(values, rowvar=False) - covariance) < 5 * errors).all()


def test_respondents_of_a_cluster_share_what_is_of_level_two() -> None:
    values, clusters = _drawn(TWO_LEVELS, ("y", "x", "w"), n=400, sizes=CLUSTERS)
    assert all(len(np.unique(values[clusters == c, 2])) == 1 for c in range(len(CLUSTERS)))
    assert np.bincount(clusters).tolist() == shared_out(400, CLUSTERS)


@given(st.integers(1, 5000), st.lists(st.integers(1, 90), min_size=1, max_size=40))
def test_rows_are_shared_out_in_proportion(n: int, sizes: list[int]) -> None:
    counts = np.array(shared_out(n, sizes))
    assert counts.sum() == n
    assert (np.abs(counts - n * np.array(sizes) / sum(sizes)) < 1).all()


def test_sizes_that_add_up_are_kept() -> None:
    assert shared_out(sum(CLUSTERS), CLUSTERS) == list(CLUSTERS)


def test_thresholds_and_codes_cut_items_into_answers() -> None:
    cut = POPULATION + "x1 | -0.5*t1 + 1*t2\n"
    values, _ = _drawn(cut, ("x1", "x2", "y1"), n=5000, codes=(-2, 2))
    assert np.unique(values[:, 0]).tolist() == [1, 2, 3]
    assert np.unique(values[:, 1]).tolist() == [-2, -1, 0, 1, 2]
    assert (values[:, 0] == 1).mean() == pytest.approx(0.346, abs=0.03)  # Phi(-0.5 / sqrt(1.6))


def test_answers_are_missing_as_often_as_was_asked() -> None:
    values, _ = _drawn(POPULATION, ("x1", "x2", "y1"), n=20_000, missing=0.07)
    assert np.isnan(values).mean() == pytest.approx(0.07, abs=0.004)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("x ~~ x\n y ~ 0.3*x\n y ~~ 1*y", "gives no value for x ~~ x"),
        ("x ~~ 1*x\n y ~~ 1*y\n x ~~ 1.2*y", "covariances of x, y contradict each other"),
        ("x ~~ -1*x\n y ~ 1*x\n y ~~ 1*y", "variance of x is negative"),
        ("x ~~ 1*x\nlevel: 1\ny ~~ 1*y\nlevel: 2\ny ~~ 1*y", "outside 'level: 1'"),
        ("level: 1\ny ~~ 1*y", "one of the two levels is missing"),
        (TWO_LEVELS.replace("x:w", "x:y"), "one factor has to be of level 1"),
        (TWO_LEVELS.replace("w ~~ 1*w", "w ~~ 1*w\nw ~ 2*1"), "w is part of a product and has a mean"),
        (TWO_LEVELS.replace("x:w", "w"), "'x' has no"),
        ("x ~~ c(1, 2)*x\n y ~~ c(1, 2, 3)*y\n y ~ 0.1*x", "another number of values"),
    ],
)
def test_impossible_populations_say_why(text: str, words: str) -> None:
    if words == "'x' has no":
        text = text.replace("x ~~ 1*x", "x ~~ 0*x")
        words = "'x' has no variance"
    with pytest.raises(ModelError, match=words):
        require_known(read_population(text), ("y", "x"), "model")


def test_an_unknown_variable_is_told_with_the_nearest_one() -> None:
    with pytest.raises(ModelError, match=r"does not know 'xx1'[\s\S]*did you mean 'x1'"):
        require_known(read_population(POPULATION), ("xx1", "y1"), "model.lav")
