"""The discrepancy of a whole model: groups weighted by their share of observations, tied rows collected."""

from __future__ import annotations

from collections.abc import Callable
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
        return self._collected(theta, lambda part, at, d: part.discrepancy.scoring(at, d))

    def newton(self, theta: Array) -> tuple[Array, Array]:
        """Gradient (n_free,) and second derivatives (n_free, n_free)."""
        return self._collected(theta, lambda part, at, d: part.discrepancy.newton(part.structure, at, d))

    def hessian(self, theta: Array) -> Array:
        """Second derivatives, shape (n_free, n_free)."""
        return self.newton(theta)[1]

    def expected_information(self, theta: Array) -> Array:
        """Expected information of one observation: half the curvature of a likelihood."""
        return 0.5 * self.slopes(theta)[1]

    def implied(self, theta: Array) -> tuple[Implied, ...]:
        """Implied moments of each group."""
        return tuple(implied(part.structure, theta) for part in self.parts)

    def _collected(
        self, theta: Array, of_group: Callable[[GroupPart, Implied, Derivatives], tuple[Array, Array]]
    ) -> tuple[Array, Array]:
        """Derivatives by row, collected by free parameter and added up over groups."""
        gradient, matrix = np.zeros(len(theta)), np.zeros((len(theta), len(theta)))
        for part in self.parts:
            at = implied(part.structure, theta)
            by_row, by_pair = of_group(part, at, derivatives(part.structure, at))
            collect = part.structure.collect
            gradient += part.share * (collect @ by_row)
            matrix += part.share * (collect @ by_pair @ collect.T)
        return gradient, matrix
