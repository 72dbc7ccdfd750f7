"""Rules of thumb for fit and scale quality, each with the work that proposed it: none is a test."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

_HU_BENTLER = "Hu & Bentler (1999), Structural Equation Modeling 6(1), 1–55"
_CHEN = "Chen (2007), Structural Equation Modeling 14(3), 464–504"


@dataclass(frozen=True, slots=True)
class Criterion:
    """A cutoff ``value``, the ``wording`` that holds it in place of ``{}``, and its ``source``.

    ``changed``: the study set the value, so that it is no longer the source's.
    """

    value: float
    wording: str
    source: str
    changed: bool = False


CRITERIA: Mapping[str, Criterion] = {
    "cfi": Criterion(0.95, "close to {} or above", _HU_BENTLER),
    "tli": Criterion(0.95, "close to {} or above", _HU_BENTLER),
    "rmsea": Criterion(0.06, "close to {} or below", _HU_BENTLER),
    "rmsea_pvalue": Criterion(
        0.05,
        "RMSEA ≤ .05 is close fit; p > {}: close fit not rejected",
        "Browne & Cudeck (1993), in Bollen & Long (eds), Testing Structural Equation Models, Sage",
    ),
    "srmr": Criterion(0.08, "close to {} or below", _HU_BENTLER),
    "alpha": Criterion(
        0.70, "{} or above in early research", "Nunnally (1978), Psychometric Theory, 2nd ed., McGraw-Hill"
    ),
    "cr": Criterion(
        0.60, "{} or above", "Bagozzi & Yi (1988), Journal of the Academy of Marketing Science 16(1), 74–94"
    ),
    "ave": Criterion(
        0.50,
        "{} or above; √AVE above the correlations with other constructs",
        "Fornell & Larcker (1981), Journal of Marketing Research 18(1), 39–50",
    ),
    "htmt": Criterion(
        0.90,
        "below {}",
        "Gold, Malhotra & Segars (2001), Journal of Management Information Systems 18(1), 185–214; taken up by "
        "Henseler, Ringle & Sarstedt (2015), Journal of the Academy of Marketing Science 43(1), 115–135",
    ),
    "vif": Criterion(
        3.3, "above {}: a sign of method variance", "Kock (2015), International Journal of e-Collaboration 11(4), 1–10"
    ),
    "floor_ceiling": Criterion(
        0.15,
        "at most {} of the answers at an end of the scale",
        "McHorney & Tarlov (1995), Quality of Life Research 4(4), 293–307",
    ),
    "delta_cfi": Criterion(
        0.01,
        "CFI falls by no more than {}",
        "Cheung & Rensvold (2002), Structural Equation Modeling 9(2), 233–255",
    ),
    "delta_rmsea": Criterion(0.015, "RMSEA rises by less than {}", _CHEN),
    "delta_aic": Criterion(
        2.0,
        "0–{}: substantial support; above 10: essentially none",
        "Burnham & Anderson (2002), Model Selection and Multimodel Inference, Springer",
    ),
}


def criteria(changed: Mapping[str, float]) -> dict[str, Criterion]:
    """All criteria by what they judge, with the values that a study has ``changed``; raises KeyError."""
    known = dict(CRITERIA)
    for name, value in changed.items():
        if value != known[name].value:
            known[name] = replace(known[name], value=value, changed=True)
    return known
