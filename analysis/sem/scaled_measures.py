"""Fit measures from scaled tests (``*_scaled``), and robust ones that estimate the population's (``*_robust``)."""

from __future__ import annotations

import numpy as np

from analysis.sem import chi_square
from analysis.sem.comparative import comparative, rmsea
from analysis.sem.measures import Measures
from analysis.sem.model_tests import ModelTest, PopulationTest

_RMSEA = ("rmsea", "rmsea_ci_lower", "rmsea_ci_upper", "rmsea_pvalue", "rmsea_notclose_pvalue")


def corrected_measures(test: ModelTest, n: int, n_groups: int) -> Measures:
    """Scaled measures of a scaled test, and robust ones where the plain ones need correction."""
    values: Measures = scaled_measures(test, n, n_groups) if test.is_scaled else {}
    if test.population is not None:
        values |= robust_comparative(test.population, test.df, test.baseline_df)
        values |= robust_rmsea(test.population, test.df, n, n_groups)
    return values


def scaled_measures(test: ModelTest, n: int, n_groups: int) -> Measures:
    """Everything that follows from the scaled chi-squares of model and baseline."""
    chisq = _scaled(test.chisq, test.scaling, test.shift)
    baseline = _scaled(test.baseline_chisq, test.baseline_scaling, test.baseline_shift)
    values: Measures = {
        "chisq_scaled": chisq,
        "df_scaled": test.df,
        "pvalue_scaled": chi_square.upper_tail(chisq, test.df) if chisq is not None and test.df else None,
        "chisq_scaling_factor": test.scaling,
        "baseline_chisq_scaled": baseline,
        "baseline_df_scaled": test.baseline_df,
        "baseline_pvalue_scaled": chi_square.upper_tail(baseline, test.baseline_df) if baseline is not None else None,
        "baseline_chisq_scaling_factor": test.baseline_scaling,
    }
    if test.scaling_h1 is not None:
        values |= {"scaling_factor_h1": test.scaling_h1, "scaling_factor_h0": test.scaling_h0}
    if chisq is None or baseline is None:
        return values
    scaled = comparative(chisq, test.df, baseline, test.baseline_df)
    values |= {f"{name}_scaled": value for name, value in scaled.items()}
    # The scaled RMSEA compares the plain chi-square with its expectation, the factor times df; a shifted test has
    # expectation df itself.
    shifted = test.shift is not None
    expectation = test.df if shifted else (test.scaling or 0.0) * test.df
    of_rmsea = rmsea(chisq if shifted else test.chisq, expectation, n, n_groups)
    return values | {f"{name}_scaled": of_rmsea[name] for name in _RMSEA}


def robust_comparative(test: PopulationTest, df: int, baseline_df: int) -> Measures:
    """CFI and TLI from non-centralities that are each corrected by their own scaling factor.

    Brosseau-Liard & Savalei (2014), Multivariate Behavioral Research 49(5), 460-470.
    """
    names = ("cfi_robust", "tli_robust", "nnfi_robust", "rni_robust")
    if test.scaling is None or test.baseline_scaling is None or not df:
        return dict.fromkeys(names)
    excess = test.chisq - test.scaling * df
    baseline = test.baseline_chisq - test.baseline_scaling * baseline_df
    largest = max(excess, baseline, 0.0)
    cfi = 1.0 if largest == 0 else 1.0 - max(excess, 0.0) / largest
    tli = 1.0 - (excess / df) / (baseline / baseline_df) if baseline else None
    rni = 1.0 - excess / baseline if baseline else None
    return dict(zip(names, (cfi, tli, tli, rni), strict=True))


def robust_rmsea(test: PopulationTest, df: int, n: int, n_groups: int) -> Measures:
    """RMSEA of the population with an interval from the scaled test.

    Brosseau-Liard, Savalei & Li (2012), Multivariate Behavioral Research 47(6), 904-930; Savalei (2018).
    """
    names = tuple(f"{name}_robust" for name in _RMSEA)
    chisq = _scaled(test.chisq, test.scaling)
    if test.scaling is None or chisq is None or not df:
        return dict.fromkeys(names)
    c, per_group = test.scaling, n / n_groups
    lower, upper = (chi_square.noncentrality_at(chisq, df, p) for p in (0.95, 0.05))
    numbers = (
        np.sqrt(max(test.chisq - c * df, 0.0) / (df * per_group)),
        np.sqrt(c * lower / (df * per_group)),
        np.sqrt(c * upper / (df * per_group)),
        1.0 - chi_square.noncentral_cdf(chisq, df, per_group * df * 0.05**2 / c),
        chi_square.noncentral_cdf(chisq, df, per_group * df * 0.08**2 / c),
    )
    return dict(zip(names, map(float, numbers), strict=True))


def _scaled(chisq: float, factor: float | None, shift: float | None = None) -> float | None:
    return None if factor is None or factor <= 0 else chisq / factor + (shift or 0.0)
