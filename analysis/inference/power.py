"""Monte Carlo power: samples drawn from a population, a model fitted to each, summed up by sample size.

Replication i of sample size n has the seed (seed, n, i) and depends on nothing else: not on the number of
replications, the other sample sizes, the blocks or who computes them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from analysis.errors import EstimationError, ModelError, Problem
from analysis.inference.executor import Executor
from analysis.inference.population_draw import Sampler
from analysis.inference.power_fits import Fits, PowerModel, failed, stacked
from analysis.inference.power_models import MomentModel
from analysis.inference.power_tally import Tally, summary
from analysis.json_text import json_text

# Replications of a block: enough to be fitted together, few enough to be lost.
_TOGETHER = 50
_ALONE = 10


@dataclass(frozen=True, slots=True, order=True)
class Block:
    """Replications ``start`` to ``stop`` (without it) of one sample size."""

    n: int
    start: int
    stop: int


@dataclass(frozen=True, slots=True)
class PowerJob:
    """What every block needs."""

    sampler: Sampler
    model: PowerModel
    seed: int

    def __call__(self, block: Block) -> Fits:
        """Draw and fit the replications of a block. One that fails is recorded with its error."""
        samples = [self.sampler.draw(block.n, generator(self.seed, block.n, i)) for i in range(block.start, block.stop)]
        try:
            return self.model.fit(samples)
        except Exception:  # one of them is at fault: find out which
            return stacked([self._guarded(sample) for sample in samples])

    def _guarded(self, sample: object) -> Fits:
        try:
            return self.model.fit([sample])  # type: ignore[list-item]
        except Exception as error:
            return failed(len(self.model.target.statistics), f"{type(error).__name__}: {error}")

    def blocks(self, n: int, replications: int) -> list[Block]:
        """The blocks of ``replications`` of sample size ``n``."""
        size = _TOGETHER if isinstance(self.model, MomentModel) else _ALONE
        return [Block(n, first, min(first + size, replications)) for first in range(0, replications, size)]


class Store(Protocol):
    """Where blocks are kept as they come."""

    def known(self) -> set[Block]:
        """Blocks that are there."""
        ...

    def load(self, block: Block) -> Fits:
        """One of them."""
        ...

    def save(self, block: Block, fits: Fits) -> None:
        """Keep a block, whole or not at all."""
        ...


class InMemory:
    """Blocks kept for as long as the process lives."""

    def __init__(self) -> None:
        self._fits: dict[Block, Fits] = {}

    def known(self) -> set[Block]:
        """Blocks that are there."""
        return set(self._fits)

    def load(self, block: Block) -> Fits:
        """One of them."""
        return self._fits[block]

    def save(self, block: Block, fits: Fits) -> None:
        """Keep a block."""
        self._fits[block] = fits


@dataclass(frozen=True, slots=True)
class SizeResult:
    """Replications of one sample size. ``failures`` counts them by reason; ``chisq`` is the mean over the others."""

    n: int
    requested: int
    done: int
    converged: int
    improper: int
    chisq: float | None
    failures: dict[str, int]


@dataclass(frozen=True, slots=True)
class PowerResult:
    """Performance by sample size: ``table`` has one row a statistic and size, the columns of ``power_tally.summary``.

    ``discrepancy`` and ``df`` are those of the model at the moments of the population, None where that is not known.
    """

    seed: int
    sizes: tuple[SizeResult, ...]
    table: pd.DataFrame
    discrepancy: float | None
    df: int | None

    def tidy(self) -> pd.DataFrame:
        """One row a statistic and sample size."""
        return self.table

    def glance(self) -> pd.DataFrame:
        """One row a sample size."""
        return pd.DataFrame(
            [{"n": s.n, "requested": s.requested, "done": s.done, "converged": s.converged,
              "convergence": s.converged / s.done, "improper": s.improper, "chisq": s.chisq} for s in self.sizes]
        )  # fmt: skip

    def content(self) -> dict[str, object]:
        """What JSON holds; undefined numbers are null."""
        return {
            "seed": self.seed,
            "discrepancy": self.discrepancy,
            "df": self.df,
            "sizes": [
                {"n": s.n, "requested": s.requested, "done": s.done, "converged": s.converged, "improper": s.improper,
                 "chisq": s.chisq, "failures": s.failures} for s in self.sizes
            ],
            "parameters": records(self.table),
        }  # fmt: skip

    def to_json(self) -> str:
        """The same as text."""
        return json_text(self.content())


def records(frame: pd.DataFrame) -> list[dict[str, object]]:
    """One object a row; numbers that JSON cannot hold are null."""
    plain = frame.astype(object).where(frame.notna() & ~frame.isin([np.inf, -np.inf]), None)
    return [{str(name): value for name, value in row.items()} for row in plain.to_dict("records")]


def generator(seed: int, n: int, index: int) -> np.random.Generator:
    """The random numbers of one replication."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(n, index))))


def compute(
    job: PowerJob, blocks: Sequence[Block], executor: Executor, store: Store, progress: Callable[[int], object]
) -> bool:
    """Compute the blocks that ``store`` lacks; ``progress`` is told how many replications are there as they come.

    False where the user interrupted: what was done until then is kept.
    """
    known = store.known()
    progress(sum(b.stop - b.start for b in blocks if b in known))
    waiting = [block for block in blocks if block not in known]
    try:
        for position, fits in executor.run(job, waiting):
            store.save(waiting[position], fits)
            progress(waiting[position].stop - waiting[position].start)
    except KeyboardInterrupt:
        return False
    return True


def sum_up(job: PowerJob, sizes: Iterable[int], replications: int, store: Store) -> PowerResult:
    """Sum up what is there of each sample size, block after block. Raises EstimationError where nothing is."""
    target, known = job.model.target, store.known()
    results, tables = [], []
    for n in sizes:
        tally = Tally(np.where(np.isfinite(target.truth), target.truth, 0.0))
        for block in job.blocks(n, replications):
            if block in known:
                tally.add(store.load(block))
        if tally.n:
            results.append(_size_result(n, replications, tally))
            tables.append(summary(target, tally, n))
    if not tables:
        raise EstimationError(Problem("no replication was done", "smartcity power"))
    return PowerResult(job.seed, tuple(results), pd.concat(tables, ignore_index=True), target.discrepancy, target.df)


def require_plan(n: Sequence[int], replications: int, job: PowerJob) -> None:
    """Raise ModelError where the plan cannot be carried out."""
    problems = []
    smallest, what = smallest_sample(job), f"{len(job.model.target.observed)} variables"
    if job.sampler.sizes is not None:
        what += f" and {len(job.sampler.sizes)} clusters"
    problems += [
        Problem(f"n = {size} is too small for {what}", "--n", f"take at least {smallest}")
        for size in n
        if size < smallest
    ]
    if replications < 2:
        problems.append(Problem(f"{replications} replications are too few", "--reps", "1000 is usual"))
    if job.seed < 0:
        problems.append(Problem(f"the seed {job.seed} is negative", "--seed", "give a whole number from 0"))
    if problems:
        raise ModelError(problems)


def smallest_sample(job: PowerJob) -> int:
    """More rows than variables in each group, and a respondent in each cluster."""
    of_group = len(job.model.target.observed) + 2
    return len(job.sampler.population.groups) * max(of_group, len(job.sampler.sizes or ()))


def _size_result(n: int, requested: int, tally: Tally) -> SizeResult:
    chisq = tally.chisq / tally.n_tested if tally.n_tested else None
    failures = dict(sorted(tally.failures.items()))
    return SizeResult(n, requested, tally.n, tally.n_converged, tally.n_improper, chisq, failures)
