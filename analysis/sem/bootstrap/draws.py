"""Resamples as counts: how often each row of each group is in a resample, and the moments of such a resample.

What is drawn is a unit: a row, or a whole cluster of rows; groups keep their number of units. Resample ``index`` of a
seed is the same whatever else is drawn, by whom and in which order, because its generator is spawned by its index.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem
from analysis.sem.groups import GroupRows
from analysis.sem.implied import Implied
from analysis.sem.patterns import patterns_of

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]
Kind = Literal["nonparametric", "cluster", "bollen_stine"]
KINDS: tuple[Kind, ...] = ("nonparametric", "cluster", "bollen_stine")


class Scheme(Protocol):
    """How often each unit is in a resample."""

    def counts(self, sizes: Sequence[int], index: int) -> list[IntArray]:
        """Counts by group, the number of units of each group being ``sizes``, of resample ``index``."""
        ...


@dataclass(frozen=True, slots=True)
class WithReplacement:
    """The bootstrap: as many units as there are, drawn with replacement within each group (Efron 1979)."""

    seed: int

    def counts(self, sizes: Sequence[int], index: int) -> list[IntArray]:
        """Counts of resample ``index``: one stream of random numbers an index, groups one after the other."""
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(self.seed, spawn_key=(index,))))
        return [np.bincount(generator.integers(size, size=size), minlength=size).astype(np.int64) for size in sizes]


@dataclass(frozen=True, slots=True)
class LeaveOneOut:
    """The jackknife: every unit once but those of block ``index``. Unit i over all groups is in block i mod n_blocks,
    so that the resample ``n_blocks``, one past the last block, is the sample itself.
    """

    n_blocks: int

    def counts(self, sizes: Sequence[int], index: int) -> list[IntArray]:
        """Ones, with zeros for the units left out."""
        block = np.arange(sum(sizes)) % self.n_blocks
        return np.split((block != index).astype(np.int64), np.cumsum(sizes)[:-1])


@dataclass(frozen=True, slots=True)
class WeightedMoments:
    """Moments of one group of a resample: covariance (p, p) by N, mean (p,), and the number of rows."""

    covariance: Array
    mean: Array
    n_observations: int


def unit_sizes(rows: Sequence[GroupRows], kind: Kind) -> list[int]:
    """Number of units of each group. Raises ModelError where clusters are to be drawn and there are none."""
    if kind != "cluster":
        return [len(group.values) for group in rows]
    return [int(_clusters(group).max()) + 1 for group in rows]


def row_counts(rows: Sequence[GroupRows], kind: Kind, counts: Sequence[IntArray]) -> list[IntArray]:
    """Counts of rows (n,) by group, from counts of units."""
    if kind != "cluster":
        return list(counts)
    return [of_unit[_clusters(group)] for group, of_unit in zip(rows, counts, strict=True)]


def weighted_moments(group: GroupRows, counts: IntArray) -> WeightedMoments:
    """Moments of complete rows, each taken ``counts`` (n,) times: three products of matrices, no copy of rows."""
    weight = counts.astype(np.float64) if group.weights is None else counts * group.weights
    share = weight / weight.sum()
    mean = share @ group.values
    centred = group.values - mean
    return WeightedMoments((centred * share[:, None]).T @ centred, mean, int(counts.sum()))


def drawn_rows(group: GroupRows, counts: IntArray) -> GroupRows:
    """The rows themselves, each repeated as often as it was drawn. The saturated moments are left as they are:
    under full information they cost more than the model, and only a chi-square would need them.
    """
    index = np.repeat(np.arange(len(counts)), counts)
    weights = None if group.weights is None else group.weights[index] / group.weights[index].mean()
    clusters = None if group.clusters is None else group.clusters[index]
    values, positions = group.values[index], group.positions[index]
    return replace(
        group,
        positions=positions,
        values=values,
        weights=weights,
        clusters=clusters,
        patterns=patterns_of(values, weights),
    )


def under_the_model(rows: Sequence[GroupRows], implied: Sequence[Implied], meanstructure: bool) -> list[GroupRows]:
    """Rows moved so that the model holds in them: z = Sigma^1/2 S^-1/2 (y - m) + mu, by symmetric roots.

    Bollen & Stine (1992), Bootstrapping goodness-of-fit measures in structural equation models, Sociological
    Methods & Research 21(2), 205-229, eq. 10. Raises ModelError where rows are incomplete.
    """
    moved = []
    for group, at in zip(rows, implied, strict=True):
        if not group.patterns.observed.all():
            what = "the bootstrap of Bollen and Stine needs complete rows"
            raise ModelError(Problem(what, "--bootstrap", "use listwise deletion, or the nonparametric bootstrap"))
        turn = _symmetric_power(group.saturated.covariance, -0.5) @ _symmetric_power(at.covariance, 0.5)
        mean = at.mean if meanstructure else group.saturated.mean
        values = (group.values - group.saturated.mean) @ turn + mean
        moved.append(replace(group, values=values, patterns=patterns_of(values, group.weights)))
    return moved


def _symmetric_power(matrix: Array, power: float) -> Array:
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * values**power) @ vectors.T)


def _clusters(group: GroupRows) -> IntArray:
    if group.clusters is None:
        what = "the cluster bootstrap draws clusters, but no column of clusters is named"
        raise ModelError(Problem(what, "--bootstrap", "name it: --cluster COLUMN"))
    return group.clusters
