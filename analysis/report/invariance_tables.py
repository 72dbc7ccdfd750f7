"""Tables and sentences of measurement invariance over groups."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import pandas as pd

from analysis.measurement.invariance_result import Invariance, Step
from analysis.report.content import ReportContent
from analysis.report.criteria import rule_note
from analysis.report.invariance_part import InvariancePart
from analysis.report.rounding import Kind
from analysis.report.table import Column, Table

_FIRST = "the first step has none before it"


def invariance_tables(content: ReportContent, part: InvariancePart) -> list[Table]:
    """The ladder, what was let go, and latent means; those without rows are left out."""
    tables = [_ladder(content, part), _released(part), _means(content, part)]
    return [table for table in tables if len(table.frame)]


def invariance_text(part: InvariancePart) -> list[str]:
    """How far invariance holds in each grouping, and what could not be compared."""
    return list(_sentences(part))


def _sentences(part: InvariancePart) -> Iterator[str]:
    yield (
        "Groups can be compared on a scale that means the same in each of them. Steps of one ladder ask whether groups "
        "share the structure (configural), the loadings (metric), the intercepts (scalar) and the residual variances "
        "(strict); means of constructs may be compared from the scalar step on."
    )
    for name, found in part.found.items():
        sizes = ", ".join(f"{label} ({n})" for label, n in found.groups)
        post_hoc = " Parameters were let go after seeing these data, which wants new data." if _post_hoc(found) else ""
        yield f"{part.titles[name]} ({sizes}): invariance holds up to the step “{found.level}”.{post_hoc}"
    for name, groups in part.left_out.items():
        if groups:
            small = ", ".join(f"{label} ({n})" for label, n in groups)
            yield f"{part.titles[name]}: left out for fewer than {part.least} respondents: {small}."
    for name, reason in part.absent.items():
        yield f"{part.titles[name]}: not compared. {reason}."


def _post_hoc(found: Invariance) -> bool:
    return any(step.post_hoc for step in found.steps)


def _ladder(content: ReportContent, part: InvariancePart) -> Table:
    rows = [_row(part.titles[name], found, step) for name, found in part.found.items() for step in found.steps]
    frame = pd.DataFrame(rows, columns=list(_LADDER))
    columns = (
        Column(("step",), "Step"),
        Column(("chisq",), "χ²", Kind.NUMBER),
        Column(("df",), "df", Kind.COUNT),
        Column(("cfi",), "CFI", Kind.BOUNDED),
        Column(("rmsea",), "RMSEA", Kind.BOUNDED),
        Column(("srmr",), "SRMR", Kind.BOUNDED),
        Column(("chisq_diff",), "Δχ²", Kind.NUMBER, _FIRST),
        Column(("df_diff",), "Δdf", Kind.COUNT, _FIRST),
        Column(("pvalue_diff",), "p", Kind.PVALUE, _FIRST),
        Column(("delta_cfi",), "ΔCFI", Kind.BOUNDED, _FIRST),
        Column(("delta_rmsea",), "ΔRMSEA", Kind.BOUNDED, _FIRST),
        Column(("delta_srmr",), "ΔSRMR", Kind.BOUNDED, _FIRST),
        Column(("holds",), "Holds", Kind.YES_NO, "not judged"),
    )
    versions = sorted({str(row["version"]) for row in rows if row["version"]})
    reasons = [f"{row['grouping']}, {row['step']}: {row['reason']}." for row in rows if row["holds"] is False]
    return Table(
        "invariance",
        "Do the scales mean the same in all groups?",
        "Fit of each step of invariance and its change from the step before.",
        frame,
        columns,
        group="grouping",
        notes=(
            f"χ² is scaled where the estimator scales it; CFI and RMSEA are the {' or '.join(versions)} ones.",
            rule_note(content.criteria, "delta_cfi", "A step holds where"),
            rule_note(content.criteria, "delta_rmsea", "And"),
            "SRMR may rise by .030 at the loadings and .010 from the intercepts on (Chen 2007, who gives smaller "
            "changes for 300 respondents or fewer).",
            *reasons,
        ),
    )


_LADDER = (
    "grouping", "step", "chisq", "df", "pvalue", "cfi", "rmsea", "srmr", "against", "chisq_diff", "df_diff",
    "pvalue_diff", "delta_cfi", "delta_rmsea", "delta_srmr", "version", "holds", "reason",
)  # fmt: skip


def _row(title: str, found: Invariance, step: Step) -> dict[str, object]:
    """One step with the versions of the measures that judge it."""
    version = _version(found)
    ending = "" if version == "plain" else f"_{version}"
    scaled = "_scaled" if all(s.fit.get("chisq_scaled") is not None for s in found.steps) else ""
    test, delta = step.test, step.delta
    return {
        "grouping": title,
        "step": step.name,
        "chisq": step.fit.get(f"chisq{scaled}"),
        "df": step.fit.get("df"),
        "pvalue": step.fit.get(f"pvalue{scaled}"),
        "cfi": step.fit.get(f"cfi{ending}"),
        "rmsea": step.fit.get(f"rmsea{ending}"),
        "srmr": step.fit.get("srmr"),
        "against": step.against,
        "chisq_diff": None if test is None else test.chisq_diff,
        "df_diff": None if test is None else test.df_diff,
        "pvalue_diff": None if test is None else test.pvalue,
        **{f"delta_{key}": None if delta is None else getattr(delta, key) for key in ("cfi", "rmsea", "srmr")},
        "version": version,
        "holds": step.holds,
        "reason": step.reason,
    }


def _version(found: Invariance) -> str:
    """The version of CFI and RMSEA that all steps have."""
    for version in ("robust", "scaled"):
        if all(step.fit.get(f"{key}_{version}") is not None for step in found.steps for key in ("cfi", "rmsea")):
            return version
    return "plain"


def _released(part: InvariancePart) -> Table:
    rows = [
        {"grouping": part.titles[name], **asdict(release)}
        for name, found in part.found.items()
        for release in found.partial.releases
    ]
    keys = ("grouping", "step", "parameter", "x2", "df", "pvalue", "n_candidates", "holds")
    columns = (
        Column(("step",), "Step"),
        Column(("parameter",), "Parameter let go"),
        Column(("x2",), "Score test", Kind.NUMBER),
        Column(("df",), "df", Kind.COUNT),
        Column(("pvalue",), "p", Kind.PVALUE),
        Column(("n_candidates",), "Of", Kind.COUNT),
        Column(("holds",), "Holds then", Kind.YES_NO),
    )
    return Table(
        "invariance_released",
        "What had to differ between groups?",
        "Post hoc: parameters let go one by one, by the largest score test, until a step holds or a limit is reached.",
        pd.DataFrame(rows, columns=list(keys)),
        columns,
        group="grouping",
        notes=(
            "A search in the same data capitalises on chance (MacCallum, Roznowski & Necowitz 1992, Psychological "
            "Bulletin 111(3), 490–504): its result is a hypothesis for new data.",
        ),
    )


def _means(content: ReportContent, part: InvariancePart) -> Table:
    rows = [
        {"grouping": part.titles[name], "construct": mean.lhs, **asdict(mean)}
        for name, found in part.found.items()
        for mean in found.latent_means
    ]
    keys = ("grouping", "construct", "group", "reference", "est", "se", "z", "pvalue", "ci_lower", "ci_upper")
    frame = pd.DataFrame(rows, columns=[*keys, "std_diff"])
    columns = (
        Column(("construct",), "Construct"),
        Column(("group",), "Group"),
        Column(("est",), "Difference", Kind.ESTIMATE),
        Column(("ci_lower", "ci_upper"), "95 % CI", Kind.ESTIMATE),
        Column(("pvalue",), "p", Kind.PVALUE),
        Column(("std_diff",), "d", Kind.NUMBER),
    )
    heads = [f"{row['grouping']}: less {row['reference']}" for row in rows]
    named = [content.instrument.name(str(construct)) for construct in frame["construct"]]
    at = {part.titles[name]: found.means_at for name, found in part.found.items() if found.means_at}
    refused = [
        f"{part.titles[name]}: means are not compared, since {found.means_reason}."
        for name, found in part.found.items()
        if found.means_at is None
    ]
    return Table(
        "latent_means",
        "Do groups differ in what the scales measure?",
        "Means of constructs in each group less those of the first, in standard deviations of the first group.",
        frame,
        columns,
        view=frame.assign(head=heads, construct=named),
        group="head",
        notes=(
            *(f"{title}: at the step “{step}”." for title, step in at.items()),
            *refused,
            "d: the difference over the standard deviation pooled over both groups. Tests are not adjusted for their "
            "number.",
        ),
        folded=True,
    )
