"""A model at its optimum, as inference needs it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.objective import Objective
from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Fitted:
    """A table, its objective and the estimates. ``jacobian`` (m, n_free) is that of binding constraints."""

    table: ParameterTable
    objective: Objective
    theta: Array
    jacobian: Array

    def information(self, kind: str) -> Array:
        """Information of one observation, "expected" or "observed"."""
        if kind == "observed":
            return 0.5 * self.objective.hessian(self.theta)
        return self.objective.expected_information(self.theta)
