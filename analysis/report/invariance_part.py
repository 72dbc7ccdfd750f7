"""What the report shows of measurement invariance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.measurement.invariance_result import Invariance


@dataclass(frozen=True, slots=True)
class InvariancePart:
    """``titles`` of the groupings, in order; ``found`` what was found of each; ``left_out`` groups with fewer than
    ``least`` respondents, with these; ``absent`` why a grouping has no result.
    """

    titles: Mapping[str, str]
    found: Mapping[str, Invariance]
    left_out: Mapping[str, tuple[tuple[str, int], ...]]
    absent: Mapping[str, str]
    least: int
