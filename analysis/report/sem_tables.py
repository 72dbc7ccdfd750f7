"""Tables of the structural-equation models: fit, loadings, paths, effects, rivals."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pandas as pd

from analysis.report.content import ReportContent
from analysis.report.criteria import rule, source
from analysis.report.fit_versions import NO_VALUE, fit_rows, versions_note
from analysis.report.parts import SemPart
from analysis.report.rounding import Kind, show
from analysis.report.table import Column, Table

FIXED = "fixed, not estimated"
_STATISTICS = (
    Column(("est",), "b", Kind.ESTIMATE),
    Column(("se",), "SE", Kind.ESTIMATE, FIXED),
    Column(("z",), "z", Kind.NUMBER, FIXED),
    Column(("pvalue",), "p", Kind.PVALUE, FIXED),
    Column(("ci_lower", "ci_upper"), "95 % CI", Kind.ESTIMATE, FIXED),
)
_BETA = Column(("std_all",), "β", Kind.ESTIMATE, "not standardised")
_PARAMETERS = [
    "lhs",
    "op",
    "rhs",
    "label",
    "est",
    "se",
    "z",
    "pvalue",
    "ci_lower",
    "ci_upper",
    "std_lv",
    "std_all",
]


def model_fit(content: ReportContent) -> Table:
    """Fit of the measurement and the structural model beside the criteria and their sources."""
    models = (content.measurement, content.structural)
    frame = pd.concat([m.glance.assign(model=m.id) for m in models], ignore_index=True)
    frame = frame[["model", *[name for name in frame.columns if name != "model"]]]
    criteria = content.criteria
    rows = []
    for row in fit_rows(models):
        known = row.judged and row.measure in criteria
        rows.append(
            {
                "measure": row.label,
                **dict(zip((m.id for m in models), row.cells, strict=True)),
                "criterion": rule(criteria[row.measure]) if known else "\u00a0",
                "source": source(row.measure, criteria[row.measure]) if known else "\u00a0",
            }
        )
    columns = (
        Column(("measure",), "Measure"),
        *(Column((m.id,), m.title, Kind.SHOWN, NO_VALUE) for m in models),
        Column(("criterion",), "Rule of thumb"),
        Column(("source",), "Proposed by"),
    )
    return Table(
        "fit",
        "Do the models fit?",
        "Fit of the measurement and the structural model.",
        frame.loc[:, frame.notna().any()],
        columns,
        view=pd.DataFrame(rows),
        notes=(
            versions_note(models),
            "Rules of thumb are not tests: they depend on sample size and loadings. They stand beside the values they "
            "apply to: the robust ones where there are any.",
            *_reasons(models),
        ),
    )


def loadings(content: ReportContent) -> Table:
    """Loadings of the measurement model."""
    view = content.measurement.tidy.query("op == '=~'")
    columns = (Column(("rhs",), "Item"), *_STATISTICS, _BETA)
    return Table(
        "loadings",
        "Does each item measure its construct?",
        "Loadings in the measurement model: b, standard error, interval, p, and the standardised loading β.",
        _parameters(content.measurement.tidy),
        columns,
        view=view.assign(lhs=[content.instrument.name(str(n)) for n in view["lhs"]], **_blank_fixed(view)),
        group="lhs",
        notes=("The CSV holds every parameter of the model, residual variances included.",),
    )


def discriminant(content: ReportContent) -> Table:
    """Correlations of the constructs with the square root of AVE on the diagonal (Fornell and Larcker)."""
    matrix = latent_correlations(content.measurement)
    names = list(matrix.columns)
    ave = content.measures.reliability.set_index("construct")["ave"]
    frame = matrix.rename_axis(None).reset_index(names="construct")
    frame["sqrt_ave"] = [math.sqrt(ave[n]) if n in ave.index and ave[n] >= 0 else math.nan for n in names]
    rows = []
    for row, name in enumerate(names):
        cells = {"construct": f"{row + 1}. {content.instrument.name(name)}"}
        for position, other in enumerate(names):
            value = frame["sqrt_ave"].iloc[row] if position == row else matrix.loc[name, other]
            text = show(value, Kind.CORRELATION)
            cells[other] = "\u00a0" if position > row else f"({text})" if position == row else text
        rows.append(cells)
    columns = (
        Column(("construct",), "Construct"),
        *(Column((name,), str(k + 1), Kind.SHOWN) for k, name in enumerate(names)),
    )
    return Table(
        "discriminant",
        "Are the constructs distinct from one another?",
        "Correlations of the constructs in the measurement model; in brackets on the diagonal √AVE, which should "
        "exceed the correlations in its row and column.",
        frame,
        columns,
        view=pd.DataFrame(rows),
        notes=("Fornell & Larcker (1981), Journal of Marketing Research 18(1), 39–50.",),
    )


def residuals(content: ReportContent) -> Table:
    """The largest residual correlations of the structural model."""
    matrix = content.structural.residual_correlation
    names = [str(name) for name in matrix.columns]
    left, right = np.tril_indices(len(names), k=-1)
    values = matrix.to_numpy(dtype=float)[left, right]
    frame = pd.DataFrame({"first": [names[i] for i in right], "second": [names[i] for i in left], "residual": values})
    order = np.argsort(-np.abs(values), kind="stable")[:10]
    columns = (
        Column(("first",), "Item"),
        Column(("second",), "Item"),
        Column(("residual",), "Residual correlation", Kind.BOUNDED),
    )
    return Table(
        "residuals",
        "Where does the structural model miss the data?",
        f"The ten largest residual correlations of {len(frame)} (observed less implied).",
        frame,
        columns,
        view=frame.iloc[order],
        folded=True,
    )


def paths(content: ReportContent) -> Table:
    """Regressions of the structural model."""
    frame = content.structural.tidy
    view = frame[frame["op"] == "~"]
    names = content.instrument.name
    view = view.assign(lhs=[names(str(n)) for n in view["lhs"]], rhs=[names(str(n)) for n in view["rhs"]])
    r2 = content.structural.r2.set_index("variable")["r2"]
    explained = [f"{names(str(v))}: R² = {show(value, Kind.BOUNDED)}" for v, value in r2.items()]
    outcomes = {names(str(n)) for n in frame.loc[frame["op"] == "~", "lhs"]}
    shown = [text for text in explained if text.rsplit(":", 1)[0] in outcomes]
    return Table(
        "paths",
        "What predicts each outcome?",
        "Regressions of the structural model, grouped by outcome.",
        _parameters(frame),
        (Column(("rhs",), "Predictor"), *_STATISTICS, _BETA),
        view=view.assign(**_blank_fixed(view)),
        group="lhs",
        notes=(f"{'; '.join(shown)}.",) if shown else (),
    )


def r_squared(content: ReportContent) -> Table:
    """R² of every endogenous variable of the structural model."""
    frame = content.structural.r2
    columns = (Column(("name",), "Variable"), Column(("r2",), "R²", Kind.BOUNDED))
    view = frame.assign(name=[content.instrument.name(str(v)) for v in frame["variable"]])
    caption = "R² of the constructs and items that the structural model explains."
    return Table("r2", "How much is explained?", caption, frame, columns, view=view, folded=len(frame) > 8)


def effects(content: ReportContent) -> Table:
    """Defined (indirect and total) effects of the structural model."""
    frame = content.structural.tidy
    view = frame[frame["op"] == ":="]
    columns = (Column(("lhs",), "Effect"), Column(("rhs",), "Defined as"), *_STATISTICS, _BETA)
    return Table(
        "effects",
        "How much goes through other constructs?",
        "Indirect and total effects defined in the structural model; standard errors by the delta method.",
        _parameters(view),
        columns,
        view=view.assign(lhs=[str(name).replace("_", " ") for name in view["lhs"]]),
    )


def covariances(content: ReportContent) -> Table:
    """Covariances among the predictors of the structural model."""
    frame = content.structural.tidy
    constructs = set(content.instrument.constructs["construct"])
    view = frame[(frame["op"] == "~~") & frame["lhs"].isin(constructs) & (frame["lhs"] != frame["rhs"])]
    names = content.instrument.name
    columns = (
        Column(("lhs",), "Construct"),
        Column(("rhs",), "with"),
        *_STATISTICS,
        Column(("std_all",), "r", Kind.BOUNDED),
    )
    return Table(
        "covariances",
        "How do the predictors covary?",
        "Covariances among the constructs in the structural model; r is the standardised value.",
        view[[name for name in _PARAMETERS if name in view.columns]],
        columns,
        view=view.assign(lhs=[names(str(n)) for n in view["lhs"]], rhs=[names(str(n)) for n in view["rhs"]]),
        folded=True,
    )


def latent_correlations(model: SemPart) -> pd.DataFrame:
    """Standardised covariances among the latent variables of ``model``, symmetric, unit diagonal; NaN if absent."""
    tidy = model.tidy
    names = list(dict.fromkeys(tidy.loc[tidy["op"] == "=~", "lhs"]))
    matrix = pd.DataFrame(np.nan, index=names, columns=names)
    pairs = tidy[(tidy["op"] == "~~") & tidy["lhs"].isin(names) & tidy["rhs"].isin(names)]
    for left, right, value in zip(pairs["lhs"], pairs["rhs"], pairs["std_all"], strict=True):
        matrix.loc[left, right] = matrix.loc[right, left] = value
    for name in names:
        matrix.loc[name, name] = 1.0
    return matrix


def _reasons(models: Sequence[SemPart]) -> list[str]:
    return [f"{m.title}, {name}: {reason}" for m in models for name, reason in m.undefined.items()]


def _blank_fixed(view: pd.DataFrame) -> dict[str, pd.Series]:
    """Columns that a fixed parameter has no value for: its SE is 0 by construction, not by estimation."""
    free = view["se"] > 0
    return {name: view[name].where(free) for name in ("se", "z", "pvalue", "ci_lower", "ci_upper")}


def _parameters(tidy: pd.DataFrame) -> pd.DataFrame:
    return tidy[[name for name in _PARAMETERS if name in tidy.columns]]
