"""What an interaction means, as results: slopes at values of the moderator, and where they are significant."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.moderation import Region


@dataclass(frozen=True, slots=True)
class Slope:
    """The slope at ``at`` standard deviations of the moderator from its mean, which is ``moderator`` in its units."""

    at: float
    moderator: float
    est: float
    se: float
    z: float
    pvalue: float
    ci_lower: float
    ci_upper: float


@dataclass(frozen=True, slots=True)
class SimpleSlopes:
    """Slopes of ``outcome`` on ``predictor`` by values of ``moderator`` in one group; ``sd`` is the moderator's."""

    outcome: str
    predictor: str
    moderator: str
    group: str | None
    sd: float
    slopes: tuple[Slope, ...]

    def tidy(self) -> pd.DataFrame:
        """One row a value of the moderator."""
        return pd.DataFrame(list(self.slopes)).assign(outcome=self.outcome, predictor=self.predictor, group=self.group)


@dataclass(frozen=True, slots=True)
class JohnsonNeyman:
    """Where the slope is significant at ``level``: ``region`` says on which side of ``lower`` and ``upper``.

    Bounds are in the units of the moderator about its mean, None where there is none; ``sd`` is the moderator's.
    """

    outcome: str
    predictor: str
    moderator: str
    group: str | None
    level: float
    sd: float
    lower: float | None
    upper: float | None
    region: Region

    def tidy(self) -> pd.DataFrame:
        """One row."""
        names = ("outcome", "predictor", "moderator", "group", "level", "sd", "lower", "upper", "region")
        return pd.DataFrame([{name: getattr(self, name) for name in names}])
