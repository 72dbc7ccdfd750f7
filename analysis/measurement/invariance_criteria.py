"""When a rung holds: changes of fit indices against cutoffs, with their sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

Measures = Mapping[str, int | float | None]

CHEN, CHEUNG_RENSVOLD = "Chen (2007)", "Cheung & Rensvold (2002)"
BENTLER_BONETT, BROWNE_CUDECK = "Bentler & Bonett (1980)", "Browne & Cudeck (1993)"
GIVEN = "given"

REFERENCES = (
    f"{CHEN}, Sensitivity of goodness of fit indexes to lack of measurement invariance, Structural Equation Modeling "
    "14(3), 464-504",
    f"{CHEUNG_RENSVOLD}, Evaluating goodness-of-fit indexes for testing measurement invariance, Structural Equation "
    "Modeling 9(2), 233-255",
    f"{BENTLER_BONETT}, Significance tests and goodness of fit in the analysis of covariance structures, Psychological "
    "Bulletin 88(3), 588-606 (.90, of normed indices)",
    f"{BROWNE_CUDECK}, Alternative ways of assessing model fit, in Bollen & Long (eds.), Testing Structural Equation "
    "Models, 136-162 (.08)",
)

# Chen (2007) gives smaller changes for 300 rows or fewer.
_SMALL = 300


@dataclass(frozen=True, slots=True)
class Cutoffs:
    """The largest fall of CFI and rises of RMSEA and SRMR that a rung may show, SRMR apart for loadings and for what
    comes after; and the fit that the configural model should have. ``sources`` says of each where it is from.
    """

    cfi: float
    rmsea: float
    srmr_loadings: float
    srmr: float
    least_cfi: float
    largest_rmsea: float
    sources: dict[str, str]


def cutoffs_for(nobs: int, cfi: float | None = None, rmsea: float | None = None, srmr: float | None = None) -> Cutoffs:
    """Chen's cutoffs for so many rows, with those that are given in their place. Of more than 300 rows that of CFI is
    Cheung and Rensvold's too.
    """
    many = nobs > _SMALL
    names = ("cfi", "rmsea", "srmr_loadings", "srmr")
    chens = dict(zip(names, (0.01, 0.015, 0.03, 0.01) if many else (0.005, 0.01, 0.025, 0.005), strict=True))
    given = {"cfi": cfi, "rmsea": rmsea, "srmr_loadings": srmr, "srmr": srmr}
    sources = {name: CHEN if given[name] is None else GIVEN for name in names}
    if many and cfi is None:
        sources["cfi"] = f"{CHEUNG_RENSVOLD}, {CHEN}"
    values = chens | {name: value for name, value in given.items() if value is not None}
    return Cutoffs(
        **values,
        least_cfi=0.90,
        largest_rmsea=0.08,
        sources={**sources, "least_cfi": BENTLER_BONETT, "largest_rmsea": BROWNE_CUDECK},
    )


@dataclass(frozen=True, slots=True)
class Change:
    """CFI, RMSEA and SRMR less those of the rung before. ``version`` says which CFI and RMSEA: robust or scaled ones
    where both rungs have them, else "standard".
    """

    cfi: float | None
    rmsea: float | None
    srmr: float | None
    version: str


def change(now: Measures, before: Measures) -> Change:
    """Changes from one rung to the next."""
    version = next((v for v in ("robust", "scaled") if _has(now, v) and _has(before, v)), "standard")
    ending = "" if version == "standard" else f"_{version}"
    cfi, rmsea, srmr = (_difference(now, before, key) for key in (f"cfi{ending}", f"rmsea{ending}", "srmr"))
    return Change(cfi, rmsea, srmr, version)


def exceeded(found: Change, cutoffs: Cutoffs, *, loadings: bool) -> tuple[str, ...]:
    """The indices that change by more than they may, each with its numbers; a change of just the cutoff is none."""
    limits = {
        "CFI falls": (None if found.cfi is None else -found.cfi, cutoffs.cfi),
        "RMSEA rises": (found.rmsea, cutoffs.rmsea),
        "SRMR rises": (found.srmr, cutoffs.srmr_loadings if loadings else cutoffs.srmr),
    }
    return tuple(
        f"{words} by more than {limit:g}" for words, (by, limit) in limits.items() if by is not None and by > limit
    )


def misfit(measures: Measures, cutoffs: Cutoffs) -> tuple[str, ...]:
    """What the configural model lacks."""
    version = next((v for v in ("robust", "scaled") if _has(measures, v)), "")
    ending = f"_{version}" if version else ""
    cfi, rmsea = measures.get(f"cfi{ending}"), measures.get(f"rmsea{ending}")
    found = []
    if cfi is not None and cfi < cutoffs.least_cfi:
        found.append(f"CFI is below {cutoffs.least_cfi:g}")
    if rmsea is not None and rmsea > cutoffs.largest_rmsea:
        found.append(f"RMSEA is above {cutoffs.largest_rmsea:g}")
    return tuple(found)


def _has(measures: Measures, version: str) -> bool:
    return measures.get(f"cfi_{version}") is not None and measures.get(f"rmsea_{version}") is not None


def _difference(now: Measures, before: Measures, key: str) -> float | None:
    one, other = now.get(key), before.get(key)
    return None if one is None or other is None else float(one - other)
