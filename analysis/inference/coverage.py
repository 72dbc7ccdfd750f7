"""What few, small communes do to estimates: the fitted model taken for the truth, drawn and fitted many times."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from analysis.multilevel.parametric_bootstrap import estimates_of, parameter_names, refits
from analysis.multilevel.satterthwaite import coefficient_df, variance_uncertainty
from analysis.multilevel.singularity import is_singular
from analysis.multilevel.solution import Solution

Array = NDArray[np.float64]
Seeds = Sequence[np.random.SeedSequence]
Executor = Callable[[Callable[[Seeds], Array], Iterable[Seeds]], Iterable[Array]]

SMALL = 10  # a commune with fewer respondents says little of itself
_CHUNK = 50


@dataclass(frozen=True, slots=True)
class Coverage:
    """R samples with the sizes of the groups at hand, drawn from the estimates.

    ``table``: parameter, level (2 for terms that are constant within groups, 1 for others, 0 for spreads), truth,
    mean, bias, relative_bias (over the truth), sd (of the estimates), mean_se, coverage of 95 % intervals and its
    Monte Carlo error. Spreads have no interval. ``n_small`` groups have fewer than ``SMALL`` rows.
    """

    group: str
    n_groups: int
    n_small: int
    n_in_small: int
    smallest: int
    largest: int
    replicates: int
    n_failed: int
    share_singular: float
    seed: int
    table: pd.DataFrame


def coverage(solution: Solution, replicates: int, seed: int, executor: Executor = map) -> Coverage:
    """Bias of all estimates and coverage of Satterthwaite's intervals, at the model and group sizes of a solution."""
    seeds = np.random.SeedSequence(seed).spawn(replicates)
    chunks = [seeds[start : start + _CHUNK] for start in range(0, replicates, _CHUNK)]
    drawn = np.concatenate(list(executor(partial(_replicates, solution), chunks)))
    kept = drawn[~np.isnan(drawn).any(axis=1)]
    coarsest = min(solution.design.blocks, key=lambda block: block.n_groups)
    sizes = np.bincount(coarsest.codes)
    return Coverage(
        group=coarsest.group,
        n_groups=len(sizes),
        n_small=int((sizes < SMALL).sum()),
        n_in_small=int(sizes[sizes < SMALL].sum()),
        smallest=int(sizes.min()),
        largest=int(sizes.max()),
        replicates=replicates,
        n_failed=replicates - len(kept),
        share_singular=float(kept[:, -1].mean()),
        seed=seed,
        table=_summary(solution, kept, coarsest.codes),
    )


def _summary(solution: Solution, kept: Array, codes: NDArray[np.intp]) -> pd.DataFrame:
    names, truth, p = parameter_names(solution), estimates_of(solution), len(solution.beta)
    k = len(names)
    estimates, errors, covered = kept[:, :k], kept[:, k : k + p], kept[:, k + p : k + 2 * p]
    X = solution.design.X
    first = np.unique(codes, return_index=True)[1]
    shared = np.isclose(X, X[first[codes]], rtol=1e-9, atol=1e-12).all(axis=0)
    nothing = np.full(k - p, np.nan)
    share = covered.mean(axis=0)
    bias = estimates.mean(axis=0) - truth
    with np.errstate(divide="ignore", invalid="ignore"):
        relative = np.where(truth == 0, np.nan, bias / truth)
    return pd.DataFrame(
        {
            "parameter": names,
            "level": [*np.where(shared, 2, 1).tolist(), *[0] * (k - p)],
            "truth": truth,
            "mean": estimates.mean(axis=0),
            "bias": bias,
            "relative_bias": relative,
            "sd": estimates.std(axis=0, ddof=1),
            "mean_se": np.append(errors.mean(axis=0), nothing),
            "coverage": np.append(share, nothing),
            "coverage_error": np.append(np.sqrt(share * (1.0 - share) / len(kept)), nothing),
        }
    )


def _replicates(solution: Solution, seeds: Seeds) -> Array:
    """Of each seed: estimates (k,), standard errors (p,), whether intervals hold the truth (p,), and singularity."""
    k, p = len(parameter_names(solution)), len(solution.beta)
    rows = np.full((len(seeds), k + 2 * p + 1), np.nan)
    for row, fit in zip(rows, refits(solution, seeds), strict=True):
        if fit is not None:
            errors = np.sqrt(np.diag(fit.cov_beta))
            half = special.stdtrit(coefficient_df(variance_uncertainty(fit)), 0.975) * errors
            covered = np.abs(fit.beta - solution.beta) <= half
            row[:] = np.concatenate([estimates_of(fit), errors, covered, [is_singular(fit)]])
    return rows
