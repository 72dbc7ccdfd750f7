"""Tables and sentences of the hypotheses: estimates, p adjusted over the family, smallest effects of interest."""

from __future__ import annotations

import pandas as pd

from analysis.report.content import ReportContent
from analysis.report.rounding import MINUS, Kind, absent, show
from analysis.report.table import Column, Table

ADJUSTMENTS = {
    "holm": "Holm (1979), which bounds the probability of any false rejection",
    "bh": "Benjamini & Hochberg (1995), which bounds the expected share of false ones among the rejections",
}
_UNITS = {"b": "b", "beta": "β"}


def hypotheses(content: ReportContent) -> Table:
    """Each hypothesis, its estimate and its verdict."""
    frame = content.hypotheses
    columns = [
        Column(("id",), "Id"),
        Column(("statement_en",), "Hypothesis / Hypothèse", french="statement_fr"),
        Column(("status",), "Status"),
        Column(("estimand",), "Estimated as"),
        Column(("expected",), "Sign"),
        Column(("est",), "b", Kind.ESTIMATE),
        Column(("se",), "SE", Kind.ESTIMATE),
        Column(("ci_lower", "ci_upper"), "95 % CI", Kind.ESTIMATE),
        Column(("pvalue",), "p", Kind.PVALUE),
        *adjusted_column(content),
        Column(("std",), "β", Kind.ESTIMATE, "a term of a multilevel model is not standardised"),
        Column(("verdict",), "Verdict"),
    ]
    view = frame.assign(
        estimand=frame["model"].astype(str) + ": " + frame["estimand"].astype(str),
        expected=frame["expected"].map(lambda sign: "+" if str(sign) == "+" else MINUS),
    )
    remarks = [f"{name}: {note}" for name, note in zip(frame["id"], frame["note"], strict=True) if note]
    which = "two-sided p" if content.adjust == "none" else "the adjusted two-sided p"
    return Table(
        "hypotheses",
        "Which hypotheses hold?",
        "Hypotheses, estimates and verdicts.",
        frame.loc[:, ~frame.columns.str.match("sesoi|tost|equivalence")],
        tuple(columns),
        view=view,
        notes=(
            f"Supported: the sign is as expected and {which} < .05. Contrary: {which} < .05 with the opposite sign. "
            "Not supported: anything else, which is no evidence that the effect is nil.",
            *_adjustment(content),
            *remarks,
        ),
    )


def adjusted_column(content: ReportContent) -> list[Column]:
    """The column of adjusted p values, where the study adjusts them."""
    return [] if content.adjust == "none" else [Column(("pvalue_adjusted",), "p, adjusted", Kind.PVALUE)]


def _adjustment(content: ReportContent) -> list[str]:
    """How p values were adjusted, and which hypotheses make a family."""
    if content.adjust == "none":
        return []
    frame = content.hypotheses
    members = "; ".join(f"{name}: {', '.join(rows['id'])}" for name, rows in frame.groupby("family", sort=False))
    return [f"p values are adjusted over each family by the method of {ADJUSTMENTS[content.adjust]}. {members}."]


def smallest_effects(content: ReportContent) -> Table | None:
    """Which effects are smaller than the smallest one of interest; None where no hypothesis states one."""
    frame = content.hypotheses.loc[content.hypotheses["sesoi"].notna()]
    if frame.empty:
        return None
    names = ["id", "sesoi", "sesoi_unit", "est", "std", "tost_ci_lower", "tost_ci_upper", "tost_pvalue", "equivalence"]
    frame = frame[names]
    units = frame["sesoi_unit"].map(_UNITS)
    bounds = [f"±{show(value, Kind.ESTIMATE)} {unit}" for value, unit in zip(frame["sesoi"], units, strict=True)]
    view = frame.assign(
        bounds=bounds,
        estimate=frame["est"].where(frame["sesoi_unit"] == "b", frame["std"]),
        outcome=frame["equivalence"].map({"equivalent": "smaller", "not equivalent": "not shown to be smaller"}),
    )
    none = "no standard error"
    columns = (
        Column(("id",), "Hypothesis"),
        Column(("bounds",), "Smallest effect of interest"),
        Column(("estimate",), "Estimate, in this unit", Kind.ESTIMATE),
        Column(("tost_ci_lower", "tost_ci_upper"), "90 % CI", Kind.ESTIMATE, none),
        Column(("tost_pvalue",), "p of the two one-sided tests", Kind.PVALUE, none),
        Column(("outcome",), "The effect is", absent=none),
    )
    return Table(
        "smallest_effects",
        "Is an effect too small to matter?",
        "Effects against the smallest one of interest, which the study declares.",
        frame,
        columns,
        view=view,
        notes=(
            "Two one-sided tests (Schuirmann 1987; Lakens 2017): an effect is smaller, in either direction, where p < "
            ".05, that is, where its 90 % interval lies within the bounds. b: in the units of the estimate; β: "
            "standardised, its error by the delta method.",
        ),
    )


def hypotheses_text(content: ReportContent) -> list[str]:
    """Which hypotheses are supported, which not, which go the other way; which were not stated beforehand."""
    frame = content.hypotheses
    groups = (("supported", "Supported"), ("not supported", "Not supported"), ("contrary", "Contrary to expectation"))
    parts = [
        f"{label}: {', '.join(frame.loc[frame['verdict'] == verdict, 'id'].astype(str))}."
        for verdict, label in groups
        if (frame["verdict"] == verdict).any()
    ]
    exploratory = frame.loc[frame["status"] == "exploratory", "id"].astype(str)
    if len(exploratory):
        parts.append(f"Exploratory, so that a verdict is a suggestion and no test: {', '.join(exploratory)}.")
    return [" ".join(parts)] if parts else []


def equivalents(content: ReportContent) -> Table | None:
    """Models that imply the same as the structural one; None where the rules find none."""
    frame = content.equivalents
    if frame.empty:
        return None
    columns = (
        Column(("replaced",), "In the place of"),
        Column(("by",), "stands"),
        Column(("chisq",), "χ²", Kind.NUMBER, "not estimated, see below"),
        Column(("df",), "df", Kind.COUNT, "not estimated, see below"),
        Column(("equivalent",), "Same χ² and df", Kind.YES_NO),
    )
    chisq = show(frame["base_chisq"].iloc[0], Kind.NUMBER)
    remarks = [f"{row.by}: {row.note}." for row in frame.itertuples() if not absent(row.note)]
    return Table(
        "equivalents",
        "Which other models could no data tell from this one?",
        f"Models equivalent to the structural one (χ² {chisq}), each refitted.",
        frame,
        columns,
        notes=(
            "Found by the replacing rules of Stelzl (1986) and Lee & Hershberger (1990), one replacement each; the "
            "same rules lead on from each of these to others, and any order of exogenous constructs that all covary is "
            "equivalent too. "
            "What speaks for the structural model against these is theory, design or time, not fit.",
            *remarks,
        ),
        folded=True,
    )


def with_verdicts(frame: pd.DataFrame) -> list[tuple[str, str, Kind]]:
    """Rows of the table of rivals: the verdict on each hypothesis under each model."""
    keys = [str(key) for key in frame.columns if str(key).startswith("verdict_")]
    return [(key, f"Verdict on {key.removeprefix('verdict_')}", Kind.TEXT) for key in keys]
