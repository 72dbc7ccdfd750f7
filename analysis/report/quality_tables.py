"""Tables of the quality of the data: what is missing, and what its treatment does to the structural model."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict

import pandas as pd

from analysis.measurement.data_quality import DataQuality
from analysis.measurement.treatments import Treatments
from analysis.report.content import ReportContent
from analysis.report.criteria import rule_note
from analysis.report.rounding import Kind, p_phrase, show
from analysis.report.table import Column, Table

_TREATMENTS = {"listwise": "complete rows", "fiml": "full information", "imputation": "multiple imputation"}
_PATTERNS = 10  # shown on the page; the CSV has all


def quality_tables(content: ReportContent, quality: DataQuality) -> list[Table]:
    """One table a question."""
    tables = [_persons(quality), _patterns(quality), _ends(content, quality)]
    if quality.treatments is not None:
        tables.append(_treatments(content, quality.treatments))
    return [table for table in tables if len(table.frame)]


def quality_text(quality: DataQuality) -> list[str]:
    """How much is missing, whether at random, and whether answers are jointly normal."""
    return list(_sentences(quality))


def _sentences(quality: DataQuality) -> Iterator[str]:
    missing = quality.missing
    yield (
        f"{show(missing.n_complete, Kind.COUNT)} of {show(missing.n, Kind.COUNT)} respondents answered every item; "
        f"{show(missing.share, Kind.PERCENT)} of all answers are missing, in "
        f"{'a monotone pattern' if missing.monotone else 'no monotone pattern'}."
    )
    if missing.mcar is None:
        yield f"Little's test of answers missing completely at random is not defined: {missing.why_no_mcar}."
    else:
        test = missing.mcar
        yield (
            f"Little's test of answers missing completely at random: χ²({test.df}) = {show(test.chisq, Kind.NUMBER)}, "
            f"{p_phrase(test.pvalue)}, over {test.n_patterns} patterns (Little 1988, Journal of the American "
            "Statistical Association 83(404), 1198–1202). A test that does not reject is no proof of it."
        )
    if quality.henze_zirkler is not None:
        test_of = quality.henze_zirkler
        yield (
            f"Henze-Zirkler test of joint normality: T = {show(test_of.statistic, Kind.NUMBER)}, "
            f"{p_phrase(test_of.pvalue)}, n = {test_of.n}; Mardia's tests are with the descriptives."
        )


def _persons(quality: DataQuality) -> Table:
    frame = pd.DataFrame([asdict(row) for row in quality.missing.persons], columns=["n_missing", "n", "share"])
    columns = (
        Column(("n_missing",), "Items left out", Kind.COUNT),
        Column(("n",), "Respondents", Kind.COUNT),
        Column(("share",), "Share", Kind.PERCENT),
    )
    return Table(
        "missing_persons",
        "How many items did each respondent leave out?",
        "Respondents by the number of items they left out.",
        frame,
        columns,
    )


def _patterns(quality: DataQuality) -> Table:
    rows = [(", ".join(row.missing) or "none", row.n) for row in quality.missing.patterns]
    frame = pd.DataFrame(rows, columns=["missing", "n"])
    more = len(frame) - _PATTERNS
    return Table(
        "missing_patterns",
        "Which items are left out together?",
        "Patterns of missing items, the commonest first.",
        frame,
        (Column(("missing",), "Items left out"), Column(("n",), "Respondents", Kind.COUNT)),
        view=frame.head(_PATTERNS),
        notes=(f"{more} further patterns are in the CSV.",) if more > 0 else (),
        folded=True,
    )


def _ends(content: ReportContent, quality: DataQuality) -> Table:
    frame = pd.DataFrame([asdict(row) for row in quality.floor_ceiling])
    marked = [
        "floor" if (row.floor or 0) > quality.cutoff else "ceiling" if (row.ceiling or 0) > quality.cutoff else ""
        for row in quality.floor_ceiling
    ]
    frame["marked"] = marked
    columns = (
        Column(("item",), "Item"),
        Column(("n",), "n", Kind.COUNT),
        Column(("floor",), "Lowest answer", Kind.PERCENT),
        Column(("ceiling",), "Highest answer", Kind.PERCENT),
        Column(("marked",), "Marked", Kind.TEXT, "neither share exceeds the cutoff"),
    )
    return Table(
        "floor_ceiling",
        "Do answers pile up at an end of the scale?",
        "Shares of the lowest and of the highest answer given to each item.",
        frame,
        columns,
        notes=(
            rule_note(content.criteria, "floor_ceiling", "Items have"),
            "The rule was made for total scores; items pile up more easily.",
        ),
        folded=True,
    )


def _treatments(content: ReportContent, compared: Treatments) -> Table:
    frame = compared.tidy()
    frame["fmi"] = [
        None if row.pooled is None else row.pooled.fmi for part in compared.treatments for row in part.parameters
    ]
    paths = frame[frame["op"] == "~"]
    names = [
        f"{content.instrument.name(str(row.lhs))} ~ {content.instrument.name(str(row.rhs))}"
        for row in paths.itertuples()
    ]
    view = paths.assign(
        treatment=paths["treatment"].map(_TREATMENTS),
        path=names,
        order=pd.factorize(pd.Series(names, index=paths.index))[0],
    )
    view = view.sort_values("order", kind="stable")
    columns = (
        Column(("treatment",), "Treatment"),
        Column(("est",), "b", Kind.ESTIMATE),
        Column(("se",), "SE", Kind.ESTIMATE, "no standard error"),
        Column(("pvalue",), "p", Kind.PVALUE, "no standard error"),
        Column(("fmi",), "Missing information", Kind.PERCENT, "a matter of imputation alone"),
    )
    return Table(
        "treatments",
        "Does a result hang on what is done about missing answers?",
        "Paths of the structural model by normal theory (ML): complete rows, full information, multiple imputation.",
        frame,
        columns,
        view=view,
        group="path",
        notes=tuple(_fits(compared)),
    )


def _fits(compared: Treatments) -> Iterator[str]:
    for part in compared.treatments:
        if part.reason:
            yield f"{_TREATMENTS[part.name]}: not estimated, {part.reason}."
        elif part.chisq is not None:
            yield (
                f"{_TREATMENTS[part.name]}: n = {part.nobs}, χ²({part.df}) = {show(part.chisq, Kind.NUMBER)}, "
                f"{p_phrase(part.pvalue)}."
            )
    pooled = compared.pooled_test
    if pooled is not None:
        yield (
            f"Pooled test of fit: D2 = {show(pooled.d2, Kind.NUMBER)} on {pooled.df} and "
            f"{show(pooled.df_error, Kind.NUMBER)} df, {p_phrase(pooled.pvalue)} (Li, Meng, Raghunathan & Rubin 1991, "
            "Statistica Sinica 1(1), 65–92)."
        )
    yield (
        f"{compared.n_imputations} data sets by chained equations with predictive mean matching (van Buuren & "
        "Groothuis-Oudshoorn 2011, Journal of Statistical Software 45(3)), pooled by Rubin's rules with the df of "
        f"Barnard & Rubin (1999, Biometrika 86(4), 948–955); {compared.n_failed} fits failed."
    )
