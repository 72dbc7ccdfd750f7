"""Tables of hypotheses, rivals, multilevel models, second engines, recovery and materials."""

from __future__ import annotations

import pandas as pd

from analysis.report.content import MixedPart, ReportContent
from analysis.report.rounding import Kind
from analysis.report.table import Column, Table

_INTERVAL = Column(("ci_lower", "ci_upper"), "95 % CI", Kind.ESTIMATE)
_OPERATORS = {
    "=~": "measured by",
    "~": "regressed on",
    "~~": "covaries with",
    "~1": "intercept",
    ":=": "defined as",
}
_RIVAL_FIT = (
    ("chisq", "χ²", Kind.NUMBER),
    ("df", "df", Kind.COUNT),
    ("pvalue", "p", Kind.PVALUE),
    ("cfi", "CFI", Kind.BOUNDED),
    ("tli", "TLI", Kind.BOUNDED),
    ("rmsea", "RMSEA", Kind.BOUNDED),
    ("srmr", "SRMR", Kind.BOUNDED),
    ("aic", "AIC", Kind.NUMBER),
    ("bic", "BIC", Kind.NUMBER),
    ("delta_aic", "ΔAIC", Kind.NUMBER),
    ("bic_weight", "BIC weight", Kind.BOUNDED),
)


def hypotheses(content: ReportContent) -> Table:
    """Each hypothesis, its estimate and its verdict."""
    columns = (
        Column(("id",), "Id"),
        Column(("statement_en",), "Hypothesis / Hypothèse", french="statement_fr"),
        Column(("estimand",), "Estimated as"),
        Column(("expected",), "Sign"),
        Column(("est",), "b", Kind.ESTIMATE),
        Column(("se",), "SE", Kind.ESTIMATE),
        _INTERVAL,
        Column(("pvalue",), "p", Kind.PVALUE),
        Column(("std",), "β", Kind.ESTIMATE, "a term of a multilevel model is not standardised"),
        Column(("verdict",), "Verdict"),
    )
    frame = content.hypotheses
    view = frame.assign(
        estimand=frame["model"].astype(str) + ": " + frame["estimand"].astype(str),
        expected=frame["expected"].map(lambda sign: "+" if str(sign) == "+" else "−"),
    )
    remarks = [f"{row.id}: {row.note}" for row in frame.itertuples() if row.note]
    return Table(
        "hypotheses",
        "Which hypotheses hold?",
        "Hypotheses, estimates and verdicts.",
        frame,
        columns,
        view=view,
        notes=(
            "Supported: the sign is as expected and two-sided p < .05. Contrary: p < .05 with the opposite sign. "
            "Not supported: anything else, which is no evidence that the effect is nil.",
            *remarks,
        ),
    )


def rivals(content: ReportContent) -> Table:
    """The study's model beside its rivals."""
    frame = content.rivals
    explained = [str(name) for name in frame.columns if str(name).startswith("r2_")]
    titles = {m.id: m.title for m in (content.structural, *content.rival_models)}
    why = "the rival is a multilevel model and has no such measure, or does not explain that outcome"
    columns = (
        Column(("title",), "Model"),
        *(Column((key,), label, kind, why) for key, label, kind in _RIVAL_FIT),
        *(
            Column((key,), f"R² {key.removeprefix('r2_').replace('_', ' ')}", Kind.BOUNDED, why)
            for key in explained
        ),
    )
    view = frame.assign(title=[titles.get(str(name), str(name).replace("_", " ")) for name in frame["model"]])
    return Table(
        "rivals",
        "Does another reading of the data do as well?",
        "The structural model and its rivals, fitted to the same responses.",
        frame,
        columns,
        view=view,
        notes=("ΔAIC is from the lowest AIC; BIC weights add to 1 over the models that have a BIC.",),
    )


def null_models(content: ReportContent) -> Table:
    """Intraclass correlations of the scales."""
    columns = (
        Column(("name",), "Scale (mean of items)"),
        Column(("nobs",), "Respondents", Kind.COUNT),
        Column(("n_groups",), "Communes", Kind.COUNT),
        Column(("icc",), "ICC", Kind.BOUNDED),
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
        notes=("Design effect = 1 + (mean commune size − 1) · ICC.",),
    )


def fixed_effects(content: ReportContent) -> Table:
    """Fixed effects of every multilevel model."""
    frame = pd.concat([_fixed(model) for model in content.mixed_models], ignore_index=True)
    no_df = next((m.undefined["df"] for m in content.mixed_models if "df" in m.undefined), "not available")
    columns = (
        Column(("term",), "Term"),
        Column(("est",), "b", Kind.ESTIMATE),
        Column(("se",), "SE", Kind.ESTIMATE),
        Column(("df",), "df", Kind.NUMBER, no_df),
        Column(("t",), "b / SE", Kind.NUMBER),
        Column(("pvalue",), "p", Kind.PVALUE),
        _INTERVAL,
    )
    return Table(
        "fixed_effects",
        "What holds across and between communes?",
        "Fixed effects of the multilevel models.",
        frame,
        columns,
        view=_titled(frame, content),
        group="model",
        notes=tuple(f"{m.title}: {m.formula}" for m in content.mixed_models),
    )


def random_effects(content: ReportContent) -> Table:
    """Variance components of every multilevel model."""
    frame = pd.concat([m.random.assign(model=m.id) for m in content.mixed_models], ignore_index=True)
    frame = frame[["model", "grp", "var1", "var2", "vcov", "sdcor"]]
    view = _titled(frame, content)
    second = view["var2"].notna()
    view = view.assign(
        what=["covariance" if pair else "variance" for pair in second],
        term=[_component(a, b) for a, b in zip(view["var1"], view["var2"], strict=True)],
    )
    columns = (
        Column(("grp",), "Level"),
        Column(("term",), "Term", absent=""),
        Column(("what",), "Component"),
        Column(("vcov",), "Variance or covariance", Kind.ESTIMATE),
        Column(("sdcor",), "SD or correlation", Kind.ESTIMATE),
    )
    return Table(
        "random_effects",
        "How much varies from commune to commune?",
        "Variance components of the multilevel models.",
        frame,
        columns,
        view=view,
        group="model",
    )


def mixed_fit(content: ReportContent) -> Table:
    """One row a multilevel model."""
    rows = [
        {
            "model": m.id,
            "title": m.title,
            "estimation": "REML" if m.reml else "ML",
            "nobs": m.nobs,
            "n_dropped": m.n_dropped,
            "n_groups": next(iter(m.groups.values()), None),
            "loglik": m.loglik,
            "aic": m.aic,
            "bic": m.bic,
            "r2_marginal": m.r2_marginal,
            "r2_conditional": m.r2_conditional,
            "converged": m.converged,
            "singular": m.singular,
        }
        for m in content.mixed_models
    ]
    columns = (
        Column(("title",), "Model"),
        Column(("estimation",), "By"),
        Column(("nobs",), "n", Kind.COUNT),
        Column(("n_dropped",), "Dropped", Kind.COUNT),
        Column(("n_groups",), "Communes", Kind.COUNT),
        Column(("loglik",), "log-likelihood", Kind.NUMBER),
        Column(("aic",), "AIC", Kind.NUMBER),
        Column(("bic",), "BIC", Kind.NUMBER),
        Column(("r2_marginal",), "R² marginal", Kind.BOUNDED),
        Column(("r2_conditional",), "R² conditional", Kind.BOUNDED),
        Column(("converged",), "Converged", Kind.YES_NO),
        Column(("singular",), "Singular", Kind.YES_NO),
    )
    reasons = [f"{m.title}, {name}: {why}" for m in content.mixed_models for name, why in m.undefined.items()]
    return Table(
        "mixed_fit",
        "How well do the multilevel models do?",
        "Multilevel models: sample, likelihood, explained variance (marginal: fixed effects; conditional: with random "
        "effects), convergence.",
        pd.DataFrame(rows),
        columns,
        notes=("REML likelihoods compare models with the same fixed effects only.", *reasons),
    )


def agreement(content: ReportContent) -> Table:
    """Largest difference from each second engine; the CSV has every quantity."""
    frames = [a.table.assign(what=a.what, engine=a.engine) for a in content.agreements if len(a.table)]
    names = ["what", "engine", "quantity", "ours", "theirs", "abs_diff", "rel_diff"]
    frame = pd.concat(frames, ignore_index=True)[names] if frames else pd.DataFrame(columns=names)
    rows = [
        {
            "what": a.what.replace("_", " "),
            "engine": a.engine,
            "compared": len(a.table),
            "largest": a.table["abs_diff"].max() if len(a.table) else None,
            "relative": a.table["rel_diff"].max() if len(a.table) else None,
            "verdict": {True: "agree", False: "DISAGREE", None: "not comparable"}[a.agrees],
        }
        for a in content.agreements
    ]
    none = "nothing could be compared"
    columns = (
        Column(("what",), "What"),
        Column(("engine",), "Second engine"),
        Column(("compared",), "Quantities", Kind.COUNT),
        Column(("largest",), "Largest absolute difference", Kind.TINY, none),
        Column(("relative",), "Largest relative difference", Kind.TINY, none),
        Column(("verdict",), "Verdict"),
    )
    return Table(
        "agreement",
        "Does a second engine give the same numbers?",
        "Agreement with other software fitted to the same responses.",
        frame,
        columns,
        view=pd.DataFrame(rows),
        notes=tuple(f"{a.what}, {a.engine}: {a.reason}" for a in content.agreements if a.reason),
    )


def recovery(content: ReportContent) -> Table | None:
    """Estimates beside the values the responses were drawn from; None for collected responses."""
    frame = content.recovery
    if frame is None:
        return None
    columns = (
        Column(("parameter",), "Parameter"),
        Column(("population",), "Population", Kind.ESTIMATE),
        Column(("est",), "Estimate", Kind.ESTIMATE),
        Column(("se",), "SE", Kind.ESTIMATE),
        _INTERVAL,
        Column(("covered",), "Inside", Kind.YES_NO),
    )
    view = frame.assign(
        parameter=frame["lhs"].astype(str) + " " + frame["op"].astype(str) + " " + frame["rhs"].astype(str),
        kind=frame["op"].map(_OPERATORS),
    )
    return Table(
        "recovery",
        "Does the analysis find the values the responses were drawn from?",
        "Population values, estimates and whether the 95 % interval holds the population value.",
        frame,
        columns,
        view=view.sort_values("op", kind="stable"),
        group="kind",
        folded=True,
    )


def versions(content: ReportContent) -> Table:
    """Package versions."""
    frame = pd.DataFrame(list(content.materials.versions.items()), columns=["package", "version"])
    columns = (Column(("package",), "Software"), Column(("version",), "Version"))
    caption = "Software that computed this report."
    return Table("versions", "Which software computed this?", caption, frame, columns)


def inputs(content: ReportContent) -> Table:
    """Input files and their hashes."""
    frame = pd.DataFrame(list(content.materials.inputs.items()), columns=["file", "sha256"])
    columns = (Column(("file",), "File"), Column(("sha256",), "SHA-256"))
    caption = "Files that this report was computed from, with their SHA-256 hashes."
    return Table("inputs", "From which files?", caption, frame, columns)


def _fixed(model: MixedPart) -> pd.DataFrame:
    names = ["term", "est", "se", "df", "t", "pvalue", "ci_lower", "ci_upper"]
    frame = model.fixed[names].astype({"df": "float64"}).assign(model=model.id)
    return frame[["model", *names]]


def _titled(frame: pd.DataFrame, content: ReportContent) -> pd.DataFrame:
    titles = {m.id: m.title for m in content.mixed_models}
    return frame.assign(model=frame["model"].map(titles))


def _component(first: object, second: object) -> str:
    parts = [str(part) for part in (first, second) if isinstance(part, str) and part]
    return " with ".join(parts)
