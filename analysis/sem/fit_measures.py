"""Fit measures under lavaan's names (dots as underscores), one function a family.

A measure that is not defined for a model is None and its reason stands in ``FitMeasures.undefined``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.sem import chi_square
from analysis.sem.comparative import comparative, rmsea
from analysis.sem.difference import NO_DISTRIBUTION
from analysis.sem.measures import Measures
from analysis.sem.model_tests import ModelTest
from analysis.sem.residual_measures import residual_measures
from analysis.sem.scaled_measures import corrected_measures
from analysis.sem.solution import Solution
from analysis.sem.twolevel.measures import level_measures, minimum


@dataclass(frozen=True, slots=True)
class FitMeasures:
    """Values by name and, for each None among them, why it is not defined."""

    values: Measures
    undefined: dict[str, str]


def fit_measures(solution: Solution) -> FitMeasures:
    """All fit measures of a solution."""
    test, npar, n_groups = solution.test, solution.npar, solution.table.n_groups
    tested = solution.estimator.name != "ULS"
    n = solution.n_observations
    counted = n - solution.estimator.lost_per_group * n_groups
    values: Measures = {
        "npar": npar,
        "fmin": test.chisq / (2 * n),
        "chisq": test.chisq,
        "df": test.df,
        "pvalue": chi_square.upper_tail(test.chisq, test.df) if test.df > 0 and tested else None,
        "baseline_chisq": test.baseline_chisq,
        "baseline_df": test.baseline_df,
        "baseline_pvalue": (
            chi_square.upper_tail(test.baseline_chisq, test.baseline_df) if test.baseline_df > 0 and tested else None
        ),
    }
    values |= comparative(test.chisq, test.df, test.baseline_chisq, test.baseline_df)
    if test.loglik is not None:
        values |= information_criteria(test.loglik, test.unrestricted_loglik, npar, n)
    values |= rmsea(test.chisq, test.df, counted, n_groups)
    if solution.two_level is not None:
        values |= {"fmin": minimum(solution), **level_measures(solution)}
    else:
        values |= absolute(test.chisq, test.df, counted, npar)
        values |= residual_measures(solution)
    values |= corrected_measures(test, counted, n_groups)
    if solution.table.ordinal:
        del values["ecvi"]  # an expectation of cross-validated likelihood, which ordinal models do not have
    undefined = {name: _reason(name, test, tested) for name, value in values.items() if value is None}
    return FitMeasures(values, undefined)


def _reason(name: str, test: ModelTest, tested: bool) -> str:
    if not tested and name in {"pvalue", "baseline_pvalue"}:
        return NO_DISTRIBUTION
    if name in {"srmr", "srmr_between"}:
        return "a variance between clusters is zero in the unrestricted model, which leaves no correlation"
    if name.startswith("srmr_mplus"):
        return "Mplus's SRMR is not defined for ordinal variables"
    if name.endswith("_robust") and test.shift is not None:
        return (
            "robust indices of ordinal models need ordinal variables alone, without covariates, and thresholds free in "
            "every group"
        )
    if name.endswith(("_scaled", "_robust", "_factor")) and test.df:
        return "the scaling factor of the test is not positive or cannot be computed"
    if test.df == 0:
        return "the model is saturated (df = 0): there is nothing to test"
    if name in {"nfi", "rfi", "nfi_scaled", "rfi_scaled"} and test.df > test.baseline_df:
        return "the model has more degrees of freedom than the baseline"
    if test.baseline_df == 0:
        return "the baseline model is saturated: there is nothing to compare with"
    return f"{name} is not defined for this model"


def information_criteria(loglik: float, unrestricted: float | None, n_free: int, n: int) -> Measures:
    """AIC (Akaike 1974), BIC (Schwarz 1978) and sample-size adjusted BIC (Sclove 1987) from log-likelihood."""
    deviance = -2.0 * loglik
    return {
        "logl": loglik,
        "unrestricted_logl": unrestricted,
        "aic": deviance + 2 * n_free,
        "bic": deviance + np.log(n) * n_free,
        "ntotal": n,
        "bic2": deviance + np.log((n + 2) / 24) * n_free,
    }


def absolute(chisq: float, df: int, n: int, n_free: int) -> Measures:
    """Hoelter's critical N (1983), McDonald's centrality (1989) and ECVI (Browne & Cudeck 1992)."""
    critical = {
        f"cn_{level}": chi_square.quantile(p, df) / (chisq / n) + 1.0 if df and chisq else None
        for level, p in (("05", 0.95), ("01", 0.99))
    }
    return {**critical, "mfi": float(np.exp(-0.5 * (chisq - df) / n)), "ecvi": chisq / n + 2.0 * n_free / n}
