"""Are two constructs one? Each pair merged, or correlated at one, against the model that tells them apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from typing import Unpack

import pandas as pd

from analysis.errors import SmartCityError
from analysis.measurement.measurement_model import MeasurementModel, merged, with_lines, with_starts
from analysis.sem.difference import DifferenceTest
from analysis.sem.estimate import FitOptions, estimate
from analysis.sem.nested import compare
from analysis.sem.solution import Solution

PERFECT, ONE_FACTOR = "perfect correlation", "one factor"


@dataclass(frozen=True, slots=True)
class PairTest:
    """Difference test of a restriction on one pair: they correlate at ±1, or their items measure one factor.

    ``correlation`` is that of the model without the restriction. The test is None where ``reason`` says why.
    """

    construct: str
    other: str
    restriction: str
    correlation: float | None
    chisq_diff: float | None
    df_diff: int | None
    pvalue: float | None
    method: str
    reason: str


def pair_tests(model: MeasurementModel, data: pd.DataFrame, **options: Unpack[FitOptions]) -> tuple[PairTest, ...]:
    """Test every pair of distinct constructs whose covariance is free, as semTools::discriminantValidity does.

    Constructs have unit variance. "perfect correlation" fixes their correlation at 1, or -1 where it is negative (one
    degree of freedom; Anderson & Gerbing 1988, Psychological Bulletin 103, 411-423); "one factor" merges them,
    which ties their correlations with all others too. ±1 is the edge of the parameter space, so that the chi-square
    is conservative. The difference is scaled where the estimator's test is (see analysis.sem.nested).
    Raises what ``estimate`` does where the model without a restriction cannot be estimated.
    """
    pairs = [pair for pair in combinations(model.distinct, 2) if frozenset(pair) not in model.orthogonal]
    if not pairs:
        return ()
    options = {**options, "std_lv": True}
    free = estimate(model.unit_text, data, name=model.name, **options)
    return tuple(test for pair in pairs for test in _tests_of_pair(model, pair, free, data, options))


def _tests_of_pair(
    model: MeasurementModel, pair: tuple[str, str], free: Solution, data: pd.DataFrame, options: FitOptions
) -> Iterator[PairTest]:
    correlation = _correlation(free, *pair)
    bound = 1.0 if correlation > 0 else -1.0
    texts = {
        PERFECT: [
            with_lines(with_starts(model.unit_text, starts), f"{pair[0]} ~~ {bound:g}*{pair[1]}")
            for starts in _starts(free, pair, bound * correlation)
        ],
        ONE_FACTOR: [
            merged(with_starts(model.unit_text, starts), *pair) for starts in _starts(free, pair, correlation)
        ],
    }
    fixed = sorted(model.rigid & set(pair))
    for restriction, variants in texts.items():
        if fixed:
            reason = f"several loadings of {fixed[0]} are fixed at numbers, so that its variance cannot be fixed too"
            test = DifferenceTest(None, 0, None, "", reason=reason)
        else:
            test = _difference(variants, free, data, options)
        yield PairTest(
            construct=pair[0],
            other=pair[1],
            restriction=restriction,
            correlation=correlation,
            chisq_diff=test.chisq_diff,
            df_diff=None if test.chisq_diff is None else test.df_diff,
            pvalue=test.pvalue,
            method=test.method,
            reason=test.reason,
        )


def _starts(free: Solution, pair: tuple[str, str], weight: float) -> Iterator[dict[tuple[str, str], float]]:
    """Two starts of the loadings of a pair that is one factor: it is the one construct, and then the other.

    Of items that share little such a factor has a minimum near each of the two, and only one of them is the lowest.
    ``weight`` is what is left of the loadings of the construct that does not lead.
    """
    loadings = {
        (row.lhs, row.rhs): float(value)
        for row, value in zip(free.table.parameters, free.values, strict=True)
        if row.op == "=~" and row.lhs in pair
    }
    for leading in pair:
        yield {key: value * (1.0 if key[0] == leading else weight) for key, value in loadings.items()}


def _difference(variants: list[str], free: Solution, data: pd.DataFrame, options: FitOptions) -> DifferenceTest:
    """The test of one restricted model, the lowest minimum from its ``variants`` of starting values, against ``free``;
    without numbers, and with the reason, where it fails.
    """
    try:
        solutions = [estimate(text, data, name="restricted", **options) for text in variants]
        best = min(solutions, key=lambda solution: solution.test.chisq)
        return compare(free, best, ("free", "restricted")).test
    except SmartCityError as error:
        return DifferenceTest(None, 0, None, "", reason="; ".join(problem.what for problem in error.problems))


def _correlation(solution: Solution, construct: str, other: str) -> float:
    """Of constructs at unit variance: their covariance."""
    names = (*solution.table.observed, *solution.table.latent)
    return float(solution.implied[0].full_covariance[names.index(construct), names.index(other)])
