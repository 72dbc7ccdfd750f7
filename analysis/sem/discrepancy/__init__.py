"""Discrepancies between sample and implied moments, one module each.

A discrepancy belongs to one group. It says how far implied moments are from the sample's and how that changes
with every row of the parameter table; ``objective`` adds up groups and collects rows that are one parameter.
"""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.sem.implied import Derivatives, Implied, Structure

Array = NDArray[np.float64]


class Discrepancy(Protocol):
    """What the optimiser needs of an estimator, for one group.

    ``value`` is F, zero for the saturated model; ``scoring`` its gradient (n_rows,) with a curvature (n_rows, n_rows),
    a positive-semidefinite stand-in for the second derivatives: twice the expected information where there is a
    likelihood; ``newton`` the gradient with the second derivatives themselves.
    """

    def value(self, implied: Implied) -> float:
        """F at the implied moments; infinity where they are no moments."""
        ...

    def scoring(self, implied: Implied, d: Derivatives) -> tuple[Array, Array]:
        """First derivatives by row, and Gauss-Newton or scoring curvature by pairs of rows."""
        ...

    def newton(self, structure: Structure, implied: Implied, d: Derivatives) -> tuple[Array, Array]:
        """First derivatives by row, and second derivatives by pairs of rows."""
        ...
