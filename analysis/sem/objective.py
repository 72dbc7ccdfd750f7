"""The discrepancy of a whole model: groups weighted by their share of observations, tied rows collected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Objective:
    """F(theta) = sum over groups of share times the group's discrepancy; theta has shape (n_free,)."""

    parts: tuple[GroupPart, ...]
    n_observations: int

    def value(self, theta: Array) -> float:
        """F; infinity where a group's implied moments are no moments."""
        total = 0.0
        for part in self.parts:
            try:
                total += part.share * part.discrepancy.value(implied(part.structure, theta))
            except np.linalg.LinAlgError:
                return np.inf
        return total

    def slopes(self, theta: Array) -> tuple[Array, Array]:
        """Gradient (n_free,) and curvature (n_free, n_free)."""
        gradient, curvature = np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
        for part, at, d in self._at(theta):
            collect = part.structure.collect
            gradient += part.share * (collect @ part.discrepancy.gradient(at, d))
            curvature += part.share * (collect @ part.discrepancy.curvature(at, d) @ collect.T)
        return gradient, curvature

    def newton(self, theta: Array) -> tuple[Array, Array]:
        """Gradient (n_free,) and second derivatives (n_free, n_free)."""
        gradient, hessian = np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
        for part, at, d in self._at(theta):
            collect = part.structure.collect
            gradient += part.share * (collect @ part.discrepancy.gradient(at, d))
            hessian += part.share * (collect @ part.discrepancy.hessian(part.structure, at, d) @ collect.T)
        return gradient, hessian

    def hessian(self, theta: Array) -> Array:
        """Second derivatives, shape (n_free, n_free)."""
        return self.newton(theta)[1]

    def expected_information(self, theta: Array) -> Array:
        """Expected information of one observation: half the curvature of a likelihood."""
        return 0.5 * self.slopes(theta)[1]

    def implied(self, theta: Array) -> tuple[Implied, ...]:
        """Implied moments of each group."""
        return tuple(implied(part.structure, theta) for part in self.parts)

    def _at(self, theta: Array) -> Iterator[tuple[GroupPart, Implied, Derivatives]]:
        for part in self.parts:
            at = implied(part.structure, theta)
            yield part, at, derivatives(part.structure, at)
