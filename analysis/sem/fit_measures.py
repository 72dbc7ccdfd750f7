"""Fit measures under lavaan's names (dots as underscores), one function a family.

A measure that is not defined for a model is None and its reason stands in ``FitMeasures.undefined``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from analysis.sem import chi_square
from analysis.sem.comparative import comparative, rmsea
from analysis.sem.implied import Implied
from analysis.sem.model_tests import ModelTest
from analysis.sem.moments import SampleMoments
from analysis.sem.partable import ParameterTable
from analysis.sem.patterns import Patterns
from analysis.sem.residual_measures import Measures, residual_measures
from analysis.sem.scaled_measures import corrected_measures


@dataclass(frozen=True, slots=True)
class FitMeasures:
    """Values by name and, for each None among them, why it is not defined."""

    values: Measures
    undefined: dict[str, str]


def fit_measures(
    test: ModelTest,
    samples: Sequence[SampleMoments],
    implied: Sequence[Implied],
    patterns: Sequence[Patterns] | None,
    table: ParameterTable,
    npar: int,
) -> FitMeasures:
    """All fit measures of a normal-theory model; ``npar`` is the number of parameters less that of constraints,
    ``patterns`` are those of each group where values are missing.
    """
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
    values |= residual_measures(samples, implied, patterns, table, test.df)
    values |= corrected_measures(test, n, len(samples))
    return FitMeasures(values, {name: _reason(name, test) for name, value in values.items() if value is None})


def _reason(name: str, test: ModelTest) -> str:
    if name.endswith(("_scaled", "_robust", "_factor")) and test.df:
        return "the scaling factor of the test is not positive or cannot be computed"
    if test.df == 0:
        return "the model is saturated (df = 0): there is nothing to test"
    if name in {"nfi", "rfi", "nfi_scaled", "rfi_scaled"} and test.df > test.baseline_df:
        return "the model has more degrees of freedom than the baseline"
    if test.baseline_df == 0:
        return "the baseline model is saturated: there is nothing to compare with"
    return f"{name} is not defined for this model"


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


def absolute(chisq: float, df: int, n: int, n_free: int) -> Measures:
    """Hoelter's critical N (1983), McDonald's centrality (1989) and ECVI (Browne & Cudeck 1992)."""
    critical = {
        f"cn_{level}": chi_square.quantile(p, df) / (chisq / n) + 1.0 if df and chisq else None
        for level, p in (("05", 0.95), ("01", 0.99))
    }
    return {**critical, "mfi": float(np.exp(-0.5 * (chisq - df) / n)), "ecvi": chisq / n + 2.0 * n_free / n}
