"""Rival models of the same data, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

import numpy as np
import pandas as pd
from scipy.stats import chi2

from analysis.errors import ModelError, Problem, nearest
from analysis.inference.rows import Key, key_of
from analysis.multilevel import MixedResult
from analysis.sem import SemResult

MIXED = "a mixed model of scale means: its likelihood is not comparable with that of a structural model"


@dataclass(frozen=True, slots=True, kw_only=True)
class RivalFit:
    """One model beside the base model.

    ``delta_aic`` and ``delta_bic`` count from the lowest of the table; weights are the share of evidence.
    ``chisq_diff``, ``df_diff`` and ``diff_pvalue`` compare with the base model and are there only where one's
    free parameters include the other's; ``note`` says why anything is None. ``r2`` is by latent variable.
    """

    model: str
    nobs: int
    npar: int
    chisq: float | None = None
    df: float | None = None
    pvalue: float | None = None
    cfi: float | None = None
    tli: float | None = None
    rmsea: float | None = None
    srmr: float | None = None
    aic: float | None = None
    bic: float | None = None
    delta_aic: float | None = None
    aic_weight: float | None = None
    delta_bic: float | None = None
    bic_weight: float | None = None
    nested: bool = False
    chisq_diff: float | None = None
    df_diff: int | None = None
    diff_pvalue: float | None = None
    r2: dict[str, float] = field(default_factory=dict)
    note: str = ""


@dataclass(frozen=True, slots=True)
class _Difference:
    nested: bool
    chisq: float | None
    df: int | None
    pvalue: float | None
    note: str


def compare_rivals(models: Mapping[str, SemResult | MixedResult], base: str) -> pd.DataFrame:
    """Compare models of the same observed variables with the ``base`` among them, one row each.

    Columns are those of RivalFit, with a column ``r2_<latent variable>`` for each that a model explains.
    Information criteria and their weights are those of the models that were fitted to the variables and
    respondents of the base model. A mixed model is of other variables (scale means): its row says so and holds
    nothing that could be mistaken for comparable. Raises ModelError if ``base`` is no structural model here.
    """
    sems = {name: model for name, model in models.items() if isinstance(model, SemResult)}
    if base not in sems:
        raise ModelError(Problem(f"there is no model '{base}' to compare with", "rivals", nearest(base, sems)))
    comparable = [name for name, model in sems.items() if _same_data(model, sems[base])]
    aic = _weights({name: sems[name].fit_measures.get("aic") for name in comparable})
    bic = _weights({name: sems[name].fit_measures.get("bic") for name in comparable})
    rows = [
        _row(name, model, _difference(model, sems[base], is_base=name == base), aic, bic)
        if isinstance(model, SemResult)
        else RivalFit(model=name, nobs=model.nobs, npar=model.npar, note=MIXED)
        for name, model in models.items()
    ]
    return _frame(rows)


def _frame(rows: list[RivalFit]) -> pd.DataFrame:
    names = [f.name for f in fields(RivalFit) if f.name != "r2"]
    frame = pd.DataFrame([asdict(row) for row in rows])[names]
    texts = {"model", "nobs", "npar", "nested", "note"}
    frame = frame.astype({name: float for name in names if name not in texts})
    for outcome in dict.fromkeys(outcome for row in rows for outcome in row.r2):
        frame[f"r2_{outcome}"] = [row.r2.get(outcome, np.nan) for row in rows]
    return frame


def akaike_weights(criteria: np.ndarray) -> np.ndarray:
    """exp(−Δ/2) / Σ exp(−Δ/2), Δ from the lowest (models,); Wagenmakers & Farrell (2004), Psychonomic Bulletin &
    Review 11, 192-196. With BIC these are posterior probabilities under equal priors.
    """
    relative = np.exp(-0.5 * (criteria - criteria.min()))
    return np.asarray(relative / relative.sum())


def _weights(criteria: Mapping[str, float | None]) -> dict[str, tuple[float, float]]:
    """Difference from the lowest and weight, by model."""
    known = {name: value for name, value in criteria.items() if value is not None}
    if not known:
        return {}
    values = np.array(list(known.values()))
    weights = akaike_weights(values)
    return {name: (float(v - values.min()), float(w)) for name, v, w in zip(known, values, weights, strict=True)}


def _same_data(one: SemResult, other: SemResult) -> bool:
    """Whether likelihoods can be compared: same variables, same respondents, same conditioning on covariates."""
    return (
        set(one.observed) == set(other.observed)
        and set(one.exogenous) == set(other.exogenous)
        and one.nobs == other.nobs
        and one.estimator == other.estimator
        and _same_moments(one, other)
    )


def _same_moments(one: SemResult, other: SemResult) -> bool:
    names = list(one.observed)
    return np.allclose(one.sample_covariance, other.sample_covariance.loc[names, names], rtol=1e-8)


def _difference(model: SemResult, base: SemResult, *, is_base: bool) -> _Difference:
    """Likelihood-ratio test against the base model, where nesting can be read off the parameters."""
    if is_base:
        return _Difference(False, None, None, None, "base model")
    if not _same_data(model, base):
        return _Difference(False, None, None, None, "fitted to other variables or respondents")
    smaller, larger = sorted((model, base), key=lambda m: m.npar)
    if not _nested(smaller, larger):
        return _Difference(False, None, None, None, "nesting with the base model cannot be read off the parameters")
    statistics = [m.fit_measures.get("chisq") for m in (smaller, larger)]
    df = larger.npar - smaller.npar
    if statistics[0] is None or statistics[1] is None or statistics[0] < statistics[1]:
        return _Difference(True, None, df, None, "the larger model does not fit better: one did not converge")
    difference = statistics[0] - statistics[1]
    which = "this model" if smaller is model else "the base model"
    return _Difference(True, difference, df, float(chi2.sf(difference, df)), f"{which} is the restricted one")


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


def _row(
    name: str,
    model: SemResult,
    difference: _Difference,
    aic: Mapping[str, tuple[float, float]],
    bic: Mapping[str, tuple[float, float]],
) -> RivalFit:
    measure = model.fit_measures.get
    delta_aic, aic_weight = aic.get(name, (None, None))
    delta_bic, bic_weight = bic.get(name, (None, None))
    notes = [difference.note] if model.converged else [difference.note, "did not converge"]
    return RivalFit(
        model=name,
        nobs=model.nobs,
        npar=model.npar,
        chisq=measure("chisq"),
        df=measure("df"),
        pvalue=measure("pvalue"),
        cfi=measure("cfi"),
        tli=measure("tli"),
        rmsea=measure("rmsea"),
        srmr=measure("srmr"),
        aic=measure("aic"),
        bic=measure("bic"),
        delta_aic=delta_aic,
        aic_weight=aic_weight,
        delta_bic=delta_bic,
        bic_weight=bic_weight,
        nested=difference.nested,
        chisq_diff=difference.chisq,
        df_diff=difference.df,
        diff_pvalue=difference.pvalue,
        r2={latent: model.r_squared[latent] for latent in model.latent if latent in model.r_squared},
        note="; ".join(notes),
    )
