"""What is missing: by item, by person, in which patterns, and whether completely at random."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from analysis.errors import EstimationError
from analysis.sem.patterns import Patterns, coverage, patterns_of
from analysis.sem.saturated import saturated_moments

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ItemMissing:
    """How many did not answer an item, and their share of all respondents."""

    item: str
    n_missing: int
    share: float


@dataclass(frozen=True, slots=True)
class PersonMissing:
    """How many respondents left exactly ``n_missing`` items out, and their share of all."""

    n_missing: int
    n: int
    share: float


@dataclass(frozen=True, slots=True)
class MissingPattern:
    """The items left out together, and by how many respondents; the pattern of complete rows has none."""

    missing: tuple[str, ...]
    n: int


@dataclass(frozen=True, slots=True)
class Mcar:
    """Little's test over ``n`` respondents who answered something, in ``n_patterns`` patterns."""

    n: int
    n_patterns: int
    chisq: float
    df: int
    pvalue: float


@dataclass(frozen=True, slots=True)
class MissingValues:
    """Missing values of n respondents on p items; ``patterns`` the commonest first.

    ``monotone``: the items can be ordered such that whoever leaves one out leaves out all after it. ``mcar`` is None
    where ``why_no_mcar`` gives the reason.
    """

    n: int
    n_complete: int
    share: float
    items: tuple[ItemMissing, ...]
    persons: tuple[PersonMissing, ...]
    patterns: tuple[MissingPattern, ...]
    monotone: bool
    mcar: Mcar | None
    why_no_mcar: str


def missing_values(values: Array, names: Sequence[str]) -> MissingValues:
    """Describe what is missing of ``values`` (n, p), n > 0, NaN where missing; ``names`` are those of the columns."""
    missing = np.isnan(values)
    n = len(values)
    by_person = missing.sum(axis=1)
    kinds, counts = np.unique(missing, axis=0, return_counts=True)
    reason = why_no_mcar(values, names)
    mcar, reason = (None, reason) if reason else _tried(values)
    return MissingValues(
        n=n,
        n_complete=int((by_person == 0).sum()),
        share=float(missing.mean()),
        items=tuple(
            ItemMissing(name, int(k), float(k / n)) for name, k in zip(names, missing.sum(axis=0), strict=True)
        ),
        persons=tuple(
            PersonMissing(int(k), int(c), float(c / n))
            for k, c in zip(*np.unique(by_person, return_counts=True), strict=True)
        ),
        patterns=tuple(
            MissingPattern(tuple(np.array(names)[kinds[i]].tolist()), int(counts[i]))
            for i in np.argsort(-counts, kind="stable")
        ),
        monotone=is_monotone(missing),
        mcar=mcar,
        why_no_mcar=reason,
    )


def is_monotone(missing: NDArray[np.bool_]) -> bool:
    """Whether the columns of ``missing`` (n, p) can be ordered such that what is missing in one is missing in all
    after it (Little & Rubin 2002, Statistical Analysis with Missing Data, section 1.2). True where nothing is missing.
    """
    ordered = missing[:, np.argsort(missing.sum(axis=0), kind="stable")]
    return bool((ordered[:, :-1] <= ordered[:, 1:]).all())


def why_no_mcar(values: Array, names: Sequence[str]) -> str:
    """The reason why Little's test is not defined for ``values`` (n, p), empty where it is."""
    missing = np.isnan(values)
    p = values.shape[1]
    if p < 2:
        return "two items or more are needed: those who left a single one out answered nothing"
    if not missing.any():
        return "no value is missing"
    empty = np.array([column.all() for column in missing.T])
    if empty.any():
        return f"nobody answered {', '.join(np.array(names)[empty])}: leave it out"
    constant = np.nanmin(values, axis=0) == np.nanmax(values, axis=0)
    if constant.any():
        return f"all gave one answer to {', '.join(np.array(names)[constant])}: leave it out"
    answered = values[~missing.all(axis=1)]
    if len(answered) <= p:
        return f"{len(answered)} respondents answered something: more than the {p} items are needed"
    patterns = patterns_of(answered)
    if len(patterns.observed) < 2:
        return "all who answered something answered every item"
    apart = np.argwhere(np.triu(coverage(patterns) == 0, 1))
    if len(apart):
        return f"nobody answered both {names[apart[0, 0]]} and {names[apart[0, 1]]}"
    return "some items determine another: their covariance is singular" if _collinear(answered) else ""


def _collinear(values: Array) -> bool:
    """Whether rows complete in all columns, more than there are columns, span fewer dimensions than columns."""
    complete = values[~np.isnan(values).any(axis=1)]
    centred = complete - complete.mean(axis=0) if len(complete) else complete
    return len(complete) > values.shape[1] and bool(np.linalg.matrix_rank(centred) < values.shape[1])


def _tried(values: Array) -> tuple[Mcar | None, str]:
    try:
        return little_mcar(values), ""
    except EstimationError as error:
        return None, "; ".join(problem.what for problem in error.problems)
    except np.linalg.LinAlgError:
        return None, "the covariance matrix of the items is singular: some items determine another"


def little_mcar(values: Array) -> Mcar:
    """Little's test of missing completely at random, for ``values`` (n, p) for which ``why_no_mcar`` gives no reason.

    d² = Σ n_j (ȳ_j - μ̂_j)' Σ̂_j⁻¹ (ȳ_j - μ̂_j) over patterns j, of what is observed in each; chi-square with
    Σ p_j - p df (Little 1988, Journal of the American Statistical Association 83, 1198-1202). μ̂ and Σ̂ are the
    maximum-likelihood estimates, Σ̂ with divisor n, as in R's BaylorEdPsych. Rows without any answer are left out.
    Raises EstimationError where the estimates do not settle, numpy.linalg.LinAlgError where the covariance is singular.
    """
    answered = values[~np.isnan(values).all(axis=1)]
    # The statistic ignores location and scale; the estimates settle best in standard units.
    patterns = patterns_of((answered - np.nanmean(answered, axis=0)) / np.nanstd(answered, axis=0))
    n, p = answered.shape
    chisq = _distance(patterns) * n
    df = int(patterns.observed.sum()) - p
    return Mcar(n, len(patterns.observed), chisq, df, float(chi2.sf(chisq, df)))


def _distance(patterns: Patterns) -> float:
    """Mean over rows of the squared Mahalanobis distance of their pattern's mean from the saturated model's."""
    saturated = saturated_moments(patterns)
    weight, _ = patterns.inverse_and_log_determinant(saturated.covariance)
    difference, _ = patterns.about(saturated.mean)
    return float(np.einsum("k,ki,kij,kj->", patterns.share, difference, weight, difference))
