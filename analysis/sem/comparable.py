"""Whether two models are of the same data, treated in the same way."""

from __future__ import annotations

import numpy as np

from analysis.errors import ModelError, Problem
from analysis.sem.moments import SampleMoments
from analysis.sem.solution import Solution

# Moments of the same rows differ by rounding, or by where expectation and maximisation stopped.
_SAME = 1e-5


def require_comparable(a: Solution, b: Solution) -> None:
    """Raise ModelError, with every reason, where chi-squares of two models cannot be compared."""
    if problems := [*_different_treatment(a, b), *_different_data(a, b)]:
        raise ModelError(problems)


def _different_treatment(a: Solution, b: Solution) -> list[Problem]:
    pairs = [
        ("estimators", a.estimator.name, b.estimator.name),
        ("treatments of missing values", *("fiml" if s.patterns is not None else "complete rows" for s in (a, b))),
        ("mean structures", *("intercepts" if s.table.meanstructure else "no intercepts" for s in (a, b))),
        ("groups", *(", ".join(s.table.groups) or "one" for s in (a, b))),
        ("ordinal variables", *(", ".join(sorted(s.table.ordinal)) or "none" for s in (a, b))),
        ("fixed covariates", *(", ".join(sorted(s.table.exogenous)) or "none" for s in (a, b))),
        ("clusters", *("used" if _clustered(s) else "not used" for s in (a, b))),
        ("levels", *(_levels(s) for s in (a, b))),
    ]
    return [
        Problem(f"the models have different {what}: {one} and {other}", "compare", "fit both in the same way")
        for what, one, other in pairs
        if one != other
    ]


def _levels(solution: Solution) -> str:
    """The variables of each level of a two-level model."""
    return " / ".join(", ".join(sorted(level.observed)) for level in solution.table.levels) or "one"


def _clustered(solution: Solution) -> bool:
    return solution.two_level is not None or any(group.clusters is not None for group in solution.rows or ())


def _different_data(a: Solution, b: Solution) -> list[Problem]:
    one, other = set(a.table.observed), set(b.table.observed)
    if one != other:
        sides = [f"{', '.join(sorted(d))} in one alone" for d in (one - other, other - one) if d]
        hint = "keep the variable in both models; fix its paths to 0 in the restricted one"
        return [Problem(f"the models are of different variables: {'; '.join(sides)}", "compare", hint)]
    if a.n_observations != b.n_observations:
        what = f"the models are of different rows: {a.n_observations} and {b.n_observations} observations"
        return [Problem(what, "compare", "select the rows first, then fit both")]
    if len(a.samples) == len(b.samples) and not all(
        _same_moments(x, y) for x, y in zip(a.samples, b.samples, strict=True)
    ):
        return [Problem("the models are of different data: their sample moments differ", "compare")]
    return []


def _same_moments(one: SampleMoments, other: SampleMoments) -> bool:
    order = [other.names.index(name) for name in one.names]
    spread = np.sqrt(np.diag(one.covariance))
    covariance = one.covariance - other.covariance[np.ix_(order, order)]
    mean = one.mean - other.mean[order]
    return bool(
        np.all(np.abs(covariance) <= _SAME * np.outer(spread, spread)) and np.all(np.abs(mean) <= _SAME * spread)
    )
