"""Fit measures under lavaan's names (dots as underscores), one function a family.

A measure that is not defined for a model is None and its reason stands in ``FitMeasures.undefined``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.sem import chi_square
from analysis.sem.implied import Implied
from analysis.sem.likelihood_ratio import ModelTest
from analysis.sem.moments import SampleMoments
from analysis.sem.partable import ParameterTable
from analysis.sem.residual_measures import Measures, residual_measures


@dataclass(frozen=True, slots=True)
class FitMeasures:
    """Values by name and, for each None among them, why it is not defined."""

    values: Measures
    undefined: dict[str, str]


def fit_measures(
    test: ModelTest, samples: Sequence[SampleMoments], implied: Sequence[Implied], table: ParameterTable, npar: int
) -> FitMeasures:
    """All fit measures of a normal-theory model; ``npar`` is the number of parameters less that of constraints."""
    n = sum(sample.n_observations for sample in samples)
    values: Measures = {
        "npar": npar,
        "fmin": test.chisq / (2 * n),
        "chisq": test.chisq,
        "df": test.df,
        "pvalue": chi_square.upper_tail(test.chisq, test.df) if test.df > 0 else None,
        "baseline_chisq": test.baseline_chisq,
        "baseline_df": test.baseline_df,
        "baseline_pvalue": (
            chi_square.upper_tail(test.baseline_chisq, test.baseline_df) if test.baseline_df > 0 else None
        ),
    }
    values |= comparative(test.chisq, test.df, test.baseline_chisq, test.baseline_df)
    values |= information_criteria(test, npar, n)
    values |= rmsea(test.chisq, test.df, n, len(samples))
    values |= absolute(test.chisq, test.df, n, npar)
    values |= residual_measures(samples, implied, table, test.df)
    return FitMeasures(values, {name: _reason(name, test) for name, value in values.items() if value is None})


def _reason(name: str, test: ModelTest) -> str:
    if test.df == 0:
        return "the model is saturated (df = 0): there is nothing to test"
    if test.baseline_df == 0:
        return "the baseline model is saturated: there is nothing to compare with"
    return f"{name} is not defined for this model"


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
    nfi = (baseline_chisq - chisq) / baseline_chisq if baseline_chisq > 0 else None
    ratio = baseline_chisq / baseline_df
    if df > 0:
        tli = (ratio - chisq / df) / (ratio - 1.0) if ratio != 1.0 else None
        rfi = (ratio - chisq / df) / ratio if ratio > 0 else None
    else:
        tli = rfi = 1.0
    ifi = (baseline_chisq - chisq) / (baseline_chisq - df) if baseline_chisq != df else None
    rni = (baseline_excess - excess) / baseline_excess if baseline_excess != 0 else None
    pnfi = None if nfi is None else df / baseline_df * nfi
    return dict(zip(names, (cfi, tli, tli, rfi, nfi, pnfi, ifi, rni), strict=True))


def information_criteria(test: ModelTest, n_free: int, n: int) -> Measures:
    """AIC (Akaike 1974), BIC (Schwarz 1978) and sample-size adjusted BIC (Sclove 1987) from log-likelihood."""
    deviance = -2.0 * test.loglik
    return {
        "logl": test.loglik,
        "unrestricted_logl": test.unrestricted_loglik,
        "aic": deviance + 2 * n_free,
        "bic": deviance + np.log(n) * n_free,
        "ntotal": n,
        "bic2": deviance + np.log((n + 2) / 24) * n_free,
    }


def rmsea(chisq: float, df: int, n: int, n_groups: int) -> Measures:
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


def absolute(chisq: float, df: int, n: int, n_free: int) -> Measures:
    """Hoelter's critical N (1983), McDonald's centrality (1989) and ECVI (Browne & Cudeck 1992)."""
    critical = {
        f"cn_{level}": chi_square.quantile(p, df) / (chisq / n) + 1.0 if df and chisq else None
        for level, p in (("05", 0.95), ("01", 0.99))
    }
    return {**critical, "mfi": float(np.exp(-0.5 * (chisq - df) / n)), "ecvi": chisq / n + 2.0 * n_free / n}
