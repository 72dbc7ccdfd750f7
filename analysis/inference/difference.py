"""Likelihood-ratio tests of a model against the base model, where nesting can be read off their parameters."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.inference.rows import Key, key_of
from analysis.sem import SemResult
from analysis.sem.difference import ScaledTest, plain, satorra_bentler_2001

METHODS = {"standard": "chi-square difference", "satorra.bentler.2001": "Satorra-Bentler (2001) scaled difference"}
_TESTS = {"ML": plain, "GLS": plain, "MLR": satorra_bentler_2001, "MLM": satorra_bentler_2001}


@dataclass(frozen=True, slots=True)
class Difference:
    """The test of the restricted model against the larger one by ``method``.

    ``note`` says which of the two is restricted, or why there is no test.
    """

    nested: bool = False
    chisq: float | None = None
    df: int | None = None
    pvalue: float | None = None
    method: str = ""
    note: str = ""


def difference(model: SemResult, base: SemResult) -> Difference:
    """Test ``model`` against ``base``; which of the two is restricted is read off their parameters."""
    if model is base:
        return Difference(note="base model")
    if not same_data(model, base):
        return Difference(note="fitted to other variables or respondents")
    smaller, larger = sorted((model, base), key=lambda m: m.npar)
    if not _nested(smaller, larger):
        return Difference(note="nesting with the base model cannot be read off the parameters")
    test = _TESTS.get(model.estimator)
    tests = _scaled_test(smaller), _scaled_test(larger)
    if test is None or tests[0] is None or tests[1] is None:
        df = larger.npar - smaller.npar
        return Difference(True, df=df, note=f"no test of the difference is computed for {model.estimator}")
    if tests[0].chisq < tests[1].chisq:
        note = "the larger model does not fit better: one did not converge"
        return Difference(True, df=larger.npar - smaller.npar, note=note)
    found = test(tests[0], tests[1])
    if found.chisq_diff is None:
        return Difference(True, df=found.df_diff, note=found.reason)
    which = "this model" if smaller is model else "the base model"
    method = METHODS[found.method]
    return Difference(True, found.chisq_diff, found.df_diff, found.pvalue, method, f"{which} is the restricted one")


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


def _scaled_test(model: SemResult) -> ScaledTest | None:
    chisq, df = model.fit_measures.get("chisq"), model.fit_measures.get("df")
    if chisq is None or df is None:
        return None
    return ScaledTest(chisq, int(df), model.fit_measures.get("chisq_scaling_factor"))


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
