"""The bootstrap of a path model: weights of a batch of resamples are iterated together, on their correlations.

Resample ``index`` of a seed has its own stream of random numbers, and is estimated on nothing but itself: results are
the same bytes whatever the batches, the workers and their order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError, ModelError, Problem, nearest
from analysis.pls.design import Design, Scheme
from analysis.pls.estimates import Estimator, PathEstimates, from_weights
from analysis.pls.sample import correlations_of
from analysis.pls.weights import outer_weights
from analysis.sem.bootstrap.intervals import interval, jackknife_acceleration

Array = NDArray[np.float64]
Signs = Literal["none", "individual", "construct"]
SIGNS: tuple[Signs, ...] = ("none", "individual", "construct")
IntervalKind = Literal["perc", "bca"]
INTERVALS: tuple[IntervalKind, ...] = ("perc", "bca")
Item = TypeVar("Item")
Out = TypeVar("Out")
BATCH = 100
_SLICE = 1000  # rows left out together, one each, so that memory does not grow with the square of items times rows


class Executor(Protocol):
    """What maps a function over items: concurrent.futures' executors do."""

    def map(self, fn: Callable[[Item], Out], items: Iterable[Item], /) -> Iterable[Out]:
        """Results in the order of the items."""
        ...


@dataclass(frozen=True, slots=True)
class BootstrapPlan:
    """How many resamples from which seed, how signs are handled, which interval.

    The sign of a score is arbitrary. "none": each resample keeps the orientation of the algorithm (most loadings
    positive); "individual": each weight takes the sign it has in the sample; "construct": a construct is turned
    round where that brings its loadings closer to the sample's (Tenenhaus et al. 2005, section 7).
    """

    n_resamples: int
    seed: int = 1
    signs: Signs = "none"
    interval: IntervalKind = "perc"
    batch: int = BATCH

    def __post_init__(self) -> None:
        problems = []
        if self.n_resamples < 2:
            problems.append(Problem(f"{self.n_resamples} resamples are too few", "--bootstrap", "5000 is usual"))
        if self.seed < 0:
            problems.append(Problem(f"the seed {self.seed} is negative", "--seed", "give a whole number from 0"))
        if self.signs not in SIGNS:
            problems.append(Problem(f"there is no '{self.signs}' of signs", "signs", nearest(self.signs, SIGNS)))
        if self.interval not in INTERVALS:
            what = f"there is no bootstrap interval '{self.interval}'"
            problems.append(Problem(what, "interval", nearest(self.interval, INTERVALS)))
        if problems:
            raise ModelError(problems)


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker needs: standardised rows (n, p), the design, and the sample's own estimates, for signs."""

    rows: Array
    design: Design
    scheme: Scheme
    estimator: Estimator
    signs: Signs
    sample: PathEstimates


@dataclass(frozen=True, slots=True)
class BootstrapResult:
    """``replicates`` (r, m) of those resamples that were estimated; standard errors and ends of 95 % intervals (m,).

    ``n_failed`` resamples did not converge, or gave a solution that is not admissible.
    """

    plan: BootstrapPlan
    replicates: Array
    se: Array
    ci_lower: Array
    ci_upper: Array
    n_failed: int


Statistics = Callable[[PathEstimates], Array]


def bootstrap(
    job: Job, statistics: Statistics, plan: BootstrapPlan, executor: Executor | None = None
) -> BootstrapResult:
    """Estimate ``plan.n_resamples`` resamples; ``statistics`` makes (b, m) numbers of the estimates of b resamples.

    Raises EstimationError where fewer than two resamples could be estimated.
    """
    indices = range(plan.n_resamples)
    batches = [indices[i : i + plan.batch] for i in range(0, len(indices), plan.batch)]
    work = partial(_batch, job, statistics, plan.seed)
    parts = list(map(work, batches) if executor is None else executor.map(work, batches))
    replicates = np.concatenate(parts)
    usable = np.isfinite(replicates).all(axis=1)
    if usable.sum() < 2:
        raise EstimationError(Problem("fewer than two resamples could be estimated", "--bootstrap", "see the model"))
    replicates = replicates[usable]
    acceleration = None
    if plan.interval == "bca":
        slices = np.array_split(job.rows, len(job.rows) // _SLICE + 1)
        left_out = np.concatenate([_numbers(job, statistics, leave_one_out(job.rows, out)) for out in slices])
        acceleration = jackknife_acceleration(left_out[np.isfinite(left_out).all(axis=1)])
    lower, upper = interval(replicates, statistics(job.sample), plan.interval, acceleration=acceleration)
    return BootstrapResult(plan, replicates, replicates.std(axis=0, ddof=1), lower, upper, int((~usable).sum()))


def resampled_rows(seed: int, index: int, n: int) -> NDArray[np.int64]:
    """The rows (n,) in resample ``index``: drawn with replacement from the stream spawned by the index."""
    sequence = np.random.SeedSequence(seed, spawn_key=(index,))
    return np.random.Generator(np.random.PCG64(sequence)).integers(n, size=n)


def leave_one_out(rows: Array, out: Array) -> Array:
    """Correlations (k, p, p) of the standardised ``rows`` (n, p) without each of ``out`` (k, p), some of them."""
    n = len(rows)
    mean = -out / (n - 1)
    products = (rows.T @ rows - out[:, :, None] * out[:, None, :]) / (n - 1)
    return correlations_of(products - mean[:, :, None] * mean[:, None, :])


def _batch(job: Job, statistics: Statistics, seed: int, indices: Sequence[int]) -> Array:
    """Statistics (b, m) of the resamples ``indices``, NaN throughout for one that failed."""
    n = len(job.rows)
    drawn = job.rows[np.array([resampled_rows(seed, index, n) for index in indices])]
    mean = drawn.mean(axis=1)
    covariances = drawn.swapaxes(1, 2) @ drawn / n - mean[:, :, None] * mean[:, None, :]
    return _numbers(job, statistics, correlations_of(covariances))


def _numbers(job: Job, statistics: Statistics, correlations: Array) -> Array:
    outer = outer_weights(correlations, job.design, job.scheme)
    weights = _signed(correlations, outer.weights, job)
    estimates = from_weights(correlations, weights, job.design, job.estimator)
    good = outer.converged & estimates.admissible
    return np.where(good[:, None], statistics(estimates), np.nan)


def _signed(correlations: Array, weights: Array, job: Job) -> Array:
    """Weights (b, p, J) with the signs that the plan asks for."""
    if job.signs == "individual":
        turned = np.abs(weights) * np.sign(job.sample.weights)
        variance = ((correlations @ turned) * turned).sum(axis=-2, keepdims=True)
        return np.asarray(turned / np.sqrt(variance))
    if job.signs == "construct":
        loadings = np.where(job.design.block, correlations @ weights, 0.0)
        own = np.where(job.design.block, job.sample.loadings, 0.0)
        apart, together = (np.abs(own + sign * loadings).sum(axis=-2) for sign in (-1.0, 1.0))
        return np.asarray(weights * np.where(apart > together, -1.0, 1.0)[:, None, :])
    return weights
