"""Monte Carlo power: closed forms, coverage, the truth, and what a replication depends on."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
import pytest
from analysis import multilevel, sem
from analysis.errors import ModelError
from analysis.inference.executor import InProcess
from analysis.inference.power import Block, InMemory, PowerJob, PowerResult, compute, generator, sum_up
from analysis.inference.power_fits import Fits, Sample, frame_of
from analysis.inference.power_models import FitChoice, MomentModel, RowModel
from scipy import stats
from tests.inference.power_examples import CLUSTERS, MODEL, POPULATION, TWO_LEVELS, job, study_job
from tests.references import REFERENCE


def _simulated(of: PowerJob, n: int, replications: int) -> PowerResult:
    store = InMemory()
    assert compute(of, of.blocks(n, replications), InProcess(), store, lambda done: None)
    return sum_up(of, [n], replications, store)


def _row(result: PowerResult, name: str) -> pd.Series:
    table = result.tidy()
    (row,) = [row for _, row in table.iterrows() if name in {row["parameter"], row["label"]}]
    return row


@pytest.mark.parametrize(("n", "difference"), [(60, 0.5), (200, 0.4)])
def test_power_of_a_mean_difference_is_that_of_the_closed_form(n: int, difference: float) -> None:
    """With equal groups the Wald statistic is t times the root of m / (m - 1), m rows a group."""
    model = "y ~ c(m1, m2)*1\n d := m2 - m1"
    found = _row(_simulated(job(model, f"y ~ c(0, {difference})*1\n y ~~ 1*y"), n, 4000), "d")
    m, df = n // 2, n - 2
    critical = stats.norm.ppf(0.975) * np.sqrt((m - 1) / m)
    noncentrality = difference * np.sqrt(m / 2)
    above, below = stats.nct.sf(critical, df, noncentrality), stats.nct.cdf(-critical, df, noncentrality)
    assert found["power"] == pytest.approx(above + below, abs=3.5 * found["power_mcse"])
    assert found["bias"] == pytest.approx(0, abs=3.5 * found["bias_mcse"])


def test_the_study_is_covered_and_its_truth_is_the_population() -> None:
    of = study_job()
    target = of.model.target
    assert target.discrepancy == pytest.approx(0, abs=1e-10)
    named = of.sampler.population.values
    for statistic, truth in zip(target.statistics, target.truth, strict=True):
        if statistic.op in {"=~", "~"}:
            assert truth == pytest.approx(named[1, (statistic.lhs, statistic.op, statistic.rhs)][0], abs=1e-8)
    effects = {s.lhs: v for s, v in zip(target.statistics, target.truth, strict=True) if s.op == ":="}
    assert effects == pytest.approx(
        {"indirect_internal": 0.1, "indirect_external": 0.2, "total_internal": 0.3, "total_external": 0.2}, abs=1e-8
    )
    result = _simulated(of, 604, 600)
    table = result.tidy()
    assert result.sizes[0].converged == 600
    # Variances have skewed estimates and a bias of order 1 / n, and products of paths skewed ones: left out.
    linear = table[[s.op in {"=~", "~"} for s in target.statistics]]
    assert (np.abs(linear["coverage"] - 0.95) < 3.5 * np.sqrt(0.95 * 0.05 / 600)).all()
    assert (np.abs(table["se_ratio"] - 1) < 4 * table["se_ratio_mcse"]).all()
    assert (np.abs(linear["bias"]) < 4 * linear["bias_mcse"]).all()
    zero = table[(table["truth"] == 0) & (table["label"] != "")]
    assert len(zero) == 3
    assert (np.abs(zero["power"] - 0.05) < 3.5 * np.sqrt(0.95 * 0.05 / 600)).all()
    assert result.sizes[0].chisq == pytest.approx(212, abs=212 * 0.06)


GROUPS = "f =~ x1 + x2 + x3\n x1 ~ c(i, i)*1\n f ~ c(0, m)*1\n f ~ c(p, q)*z"
GROUP_POPULATION = """
f =~ 1*x1 + c(0.8, 0.7)*x2 + 0.9*x3
f ~ c(0, 0.3)*1 + c(0.2, 0.4)*z
z ~~ 1*z
f ~~ 1*f
x1 ~~ 0.5*x1
x2 ~~ 0.5*x2
x3 ~~ 0.5*x3
"""


@pytest.mark.parametrize(
    ("model", "population"), [(MODEL, POPULATION), (GROUPS, GROUP_POPULATION)], ids=["one group", "groups, covariate"]
)
def test_replications_fitted_together_are_those_of_fit(model: str, population: str) -> None:
    of = job(model, population)
    assert isinstance(of.model, MomentModel)
    samples = [of.sampler.draw(150, generator(1, 150, i)) for i in range(3)]
    fits = of.model.fit(samples)
    assert fits.failure == ("",) * 3
    several = len(of.sampler.population.groups) > 1
    for i, sample in enumerate(samples):
        frame = frame_of(of.sampler.names, ("1", "2") if several else ("",), sample)
        result = sem.fit(model, frame, group="group." if several else None)
        rows = [row for row in result.estimates if row.free or row.op == ":="]
        np.testing.assert_allclose(fits.estimate[i], [row.est for row in rows], rtol=1e-6, atol=1e-7)
        np.testing.assert_allclose(fits.se[i], np.array([row.se for row in rows], dtype=float), rtol=1e-6)
        assert fits.chisq[i] == pytest.approx(result.fit_measures["chisq"], rel=1e-7)


@pytest.mark.parametrize(
    "options",
    [
        {"estimator": "MLR"},
        {"estimator": "GLS"},
        {"missing": 0.1},
        {"codes": (-2, 2), "ordered": "all"},
        {"population": TWO_LEVELS, "model": "y ~ b*x", "clusters": CLUSTERS},
    ],
    ids=["MLR", "GLS", "missing", "ordinal", "clusters"],
)
def test_every_estimator_finds_the_truth(options: dict[str, object]) -> None:
    found = _simulated(job(**options), 400, 40)  # type: ignore[arg-type]
    assert found.sizes[0].converged == 40
    assert (np.abs(_row(found, "b")["bias"]) < 4 * _row(found, "b")["bias_mcse"]).all()
    assert found.tidy()["truth"].notna().all()


def test_a_mixed_model_is_fitted_as_the_command_fits_it() -> None:
    formula = "y ~ x * w + (1 | g)"
    of = job(formula, TWO_LEVELS, clusters=CLUSTERS, mixed=True)
    np.testing.assert_allclose(of.model.target.truth, [3, 0.3, 0.25, 0.2])
    sample = of.sampler.draw(200, generator(1, 200, 0))
    fits = of.model.fit([sample])
    result = multilevel.fit(formula, frame_of(of.sampler.names, ("",), sample).rename(columns={"cluster.": "g"}))
    np.testing.assert_allclose(fits.estimate[0], [effect.est for effect in result.fixed_effects], rtol=1e-10)
    np.testing.assert_allclose(fits.se[0], [effect.se for effect in result.fixed_effects], rtol=1e-10)
    lower = [effect.ci_lower for effect in result.fixed_effects]
    np.testing.assert_allclose(fits.estimate[0] - fits.critical[0] * fits.se[0], lower, rtol=1e-10)


def test_a_two_level_model_needs_clusters_and_is_fitted_with_them() -> None:
    model = "level: 1\n y ~ b*x\nlevel: 2\n y ~ w"
    with pytest.raises(ModelError, match="needs clusters of several respondents"):
        job(model, TWO_LEVELS)
    found = _simulated(job(model, TWO_LEVELS, clusters=CLUSTERS), 300, 10)
    assert found.sizes[0].converged == 10
    assert _row(found, "b")["truth"] == 0.3


def test_a_replication_depends_on_seed_size_and_index_alone() -> None:
    of = job()
    one, other = InMemory(), InMemory()
    compute(of, of.blocks(100, 100), InProcess(), one, lambda done: None)
    blocks = [Block(120, 0, 5), Block(100, 37, 61), Block(100, 0, 3)]
    compute(of, blocks, InProcess(), other, lambda done: None)
    whole = np.concatenate([one.load(block).estimate for block in sorted(one.known())])
    assert whole[37:61].tobytes() == other.load(blocks[1]).estimate.tobytes()
    assert whole[:3].tobytes() == other.load(blocks[2]).estimate.tobytes()
    assert not np.array_equal(whole[:3], replace(of, seed=2)(blocks[2]).estimate)


@dataclass(frozen=True)
class Fragile:
    """Breaks on every sample whose first number is negative."""

    model: MomentModel

    @property
    def target(self) -> object:
        return self.model.target

    def fit(self, samples: list[Sample]) -> Fits:
        if any(values[0][0, 0] < 0 for values, _ in samples):
            raise ZeroDivisionError("a negative number")
        return self.model.fit(samples)


def test_a_replication_that_fails_is_recorded_with_its_error() -> None:
    of = job()
    assert isinstance(of.model, MomentModel)
    result = _simulated(replace(of, model=Fragile(of.model)), 80, 30)  # type: ignore[arg-type]
    (size,) = result.sizes
    assert list(size.failures) == ["ZeroDivisionError: a negative number"]
    assert 0 < size.converged < 30
    assert size.converged + sum(size.failures.values()) == size.done == 30
    assert (result.tidy()["replications"] == size.converged).all()


def test_an_interrupted_run_keeps_what_was_done_and_goes_on() -> None:
    of, store, done = job(), InMemory(), []

    def interrupting(count: int) -> None:
        done.append(count)
        if len(done) == 3:
            raise KeyboardInterrupt

    blocks = of.blocks(90, 300)
    assert not compute(of, blocks, InProcess(), store, interrupting)
    assert len(store.known()) == 2
    assert sum_up(of, [90], 300, store).sizes[0].done == 100
    counted: list[int] = []
    assert compute(of, blocks, InProcess(), store, counted.append)
    assert counted == [100, 50, 50, 50, 50]
    assert sum_up(of, [90], 300, store).to_json() == _simulated(of, 90, 300).to_json()


class Endless:
    """Blocks that are made when they are asked for."""

    def __init__(self, of: PowerJob) -> None:
        self.fits = of(of.blocks(60, 50)[0])

    def known(self) -> set[Block]:
        return {Block(60, first, first + 50) for first in range(0, 100_000, 50)}

    def load(self, block: Block) -> Fits:
        return replace(self.fits, estimate=self.fits.estimate + 0.0, se=self.fits.se + 0.0)

    def save(self, block: Block, fits: Fits) -> None:
        raise AssertionError


def test_memory_does_not_grow_with_replications() -> None:
    of = job()
    store = Endless(of)
    peaks = []
    for replications in (1_000, 40_000):
        tracemalloc.start()
        sum_up(of, [60], replications, store)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    one_by_one = 40_000 * store.fits.estimate[0].nbytes
    assert peaks[1] < peaks[0] + 0.2 * one_by_one


def test_a_model_that_does_not_hold_has_the_truth_that_its_estimates_tend_to() -> None:
    of = job(MODEL.replace("y ~ b*m + c*x", "y ~ b*m").replace("c*x", ""), POPULATION)
    target = of.model.target
    assert target.discrepancy is not None
    assert target.discrepancy > 1e-3
    assert _row(_simulated(of, 2000, 50), "b")["bias"] == pytest.approx(0, abs=0.02)


@pytest.mark.parametrize(
    ("model", "population", "words"),
    [
        (MODEL + "y ~ z\n", POPULATION, "does not know 'z'"),
        (MODEL.replace("m ~ a*x", "m ~ a*x + y"), POPULATION, "gives no value for m ~ y"),
        ("x =~ x1 + x2", POPULATION, "not identified"),
        ("x =~ x1 + x2 + x3\n m =~ m1 + m2 + m3\n y ~ x:m", POPULATION, "products"),
    ],
)
def test_mistakes_have_their_messages(model: str, population: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        job(model, population)


def test_ordinal_models_need_answers() -> None:
    with pytest.raises(ModelError, match="no item has answers"):
        job(ordered="all")
    with pytest.raises(ModelError, match="'q' is not in the model"):
        job(ordered=("q",), codes=(1, 5))


def test_choices_that_moments_do_not_suffice_for_are_fitted_from_rows() -> None:
    assert FitChoice().of_moments
    assert isinstance(job(MODEL + "a == b\n").model, RowModel)


def test_power_is_that_of_a_simulation_by_lavaan() -> None:
    expected = pd.read_csv(REFERENCE / "power" / "simulated.csv").set_index("parameter")
    ours = _simulated(job(), int(expected["n"].iloc[0]), 2000).tidy().set_index("parameter")
    for name, theirs in expected.iterrows():
        row, k = ours.loc[str(name)], theirs["replications"]
        for share in ("power", "coverage"):
            error = np.hypot(row[f"{share}_mcse"], np.sqrt(theirs[share] * (1 - theirs[share]) / k))
            assert row[share] == pytest.approx(theirs[share], abs=3.5 * error)
        assert row["mean"] == pytest.approx(theirs["mean"], abs=3.5 * np.hypot(row["bias_mcse"], theirs["sd"] / k**0.5))
        assert row["sd"] == pytest.approx(theirs["sd"], rel=3.5 / np.sqrt(2 * k))
        assert row["mean_se"] == pytest.approx(theirs["mean_se"], rel=0.05)
