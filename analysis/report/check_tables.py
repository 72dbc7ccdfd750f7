"""Tables of second engines, recovery and materials."""

from __future__ import annotations

import pandas as pd

from analysis.report.content import ReportContent
from analysis.report.rounding import Kind
from analysis.report.table import Column, Table

_KINDS = {
    "=~": "measured by",
    "~": "regressed on",
    "~~": "covaries with",
    "~1": "intercept",
    ":=": "defined as",
}


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
        view=pd.DataFrame(rows, columns=["what", "engine", "compared", "largest", "relative", "verdict"]),
        notes=(
            "Structural models are compared as fitted by maximum likelihood to complete responses, which both engines "
            "can do; multilevel models as fitted.",
            *(f"{a.what}, {a.engine}: {a.reason}" for a in content.agreements if a.reason),
        ),
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
        Column(("ci_lower", "ci_upper"), "95 % CI", Kind.ESTIMATE),
        Column(("covered",), "Inside", Kind.YES_NO),
    )
    view = frame.assign(
        parameter=frame["lhs"].astype(str) + " " + frame["op"].astype(str) + " " + frame["rhs"].astype(str),
        kind=frame["op"].map(_KINDS),
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
