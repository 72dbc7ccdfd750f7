"""The bootstrap of a structural-equation model: parameters, defined effects, standardised solution and chi-square.

Resamples are refitted in chunks that an executor maps over; this module knows no processes. A resample depends on the
seed and its own index alone, and its refit on nothing but itself, so that results are the same bytes whatever the
chunks, the workers and their order.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Protocol, TypeVar, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import EstimationError, ModelError, Problem, nearest
from analysis.sem import chi_square
from analysis.sem.bootstrap.draws import KINDS, Kind, LeaveOneOut, WithReplacement, under_the_model, unit_sizes
from analysis.sem.bootstrap.intervals import INTERVAL_TYPES, IntervalType, jackknife_acceleration
from analysis.sem.bootstrap.measures import Comparison, fit_replicates
from analysis.sem.bootstrap.refit_job import RefitJob, Replicates, stacked
from analysis.sem.bootstrap.refits import job_of, refit
from analysis.sem.bootstrap.result import BootstrapResult, Failure, Statistic
from analysis.sem.estimate import FitOptions, estimate
from analysis.sem.groups import GroupRows
from analysis.sem.one_level import require_one_level
from analysis.sem.result import Estimate, SemResult
from analysis.sem.solution import Solution

Array = NDArray[np.float64]
Item = TypeVar("Item")
Out = TypeVar("Out")

_ROBUST_ERRORS = re.compile(r"^robust standard errors( \([^)]*\))?(; | and )")
# A batch is small enough to stay in the processor's cache; single refits are long enough to be handed out by tens.
_BATCH = 100
_SINGLES = 10
# The jackknife leaves out rows one by one, or this many blocks of them: the acceleration's own noise is then 0.0004.
_MOST_BLOCKS = 1000


class Executor(Protocol):
    """What maps a function over items: concurrent.futures' executors do."""

    def map(self, fn: Callable[[Item], Out], items: Iterable[Item], /) -> Iterable[Out]:
        """Results in the order of the items."""
        ...


@dataclass(frozen=True, slots=True)
class BootstrapPlan:
    """How many resamples, of which kind, from which seed, and which intervals of which coverage."""

    n_resamples: int
    seed: int
    kind: Kind = "nonparametric"
    interval: IntervalType = "perc"
    level: float = 0.95

    def __post_init__(self) -> None:
        problems = []
        if self.n_resamples < 2:
            problems.append(Problem(f"{self.n_resamples} resamples are too few", "--bootstrap", "1000 is usual"))
        if self.seed < 0:
            problems.append(Problem(f"the seed {self.seed} is negative", "--seed", "give a whole number from 0"))
        if self.kind not in KINDS:
            problems.append(Problem(f"there is no bootstrap '{self.kind}'", "--bootstrap", nearest(self.kind, KINDS)))
        if self.interval not in INTERVAL_TYPES:
            hint = nearest(self.interval, INTERVAL_TYPES)
            problems.append(Problem(f"there is no bootstrap interval '{self.interval}'", "--boot-ci", hint))
        if problems:
            raise ModelError(problems)


def bootstrap(
    model: str,
    data: pd.DataFrame,
    *,
    n_resamples: int,
    seed: int,
    kind: Kind = "nonparametric",
    boot_ci: IntervalType = "perc",
    executor: Executor | None = None,
    **fit_options: Unpack[FitOptions],
) -> BootstrapResult:
    """Fit lavaan syntax to ``data`` and to ``n_resamples`` resamples of them.

    ``kind``: "nonparametric" draws rows, "cluster" whole clusters, "bollen_stine" rows moved so that the model holds,
    for the p-value of its test. Groups keep their size, or number of clusters. ``boot_ci``: "perc", "bc" or "bca".
    ``fit_options`` and errors are those of ``estimate``; EstimationError too where fewer than two resamples could be
    fitted.
    """
    plan = BootstrapPlan(n_resamples, seed, kind, boot_ci)
    return bootstrap_solution(estimate(model, data, **fit_options), plan, executor)


def bootstrap_solution(solution: Solution, plan: BootstrapPlan, executor: Executor | None = None) -> BootstrapResult:
    """Refit ``solution`` to resamples of its rows. Raises ModelError where it has none, no clusters to
    draw, or two levels.
    """
    hint = "use --estimator MLR: its standard errors are robust, and clusters are what they count"
    require_one_level(solution, "bootstrap standard errors", hint)
    if solution.rows is None:
        raise ModelError(Problem("the bootstrap draws rows, and there are moments alone", "--bootstrap", "give data"))
    rows: Sequence[GroupRows] = solution.rows
    if plan.kind == "bollen_stine":
        if solution.table.ordinal:
            what = "the bootstrap of Bollen and Stine is for continuous variables"
            raise ModelError(Problem(what, "--bootstrap", "use the nonparametric bootstrap"))
        rows = under_the_model(rows, solution.implied, solution.table.meanstructure)
    everywhere = _everywhere(solution)
    job = job_of(solution, rows, plan.kind, WithReplacement(plan.seed))
    replicates = _mapped(job, plan.n_resamples, executor)
    succeeded = np.array([not reason for reason in replicates.failure])
    if succeeded.sum() < 2:
        reasons = ", ".join(dict.fromkeys(reason for reason in replicates.failure if reason))
        what = f"{succeeded.sum()} of {plan.n_resamples} resamples could be fitted: {reasons}"
        raise EstimationError(Problem(what, "--bootstrap", "the sample is too small for this model"))
    rate = _accelerations(job, executor) if plan.interval == "bca" else (None, None)
    return BootstrapResult(
        kind=plan.kind,
        seed=plan.seed,
        interval=plan.interval,
        level=plan.level,
        n_requested=plan.n_resamples,
        failures=tuple(Failure(i, reason) for i, reason in enumerate(replicates.failure) if reason),
        improper=tuple(np.flatnonzero(replicates.improper).tolist()),
        statistics=_statistics(solution),
        estimate=everywhere.values[0],
        standardised=everywhere.standardised[0],
        theta=replicates.theta[succeeded],
        replicates=replicates.values[succeeded],
        standardised_replicates=replicates.standardised[succeeded],
        chisq=solution.test.chisq,
        chisq_replicates=replicates.chisq[succeeded],
        fit=_fit_of(solution, everywhere)[0],
        fit_replicates=_fit_of(solution, replicates)[succeeded],
        acceleration=rate[0],
        standardised_acceleration=rate[1],
    )


def with_bootstrap(result: SemResult, boot: BootstrapResult) -> SemResult:
    """``result`` with the standard errors, z, p and intervals of ``boot``, and its counts of what failed."""
    plain, beta = boot.plain, boot.of_standardised
    rows = [
        _replaced(row, plain.se[i], plain.lower[i], plain.upper[i]) if row.free else row
        for i, row in enumerate(result.estimates)
    ]
    estimates = tuple(_beta_replaced(row, beta.se[i], beta.lower[i], beta.upper[i]) for i, row in enumerate(rows))
    kept = [w for w in result.conventions if not w.startswith(("standard errors from", "95 % Wald"))]
    words = [_ROBUST_ERRORS.sub("", w) for w in kept]
    return replace(
        result,
        estimates=estimates,
        covariance=np.cov(boot.theta, rowvar=False, ddof=1).reshape(boot.theta.shape[1], -1),
        conventions=(*words, _convention(boot)),
        warnings=(*result.warnings, *_warnings(boot)),
        bootstrap=boot,
    )


def _mapped(job: RefitJob, n: int, executor: Executor | None) -> Replicates:
    size = _SINGLES if job.inverse_hessian is None else _BATCH
    chunks = [range(first, min(first + size, n)) for first in range(0, n, size)]
    work = partial(refit, job)
    return stacked(list(map(work, chunks) if executor is None else executor.map(work, chunks)))


def _fit_of(solution: Solution, replicates: Replicates) -> Array:
    """Fit measures of each resample (b, 5)."""
    n_groups = len(solution.samples)
    counted = solution.n_observations - solution.estimator.lost_per_group * n_groups
    fixed = Comparison(solution.test.df, solution.test.baseline_df, counted, n_groups)
    return fit_replicates(fixed, replicates.chisq, replicates.baseline_chisq, replicates.srmr)


def _everywhere(solution: Solution) -> Replicates:
    """The statistics of the sample itself, by the code that makes those of the resamples."""
    assert solution.rows is not None
    whole = LeaveOneOut(1)
    return refit(job_of(solution, solution.rows, "nonparametric", whole), [1])


def _accelerations(job: RefitJob, executor: Executor | None) -> tuple[Array, Array]:
    """By the jackknife over units, or over blocks of them; blocks that cannot be fitted without are passed over."""
    n_blocks = min(sum(unit_sizes(job.rows, job.kind)), _MOST_BLOCKS)
    left_out = _mapped(replace(job, scheme=LeaveOneOut(n_blocks)), n_blocks, executor)
    fitted = np.array([not reason for reason in left_out.failure])
    return jackknife_acceleration(left_out.values[fitted]), jackknife_acceleration(left_out.standardised[fitted])


def _statistics(solution: Solution) -> tuple[Statistic, ...]:
    table = solution.table
    groups = table.groups
    rows = [
        Statistic(r.lhs, r.op, r.rhs, groups[r.group] if len(groups) > 1 else None, r.label, bool(r.free))
        for r in table.parameters
    ]
    definitions = [Statistic(d.name, ":=", d.expression.text, None, d.name, True) for d in table.definitions]
    return (*rows, *definitions)


def _replaced(row: Estimate, se: float, lower: float, upper: float) -> Estimate:
    """Inference of one estimate; None where it could not be had."""
    has_se = bool(np.isfinite(se) and se > 0)
    z = row.est / float(se) if has_se else None
    return replace(
        row,
        se=float(se) if np.isfinite(se) else None,
        z=z,
        pvalue=None if z is None else chi_square.two_sided_normal(z),
        ci_lower=float(lower) if np.isfinite(lower) else None,
        ci_upper=float(upper) if np.isfinite(upper) else None,
    )


def _beta_replaced(row: Estimate, se: float, lower: float, upper: float) -> Estimate:
    """Inference of one standardised estimate, where it varies at all."""
    if row.std_all_se is None:
        return row
    known = bool(np.isfinite([se, lower, upper]).all())
    return replace(
        row,
        std_all_se=float(se) if known else None,
        std_all_ci_lower=float(lower) if known else None,
        std_all_ci_upper=float(upper) if known else None,
    )


def _convention(boot: BootstrapResult) -> str:
    names = {"perc": "percentile", "bc": "bias-corrected", "bca": "bias-corrected and accelerated"}
    kinds = {"nonparametric": "rows", "cluster": "clusters", "bollen_stine": "rows moved onto the model"}
    return (
        f"standard errors and {names[boot.interval]} intervals ({boot.level:.0%}) from {boot.n_requested} bootstrap "
        f"resamples of {kinds[boot.kind]} (seed {boot.seed})"
    )


def _warnings(boot: BootstrapResult) -> list[str]:
    found = [
        f"{count} of {boot.n_requested} bootstrap resamples failed: {reason}"
        for reason, count in boot.failure_counts.items()
    ]
    if boot.improper:
        found.append(
            f"{len(boot.improper)} of {boot.n_succeeded} bootstrap solutions are improper (a negative variance, or "
            "latent variables whose covariance matrix is not positive definite); they are kept"
        )
    return found
