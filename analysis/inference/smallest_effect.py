"""Is an effect smaller than the smallest one of interest? Two one-sided tests."""

from __future__ import annotations

import math
from dataclasses import dataclass

from scipy.stats import t as student


@dataclass(frozen=True, slots=True)
class Equivalence:
    """``pvalue`` of the hypothesis that the effect is at least ``bound`` in size, in either direction; the interval of
    confidence 1 - 2 ``level`` lies within the bounds where it is below ``level``.
    """

    bound: float
    pvalue: float
    ci_lower: float
    ci_upper: float
    level: float

    @property
    def equivalent(self) -> bool:
        """Whether the effect is shown to be smaller than the bound."""
        return self.pvalue < self.level


def two_one_sided_tests(
    est: float, se: float, bound: float, df: float | None = None, level: float = 0.05
) -> Equivalence:
    """Test -bound < effect < bound by the larger of two one-sided p values, from t on ``df`` degrees of freedom, or
    from the normal distribution.

    Schuirmann (1987), Journal of Pharmacokinetics and Biopharmaceutics 15(6), 657-680; Lakens (2017), Social
    Psychological and Personality Science 8(4), 355-362.
    """
    freedom = math.inf if df is None else df
    above, below = (est + bound) / se, (est - bound) / se
    pvalue = max(student.sf(above, freedom), student.cdf(below, freedom))
    reach = float(student.ppf(1 - level, freedom)) * se
    return Equivalence(bound, float(pvalue), est - reach, est + reach, level)
