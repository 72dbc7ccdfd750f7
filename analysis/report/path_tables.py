"""Tables and sentences of the structural model by partial least squares."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from analysis.report.content import ReportContent
from analysis.report.hypothesis_tables import adjusted_column
from analysis.report.paths_part import PathsPart
from analysis.report.rounding import Kind
from analysis.report.table import Column, Table

_COMPOSITE = "no path leads to it"


def path_tables(content: ReportContent, part: PathsPart) -> list[Table]:
    """One table a question; those that PLS could not answer are left out."""
    tables = [
        _hypotheses(content, part),
        _constructs(content, part),
        _paths(content, part),
        _prediction(content, part),
        _importance(content, part),
    ]
    return [table for table in tables if len(table.frame)]


def path_text(part: PathsPart) -> list[str]:
    """What PLS estimates, whether the verdicts agree, and what could not be estimated."""
    return list(_sentences(part))


def _sentences(part: PathsPart) -> Iterator[str]:
    yield (
        "Partial least squares (PLS) estimates paths among weighted sums of items, which random error of measurement "
        "attenuates; consistent PLS (PLSc) corrects them for it, as a structural-equation model does. Rows with a "
        f"missing answer are left out; intervals are from {part.n_resamples} resamples, bias-corrected and accelerated."
    )
    frame = part.hypotheses
    if len(frame):
        several = frame.groupby("id", sort=False)["verdict"].nunique()
        differing = [str(name) for name in several.index[several > 1]]
        agree = f"The verdicts on all {len(several)} hypotheses agree"
        differ = f"Verdicts differ between estimators for {', '.join(differing)}"
        yield f"{differ if differing else agree}."
    if part.absent:
        yield f"Not estimated: {part.absent}."


def _hypotheses(content: ReportContent, part: PathsPart) -> Table:
    frame = part.hypotheses
    columns = (
        Column(("estimator",), "Estimator"),
        Column(("nobs",), "n", Kind.COUNT),
        Column(("est",), "β", Kind.ESTIMATE),
        Column(("ci_lower", "ci_upper"), "95 % CI", Kind.ESTIMATE),
        Column(("pvalue",), "p", Kind.PVALUE, "no standard error"),
        *adjusted_column(content),
        Column(("verdict",), "Verdict"),
    )
    return Table(
        "paths_hypotheses",
        "Does a verdict hang on covariances or composites?",
        "Hypotheses of the structural model: standardised estimate, p and verdict by the report's own estimator, by "
        "PLS and by PLSc.",
        frame,
        columns,
        view=frame.assign(hypothesis=frame["id"].astype(str) + ". " + frame["statement_en"].astype(str)),
        group="hypothesis",
        notes=(
            "Intervals of the structural-equation model are of its unstandardised estimates: see the table of "
            "hypotheses. p of PLS is from the normal distribution with the bootstrap's standard error.",
        ),
    )


def _constructs(content: ReportContent, part: PathsPart) -> Table:
    frame = part.constructs
    columns = (
        Column(("construct",), "Construct"),
        Column(("mode",), "Mode"),
        Column(("alpha",), "α", Kind.BOUNDED, "a single item, or a formative block"),
        Column(("rho_a",), "ρA", Kind.BOUNDED, "a single item, or a formative block"),
        Column(("rho_c",), "ρC", Kind.BOUNDED, "a single item, or a formative block"),
        Column(("ave",), "AVE", Kind.BOUNDED, "a single item, or a formative block"),
        Column(("r2",), "R²", Kind.BOUNDED, _COMPOSITE),
        Column(("r2_adjusted",), "Adjusted R²", Kind.BOUNDED, _COMPOSITE),
    )
    return Table(
        "paths_constructs",
        "Are the composites reliable, and what is explained?",
        "Constructs by PLS and by PLSc: mode (A reflective, B formative), reliability, average variance extracted, R².",
        frame,
        columns,
        view=frame.assign(construct=[content.instrument.name(str(c)) for c in frame["construct"]]),
        group="estimator",
        notes=("ρA: Dijkstra & Henseler (2015), MIS Quarterly 39(2), 297–316.",),
        folded=True,
    )


def _paths(content: ReportContent, part: PathsPart) -> Table:
    frame = part.paths
    columns = (
        Column(("outcome",), "Outcome"),
        Column(("predictor",), "Predictor"),
        Column(("est",), "β", Kind.ESTIMATE),
        Column(("f2",), "f²", Kind.BOUNDED),
        Column(("vif",), "VIF", Kind.NUMBER),
    )
    return Table(
        "paths_effects",
        "How large is each path, beside the others?",
        "Paths by PLS and by PLSc with Cohen's f² and the collinearity of predictors (VIF).",
        frame,
        columns,
        view=_named(content, frame, "outcome", "predictor"),
        group="estimator",
        notes=(
            "f² of .02, .15 and .35: small, medium, large (Cohen 1988, Statistical Power Analysis for the Behavioral "
            "Sciences, 2nd ed., Erlbaum).",
        ),
        folded=True,
    )


def _prediction(content: ReportContent, part: PathsPart) -> Table:
    frame = part.prediction
    columns = (
        Column(("item",), "Item"),
        Column(("q2_predict",), "Q²predict", Kind.BOUNDED),
        Column(("rmse",), "RMSE", Kind.ESTIMATE),
        Column(("lm_rmse",), "RMSE, linear model", Kind.ESTIMATE),
        Column(("mae",), "MAE", Kind.ESTIMATE),
        Column(("lm_mae",), "MAE, linear model", Kind.ESTIMATE),
    )
    better = int((frame["rmse"].astype(float) < frame["lm_rmse"].astype(float)).sum()) if len(frame) else 0
    return Table(
        "paths_prediction",
        "Does the model predict answers it has not seen?",
        "PLSpredict: errors in predicting the items of the outcomes in left-out responses, ten folds ten times.",
        frame,
        columns,
        view=_named(content, frame, "construct"),
        group="construct",
        notes=(
            f"The model predicts {better} of {len(frame)} items better than a linear regression on all items of the "
            "exogenous constructs does. Q²predict above 0: better than the mean of the training responses (Shmueli et "
            "al. 2019, European Journal of Marketing 53(11), 2322–2347).",
        ),
    )


def _importance(content: ReportContent, part: PathsPart) -> Table:
    frame = part.importance
    columns = (
        Column(("construct",), "Construct"),
        Column(("importance",), "Importance", Kind.ESTIMATE),
        Column(("performance",), "Performance", Kind.NUMBER),
    )
    view = _named(content, frame, "construct")
    return Table(
        "paths_importance",
        "Where would a change matter, and where is there room for it?",
        "Importance (unstandardised total effect on the outcome, all scores from 0 to 100) and performance (mean "
        "score) of each construct.",
        frame,
        columns,
        view=view.assign(target=[f"Outcome: {content.instrument.name(str(t))}" for t in frame["target"]]),
        group="target",
        notes=("Ringle & Sarstedt (2016), Industrial Management & Data Systems 116(9), 1865–1886.",),
    )


def _named(content: ReportContent, frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return frame.assign(**{name: [content.instrument.name(str(c)) for c in frame[name]] for name in columns})
