"""The way up the ladder: fit a rung, judge it against the one before, and let go where it does not hold."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from analysis.errors import SmartCityError
from analysis.measurement.invariance_criteria import Cutoffs, change, exceeded, misfit
from analysis.measurement.invariance_ladder import Measured, Rung, table_at
from analysis.measurement.invariance_partial import MIN_ITEMS, best_release
from analysis.measurement.invariance_result import ReleaseMade, Step
from analysis.measurement.invariance_sample import GroupedSample, solve_on
from analysis.sem.fit_measures import fit_measures
from analysis.sem.nested import difference_test
from analysis.sem.remarks import remarks
from analysis.sem.solution import Solution
from analysis.sem.statistics import GroupStatistics

NOTHING_TESTED = "it restricts nothing beyond the step before (equal degrees of freedom), so that nothing is tested"


@dataclass(frozen=True, slots=True)
class Task:
    """What stays the same on all rungs; ``max_releases`` is the number of releases that a rung may take."""

    measured: Measured
    sample: GroupedSample
    statistics: tuple[GroupStatistics, ...]
    cutoffs: Cutoffs
    max_releases: int


@dataclass(frozen=True, slots=True)
class Attempt:
    """A step and its solution, None where there is none."""

    step: Step
    solution: Solution | None


@dataclass(frozen=True, slots=True)
class Ascent:
    """How far it went: all ``steps``; ``last``, the one that the next is compared with; the parameters ``released``,
    the story of releases; ``level``, the last rung up to which all hold; whether all do (``intact``).
    """

    steps: tuple[Step, ...]
    last: Attempt
    released: tuple[str, ...]
    releases: tuple[ReleaseMade, ...]
    stopped: dict[str, str]
    level: str
    intact: bool


def start(task: Task, rung: Rung) -> Ascent:
    """The configural model; errors are those of ``sem.estimate``."""
    table = table_at(task.measured, rung, ())
    solution = solve_on(task.sample, task.statistics, table, None, rung.name)
    measures = fit_measures(solution)
    lacks = misfit(measures.values, task.cutoffs)
    step = Step(
        rung.name, rung.name, rung.equal, (), False, None, measures.values, measures.undefined, None, None,
        holds=not lacks if solution.df else None,
        reason="; ".join(lacks) if solution.df else "the configural model is saturated: its fit cannot be judged",
        warnings=remarks(solution),
    )  # fmt: skip
    return Ascent((step,), Attempt(step, solution), (), (), {}, rung.name, intact=True)


def climb(task: Task, ascent: Ascent, rung: Rung) -> Ascent:
    """Take the next rung, and search for partial invariance where it is the first that does not hold."""
    name = f"partial {rung.name}" if ascent.released else rung.name
    attempt = _attempt(task, ascent.last, rung, ascent.released, name)
    ascent = replace(ascent, steps=(*ascent.steps, attempt.step))
    if attempt.step.holds is not False:
        return replace(ascent, last=attempt, level=name if ascent.intact else ascent.level)
    below = ascent.last
    if attempt.solution is not None:
        ascent = replace(ascent, last=attempt)
    if not ascent.intact:
        return ascent
    return _search(task, replace(ascent, intact=False), below, rung, attempt)


def _search(task: Task, ascent: Ascent, below: Attempt, rung: Rung, attempt: Attempt) -> Ascent:
    """Let go the parameter with the largest score test, fit again, and so on."""
    released, made = ascent.released, list[ReleaseMade]()
    stopped = "" if attempt.solution is not None else "the model could not be fitted: there are no score tests"
    while not stopped:
        if len(made) == task.max_releases:
            stopped = f"{task.max_releases} releases are made, and no more are allowed"
            break
        assert attempt.solution is not None
        best = best_release(attempt.solution, task.measured, rung, released)
        if best is None:
            stopped = f"nothing more may be let go: {MIN_ITEMS} items of each construct stay invariant"
            break
        test, n_candidates = best
        released = (*released, test.name)
        more = f" ({len(made) + 1} more)" if ascent.released else ""
        attempt = _attempt(task, below, rung, released, f"partial {rung.name}{more}")
        holds = attempt.step.holds
        made.append(ReleaseMade(rung.name, test.name, test.x2, test.df, test.pvalue, n_candidates, holds))
        if holds is not False:
            return replace(
                ascent, steps=(*ascent.steps, attempt.step), last=attempt, released=released,
                releases=(*ascent.releases, *made), level=f"partial {rung.name}", intact=True,
            )  # fmt: skip
        if attempt.solution is None:
            stopped = attempt.step.reason
    steps = (*ascent.steps, attempt.step) if made else ascent.steps
    return replace(
        ascent, steps=steps, releases=(*ascent.releases, *made), stopped={**ascent.stopped, rung.name: stopped}
    )


def _attempt(task: Task, below: Attempt, rung: Rung, released: Sequence[str], name: str) -> Attempt:
    """Fit a rung and compare it with the step ``below``."""
    assert below.solution is not None
    head = Step(
        name, rung.name, rung.equal, tuple(released), bool(released), below.step.name, {}, {}, None, None, None, "", ()
    )  # fmt: skip
    try:
        solution = solve_on(task.sample, task.statistics, table_at(task.measured, rung, released), below.solution, name)
    except SmartCityError as error:
        why = "; ".join(problem.what for problem in error.problems)
        fit = dict.fromkeys(below.step.fit, None)
        return Attempt(replace(head, fit=fit, undefined=dict.fromkeys(fit, why), holds=False, reason=why), None)
    measures = fit_measures(solution)
    head = replace(head, fit=measures.values, undefined=measures.undefined, warnings=remarks(solution))
    if solution.df <= below.solution.df:
        return Attempt(replace(head, reason=NOTHING_TESTED), solution)
    delta = change(measures.values, below.step.fit)
    beyond = exceeded(delta, task.cutoffs, loadings=rung.new[-1] in {"thresholds", "loadings"})
    step = replace(
        head, test=difference_test(solution, below.solution), delta=delta, holds=not beyond, reason="; ".join(beyond)
    )
    return Attempt(step, solution)
