"""One row of the parameter table."""

from __future__ import annotations

from dataclasses import dataclass

# ``free`` of a parameter freed by NA, until free parameters are numbered: it is not fixed as a marker.
FREED = -1


@dataclass(frozen=True, slots=True)
class Parameter:
    """One row. ``free`` counts from 1; rows that share a tie share it; 0 marks a fixed parameter.

    ``fixed`` is the value of a fixed parameter (None while a fixed exogenous moment awaits its data),
    ``exogenous`` marks the moments of observed covariates, which are fixed to the sample's. ``group`` counts
    from 0. Rows with the same ``tie`` (a label, or the mark of an equality over groups) are one parameter.
    """

    lhs: str
    op: str
    rhs: str
    user: bool
    free: int = 0
    fixed: float | None = None
    start: float | None = None
    label: str = ""
    exogenous: bool = False
    group: int = 0
    tie: str = ""

    @property
    def name(self) -> str:
        """The parameter as it is written in lavaan syntax."""
        return f"{self.lhs} ~ 1" if self.op == "~1" else f"{self.lhs} {self.op} {self.rhs}"

    @property
    def is_variance(self) -> bool:
        """Whether this is a (residual) variance."""
        return self.op == "~~" and self.lhs == self.rhs
