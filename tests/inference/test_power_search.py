"""The smallest n: found where closed forms have it, the same whoever computes, and refused where there is none."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import pytest
from analysis.errors import EstimationError, ModelError
from analysis.inference.executor import Executor, InProcess, Processes
from analysis.inference.power import InMemory, smallest_sample
from analysis.inference.power_fits import Fits, PowerModel, Sample, Target, failed, stacked
from analysis.inference.power_search import Search, SmallestN, smallest_n
from scipy import stats
from tests.inference.power_examples import job

SLOPE = "y ~ b*x"


def _population(slope: float) -> str:
    return f"x ~~ 1*x\n y ~ {slope}*x\n y ~~ 1*y"


def _closed_form(slope: float, target: float) -> int:
    """Smallest n of the test of a correlation of standard normal predictors, by Fisher's transformation."""
    rho = slope / math.sqrt(1 + slope**2)
    root = (stats.norm.ppf(0.975) + stats.norm.ppf(target)) / math.atanh(rho)
    return math.ceil(root**2 + 3)


def _found(
    slope: float, target: float, start: int, executor: Executor | None = None, budget: int = 20_000, seed: int = 1
) -> SmallestN:
    of = job(SLOPE, _population(slope), seed=seed)
    search = Search("b", target, start, budget, smallest_sample(of))
    return smallest_n(of, search, executor or InProcess(), InMemory(), bool)


@pytest.mark.parametrize(
    ("slope", "target", "start"), [(0.3, 0.8, 604), (0.3, 0.8, 20), (-0.2, 0.9, 100), (0.15, 0.5, 1000)]
)
def test_the_closed_form_is_found_from_any_start(slope: float, target: float, start: int) -> None:
    found, exact = _found(slope, target, start), _closed_form(slope, target)
    assert found.settled
    assert abs(found.n - exact) <= max(0.08 * exact, 2)
    assert found.ci_lower <= found.n <= found.ci_upper


def test_intervals_hold_the_closed_form_about_as_often_as_they_should() -> None:
    exact = _closed_form(0.3, 0.8)
    runs = [_found(0.3, 0.8, 100, budget=800, seed=seed) for seed in range(12)]
    assert sum(run.ci_lower - 1 <= exact <= run.ci_upper + 1 for run in runs) >= 10


def test_replications_are_spent_near_the_answer() -> None:
    visited = _found(0.3, 0.8, 604).visited
    near = visited[(visited["fitted"] > 0.6) & (visited["fitted"] < 0.95)]
    assert near["replications"].sum() > 0.85 * visited["replications"].sum()


def test_the_search_is_the_same_in_processes() -> None:
    here, there = _found(0.3, 0.8, 100, budget=900), _found(0.3, 0.8, 100, Processes(2), budget=900)
    assert here.visited.equals(there.visited)
    assert (here.n, here.ci_lower, here.ci_upper) == (there.n, there.ci_lower, there.ci_upper)


def test_a_small_budget_says_that_it_ended_the_search() -> None:
    assert not _found(0.3, 0.8, 604, budget=300).settled
    with pytest.raises(EstimationError, match="steps of 100"):
        _found(0.3, 0.8, 604, budget=50)


@dataclass(frozen=True)
class Failing:
    """Fits what ``fits`` says of the sample, and fails elsewhere."""

    model: PowerModel
    fits: Callable[[Sample], bool]

    @property
    def target(self) -> Target:
        return self.model.target

    def fit(self, samples: list[Sample]) -> Fits:
        if len(samples) > 1:
            return stacked([self.fit([sample]) for sample in samples])
        return self.model.fit(samples) if self.fits(samples[0]) else failed(len(self.target.statistics), "broke")


def test_replications_that_fail_are_counted_once_and_end_the_search() -> None:
    of = job(SLOPE, _population(0.3))
    some = replace(of, model=Failing(of.model, lambda sample: bool(sample[0][0][0, 0] > 0)))
    none = replace(of, model=Failing(of.model, lambda sample: False))
    search, store = Search("b", 0.8, 100, 2000, 10), InMemory()
    found = smallest_n(some, search, InProcess(), store, bool)
    assert found.visited["replications"].sum() == found.replications <= 2000
    for n, replications in zip(found.visited["n"], found.visited["replications"], strict=True):
        blocks = sorted(block for block in store.known() if block.n == n)
        assert [block.start for block in blocks] == list(range(0, replications, 10))
    with pytest.raises(EstimationError, match="none of 100 replications of n = 100 could be fitted"):
        smallest_n(none, search, InProcess(), InMemory(), bool)


def test_effects_that_no_sample_size_finds_are_refused() -> None:
    with pytest.raises(ModelError, match="b is zero in the population"):
        _found(0.0, 0.8, 100)
    of = job(SLOPE, _population(0.2))
    with pytest.raises(ModelError, match="no parameter 'c'"):
        smallest_n(of, Search("c", 0.8, 100, 900, 10), InProcess(), InMemory(), bool)
