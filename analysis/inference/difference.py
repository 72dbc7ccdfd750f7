"""Likelihood-ratio tests of a model against the base model, where nesting can be read off their parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.stats import chi2

from analysis.inference.rows import Key, key_of
from analysis.sem import SemResult

PLAIN = "chi-square difference"
SCALED = "Satorra-Bentler (2001) scaled difference"
_METHODS = {"ML": PLAIN, "GLS": PLAIN, "MLR": SCALED, "MLM": SCALED}


@dataclass(frozen=True, slots=True)
class Difference:
    """The test of the restricted model against the larger one; ``note`` says which is which, or why there is none."""

    nested: bool = False
    chisq: float | None = None
    df: int | None = None
    pvalue: float | None = None
    method: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Test:
    """A model's unscaled chi-square, its degrees of freedom and the scaling factor of its robust test."""

    chisq: float
    df: int
    factor: float


def difference(model: SemResult, base: SemResult) -> Difference:
    """Test ``model`` against ``base``; which of the two is restricted is read off their parameters."""
    if model is base:
        return Difference(note="base model")
    if not same_data(model, base):
        return Difference(note="fitted to other variables or respondents")
    smaller, larger = sorted((model, base), key=lambda m: m.npar)
    if not _nested(smaller, larger):
        return Difference(note="nesting with the base model cannot be read off the parameters")
    df = larger.npar - smaller.npar
    method = _METHODS.get(model.estimator)
    if method is None:
        return Difference(True, df=df, note=f"no test of the difference is computed for {model.estimator}")
    restricted, full = _test(smaller, method), _test(larger, method)
    if restricted is None or full is None:
        return Difference(True, df=df, note="one of the two models has no test, or no scaling factor of it")
    if restricted.chisq < full.chisq:
        return Difference(True, df=df, note="the larger model does not fit better: one did not converge")
    statistic = restricted.chisq - full.chisq if method == PLAIN else scaled_difference(restricted, full)
    if statistic is None:
        note = "the scaling factor of the difference is not positive: the scaled test is not defined"
        return Difference(True, df=df, note=note)
    which = "this model" if smaller is model else "the base model"
    return Difference(True, statistic, df, float(chi2.sf(statistic, df)), method, f"{which} is the restricted one")


def scaled_difference(restricted: Test, full: Test) -> float | None:
    """(T0 - T1) / c with c = (d0 c0 - d1 c1) / (d0 - d1); None where c is not positive.

    T are the unscaled chi-squares, d the degrees of freedom and c0, c1 the scaling factors of the restricted and the
    full model: the difference of scaled chi-squares is not a chi-square itself. Satorra & Bentler (2001),
    Psychometrika 66(4), 507-514; c can turn negative in small samples (there, p. 511).
    """
    factor = (restricted.df * restricted.factor - full.df * full.factor) / (restricted.df - full.df)
    return (restricted.chisq - full.chisq) / factor if factor > 0 else None


def same_data(one: SemResult, other: SemResult) -> bool:
    """Whether likelihoods can be compared: same variables, same respondents, same estimation and covariates."""
    return (
        set(one.observed) == set(other.observed)
        and set(one.exogenous) == set(other.exogenous)
        and one.nobs == other.nobs
        and (one.estimator, one.missing) == (other.estimator, other.missing)
        and _same_moments(one, other)
    )


def _same_moments(one: SemResult, other: SemResult) -> bool:
    names = list(one.observed)
    return np.allclose(one.sample_covariance, other.sample_covariance.loc[names, names], rtol=1e-8)


def _test(model: SemResult, method: str) -> Test | None:
    """What the difference is made of; a saturated model has no factor and needs none."""
    chisq, df = model.fit_measures.get("chisq"), model.fit_measures.get("df")
    factor = model.fit_measures.get("chisq_scaling_factor") if method == SCALED and df else 1.0
    return None if chisq is None or df is None or factor is None else Test(chisq, int(df), factor)


def _nested(smaller: SemResult, larger: SemResult) -> bool:
    """Whether the free parameters of one are a proper part of the other's, and all else is fixed alike.

    Sufficient, not necessary: models that are nested in another way are not recognised.
    """
    few, many = _free(smaller), _free(larger)
    fixed_alike = all(abs(value - _fixed(smaller).get(name, 0.0)) < 1e-12 for name, value in _fixed(larger).items())
    unconstrained = len(few) == smaller.npar and len(many) == larger.npar
    same_latents = set(smaller.latent) == set(larger.latent)
    return few < many and fixed_alike and unconstrained and same_latents


def _free(model: SemResult) -> set[Key]:
    return {key_of(row) for row in model.estimates if row.free and row.op != ":="}


def _fixed(model: SemResult) -> dict[Key, float]:
    """Parameters fixed by the model; those of fixed covariates are data and left out."""
    covariates = set(model.exogenous)
    return {
        key_of(row): row.est
        for row in model.estimates
        if not row.free and row.op != ":=" and not {row.lhs, row.rhs} <= covariates | {""}
    }
