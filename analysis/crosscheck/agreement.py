"""How close two programs come to the same numbers."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

import pandas as pd

TOLERANCE = 1e-4
"""Two numbers agree when they differ by less than this share of ours, or of 1 where ours is smaller than 1.

Both programs stop where the next step changes little; 1e-4 is far above what that leaves and far below what a
table prints.
"""


@dataclass(frozen=True, slots=True)
class AgreementRow:
    """One quantity by both programs; ``rel_diff`` is None where ours is zero."""

    quantity: str
    ours: float
    theirs: float
    abs_diff: float
    rel_diff: float | None
    within: bool


@dataclass(frozen=True, slots=True)
class Agreement:
    """All quantities of the analysis ``what`` that the program ``engine`` gives as well.

    ``agrees`` is None where it cannot do the same analysis; ``reason`` then says why, and otherwise what was left
    out of the comparison, if anything.
    """

    what: str
    engine: str
    agrees: bool | None
    rows: tuple[AgreementRow, ...]
    reason: str
    tolerance: float

    @property
    def table(self) -> pd.DataFrame:
        """One row per quantity: quantity, ours, theirs, abs_diff, rel_diff, within."""
        names = [field.name for field in fields(AgreementRow)]
        frame = pd.DataFrame([asdict(row) for row in self.rows], columns=names)
        return frame.astype(dict.fromkeys(names[1:5], float))

    @property
    def largest_difference(self) -> float | None:
        """The largest difference in units of the tolerance's scale, None where nothing was compared."""
        return max((row.abs_diff / max(abs(row.ours), 1.0) for row in self.rows), default=None)


def compare(what: str, engine: str, pairs: Iterable[tuple[str, float | None, float]], reason: str = "") -> Agreement:
    """Set pairs (quantity, ours, theirs) side by side; a number of ours that is undefined is left out."""
    rows = tuple(_row(quantity, ours, theirs) for quantity, ours, theirs in pairs if ours is not None)
    if not rows:
        return not_comparable(what, engine, reason or "there is no number to compare")
    return Agreement(what, engine, all(row.within for row in rows), rows, reason, TOLERANCE)


def not_comparable(what: str, engine: str, reason: str) -> Agreement:
    """No comparison, with the reason."""
    return Agreement(what, engine, None, (), reason, TOLERANCE)


def _row(quantity: str, ours: float, theirs: float) -> AgreementRow:
    difference = abs(ours - theirs)
    return AgreementRow(
        quantity=quantity,
        ours=ours,
        theirs=theirs,
        abs_diff=difference,
        rel_diff=difference / abs(ours) if ours else None,
        within=difference <= TOLERANCE * max(abs(ours), 1.0),
    )
