"""Fit measures under lavaan's names (dots as underscores), one function a family.

A measure that is not defined for a model is None and its reason stands in ``FitMeasures.undefined``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem import chi_square
from analysis.sem.implied import Implied
from analysis.sem.likelihood_ratio import ModelTest
from analysis.sem.moments import SampleMoments
from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]
Measures = dict[str, int | float | None]


@dataclass(frozen=True, slots=True)
class FitMeasures:
    """Values by name and, for each None among them, why it is not defined."""

    values: Measures
    undefined: dict[str, str]


def fit_measures(test: ModelTest, sample: SampleMoments, implied: Implied, table: ParameterTable) -> FitMeasures:
    """All fit measures of a normal-theory model."""
    n_free, meanstructure = table.n_free, table.meanstructure
    n = sample.n_observations
    values: Measures = {
        "npar": n_free,
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
    values |= information_criteria(test, n_free, n)
    values |= rmsea(test.chisq, test.df, n)
    values |= residual_summaries(sample, implied, meanstructure)
    values |= absolute(test, sample, implied, table)
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


def rmsea(chisq: float, df: int, n: int) -> Measures:
    """RMSEA with N, its 90 % interval, and tests of close (<= .05) and not-close (>= .08) fit.

    Steiger & Lind (1980); Browne & Cudeck (1992), Sociological Methods & Research 21(2), 230-258; MacCallum,
    Browne & Sugawara (1996), Psychological Methods 1(2), 130-149. Zero at df = 0, where no test is defined.
    """
    names = ("rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "rmsea_pvalue", "rmsea_notclose_pvalue")
    if df == 0:
        return dict.fromkeys(names)
    lower = chi_square.noncentrality_at(chisq, df, 0.95)
    upper = chi_square.noncentrality_at(chisq, df, 0.05)
    numbers: tuple[float, ...] = (
        np.sqrt(max((chisq - df) / (df * n), 0.0)),
        np.sqrt(lower / (df * n)),
        np.sqrt(upper / (df * n)),
        1.0 - chi_square.noncentral_cdf(chisq, df, n * df * 0.05**2),
        chi_square.noncentral_cdf(chisq, df, n * df * 0.08**2),
    )
    criteria: Measures = {"rmsea_ci_level": 0.9, "rmsea_close_h0": 0.05, "rmsea_notclose_h0": 0.08}
    return {**dict(zip(names, map(float, numbers), strict=True)), **criteria}


def residual_summaries(sample: SampleMoments, implied: Implied, meanstructure: bool) -> Measures:
    """RMR, SRMR after Bentler (1995), CRMR after Bollen (1989), and Mplus's SRMR, with and without means.

    Each is the root mean square of differences between sample and implied moments over the lower triangle;
    they differ in what standardises the two sides.
    """
    s, sigma = sample.covariance, implied.covariance
    d, implied_d = np.sqrt(np.diag(s)), np.sqrt(np.diag(sigma))
    raw, raw_mean = s - sigma, sample.mean - implied.mean
    correlations = s / np.outer(d, d) - sigma / np.outer(implied_d, implied_d)
    mean_by_own = sample.mean / d - implied.mean / implied_d
    mplus = correlations + np.diag((np.diag(s) - np.diag(sigma)) / np.diag(s))
    sides = {
        "rmr": (raw, raw_mean, True),
        "srmr_bentler": (raw / np.outer(d, d), raw_mean / d, True),
        "crmr": (correlations, raw_mean / d, False),
        "srmr_mplus": (mplus, mean_by_own, True),
    }
    values: Measures = {}
    for name, (matrix, mean, diagonal) in sides.items():
        nomean = _root_mean_square(matrix, np.zeros(0), diagonal)
        values[name] = _root_mean_square(matrix, mean, diagonal) if meanstructure else nomean
        values[f"{name}_nomean"] = nomean
    return {**values, "srmr": values["srmr_bentler"]}


def _root_mean_square(matrix: Array, means: Array, diagonal: bool) -> float | None:
    lower = matrix[np.tril_indices(len(matrix), 0 if diagonal else -1)]
    count = len(lower) + len(means)
    return float(np.sqrt((np.sum(lower**2) + np.sum(means**2)) / count)) if count else None


def absolute(test: ModelTest, sample: SampleMoments, implied: Implied, table: ParameterTable) -> Measures:
    """Hoelter's critical N (1983), McDonald's centrality (1989), ECVI (Browne & Cudeck 1992) and GFI's family."""
    n, df = sample.n_observations, test.df
    critical = {
        f"cn_{level}": chi_square.quantile(p, df) / (test.chisq / n) + 1.0 if df and test.chisq else None
        for level, p in (("05", 0.95), ("01", 0.99))
    }
    return {
        **critical,
        **goodness_of_fit(sample, implied, table, df),
        "mfi": float(np.exp(-0.5 * (test.chisq - df) / n)),
        "ecvi": test.chisq / n + 2.0 * table.n_free / n,
    }


def goodness_of_fit(sample: SampleMoments, implied: Implied, table: ParameterTable, df: int) -> Measures:
    """GFI and AGFI (Joereskog & Soerbom 1982) and PGFI (Mulaik et al. 1989, Psychological Bulletin 105, 430-445).

    GFI = 1 - e'We / s'Ws over the moments s that the model explains, with residuals e and normal-theory
    weights W; the moments of fixed covariates are no part of s.
    """
    explained = np.array([name not in table.exogenous for name in sample.names])
    part = explained[:, None] | explained[None, :]
    weight = np.linalg.inv(implied.covariance)
    observed = weight @ np.where(part, sample.covariance, 0.0)
    residual = weight @ np.where(part, sample.covariance - implied.covariance, 0.0)
    misfit, total = float(np.trace(residual @ residual)), float(np.trace(observed @ observed))
    # AGFI and PGFI count every moment, as lavaan does.
    moments = len(part) * (len(part) + 1) // 2
    if table.meanstructure:
        mean = np.where(explained, sample.mean, 0.0)
        difference = np.where(explained, sample.mean - implied.mean, 0.0)
        moments += len(explained)
        misfit += 2.0 * float(difference @ weight @ difference)
        total += 2.0 * float(mean @ weight @ mean)
    gfi = 1.0 - misfit / total
    return {
        "gfi": gfi,
        "agfi": 1.0 - moments / df * (1.0 - gfi) if df else None,
        "pgfi": df / moments * gfi,
    }
