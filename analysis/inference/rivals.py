"""Rival models of the same data, side by side."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

import numpy as np
import pandas as pd

from analysis.errors import ModelError, Problem, nearest
from analysis.inference.difference import Difference
from analysis.inference.hypotheses import Verdict
from analysis.multilevel import MixedResult
from analysis.multilevel.expression import deparse
from analysis.multilevel.formula import parse_formula
from analysis.sem import SemResult

_MEASURES = (
    "chisq", "df", "pvalue", "chisq_scaled", "chisq_scaling_factor", "pvalue_scaled", "cfi", "cfi_robust", "tli",
    "tli_robust", "rmsea", "rmsea_robust", "srmr", "aic", "bic",
)  # fmt: skip
MIXED = (
    "a mixed model of scale means: its likelihood is not comparable with that of a structural model, and its R² is "
    "that of the fixed effects"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RivalFit:
    """One model beside the base model.

    Names without ending are unscaled; those in ``_scaled`` and ``_robust`` are there for estimators that give them.
    ``delta_aic`` and ``delta_bic`` count from the lowest of the table; weights are the share of evidence.
    ``chisq_diff``, ``df_diff`` and ``diff_pvalue`` compare with the base model, by ``diff_method``, and are there only
    where one is nested in the other; ``note`` says why anything is None. ``r2`` is by latent variable; of a mixed model
    it is the marginal one, by the construct whose scale mean it explains.
    """

    model: str
    nobs: int
    npar: int
    chisq: float | None = None
    df: float | None = None
    pvalue: float | None = None
    chisq_scaled: float | None = None
    chisq_scaling_factor: float | None = None
    pvalue_scaled: float | None = None
    cfi: float | None = None
    cfi_robust: float | None = None
    tli: float | None = None
    tli_robust: float | None = None
    rmsea: float | None = None
    rmsea_robust: float | None = None
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
    diff_method: str = ""
    r2: dict[str, float] = field(default_factory=dict)
    note: str = ""


def compare_rivals(
    models: Mapping[str, SemResult | MixedResult],
    base: str,
    tests: Mapping[str, Difference],
    verdicts: Mapping[str, Mapping[str, Verdict]] | None = None,
) -> pd.DataFrame:
    """Compare models of the same observed variables with the ``base`` among them, one row each.

    Columns are those of RivalFit, with a column ``r2_<latent variable>`` for each that a model explains, and
    ``verdict_<hypothesis>`` for each of ``verdicts`` (model → hypothesis → verdict), empty where a model has no say.
    Information criteria and their weights are those of the models that were fitted to the variables and
    respondents of the base model. A mixed model is of other variables (scale means): its row says so and holds
    nothing that could be mistaken for comparable. ``tests`` are those of ``differences``, one for each structural
    model. Raises ModelError if ``base`` is no structural model here.
    """
    sems = {name: model for name, model in models.items() if isinstance(model, SemResult)}
    if base not in sems:
        raise ModelError(Problem(f"there is no model '{base}' to compare with", "rivals", nearest(base, sems)))
    comparable = [name for name, model in sems.items() if same_data(model, sems[base])]
    aic = _weights({name: sems[name].fit_measures.get("aic") for name in comparable})
    bic = _weights({name: sems[name].fit_measures.get("bic") for name in comparable})
    rows = [
        _row(name, model, tests[name], aic, bic)
        if isinstance(model, SemResult)
        else RivalFit(model=name, nobs=model.nobs, npar=model.npar, r2=_marginal(model), note=MIXED)
        for name, model in models.items()
    ]
    return _frame(rows, verdicts or {})


def _marginal(model: MixedResult) -> dict[str, float]:
    """R² of a mixed model's fixed effects, by the construct whose scale mean it explains."""
    outcome = deparse(parse_formula(model.formula).response)
    return {outcome.removesuffix("_mean"): model.r2_marginal}


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


def _frame(rows: list[RivalFit], verdicts: Mapping[str, Mapping[str, Verdict]]) -> pd.DataFrame:
    names = [f.name for f in fields(RivalFit) if f.name != "r2"]
    frame = pd.DataFrame([asdict(row) for row in rows])[names]
    texts = {"model", "nobs", "npar", "nested", "diff_method", "note"}
    frame = frame.astype({name: float for name in names if name not in texts})
    for outcome in dict.fromkeys(outcome for row in rows for outcome in row.r2):
        frame[f"r2_{outcome}"] = [row.r2.get(outcome, np.nan) for row in rows]
    for hypothesis in dict.fromkeys(name for judged in verdicts.values() for name in judged):
        frame[f"verdict_{hypothesis}"] = [str(verdicts.get(row.model, {}).get(hypothesis, "")) for row in rows]
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


def _row(
    name: str,
    model: SemResult,
    tested: Difference,
    aic: Mapping[str, tuple[float, float]],
    bic: Mapping[str, tuple[float, float]],
) -> RivalFit:
    delta_aic, aic_weight = aic.get(name, (None, None))
    delta_bic, bic_weight = bic.get(name, (None, None))
    notes = [tested.note] if model.converged else [tested.note, "did not converge"]
    return RivalFit(
        model=name,
        nobs=model.nobs,
        npar=model.npar,
        **{measure: model.fit_measures.get(measure) for measure in _MEASURES},
        delta_aic=delta_aic,
        aic_weight=aic_weight,
        delta_bic=delta_bic,
        bic_weight=bic_weight,
        nested=tested.nested,
        chisq_diff=tested.chisq,
        df_diff=tested.df,
        diff_pvalue=tested.pvalue,
        diff_method=tested.method,
        r2={latent: model.r_squared[latent] for latent in model.latent if latent in model.r_squared},
        note="; ".join(notes),
    )
