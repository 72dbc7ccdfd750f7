"""Parallel analysis: eigenvalues of the data against those of data in which nothing is related."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem
from analysis.measurement.extraction import extract, squared_multiple_correlations
from analysis.measurement.item_correlations import ItemCorrelations
from analysis.sem.ordinal.coding import CodedAnswers, code_answers
from analysis.sem.ordinal.polychoric import fit_polychoric, padded_thresholds
from analysis.sem.ordinal.tables import pair_tables

Array = NDArray[np.float64]
Communalities = Literal["minres", "smc"]
Seeds = Sequence[np.random.SeedSequence]
Executor = Callable[[Callable[[Seeds], Array], Iterable[Seeds]], Iterable[Array]]
"""Maps a function over chunks, as ``map`` does."""

_CHUNK = 25


@dataclass(frozen=True, slots=True)
class Eigenvalues:
    """Eigenvalues (p,), largest first: ``observed``, and ``mean`` and ``percentile`` of those of unrelated data.

    ``n_mean`` and ``n_percentile``: how many leading ones exceed mean and percentile.
    """

    observed: Array
    mean: Array
    percentile: Array
    n_mean: int
    n_percentile: int


@dataclass(frozen=True, slots=True)
class ParallelAnalysis:
    """``components``: eigenvalues of the correlations; ``factors``: of these with ``communalities`` in the diagonal.

    ``random`` says what the unrelated data are: "normal" rows, or the items' own answers, "permuted".
    """

    components: Eigenvalues
    factors: Eigenvalues
    communalities: str
    random: str
    replicates: int
    percent: float
    seed: int


def parallel_analysis(
    items: ItemCorrelations,
    *,
    communalities: Communalities = "minres",
    replicates: int = 500,
    percent: float = 95.0,
    seed: int = 1,
    executor: Executor = map,
) -> ParallelAnalysis:
    """Compare the eigenvalues of ``items`` with those of ``replicates`` sets of as many unrelated answers.

    Horn (1965, Psychometrika 30, 179-185) took the mean, Glorfeld (1995, Educational and Psychological Measurement
    55, 377-393) the 95th percentile (``percent``). Unrelated data are normal for Pearson correlations, and for
    polychoric ones the items' own answers, each item permuted (Buja & Eyuboglu 1992, Multivariate Behavioral Research
    27, 509-540), so that categories and margins stay. For factors the diagonal is that of one factor by minres
    (psych::fa.parallel) or "smc", squared multiple correlations (Humphreys & Montanelli 1975, Multivariate Behavioral
    Research 10, 193-205). Every replicate has a seed of its own, so that the result does not depend on the
    ``executor``. Raises ModelError for fewer than 20 replicates and a percentile outside (0, 100).
    """
    _require(replicates, percent)
    source = _permuted(items) if items.kind == "polychoric" else _Normal(len(items.names), items.nobs)
    seeds = np.random.SeedSequence(seed).spawn(replicates)
    chunks = [seeds[start : start + _CHUNK] for start in range(0, replicates, _CHUNK)]
    drawn = np.concatenate(list(executor(partial(_eigenvalues_of_draws, source, communalities), chunks)))
    observed = _eigenvalues(items.correlation, communalities)
    components, factors = (_compared(observed[side], drawn[:, side], percent) for side in (0, 1))
    return ParallelAnalysis(components, factors, communalities, source.name, replicates, percent, seed)


def _require(replicates: int, percent: float) -> None:
    problems = []
    if replicates < 20:
        what = f"{replicates} sets of unrelated answers give no percentile"
        problems.append(Problem(what, "--replicates", "ask for 500"))
    if not 0 < percent < 100:
        problems.append(Problem(f"there is no percentile {percent:g}", "--percentile", "ask for 95"))
    if problems:
        raise ModelError(problems)


def _compared(observed: Array, drawn: Array, percent: float) -> Eigenvalues:
    mean, high = drawn.mean(axis=0), np.percentile(drawn, percent, axis=0)
    return Eigenvalues(observed, mean, high, _n_leading(observed > mean), _n_leading(observed > high))


def _n_leading(exceeds: NDArray[np.bool_]) -> int:
    return len(exceeds) if exceeds.all() else int(np.argmin(exceeds))


def _eigenvalues(correlation: Array, communalities: Communalities) -> Array:
    """Eigenvalues (2, p), largest first, of the correlations and of the reduced correlations."""
    if communalities == "smc":
        shared = squared_multiple_correlations(correlation)
    else:
        shared = (extract(correlation, 1, "minres").loadings ** 2).sum(axis=1)
    reduced = correlation.copy()
    np.fill_diagonal(reduced, shared)
    return np.array([np.linalg.eigvalsh(matrix)[::-1] for matrix in (correlation, reduced)])


def _eigenvalues_of_draws(source: _Normal | _Permuted, communalities: Communalities, seeds: Seeds) -> Array:
    """Eigenvalues (r, 2, p) of a set of unrelated data for each of r seeds."""
    return np.array([_eigenvalues(source.draw(np.random.default_rng(s)), communalities) for s in seeds])


@dataclass(frozen=True, slots=True)
class _Normal:
    """Normal rows without correlation, ``nobs`` of them on ``p`` variables."""

    p: int
    nobs: float
    name = "normal"

    def draw(self, generator: np.random.Generator) -> Array:
        """Correlations (p, p): products of sums of squares are Wishart, drawn by their Cholesky factor (Bartlett 1933,
        Proceedings of the Royal Society of Edinburgh 53, 260-283).
        """
        factor = np.tril(generator.standard_normal((self.p, self.p)), -1)
        degrees = np.maximum(self.nobs - 1.0 - np.arange(self.p), 1e-12)
        np.fill_diagonal(factor, np.sqrt(generator.chisquare(degrees)))
        unit = factor / np.sqrt((factor**2).sum(axis=1, keepdims=True))
        product: Array = unit @ unit.T
        return product


@dataclass(frozen=True, slots=True)
class _Permuted:
    """The ordinal answers themselves, each item in an order of its own; margins, and so thresholds, stay."""

    answers: CodedAnswers
    thresholds: Array
    name = "permuted"

    def draw(self, generator: np.random.Generator) -> Array:
        """Polychoric correlations (p, p)."""
        codes = generator.permuted(self.answers.codes, axis=1)
        tables = pair_tables(CodedAnswers(codes, self.answers.categories, self.answers.margins))
        rho = fit_polychoric(tables.adjusted, self.thresholds[tables.first], self.thresholds[tables.second]).rho
        correlation = np.eye(len(codes))
        correlation[tables.first, tables.second] = correlation[tables.second, tables.first] = rho
        return correlation


def _permuted(items: ItemCorrelations) -> _Permuted:
    if items.rows is None:
        raise ModelError(Problem("a given matrix has no answers to permute", "parallel analysis", "give the answers"))
    answers = code_answers(items.rows, items.names)
    return _Permuted(answers, padded_thresholds(answers.margins))
