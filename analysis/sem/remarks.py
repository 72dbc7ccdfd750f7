"""What a reader must know before trusting a solution, a sentence each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import combinations

import numpy as np

from analysis.sem.groups import GroupRows
from analysis.sem.moments import SampleMoments
from analysis.sem.patterns import coverage
from analysis.sem.solution import Solution
from analysis.sem.starts import FIRST
from analysis.sem.twolevel.measures import is_singular
from analysis.sem.twolevel.sample import TwoLevelSample

# lavaan remarks on pairs of variables that fewer than a tenth of the rows hold together.
_COVERAGE = 0.1
_SHOWN = 6


def remarks(solution: Solution) -> tuple[str, ...]:
    """All remarks: on the search, the data, the estimates and their inference."""
    return (*_of_search(solution), *_of_data(solution), *_of_estimates(solution), *_of_inference(solution))


def _of_search(solution: Solution) -> Iterator[str]:
    if solution.optimum.start == FIRST:
        return
    if solution.two_level is not None:
        yield (
            f"this minimum is from other starting values than the usual ones ({solution.optimum.start}), which led to "
            "none, or to variances of level 2 further below zero"
        )
    else:
        yield f"the usual starting values led to no minimum; this one is from: {solution.optimum.start}"


def _of_data(solution: Solution) -> Iterator[str]:
    if n_dropped := sum(sample.n_dropped for sample in solution.samples):
        how = "rows without any answer, or without a covariate," if solution.patterns else "rows with missing values"
        yield f"{n_dropped} {how} were left out"
    if solution.n_observations < solution.npar:
        yield (
            f"{solution.n_observations} rows are fewer than the {solution.npar} parameters: "
            "tests and standard errors cannot be relied on"
        )
    rows = solution.rows or ()
    if pairs := _sparse_pairs(rows):
        yield f"fewer than a tenth of the rows hold both of: {_listed(pairs)}"
    if pairs := _empty_tables(rows, solution.table.ordinal):
        yield f"nobody gave some combinations of answers to: {_listed(pairs)} (empty cells, treated as lavaan does)"
    yield from _of_clusters(rows, solution.npar)
    if solution.two_level is not None:
        yield from _of_levels(solution, solution.two_level)


def _of_levels(solution: Solution, sample: TwoLevelSample) -> Iterator[str]:
    n_clusters = sample.moments.n_clusters
    n_free = len({row.free for row in solution.table.parameters if row.group == 1} - {0})
    if n_clusters < n_free:
        yield (
            f"{n_clusters} clusters are fewer than the {n_free} parameters of level 2: "
            "tests and standard errors cannot be relied on"
        )
    held = [solution.table.observed.index(name) for name in solution.table.levels[1].observed]
    if is_singular(solution.samples[1].covariance[np.ix_(held, held)]):
        yield (
            "the covariance matrix between clusters that fits best is singular: some variables hardly vary between "
            "clusters beside others, and tests, above all scaled ones, are approximate"
        )


def _of_clusters(rows: Sequence[GroupRows], npar: int) -> Iterator[str]:
    sizes = [np.bincount(group.clusters) for group in rows if group.clusters is not None]
    if not sizes:
        return
    n_clusters = sum(len(of_group) for of_group in sizes)
    if max(int(of_group.max()) for of_group in sizes) == 1:
        yield "every cluster has one row: standard errors are those of MLR, times sqrt(G / (G - 1)) for G clusters"
    elif n_clusters < npar:
        yield f"{n_clusters} clusters are fewer than the {npar} parameters: robust tests cannot be relied on"


def _of_estimates(solution: Solution) -> Iterator[str]:
    table = solution.table
    rows = zip(table.parameters, solution.values, strict=True)
    negative = [row.lhs + table.suffix(row.group) for row, value in rows if row.is_variance and value < 0]
    if negative:
        yield f"negative variance (Heywood case): {', '.join(dict.fromkeys(negative))}"
    p = len(table.observed)
    latent = [at.full_covariance[p:, p:] for at in solution.implied]
    if any(len(block) and np.linalg.eigvalsh(block)[0] < -1e-10 * np.trace(block) for block in latent):
        yield "the covariance matrix of the latent variables is not positive definite"


def _of_inference(solution: Solution) -> Iterator[str]:
    if solution.of_moments and all(_is_correlation(sample) for sample in solution.samples):
        yield (
            "the matrix given is a correlation matrix: standard errors of unstandardised parameters take it for a "
            "covariance matrix; those of the standardised solution (std_all_se) hold"
        )
    if solution.covariance is None:
        yield f"no standard errors: the data barely tell apart {', '.join(solution.flat)}"
    for constraint in solution.binding:
        if constraint.op != "==":
            yield f"the constraint {constraint.name} binds"


def _sparse_pairs(rows: Sequence[GroupRows]) -> list[str]:
    """Pairs that too few rows of a group hold together."""
    found: dict[str, None] = {}
    for group in rows:
        if not group.patterns.observed.all():
            sparse = np.argwhere(np.triu(coverage(group.patterns) < _COVERAGE, 1))
            found |= dict.fromkeys(f"{group.names[i]} and {group.names[j]}" for i, j in sparse)
    return list(found)


def _empty_tables(rows: Sequence[GroupRows], ordinal: Sequence[str]) -> list[str]:
    """Pairs of ordinal variables whose two-way table has an empty cell in some group."""
    found: dict[str, None] = {}
    for group in rows if ordinal else ():
        columns = {name: group.values[:, group.names.index(name)] for name in ordinal}
        shown = {name: (x[:, None] == np.unique(x)).astype(np.float64) for name, x in columns.items()}
        empty = ((a, b) for a, b in combinations(ordinal, 2) if not (shown[a].T @ shown[b]).all())
        found |= dict.fromkeys(f"{a} and {b}" for a, b in empty)
    return list(found)


def _listed(pairs: Sequence[str]) -> str:
    rest = len(pairs) - _SHOWN
    return "; ".join(pairs[:_SHOWN]) + (f"; and {rest} pairs more" if rest > 0 else "")


def _is_correlation(sample: SampleMoments) -> bool:
    """Whether the variances, divided by N - 1 as programs print them, are all 1."""
    printed = np.diag(sample.covariance) * sample.n_observations / (sample.n_observations - 1)
    return bool(np.allclose(printed, 1.0, rtol=1e-9))
