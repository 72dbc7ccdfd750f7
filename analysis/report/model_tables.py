"""Tables of rivals and multilevel models."""

from __future__ import annotations

import pandas as pd

from analysis.report.content import ReportContent
from analysis.report.hypothesis_tables import with_verdicts
from analysis.report.parts import MixedPart
from analysis.report.rounding import Kind
from analysis.report.table import Column, Table, side_by_side

_INTERVAL = Column(("ci_lower", "ci_upper"), "95 % CI", Kind.ESTIMATE)
_RIVAL_FIT = (
    ("chisq", "χ²", Kind.NUMBER),
    ("df", "df", Kind.COUNT),
    ("pvalue", "p", Kind.PVALUE),
    ("chisq_scaled", "χ², scaled", Kind.NUMBER),
    ("pvalue_scaled", "p, scaled", Kind.PVALUE),
    ("cfi", "CFI", Kind.BOUNDED),
    ("cfi_robust", "CFI, robust", Kind.BOUNDED),
    ("tli", "TLI", Kind.BOUNDED),
    ("tli_robust", "TLI, robust", Kind.BOUNDED),
    ("rmsea", "RMSEA", Kind.BOUNDED),
    ("rmsea_robust", "RMSEA, robust", Kind.BOUNDED),
    ("srmr", "SRMR", Kind.BOUNDED),
    ("aic", "AIC", Kind.NUMBER),
    ("bic", "BIC", Kind.NUMBER),
    ("delta_aic", "ΔAIC", Kind.NUMBER),
    ("aic_weight", "AIC weight", Kind.PVALUE),
    ("delta_bic", "ΔBIC", Kind.NUMBER),
    ("bic_weight", "BIC weight", Kind.PVALUE),
    ("chisq_diff", "Δχ² from the structural model", Kind.NUMBER),
    ("df_diff", "Δdf", Kind.COUNT),
    ("diff_pvalue", "p of Δχ²", Kind.PVALUE),
)
_MIXED_FIT = (
    ("estimation", "Estimated by", Kind.TEXT),
    ("nobs", "Respondents", Kind.COUNT),
    ("n_dropped", "Dropped for missing values", Kind.COUNT),
    ("n_groups", "Communes", Kind.COUNT),
    ("loglik", "log-likelihood", Kind.NUMBER),
    ("aic", "AIC", Kind.NUMBER),
    ("bic", "BIC", Kind.NUMBER),
    ("r2_marginal", "R² marginal", Kind.BOUNDED),
    ("r2_conditional", "R² conditional", Kind.BOUNDED),
    ("r2_within", "R² within communes", Kind.BOUNDED),
    ("r2_between", "R² between communes", Kind.BOUNDED),
    ("converged", "Converged", Kind.YES_NO),
    ("singular", "Singular fit", Kind.YES_NO),
)


def rivals(content: ReportContent) -> Table:
    """The study's model beside its rivals."""
    frame = content.rivals
    known = {str(key) for key in frame.columns if frame[key].notna().any()}
    corrected = {key.rpartition("_")[0] for key in known if key.endswith(("_scaled", "_robust"))}
    measures = [
        *(
            (key, f"{label}, naive" if key in corrected else label, kind)
            for key, label, kind in _RIVAL_FIT
            if key in known
        ),
        *(
            (str(key), _explained(str(key), content), Kind.BOUNDED)
            for key in frame.columns
            if str(key).startswith("r2_")
        ),
        *with_verdicts(frame),
    ]
    titles = {m.id: m.title for m in (content.structural, *content.rival_models)}
    names = [str(name) for name in frame["model"]]
    headers = {name: titles.get(name, f"Rival: {name.replace('_', ' ')}") for name in names}
    remarks = [
        f"{headers[str(name)]}: {note}." for name, note in zip(frame["model"], frame["note"], strict=True) if note
    ]
    columns = (
        Column(("measure",), "Measure"),
        *(Column((name,), headers[name], Kind.SHOWN, "not defined, or not in this model") for name in names),
    )
    return Table(
        "rivals",
        "Does another reading of the data do as well?",
        "The structural model and its rivals, fitted to the same responses.",
        frame,
        columns,
        view=side_by_side(frame, names, measures),
        notes=(
            "ΔAIC and ΔBIC are from the lowest of the table; weights add to 1 over the models that have one. "
            f"Δχ² is there for nested models only{_methods(frame)}.",
            "Verdicts are on the hypotheses about the structural model, each on the parameter or effect of that name "
            "in the rival, if it has one.",
            *remarks,
        ),
    )


def _methods(frame: pd.DataFrame) -> str:
    """How differences of chi-square were computed."""
    used = dict.fromkeys(str(method) for method in frame["diff_method"] if method)
    return f", by: {', '.join(used)}" if used else ""


def null_models(content: ReportContent) -> Table:
    """Intraclass correlations of the scales."""
    columns = (
        Column(("name",), "Scale (mean of items)"),
        Column(("nobs",), "Respondents", Kind.COUNT),
        Column(("n_groups",), "Communes", Kind.COUNT),
        Column(("mean_size",), "Mean size", Kind.NUMBER),
        Column(("icc",), "ICC", Kind.BOUNDED),
        Column(("icc_lower", "icc_upper"), "95 % CI", Kind.BOUNDED),
        Column(("design_effect",), "Design effect", Kind.NUMBER),
        Column(("singular",), "Singular fit", Kind.YES_NO),
    )
    frame = content.null_models
    return Table(
        "null_models",
        "How much do communes differ?",
        "Null models: share of each scale's variance that lies between communes (ICC).",
        frame,
        columns,
        view=frame.assign(name=[content.instrument.name(str(c)) for c in frame["construct"]]),
        notes=(
            "Design effect = 1 + (mean commune size − 1) · ICC. Intervals from the profile of the likelihood (ML); the "
            "ICC itself is by REML.",
        ),
    )


def fixed_effects(content: ReportContent) -> Table:
    """Fixed effects of every multilevel model."""
    frame = pd.concat([_fixed(model) for model in content.mixed_models], ignore_index=True)
    columns = (
        Column(("term",), "Term"),
        Column(("est",), "b", Kind.ESTIMATE),
        Column(("se",), "SE", Kind.ESTIMATE),
        Column(("df",), "df", Kind.NUMBER),
        Column(("t",), "t", Kind.NUMBER),
        Column(("pvalue",), "p", Kind.PVALUE),
        _INTERVAL,
        Column(("std",), "β", Kind.ESTIMATE, "the intercept has no unit to standardise"),
        Column(("se_robust",), "SE, robust", Kind.ESTIMATE, _no_robust(content)),
        Column(("df_robust",), "df, robust", Kind.NUMBER, _no_robust(content)),
        Column(("pvalue_robust",), "p, robust", Kind.PVALUE, _no_robust(content)),
    )
    return Table(
        "fixed_effects",
        "What holds across and between communes?",
        "Fixed effects of the multilevel models.",
        frame,
        columns,
        view=_titled(frame, content),
        group="model",
        notes=(
            "df by Satterthwaite's method; β in standard deviations of outcome and predictor over respondents. Robust: "
            "bias-reduced cluster-robust (CR2) by commune, with its own df (Pustejovsky & Tipton 2018).",
            *(f"{m.title}: {m.formula}" for m in content.mixed_models),
        ),
    )


def random_effects(content: ReportContent) -> Table:
    """Variance components of every multilevel model."""
    frame = pd.concat([m.random.assign(model=m.id) for m in content.mixed_models], ignore_index=True)
    frame = frame.reindex(columns=["model", "grp", "var1", "var2", "vcov", "sdcor", "ci_lower", "ci_upper"])
    view = _titled(frame, content)
    second = view["var2"].notna()
    view = view.assign(
        what=["covariance" if pair else "variance" for pair in second],
        term=[_component(a, b) for a, b in zip(view["var1"], view["var2"], strict=True)],
    )
    columns = (
        Column(("grp",), "Level"),
        Column(("term",), "Term", absent="what is left within communes belongs to no term"),
        Column(("what",), "Component"),
        Column(("vcov",), "Variance or covariance", Kind.ESTIMATE),
        Column(("sdcor",), "SD or correlation", Kind.ESTIMATE),
        Column(("ci_lower", "ci_upper"), "95 % CI", Kind.ESTIMATE),
    )
    return Table(
        "random_effects",
        "How much varies from commune to commune?",
        "Variance components of the multilevel models.",
        frame,
        columns,
        view=view,
        group="model",
        notes=("Intervals of standard deviations and correlations from the profile of the likelihood (ML).",),
    )


def mixed_fit(content: ReportContent) -> Table:
    """The multilevel models side by side."""
    frame = pd.DataFrame([_mixed_row(model) for model in content.mixed_models])
    names = [model.id for model in content.mixed_models]
    columns = (
        Column(("measure",), "Measure"),
        *(Column((m.id,), m.title, Kind.SHOWN, "not defined for this model") for m in content.mixed_models),
    )
    why = dict.fromkeys(f"{name}: {text}" for m in content.mixed_models for name, text in m.undefined.items())
    return Table(
        "mixed_fit",
        "How well do the multilevel models do?",
        "Multilevel models: sample, likelihood, explained variance (marginal: by fixed effects; conditional: by random "
        "effects too), convergence.",
        frame,
        columns,
        view=side_by_side(frame, names, _MIXED_FIT),
        notes=("REML likelihoods compare models with the same fixed effects only.", *why),
    )


def _no_robust(content: ReportContent) -> str:
    """Why a model has no cluster-robust errors."""
    return next((m.undefined["robust"] for m in content.mixed_models if "robust" in m.undefined), "not available")


def _explained(key: str, content: ReportContent) -> str:
    return f"R² {content.instrument.name(key.removeprefix('r2_'))}"


def _mixed_row(model: MixedPart) -> dict[str, object]:
    """One row of the CSV: a multilevel model as a whole."""
    return {
        "model": model.id,
        "formula": model.formula,
        "estimation": "REML" if model.reml else "ML",
        "nobs": model.nobs,
        "n_dropped": model.n_dropped,
        "n_groups": next(iter(model.groups.values()), None),
        "loglik": model.loglik,
        "aic": model.aic,
        "bic": model.bic,
        "r2_marginal": model.r2_marginal,
        "r2_conditional": model.r2_conditional,
        "r2_within": model.r2_within,
        "r2_between": model.r2_between,
        "converged": model.converged,
        "singular": model.singular,
    }


def _fixed(model: MixedPart) -> pd.DataFrame:
    names = ["term", "est", "se", "df", "t", "pvalue", "ci_lower", "ci_upper"]
    names += ["std", "se_robust", "df_robust", "pvalue_robust"]
    frame = model.fixed.reindex(columns=names).astype(dict.fromkeys(names[1:], "float64"))
    return frame.assign(model=model.id)[["model", *names]]


def _titled(frame: pd.DataFrame, content: ReportContent) -> pd.DataFrame:
    titles = {m.id: m.title for m in content.mixed_models}
    return frame.assign(model=frame["model"].map(titles))


def _component(first: object, second: object) -> str:
    parts = [str(part) for part in (first, second) if isinstance(part, str) and part]
    return " with ".join(parts)
