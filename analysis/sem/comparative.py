"""Fit measures from a chi-square, its df, and those of the baseline."""

from __future__ import annotations

import numpy as np

from analysis.sem import chi_square
from analysis.sem.measures import Measures


def comparative(chisq: float, df: int, baseline_chisq: float, baseline_df: int) -> Measures:
    """Indices that compare with the baseline.

    CFI: Bentler (1990), Psychological Bulletin 107(2), 238-246. TLI/NNFI: Tucker & Lewis (1973), Psychometrika
    38(1), 1-10. NFI: Bentler & Bonett (1980), Psychological Bulletin 88(3), 588-606. RFI, IFI: Bollen (1986,
    Psychometrika 51, 375-377; 1989, Sociological Methods & Research 17, 303-316). RNI: McDonald & Marsh (1990).
    """
    names = ("cfi", "tli", "nnfi", "rfi", "nfi", "pnfi", "ifi", "rni")
    if baseline_df == 0:
        return dict.fromkeys(names)
    excess, baseline_excess = chisq - df, baseline_chisq - baseline_df
    largest = max(excess, baseline_excess, 0.0)
    cfi = 1.0 if largest == 0 else 1.0 - max(excess, 0.0) / largest
    # NFI and RFI compare a model with a baseline that has at least as many degrees of freedom.
    nested = df <= baseline_df and baseline_chisq > 0
    nfi = (baseline_chisq - chisq) / baseline_chisq if nested else None
    ratio = baseline_chisq / baseline_df
    if df > 0:
        tli = (ratio - chisq / df) / (ratio - 1.0) if ratio != 1.0 else None
        rfi = (ratio - chisq / df) / ratio if nested else None
    else:
        tli = rfi = 1.0
    ifi = (baseline_chisq - chisq) / (baseline_chisq - df) if baseline_chisq != df else None
    rni = (baseline_excess - excess) / baseline_excess if baseline_excess != 0 else None
    pnfi = df / baseline_df * (baseline_chisq - chisq) / baseline_chisq if baseline_chisq > 0 else None
    return dict(zip(names, (cfi, tli, tli, rfi, nfi, pnfi, ifi, rni), strict=True))


def rmsea(chisq: float, df: float, n: int, n_groups: int) -> Measures:
    """RMSEA with N, its 90 % interval, and tests of close (<= .05) and not-close (>= .08) fit.

    Steiger & Lind (1980); Browne & Cudeck (1992), Sociological Methods & Research 21(2), 230-258; MacCallum,
    Browne & Sugawara (1996), Psychological Methods 1(2), 130-149. With several groups each is multiplied by the
    square root of their number (Steiger 1998, Structural Equation Modeling 5(4), 411-419).
    """
    names = ("rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "rmsea_pvalue", "rmsea_notclose_pvalue")
    if df == 0:
        return dict.fromkeys(names)
    per_group = n / n_groups
    lower = chi_square.noncentrality_at(chisq, df, 0.95)
    upper = chi_square.noncentrality_at(chisq, df, 0.05)
    numbers: tuple[float, ...] = (
        np.sqrt(max((chisq - df) / (df * per_group), 0.0)),
        np.sqrt(lower / (df * per_group)),
        np.sqrt(upper / (df * per_group)),
        1.0 - chi_square.noncentral_cdf(chisq, df, per_group * df * 0.05**2),
        chi_square.noncentral_cdf(chisq, df, per_group * df * 0.08**2),
    )
    criteria: Measures = {"rmsea_ci_level": 0.9, "rmsea_close_h0": 0.05, "rmsea_notclose_h0": 0.08}
    return {**dict(zip(names, map(float, numbers), strict=True)), **criteria}
