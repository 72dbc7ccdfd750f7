"""P values adjusted for the number of hypotheses that are tested together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray
from scipy.stats import false_discovery_control

from analysis.study_files import Adjustment, Hypothesis

Array = NDArray[np.float64]
PValues = Mapping[str, float | None]


@dataclass(frozen=True, slots=True)
class Families:
    """Which hypotheses are tested together, and how their p values are adjusted.

    ``family`` maps the id of each hypothesis to the name of its family; ``pvalues`` are those of the study's own
    analysis, which stand for the members that another analysis does not reach.
    """

    method: Adjustment
    family: Mapping[str, str]
    pvalues: PValues = field(default_factory=dict)

    def given(self, pvalues: PValues) -> Families:
        """The same families with the p values of the study's own analysis."""
        return replace(self, pvalues=dict(pvalues))

    def adjusted(self, own: PValues) -> dict[str, float]:
        """Adjusted p of each hypothesis of an analysis that gave the p values ``own``; empty where the study adjusts
        none. A hypothesis without p has no place in its family.
        """
        if self.method == "none":
            return {}
        known = {name: p for name, p in {**self.pvalues, **own}.items() if p is not None and not np.isnan(p)}
        found: dict[str, float] = {}
        for family in dict.fromkeys(self.family.values()):
            members = [name for name in known if self.family[name] == family]
            values = adjust(np.array([known[name] for name in members]), self.method)
            found |= dict(zip(members, values.tolist(), strict=True))
        return {name: found[name] for name in own if name in found}


def families_of(hypotheses: Iterable[Hypothesis], method: Adjustment) -> Families:
    """The families that a study declares; hypotheses that name none are tested with the others of their status."""
    return Families(method, {h.id: h.family or h.status for h in hypotheses})


def adjust(pvalues: Array, method: Adjustment) -> Array:
    """Adjusted p values (m,), in the order given.

    "holm" keeps the probability of any false rejection below the level (Holm 1979, Scandinavian Journal of Statistics
    6(2), 65-70); "bh" the expected share of false ones among the rejections (Benjamini & Hochberg 1995, Journal of the
    Royal Statistical Society B 57(1), 289-300).
    """
    if method == "none" or not len(pvalues):
        return pvalues
    if method == "bh":
        return np.asarray(false_discovery_control(pvalues, method="bh"))
    order = np.argsort(pvalues, kind="stable")
    steps = (len(pvalues) - np.arange(len(pvalues))) * pvalues[order]
    adjusted = np.empty(len(pvalues))
    adjusted[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return adjusted
