"""The two-level likelihood as a function of free parameters, in the form that the optimiser and inference take."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.sem.discrepancy.normal import NormalTheory
from analysis.sem.discrepancy.twolevel import Pair, SizeMoments, deviance, log_determinants, newton, scoring
from analysis.sem.implied import Implied, derivatives, structure_of
from analysis.sem.moments import SampleMoments
from analysis.sem.objective import GroupPart, Objective, Point
from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]


@dataclass(frozen=True)
class TwoLevelPoint(Point):
    """The objective at one theta; ``moments`` are those of level 1 and level 2."""

    sample: SizeMoments

    @cached_property
    def slopes(self) -> tuple[Array, Array]:
        """Gradient (n_free,) and curvature (n_free, n_free): twice the expected information of a row."""
        return self._by_parameter(lambda at, d: scoring(self.sample, at, d))

    @cached_property
    def newton(self) -> tuple[Array, Array]:
        """Gradient (n_free,) and second derivatives (n_free, n_free)."""
        structures = (self.parts[0].structure, self.parts[1].structure)
        return self._by_parameter(lambda at, d: newton(self.sample, structures, at, d))

    def _by_parameter(
        self, of_rows: Callable[[tuple[Implied, Implied], Pair], tuple[Array, Array]]
    ) -> tuple[Array, Array]:
        within, between = (part.structure for part in self.parts)
        at = (self.moments[0], self.moments[1])
        d = (derivatives(within, at[0]), derivatives(between, at[1]))
        gradient, matrix = of_rows(at, d)
        collect = np.hstack([within.collect, between.collect])
        return collect @ gradient, collect @ matrix @ collect.T


@dataclass(frozen=True, slots=True)
class TwoLevelObjective(Objective):
    """F(theta) of both levels together, less ``saturated``, its value where both levels are unrestricted.

    ``parts`` hold the structure of level 1 and level 2, each with its share of the degrees of freedom and its distance
    from the moments that tell most of it: deviations from cluster means, and cluster means. F is not the sum of these
    two, since cluster means carry both levels (Muthen 1990 takes the sum where exact computation is too long).
    """

    sample: SizeMoments
    saturated: float

    def at(self, theta: Array) -> TwoLevelPoint:
        """F at ``theta``, ready for its derivatives."""
        try:
            moments = self.implied(theta)
            value = deviance(self.sample, moments[0], moments[1]) - self.saturated
        except np.linalg.LinAlgError:
            return TwoLevelPoint(self.parts, (), len(theta), np.inf, self.sample)
        return TwoLevelPoint(self.parts, moments, len(theta), value, self.sample)

    def at_moments(self, levels: Sequence[SampleMoments]) -> TwoLevelObjective:
        """The same model with the moments of ``levels`` in place of the data's, zero where it reproduces them."""
        within, between = (level.covariance for level in levels)
        sizes = self.sample.sizes
        sample = replace(
            self.sample,
            pooled=within,
            mean=np.tile(levels[0].mean + levels[1].mean, (len(sizes), 1)),
            covariance=between + within / sizes[:, None, None],
        )
        inner = np.ix_(sample.within, sample.within)
        own = sample.pooled_share * (log_determinants(within[inner][None])[0] + sample.within.sum())
        own += sample.share @ (log_determinants(sample.covariance) + len(sample.within))
        return replace(self, sample=sample, saturated=float(own))

    def slopes(self, theta: Array) -> tuple[Array, Array]:
        """Gradient (n_free,) and curvature (n_free, n_free)."""
        return self.at(theta).slopes

    def hessian(self, theta: Array) -> Array:
        """Second derivatives, shape (n_free, n_free)."""
        return self.at(theta).newton[1]


def two_level_objective(table: ParameterTable, sample: SizeMoments, saturated: float = 0.0) -> TwoLevelObjective:
    """The likelihood of ``table``, less its ``saturated`` value."""
    mean, covariance = sample.of_cluster_means()
    n_within = sample.n_rows - sample.n_clusters
    moments = (
        SampleMoments(table.observed, sample.pooled, np.zeros_like(mean), n_within),
        SampleMoments(table.observed, covariance, mean, sample.n_clusters),
    )
    parts = tuple(
        GroupPart(structure_of(table, level), NormalTheory(of_level, True), of_level.n_observations / sample.n_rows)
        for level, of_level in enumerate(moments)
    )
    return TwoLevelObjective(parts, sample.n_rows, sample, saturated)
