"""The estimators by name: which information gives their standard errors, and which correction their tests."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from analysis.errors import ModelError, Problem, nearest


@dataclass(frozen=True, slots=True)
class Estimator:
    """How an estimator's inference is done.

    ``information``: that of its standard errors, for complete data. ``robust``: covariance of the estimates by
    sandwich. ``scaling``: of the test, None for none. ``words``: its conventions, for the report.
    """

    name: str
    information: Literal["expected", "observed"]
    robust: bool
    scaling: Literal["yuan_bentler", "satorra_bentler"] | None
    words: tuple[str, ...]


_NORMAL = "normal-theory maximum likelihood; covariances divided by N; chi-square = N times the discrepancy"
_BASELINE = "baseline model: variances only, covariances of fixed covariates free"

ESTIMATORS: Mapping[str, Estimator] = MappingProxyType(
    {
        "ML": Estimator("ML", "expected", False, None, (_NORMAL, _BASELINE)),
        "MLR": Estimator(
            "MLR",
            "observed",
            True,
            "yuan_bentler",
            (_NORMAL, "robust standard errors (Huber-White); test scaled after Yuan and Bentler", _BASELINE),
        ),
        "MLM": Estimator(
            "MLM",
            "expected",
            True,
            "satorra_bentler",
            (_NORMAL, "robust standard errors and test after Satorra and Bentler", _BASELINE),
        ),
    }
)


def choose(name: str, missing: str, *, clustered: bool, weighted: bool) -> Estimator:
    """The estimator called ``name``; clusters and weights make ML robust, as they do in lavaan.

    Raises ModelError for an unknown name, an unknown treatment of missing values, or a pair that does not go
    together.
    """
    problems = []
    if name not in ESTIMATORS:
        problems.append(Problem(f"there is no estimator '{name}'", "--estimator", nearest(name, ESTIMATORS)))
    if missing not in {"listwise", "fiml"}:
        problems.append(
            Problem(f"missing values cannot be treated by '{missing}'", "--missing", "known: fiml, listwise")
        )
    if name == "MLM" and (missing == "fiml" or clustered or weighted):
        what = "MLM is for complete, independent, unweighted rows"
        problems.append(Problem(what, "--estimator", "use MLR"))
    if problems:
        raise ModelError(problems)
    if name == "ML" and (clustered or weighted):
        return ESTIMATORS["MLR"]
    return ESTIMATORS[name]
