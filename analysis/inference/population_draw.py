"""Responses drawn from a population: continuous, cut into answers, and with gaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.inference.population import Level, Population

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Sampler:
    """How responses to ``names`` are drawn. ``roots`` are, by group, square roots of the residual covariances of both
    levels, (k, k) each, the second None in a population of one level. ``cuts`` turn a variable into codes from
    ``lowest``. ``missing`` is the chance of each answer to be absent, whatever the others are (completely at random).
    ``sizes`` are those of the clusters of a sample, in proportion; None where every respondent has one of their own.
    """

    population: Population
    names: tuple[str, ...]
    roots: tuple[tuple[Array, Array | None], ...]
    cuts: Mapping[str, Array]
    lowest: Mapping[str, int]
    missing: float = 0.0
    sizes: tuple[int, ...] | None = None

    def draw(self, n: int, generator: np.random.Generator) -> tuple[list[Array], list[IntArray]]:
        """By group: ``n`` rows shared out evenly, as values (n_g, p), NaN where missing, and clusters (n_g,)."""
        values, clusters = [], []
        counts = shared_out(n, (1,) * len(self.roots))
        for g, count in enumerate(counts):
            codes = np.arange(count) if self.sizes is None else np.repeat(
                np.arange(len(self.sizes)), shared_out(count, self.sizes)
            )  # fmt: skip
            drawn = self._continuous(g, codes, generator)
            for j, name in enumerate(self.names):
                if name in self.cuts:
                    drawn[:, j] = np.searchsorted(self.cuts[name], drawn[:, j]) + self.lowest[name]
            if self.missing:
                drawn[generator.random(drawn.shape) < self.missing] = np.nan
            values.append(drawn)
            clusters.append(codes.astype(np.int64))
        return values, clusters

    def _continuous(self, g: int, codes: IntArray, generator: np.random.Generator) -> Array:
        """Values (n, p) of one group, given the cluster of each row."""
        group, (root, root_above) = self.population.groups[g], self.roots[g]
        out = np.zeros((len(codes), len(self.names)))
        above = None
        if group.between is not None and root_above is not None:
            n_clusters = int(codes.max(initial=-1)) + 1
            above = _solved(group.between, generator.standard_normal((n_clusters, len(root_above))) @ root_above.T)
            above = above[codes]
            _add(out, self.names, group.between, above)
        disturbance = generator.standard_normal((len(codes), len(root))) @ root.T
        own = _solved(group.within, disturbance)
        if above is not None and group.within.products:
            for product in group.within.products:
                disturbance[:, product.outcome] += product.value * own[:, product.own] * above[:, product.shared]
            own = _solved(group.within, disturbance)
        _add(out, self.names, group.within, own)
        return out


def sampler(
    population: Population,
    names: Sequence[str],
    *,
    codes: tuple[int, int] | None = None,
    missing: float = 0.0,
    sizes: Sequence[int] | None = None,
) -> Sampler:
    """A sampler of ``names``. Items with thresholds are cut there; with ``codes`` (lowest, highest) the other items are
    rounded to the nearest code and held within the scale.
    """
    roots = tuple(
        (_root(group.within.residual), None if group.between is None else _root(group.between.residual))
        for group in population.groups
    )
    cuts = {name: np.array(population.thresholds[name]) for name in names if name in population.thresholds}
    lowest = dict.fromkeys(cuts, 1)
    if codes is not None:
        low, high = codes
        rounded = [name for name in names if name in population.items and name not in cuts]
        cuts |= {name: np.arange(low, high) + 0.5 for name in rounded}
        lowest |= dict.fromkeys(rounded, low)
    return Sampler(population, tuple(names), roots, cuts, lowest, missing, None if sizes is None else tuple(sizes))


def shared_out(n: int, sizes: Sequence[int]) -> list[int]:
    """``n`` rows in proportion to ``sizes``, by largest remainders."""
    exact = n * np.asarray(sizes, dtype=np.float64) / sum(sizes)
    whole = np.floor(exact).astype(np.int64)
    order = np.argsort(whole - exact, kind="stable")  # largest remainders first
    whole[order[: n - int(whole.sum())]] += 1
    return [int(count) for count in whole]


def _solved(level: Level, disturbance: Array) -> Array:
    return np.asarray((level.intercept + disturbance) @ level.total.T)


def _add(out: Array, names: Sequence[str], level: Level, values: Array) -> None:
    here = [i for i, name in enumerate(names) if name in level.names]
    out[:, here] += values[:, [level.names.index(names[i]) for i in here]]


def _root(covariance: Array) -> Array:
    """The symmetric square root of a positive semidefinite matrix."""
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray((vectors * np.sqrt(np.maximum(values, 0.0))) @ vectors.T)
