"""Tables of the quality of the scales: items, validity with intervals, method bias."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict

import pandas as pd

from analysis.measurement.marker import MarkerTechnique
from analysis.measurement.method_bias import MethodBias
from analysis.measurement.scale_quality import ScaleQuality
from analysis.report.content import ReportContent
from analysis.report.criteria import rule_note
from analysis.report.rounding import Kind, show
from analysis.report.table import Column, Table

_TEST = (
    Column(("chisq_diff",), "χ² difference", Kind.NUMBER, "the difference is not defined"),
    Column(("df_diff",), "df", Kind.COUNT),
    Column(("pvalue",), "p", Kind.PVALUE, "the difference is not defined"),
)


def scale_tables(content: ReportContent, scales: ScaleQuality) -> list[Table]:
    """One table a question; a question that the study cannot answer has none."""
    bias = scales.method_bias
    tables = [
        _items(content, scales),
        _bounds(content, scales),
        _levels(content, scales),
        _ratios(content, scales),
        _pairs(content, scales),
        _collinearity(content, bias),
        _method_factors(bias),
        *([] if bias.marker is None else [_marker(bias.marker)]),
    ]
    return [table for table in tables if len(table.frame)]


def _items(content: ReportContent, scales: ScaleQuality) -> Table:
    frame = _frame(scales.items)
    columns = (
        Column(("item",), "Item"),
        Column(("loading",), "β", Kind.BOUNDED, "the item is not part of a construct of its own"),
        Column(("rest_correlation",), "r with the others", Kind.BOUNDED, "a scale of one item"),
        Column(("alpha_if_dropped",), "α without it", Kind.BOUNDED, "two items would leave one"),
    )
    return Table(
        "scale_items",
        "Does each item belong to its scale?",
        "Each item's standardised loading, its correlation with the sum of the scale's other items, and α without it.",
        frame,
        columns,
        view=_named(content, frame),
        group="construct",
        folded=True,
    )


def _bounds(content: ReportContent, scales: ScaleQuality) -> Table:
    """Reliability by other coefficients; those that no scale has are left out."""
    labels = {
        "omega_observed": "ω, observed variance",
        "omega_total": "ω total",
        "omega_hierarchical": "ω hierarchical",
        "omega_latent_response": "ω of responses behind ordinal answers",
        "alpha_ordinal": "α ordinal",
        "glb": "Greatest lower bound",
    }
    frame = _frame(scales.coefficients)
    shown = {key: label for key, label in labels.items() if frame[key].notna().any()}
    columns = (
        Column(("construct",), "Construct"),
        *(Column((key,), label, Kind.BOUNDED, "not defined for this scale") for key, label in shown.items()),
    )
    notes = (
        "The greatest lower bound takes advantage of chance in small samples (Ten Berge & Sočan 2004, Psychometrika "
        "69(4), 613–625).",
    )
    return Table(
        "scale_bounds",
        "Does reliability hang on the coefficient?",
        "Further coefficients of reliability of each scale.",
        frame[["construct", *shown]],
        columns,
        view=_named(content, frame),
        notes=notes,
    )


def _levels(content: ReportContent, scales: ScaleQuality) -> Table:
    frame = pd.DataFrame(
        [(r.construct, r.level, r.n_items, r.alpha, r.omega) for r in scales.levels],
        columns=["construct", "level", "n_items", "alpha", "omega"],
    )
    columns = (
        Column(("construct",), "Construct"),
        Column(("level",), "Level"),
        Column(("alpha",), "α", Kind.BOUNDED),
        Column(("omega",), "ω", Kind.BOUNDED),
    )
    absent = [key.removesuffix(".levels") for key in scales.undefined if key.endswith(".levels")]
    missing = ", ".join(content.instrument.name(name) for name in absent)
    return Table(
        "scale_levels",
        "Are the scales reliable within communes, and between them?",
        "Reliability of the differences among residents of one commune, and among communes.",
        frame,
        columns,
        view=_named(content, frame.assign(level=frame["level"].map(lambda level: f"{level} communes"))),
        notes=(
            "Geldhof, Preacher & Zyphur (2014), Psychological Methods 19(1), 72–91.",
            *([f"No two-level model of these could be estimated: {missing}."] if absent else []),
        ),
    )


def _ratios(content: ReportContent, scales: ScaleQuality) -> Table:
    frame = _frame(scales.htmt)
    columns = (
        Column(("construct",), "Construct"),
        Column(("other",), "Other construct"),
        Column(("value",), "Ratio", Kind.BOUNDED, "an item does not vary"),
        Column(("bca_lower", "bca_upper"), "95 % CI (BCa)", Kind.BOUNDED),
        Column(("pvalue",), "p", Kind.PVALUE, "no interval"),
        Column(("distinct",), "Distinct", Kind.YES_NO, "no interval"),
    )
    view = _named(content, frame)
    if len(frame):
        view = view.assign(measure=view["measure"].str.upper())
    return Table(
        "htmt",
        "Could two constructs be one?",
        "Heterotrait-monotrait ratios of correlations (HTMT, and HTMT2 of geometric means) with bootstrap intervals.",
        frame,
        columns,
        view=view,
        group="measure",
        notes=(
            rule_note(content.criteria, "htmt", "Distinct constructs have ratios"),
            f"p: one-sided, that the ratio reaches the cutoff; {scales.n_resamples} resamples. That a ratio differs "
            "from 0 says nothing of distinctness and is not tested.",
            "HTMT2: Roemer, Schuberth & Henseler (2021), Industrial Management & Data Systems 121(12), 2637–2650.",
        ),
        folded=True,
    )


def _pairs(content: ReportContent, scales: ScaleQuality) -> Table:
    frame = _frame(scales.pairs)
    columns = (
        Column(("construct",), "Construct"),
        Column(("other",), "Other construct"),
        Column(("correlation",), "r", Kind.BOUNDED),
        *_TEST,
    )
    view = _named(content, frame)
    if len(frame):
        view = view.assign(restriction=view["restriction"].map(lambda words: f"Restriction: {words}"))
        view = view.sort_values("restriction", kind="stable", ascending=False)
    return Table(
        "merged_pairs",
        "Do two constructs fit better than one?",
        "χ² difference of each pair of constructs taken for one, against the model with both.",
        frame,
        columns,
        view=view,
        group="restriction",
        notes=(
            "Anderson & Gerbing (1988), Psychological Bulletin 103(3), 411–423. ±1 is the edge of the possible: the "
            "test of a perfect correlation is conservative.",
        ),
        folded=True,
    )


def _collinearity(content: ReportContent, bias: MethodBias) -> Table:
    frame = pd.DataFrame([asdict(row) for row in bias.vifs], columns=["construct", "vif"])
    share = bias.single_factor_share
    harman = "" if share is None else show(share, Kind.PERCENT)
    return Table(
        "method_vif",
        "Does one source of variance run through all scales?",
        "Full collinearity: the variance inflation of each scale's mean, given all others.",
        frame,
        (Column(("construct",), "Construct"), Column(("vif",), "VIF", Kind.NUMBER)),
        view=_named(content, frame),
        notes=(
            rule_note(content.criteria, "vif", "VIF"),
            *(
                [
                    f"For the record: the first principal component of all items holds {harman} of their variance "
                    "(Harman's single-factor test, which has little power: Podsakoff, MacKenzie, Lee & Podsakoff 2003, "
                    "Journal of Applied Psychology 88(5), 879–903)."
                ]
                if harman
                else []
            ),
        ),
    )


def _method_factors(bias: MethodBias) -> Table:
    keys = ("substantive_share", "method_share", "chisq_diff", "df_diff", "pvalue")
    rows = [
        {"loadings": "equal" if f.equal else "free", **{key: getattr(f, key) for key in keys}}
        for f in bias.method_factors
    ]
    frame = pd.DataFrame(rows, columns=["loadings", *keys])
    columns = (
        Column(("loadings",), "Method loadings"),
        Column(("substantive_share",), "Constructs", Kind.PERCENT),
        Column(("method_share",), "Method factor", Kind.PERCENT),
        *_TEST,
    )
    said = dict.fromkeys(warning for factor in bias.method_factors for warning in factor.warnings)
    return Table(
        "method_factor",
        "How much could a method factor account for?",
        "Shares of the items' variance that the constructs and a latent method factor account for, and the test of "
        "the model without the factor.",
        frame,
        columns,
        notes=(
            "Such a factor takes up all that items share, substance included: its share is an upper bound of method "
            "variance at best (Richardson, Simmering & Sturman 2009, Organizational Research Methods 12(4), 762–800).",
            *(f"{warning[:1].upper()}{warning[1:]}." for warning in said),
        ),
    )


def _marker(marker: MarkerTechnique) -> Table:
    frame = pd.DataFrame([asdict(test) for test in marker.tests])
    asked = {
        ("Baseline", "Method-C"): "Do items share variance with the marker?",
        ("Method-C", "Method-U"): "To unequal degrees?",
    }
    moved = "Does it move the correlations of the constructs?"
    questions = [
        asked.get((restricted, full), moved)
        for restricted, full in zip(frame["restricted"], frame["full"], strict=True)
    ]
    columns = (
        Column(("question",), "Question"),
        Column(("restricted",), "Restricted model"),
        Column(("full",), "Full model"),
        *_TEST,
    )
    return Table(
        "method_marker",
        "What do the items share with the marker scale?",
        f"CFA marker technique, with the scale '{marker.marker}' as marker.",
        frame,
        columns,
        view=frame.assign(question=questions),
        notes=("Williams, Hartman & Cavazotte (2010), Organizational Research Methods 13(3), 477–514.",),
    )


def scale_text(content: ReportContent, scales: ScaleQuality) -> list[str]:
    """What was judged on, and what could not be."""
    return list(_sentences(content, scales))


def _sentences(content: ReportContent, scales: ScaleQuality) -> Iterator[str]:
    yield (
        f"The scales are judged on the {scales.nobs} responses that answered every item, by {scales.estimator}, with "
        f"{len(scales.coefficients)} constructs."
    )
    ratios = [row for row in scales.htmt if row.measure == "htmt" and row.value is not None]
    if ratios:
        top = max(ratios, key=lambda row: row.value or 0.0)
        pair = f"{content.instrument.name(top.construct)} and {content.instrument.name(top.other)}"
        not_distinct = sum(row.distinct is False for row in ratios)
        yield (
            f"The largest ratio of correlations (HTMT) is that of {pair}; of {len(ratios)} pairs, "
            f"{'all are' if not not_distinct else f'{len(ratios) - not_distinct} are'} below the cutoff by the test."
        )


def _frame(rows: Sequence[object]) -> pd.DataFrame:
    return pd.DataFrame([asdict(row) for row in rows])  # type: ignore[call-overload]


def _named(content: ReportContent, frame: pd.DataFrame) -> pd.DataFrame:
    """Constructs by their names."""
    known = [column for column in ("construct", "other") if column in frame.columns]
    return frame.assign(**{column: [content.instrument.name(str(c)) for c in frame[column]] for column in known})
