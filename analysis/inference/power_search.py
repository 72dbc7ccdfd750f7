"""The smallest sample size with a target power, found by replications near it.

Power is modelled as Phi(a + b sqrt(n)): what it is of a Wald test whose estimate has a standard error of
sigma / sqrt(n), with a = -1.96 and b = theta / sigma. Every replication counts, whatever its n; where the next are
drawn depends on all before: at the size found so far and at either side of it, where the answer is decided. The
intercept has a normal prior around -1.96, which keeps early steps in bounds and does little else.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from analysis.errors import EstimationError, ModelError, Problem, nearest
from analysis.inference.executor import Executor
from analysis.inference.power import PowerJob, Store, compute
from analysis.inference.power_fits import written_statistic
from analysis.inference.power_models import NORMAL_95

Array = NDArray[np.float64]

_PRIOR_SD = 0.3
_STEP = 100  # replications of a step
_SIDES = (1.0, 0.8, 1.25)
_CLOSE = 0.05  # the search ends when the interval reaches no further than this share of n to either side
_LARGEST = 10**6
_NOTHING = np.zeros(0, dtype=np.bool_)


@dataclass(frozen=True, slots=True)
class Search:
    """What is looked for: the n with power ``target`` for the statistic ``parameter`` (as written, or its label), from
    ``start``, with at most ``budget`` replications, no n below ``smallest``.
    """

    parameter: str
    target: float
    start: int
    budget: int
    smallest: int


@dataclass(frozen=True, slots=True)
class SmallestN:
    """``n`` with its 95 % interval, at the target power. ``visited`` has one row a sample size: n, replications,
    power, power_mcse and ``fitted``, the curve's power. ``settled`` is False where the budget ended the search, and
    ``finished`` where the user did.
    """

    parameter: str
    target: float
    n: int
    ci_lower: int
    ci_upper: int
    replications: int
    visited: pd.DataFrame
    settled: bool = False
    finished: bool = True


@dataclass(frozen=True, slots=True)
class _Count:
    """Replications of one n: how many there are, could be fitted, and are significant."""

    attempted: int = 0
    fitted: int = 0
    significant: int = 0

    def with_hits(self, attempted: int, hits: NDArray[np.bool_]) -> _Count:
        """With some more, ``hits`` of those that could be fitted."""
        return _Count(self.attempted + attempted, self.fitted + len(hits), self.significant + int(hits.sum()))


@dataclass(frozen=True, slots=True)
class _Curve:
    """Phi(a + b sqrt(n)) with the covariance (2, 2) of a and b."""

    a: float
    b: float
    covariance: Array

    def root_n(self, target: float) -> tuple[float, float]:
        """sqrt(n) at the target power, and its standard error by the delta method."""
        root = (float(special.ndtri(target)) - self.a) / self.b
        gradient = np.array([-1.0, -root]) / self.b
        return root, float(np.sqrt(gradient @ self.covariance @ gradient))


def smallest_n(
    job: PowerJob, search: Search, executor: Executor, store: Store, progress: Callable[[int], object]
) -> SmallestN:
    """Search. Raises ModelError for an unknown parameter, or one whose truth is zero; EstimationError where more than a
    million respondents would be needed.
    """
    which = find_statistic(job, search.parameter)
    sign = _sign(job, which, search.parameter)
    counts: dict[int, _Count] = {}
    n, settled, finished, step = max(search.start, search.smallest), False, True, 0
    curve: _Curve | None = None
    while finished and not settled and _attempted(counts) + _STEP <= search.budget:
        before = counts.get(n, _Count())
        blocks = [block for block in job.blocks(n, before.attempted + _STEP) if block.start >= before.attempted]
        finished = compute(job, blocks, executor, store, progress)
        known = store.known()
        there = [store.load(block) for block in blocks if block in known]
        hits = [_hits(fits.estimate[:, which], fits.se[:, which], fits.critical[:, which], sign) for fits in there]
        counts[n] = before.with_hits(sum(len(fits.failure) for fits in there), np.concatenate([_NOTHING, *hits]))
        if finished and not any(count.fitted for count in counts.values()):
            what = f"none of {_STEP} replications of n = {n} could be fitted"
            raise EstimationError(Problem(what, "--n", "start the search at a larger n"))
        curve = _fitted(counts)
        root, error = curve.root_n(search.target)
        settled = step >= len(_SIDES) and 2.0 * NORMAL_95 * error <= _CLOSE * root
        step += 1
        n = _next_size(root, step, search)
    if curve is None or not any(count.fitted for count in counts.values()):
        what = f"a search takes steps of {_STEP} replications, and none was done"
        raise EstimationError(Problem(what, "--reps", "1000 is usual"))
    return replace(_result(search, curve, counts), settled=settled, finished=finished)


def find_statistic(job: PowerJob, parameter: str) -> int:
    """Position of a statistic by its label, or as it is written. Raises ModelError for an unknown one."""
    statistics = job.model.target.statistics
    wanted = "".join(parameter.split())
    for i, statistic in enumerate(statistics):
        if wanted in {statistic.label, "".join(written_statistic(statistic).split())}:
            return i
    known = [s.label for s in statistics if s.label] + [written_statistic(s) for s in statistics]
    raise ModelError(Problem(f"the model has no parameter '{parameter}'", "--parameter", nearest(parameter, known)))


def _sign(job: PowerJob, which: int, parameter: str) -> int:
    truth = float(job.model.target.truth[which])
    if truth == 0:
        what = f"{parameter} is zero in the population: no sample size gives its test more power than 5 %"
        raise ModelError(Problem(what, "--parameter", "choose another, or write another value in the population"))
    return 0 if np.isnan(truth) else int(np.sign(truth))


def _hits(estimate: Array, se: Array, critical: Array, sign: int) -> NDArray[np.bool_]:
    """Which fitted replications are significant, with the sign of the truth where that is known."""
    there = np.isfinite(estimate) & np.isfinite(se)
    estimate, se, critical = estimate[there], se[there], critical[there]
    return np.asarray((np.abs(estimate) > critical * se) & (estimate * sign >= 0))


def _attempted(counts: dict[int, _Count]) -> int:
    return sum(count.attempted for count in counts.values())


def _fitted(counts: dict[int, _Count]) -> _Curve:
    """Probit regression on sqrt(n) by Fisher scoring, with the prior on its intercept."""
    sizes = np.sqrt(np.array(list(counts), dtype=np.float64))
    total = np.array([count.fitted for count in counts.values()], dtype=np.float64)
    hits = np.array([count.significant for count in counts.values()], dtype=np.float64)
    share = (hits + 0.5) / (total + 1.0)
    a, b = -NORMAL_95, max(float(np.average((special.ndtri(share) + NORMAL_95) / sizes, weights=total + 1.0)), 1e-4)
    X = np.column_stack([np.ones_like(sizes), sizes])
    prior = np.array([[_PRIOR_SD**-2, 0.0], [0.0, 0.0]])
    information = np.eye(2)
    for _ in range(100):
        eta = np.clip(a + b * sizes, -6.0, 6.0)
        p, density = special.ndtr(eta), np.exp(-0.5 * eta**2) / np.sqrt(2 * np.pi)
        weight = total * density**2 / (p * (1 - p))
        score = X.T @ ((hits - total * p) * density / (p * (1 - p))) - prior @ np.array([a + NORMAL_95, b])
        information = (X.T * weight) @ X + prior
        move = np.linalg.solve(information, score)
        a, b = a + move[0], max(b + move[1], 0.5 * b)
        if np.abs(move).max() < 1e-10:
            break
    return _Curve(float(a), float(b), np.asarray(np.linalg.inv(information), dtype=np.float64))


def _next_size(root: float, step: int, search: Search) -> int:
    size = root**2 * _SIDES[step % len(_SIDES)]
    if root**2 > _LARGEST:
        what = f"more than a million respondents would be needed for a power of {search.target}"
        raise EstimationError(Problem(what, "--parameter", "the effect is too small, or some of its estimates fail"))
    grain = max(1, int(size) // 20)  # steps close to each other share their sample size
    return max(search.smallest, round(size / grain) * grain)


def _result(search: Search, curve: _Curve, counts: dict[int, _Count]) -> SmallestN:
    root, error = curve.root_n(search.target)
    rows = []
    for n, count in sorted(counts.items()):
        power = count.significant / count.fitted if count.fitted else np.nan
        mcse = np.sqrt(power * (1 - power) / max(count.fitted, 1))
        rows.append((n, count.attempted, power, mcse, float(special.ndtr(curve.a + curve.b * np.sqrt(n)))))
    return SmallestN(
        parameter=search.parameter,
        target=search.target,
        n=max(search.smallest, int(np.ceil(root**2))),
        ci_lower=max(search.smallest, int(np.ceil(max(root - NORMAL_95 * error, 0.0) ** 2))),
        ci_upper=int(np.ceil((root + NORMAL_95 * error) ** 2)),
        replications=_attempted(counts),
        visited=pd.DataFrame(rows, columns=["n", "replications", "power", "power_mcse", "fitted"]),
    )
