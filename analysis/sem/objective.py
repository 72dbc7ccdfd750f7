"""The discrepancy of a whole model: groups weighted by their share of observations, tied rows collected."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from analysis.sem.discrepancy import Discrepancy
from analysis.sem.implied import Derivatives, Implied, Structure, derivatives, implied

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GroupPart:
    """One group: where its parameters stand, its discrepancy, and its share of all observations."""

    structure: Structure
    discrepancy: Discrepancy
    share: float


@dataclass(frozen=True)
class Point:
    """The objective at one theta: its ``value``, infinity where a group's implied moments are no moments, and those
    moments, which derivatives start from. Derivatives are computed once; that is why the class has no slots.
    """

    parts: tuple[GroupPart, ...]
    moments: tuple[Implied, ...]
    n_free: int
    value: float

    @cached_property
    def slopes(self) -> tuple[Array, Array]:
        """Gradient (n_free,) and curvature (n_free, n_free)."""
        return self._collected(lambda part, at, d: part.discrepancy.scoring(at, d))

    @cached_property
    def newton(self) -> tuple[Array, Array]:
        """Gradient (n_free,) and second derivatives (n_free, n_free)."""
        return self._collected(lambda part, at, d: part.discrepancy.newton(part.structure, at, d))

    def _collected(
        self, of_group: Callable[[GroupPart, Implied, Derivatives], tuple[Array, Array]]
    ) -> tuple[Array, Array]:
        """Derivatives by row, collected by free parameter and added up over groups."""
        gradient, matrix = np.zeros(self.n_free), np.zeros((self.n_free, self.n_free))
        for part, at in zip(self.parts, self.moments, strict=True):
            by_row, by_pair = of_group(part, at, derivatives(part.structure, at))
            collect, single = part.structure.collect, part.structure.single
            if single is None:
                gradient += part.share * (collect @ by_row)
                matrix += part.share * (collect @ by_pair @ collect.T)
            else:
                gradient += part.share * by_row[single]
                matrix += part.share * by_pair[single[:, None], single]
        return gradient, matrix


@dataclass(frozen=True, slots=True)
class Objective:
    """F(theta) = sum over groups of share times the group's discrepancy; theta has shape (n_free,)."""

    parts: tuple[GroupPart, ...]
    n_observations: int

    def at(self, theta: Array) -> Point:
        """F at ``theta``, ready for its derivatives."""
        try:
            moments = self.implied(theta)
            value = sum(part.share * part.discrepancy.value(at) for part, at in zip(self.parts, moments, strict=True))
        except np.linalg.LinAlgError:
            return Point(self.parts, (), len(theta), np.inf)
        return Point(self.parts, moments, len(theta), value)

    def value(self, theta: Array) -> float:
        """F; infinity where a group's implied moments are no moments."""
        return self.at(theta).value

    def slopes(self, theta: Array) -> tuple[Array, Array]:
        """Gradient (n_free,) and curvature (n_free, n_free)."""
        return Point(self.parts, self.implied(theta), len(theta), np.nan).slopes

    def hessian(self, theta: Array) -> Array:
        """Second derivatives, shape (n_free, n_free)."""
        return Point(self.parts, self.implied(theta), len(theta), np.nan).newton[1]

    def expected_information(self, theta: Array) -> Array:
        """Expected information of one observation: half the curvature of a likelihood."""
        return 0.5 * self.slopes(theta)[1]

    def implied(self, theta: Array) -> tuple[Implied, ...]:
        """Implied moments of each group."""
        return tuple(implied(part.structure, theta) for part in self.parts)
