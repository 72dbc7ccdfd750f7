"""What a path model is made of: blocks of items, their modes, and the paths between constructs, as masks.

The kernels of this room read a design and correlation matrices, nothing else.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]
Scheme = Literal["path", "factorial", "centroid"]
SCHEMES: tuple[Scheme, ...] = ("path", "factorial", "centroid")


@dataclass(frozen=True)
class Design:
    """p items, J constructs. Exogenous constructs come first, and each construct after those that explain it.

    ``block`` (p, J) says which items a construct has; ``formative`` (J,) which constructs are of mode B; ``path``
    (J, J) has True in row j, column i where construct i explains construct j, and is strictly lower triangular.
    """

    items: tuple[str, ...]
    constructs: tuple[str, ...]
    block: BoolArray
    formative: BoolArray
    path: BoolArray

    @cached_property
    def members(self) -> tuple[IntArray, ...]:
        """Positions of the items of each construct."""
        return tuple(np.flatnonzero(column) for column in self.block.T)

    @cached_property
    def predictors(self) -> dict[int, IntArray]:
        """Positions of the constructs that explain each endogenous construct."""
        return {int(j): np.flatnonzero(self.path[j]) for j in np.flatnonzero(self.path.any(axis=1))}

    @cached_property
    def single(self) -> BoolArray:
        """Which constructs (J,) have one item."""
        return np.asarray(self.block.sum(axis=0) == 1)

    @cached_property
    def n_exogenous(self) -> int:
        """Number of constructs that nothing explains."""
        return len(self.constructs) - len(self.predictors)
