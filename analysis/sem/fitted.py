"""A model at its optimum, as inference needs it."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.sem.covariance import inverse_information
from analysis.sem.identification import flat_parameters
from analysis.sem.objective import Objective
from analysis.sem.optimise import Point
from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]
Kind = Literal["expected", "observed"]


@dataclass(frozen=True)
class Fitted:
    """A table, its objective and the estimates. ``jacobian`` (m, n_free) is that of binding constraints, equalities
    first. ``point`` is the objective at the estimates where that is known. Information is computed once; that is why
    the class has no slots.
    """

    table: ParameterTable
    objective: Objective
    theta: Array
    jacobian: Array
    point: Point | None = None

    @property
    def npar(self) -> int:
        """Free parameters less independent equality constraints.

        lavaan counts equalities alone: an inequality that binds gives no degree of freedom back.
        """
        count = sum(c.op == "==" for c in self.table.constraints)
        return self.table.n_free - (int(np.linalg.matrix_rank(self.jacobian[:count])) if count else 0)

    def information(self, kind: Kind) -> Array:
        """Information of one observation (n_free, n_free)."""
        return self._observed if kind == "observed" else self._expected

    def inverse(self, kind: Kind) -> Array | None:
        """Its inverse along the directions that constraints leave free; None where it is singular."""
        return self._inverse_observed if kind == "observed" else self._inverse_expected

    @property
    def value(self) -> float:
        """The objective at the estimates."""
        return self._at.value

    def flat(self, kind: Kind) -> tuple[str, ...]:
        """Names of the parameters that the data cannot tell apart; none where the information has an inverse."""
        if self.inverse(kind) is not None:
            return ()
        return tuple(flat_parameters(self.table.free_names(), self.information(kind), self.jacobian))

    @cached_property
    def _at(self) -> Point:
        return self.point or self.objective.at(self.theta)

    @cached_property
    def _observed(self) -> Array:
        return 0.5 * self._at.newton[1]

    @cached_property
    def _expected(self) -> Array:
        return 0.5 * self._at.slopes[1]

    @cached_property
    def _inverse_observed(self) -> Array | None:
        return inverse_information(self._observed, self.jacobian)

    @cached_property
    def _inverse_expected(self) -> Array | None:
        return inverse_information(self._expected, self.jacobian)
