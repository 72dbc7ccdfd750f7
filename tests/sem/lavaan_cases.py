"""Fits of reference cases, by rows where the case has them here and by stored moments elsewhere."""

from __future__ import annotations

from functools import cache
from typing import Any

from analysis.sem.estimate import estimate
from analysis.sem.solution import Solution
from analysis.survey.plain import read_matrix
from tests.references import Case, case_names, load_case

# Options that single cases carry and that ``estimate`` does not take as they stand.
_FROM_FILES = {"cov", "means"}


def cases_with(
    key: str, *, estimators: tuple[str, ...] = ("ML", "MLR", "MLM", "GLS", "ULS", "DWLS", "WLSMV")
) -> list[str]:
    """Cases whose expected numbers hold ``key`` and whose data are here, of one of ``estimators``."""
    return [name for name in case_names("sem") if _serves(load_case(name), key, estimators)]


def _serves(case: Case, key: str, estimators: tuple[str, ...]) -> bool:
    return (
        key in case.expected
        and case.options.get("estimator", "ML") in estimators
        and (_has_rows(case.name) or len(case.moments()) == 1)
    )


def _has_rows(name: str) -> bool:
    return name in case_names("sem", "rows")


@cache
def solved(name: str) -> Solution:
    """The solution of a reference case."""
    case = load_case(name)
    options: dict[str, Any] = {key: value for key, value in case.options.items() if key not in _FROM_FILES}
    if "cov" in case.options:
        return estimate(case.model, cov=read_matrix(case.folder / case.options["cov"]), **options)
    if _has_rows(name):
        return estimate(case.model, case.frame(), **options)
    (moments,) = case.moments()
    # The stored matrix is divided by N, a published one by N - 1.
    covariance = moments.cov * moments.nobs / (moments.nobs - 1)
    means = moments.mean if any(op == "~1" for op in case.parameters["op"]) else None
    return estimate(case.model, cov=covariance, nobs=moments.nobs, means=means, **options)


def key(lhs: str, op: str, rhs: str, group: str | None = None, level: int = 1) -> tuple[str | int | None, ...]:
    """A parameter's name whichever way a covariance is written; of a definition the expression does not count."""
    if op == ":=":
        return (lhs, op)
    return (group, level, op, *sorted((lhs, rhs))) if op == "~~" else (group, level, op, lhs, rhs)
