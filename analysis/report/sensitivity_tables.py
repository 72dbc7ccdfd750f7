"""Tables and sentences of the structural model under other estimators."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from analysis.report.content import ReportContent
from analysis.report.fit_versions import NO_VALUE, fit_rows, versions_note
from analysis.report.hypothesis_tables import adjusted_column
from analysis.report.parts import SemPart, SensitivityPart
from analysis.report.rounding import Kind
from analysis.report.table import Column, Table

MISSING = {"listwise": "the complete responses", "fiml": "all responses (full information, FIML)"}


def verdicts(content: ReportContent, part: SensitivityPart) -> Table:
    """Every hypothesis of the structural model under each analysis."""
    frame = part.verdicts
    titles = _titles(content, part)
    columns = (
        Column(("analysis",), "Analysis"),
        Column(("nobs",), "n", Kind.COUNT),
        Column(("std",), "β", Kind.ESTIMATE),
        Column(("pvalue",), "p", Kind.PVALUE, "no standard error"),
        *adjusted_column(content),
        Column(("verdict",), "Verdict"),
    )
    statements = frame["id"].astype(str) + ". " + frame["statement_en"].astype(str)
    return Table(
        "sensitivity",
        "Does a verdict hang on the estimator?",
        "Hypotheses that rest on the structural model: standardised estimate, p and verdict under each estimator.",
        frame,
        columns,
        view=frame.assign(hypothesis=statements, analysis=frame["analysis"].map(titles)),
        group="hypothesis",
        notes=("The CSV also holds unstandardised estimates with standard errors and 95 % intervals.",),
    )


def fit(content: ReportContent, part: SensitivityPart) -> Table:
    """Fit of the structural model under each analysis."""
    titles = _titles(content, part)
    models = dict(zip(titles, (content.structural, *part.models), strict=True))
    rows = [
        {"measure": row.label, **dict(zip(models, row.cells, strict=True))} for row in fit_rows(list(models.values()))
    ]
    frame = pd.DataFrame(
        [{"analysis": name, **m.glance.iloc[0].drop("model", errors="ignore")} for name, m in models.items()]
    )
    return Table(
        "sensitivity_fit",
        "Does the structural model fit under each estimator?",
        "Fit of the structural model under each estimator.",
        frame.loc[:, frame.notna().any()],
        (
            Column(("measure",), "Measure"),
            *(Column((name,), title, Kind.SHOWN, NO_VALUE) for name, title in titles.items()),
        ),
        view=pd.DataFrame(rows),
        notes=(
            versions_note(list(models.values())),
            "CFI and RMSEA depend on the estimator, and rules of thumb made for one do not serve another; SRMR depends "
            "on it little (Shi & Maydeu-Olivares 2020, Educational and Psychological Measurement 80(3), 421–445).",
            *_undefined(titles, models),
        ),
    )


def sentences(content: ReportContent, part: SensitivityPart) -> list[str]:
    """What was done, and whether all verdicts agree; those that do not are named."""
    titles = _titles(content, part)
    ways = [f"by {_how(model)} (“{model.title.lower()}”)" for model in part.models]
    text = [
        f"The report's own analysis of the structural model is by {_how(content.structural)}. The model was estimated "
        f"again {', and '.join(ways)}.",
        agreement(content, part),
    ]
    failed = [titles[model.id] for model in part.models if not model.converged]
    return [*text, f"DID NOT CONVERGE: {'; '.join(failed)}."] if failed else text


def agreement(content: ReportContent, part: SensitivityPart) -> str:
    """One sentence: do all verdicts agree?"""
    titles = _titles(content, part)
    frame = part.verdicts
    differing = [
        f"{name} – {', '.join(f'{titles[a]}: {v}' for a, v in zip(rows['analysis'], rows['verdict'], strict=True))}"
        for name, rows in frame.groupby("id", sort=False)
        if len(set(rows["verdict"])) > 1
    ]
    n_hypotheses = frame["id"].nunique()
    if not n_hypotheses:
        return "No hypothesis rests on the structural model."
    if not differing:
        return f"All verdicts agree: {n_hypotheses} hypotheses under {len(titles)} analyses."
    return f"Verdicts differ for {len(differing)} of {n_hypotheses} hypotheses: {'; '.join(differing)}."


def _titles(content: ReportContent, part: SensitivityPart) -> dict[str, str]:
    """Name of each analysis → how readers see it; the report's own comes first."""
    own = {part.main: _title("Main", content.structural)}
    return own | {model.id: _title(model.title, model) for model in part.models}


def _title(name: str, model: SemPart) -> str:
    return f"{name} ({model.estimator}{', FIML' if model.missing == 'fiml' else ''})"


def _how(model: SemPart) -> str:
    return f"{model.estimator} on {MISSING[model.missing]}, n = {model.nobs}"


def _undefined(titles: dict[str, str], models: dict[str, SemPart]) -> Iterator[str]:
    shown = ("chisq", "pvalue", "cfi", "tli", "rmsea", "srmr", "aic", "bic")
    for name, model in models.items():
        for measure, reason in model.undefined.items():
            if measure.removesuffix("_scaled").removesuffix("_robust") in shown:
                yield f"{titles[name]}, {measure}: {reason}"
