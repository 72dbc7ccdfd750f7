"""All figures of a report, each with its caption and with words for those who do not see it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial

import pandas as pd

from analysis.report import invariance_tables
from analysis.report.commune_tables import region_words
from analysis.report.content import ReportContent
from analysis.report.dimensions_figures import drawings as dimension_drawings
from analysis.report.figures import (
    assumptions,
    communes,
    correlation,
    flow,
    forest,
    htmt,
    importance,
    invariance,
    likert,
    loadings,
    moderation,
    path_diagram,
    recovery,
)
from analysis.report.figures.canvas import Drawing
from analysis.report.parts import SemPart
from analysis.report.rounding import Kind, p_phrase, show


def gallery(content: ReportContent) -> dict[str, Drawing]:
    """Drawings by id, none of them drawn yet; the Likert bars are one figure per answer scale."""
    names = _names(content)
    drawings = [
        _flow(content),
        _communes(content),
        *_likert(content, names),
        _correlation(content),
        _loadings(content, names),
        *(dimension_drawings(content.dimensions["all"]) if content.dimensions else ()),
        *_ratios(content, names),
        *_invariance(content),
        *(_path_diagram(model, names) for model in _with_paths(content)),
        _forest(content),
        *_importance(content, names),
        *_assumptions(content),
        *_moderations(content),
        *_recovery(content),
    ]
    return {drawing.id: drawing for drawing in drawings}


def _names(content: ReportContent) -> dict[str, str]:
    constructs = content.instrument.constructs
    return dict(zip(constructs["construct"].astype(str), constructs["name_en"].astype(str), strict=True))


def _with_paths(content: ReportContent) -> list[SemPart]:
    models = (content.structural, *content.rival_models)
    return [model for model in models if (model.tidy["op"] == "~").any()]


def _flow(content: ReportContent) -> Drawing:
    table = content.survey.flow
    steps = "; ".join(f"{row.label}: {row.n_removed} excluded" for row in table.iloc[1:-1].itertuples())
    alt = (
        f"Flow diagram: {content.n_received} responses received; {steps}; {content.n_analysed} analysed "
        f"in {content.n_communes} communes."
    )
    caption = "Flow of responses from received to analysed."
    return Drawing("flow", caption, alt, lambda: flow.draw(table, content.n_communes))


def _communes(content: ReportContent) -> Drawing:
    sizes = content.survey.commune_sizes
    alt = (
        f"Bars of the number of respondents in {len(sizes)} communes, from {int(sizes.max())} "
        f"to {int(sizes.min())}; the median is {show(float(sizes.median()), Kind.FREE)}."
    )
    caption = "Analysed respondents by commune, from the largest sample to the smallest."
    return Drawing("communes", caption, alt, lambda: communes.draw(sizes))


def _likert(content: ReportContent, names: dict[str, str]) -> Iterator[Drawing]:
    items, scales = content.instrument.items, content.instrument.scales
    for scale in items["scale"].drop_duplicates():
        chosen = items[items["scale"] == scale]
        labels = scales[scales["scale"] == scale]
        caption = (
            f"Answers to the items on the scale '{scale}' in per cent of those who answered, centred on the middle "
            "of the scale. (R): reversed item, turned, so that its bars read as the opposite of its wording. "
            "Shares below 5.5 % are not labelled; the table of answers has all."
        )
        alt = f"Stacked bars of the shares of {len(labels)} answers to {len(chosen)} items; the table has the numbers."

        def draw(chosen=chosen, labels=labels):  # type: ignore[no-untyped-def]
            return likert.draw(chosen, content.measures.answers, labels, names)

        yield Drawing(f"likert_{scale}", caption, alt, draw)


def _correlation(content: ReportContent) -> Drawing:
    matrix = content.measures.correlation
    caption = "Correlations among the items, reversed items turned."
    alt = f"Heat map of the correlations among {len(matrix)} items, every value written out."
    return Drawing("correlation", caption, alt, lambda: correlation.draw(matrix))


def _loadings(content: ReportContent, names: dict[str, str]) -> Drawing:
    tidy = content.measurement.tidy
    rows = tidy[tidy["op"] == "=~"]
    ends = (show(rows["std_all"].min(), Kind.NUMBER), show(rows["std_all"].max(), Kind.NUMBER))
    alt = f"Standardised loadings of {len(rows)} items, from {ends[0]} to {ends[1]}."
    caption = (
        "Standardised loadings in the measurement model. Right of the dashed line, an item shares more than half of "
        "its variance with its construct."
    )
    return Drawing("loadings", caption, alt, lambda: loadings.draw(tidy, names))


def _ratios(content: ReportContent, names: dict[str, str]) -> Iterator[Drawing]:
    rows = [row for row in content.scales.htmt if row.measure == "htmt"] if content.scales else []
    values = [row.value for row in rows if row.value is not None]
    if not values:
        return
    caption = (
        f"Heterotrait-monotrait ratios (HTMT) of {len(values)} pairs of constructs with 95 % bootstrap intervals. "
        "Filled: below the cutoff by the test; open, dashed: not shown to be."
    )
    ends = f"from {show(min(values), Kind.CORRELATION)} to {show(max(values), Kind.CORRELATION)}"
    alt = f"Points with intervals, one a pair of constructs, {ends}; the table has the numbers."
    yield Drawing("htmt", caption, alt, lambda: htmt.draw(rows, names))


def _invariance(content: ReportContent) -> Iterator[Drawing]:
    if content.invariance is None or not content.invariance.found:
        return
    (ladder, *_) = invariance_tables.invariance_tables(content, content.invariance)
    limits = {name: content.criteria[name].value for name in ("delta_cfi", "delta_rmsea")}
    caption = "Change of fit from each step of invariance to the next, grouping by grouping; dashed: how far it may go."
    words = "; ".join(
        f"{row.grouping}, {row.step}: ΔCFI {show(row.delta_cfi, Kind.BOUNDED)}, "
        f"ΔRMSEA {show(row.delta_rmsea, Kind.BOUNDED)}"
        for row in ladder.frame.itertuples()
        if row.against
    )
    yield Drawing(
        "invariance", caption, f"Two panels of points. {words}.", partial(invariance.draw, ladder.frame, limits)
    )


def _importance(content: ReportContent, names: dict[str, str]) -> Iterator[Drawing]:
    frame = pd.DataFrame(columns=["target"]) if content.paths is None else content.paths.importance
    for target, rows in frame.groupby("target", sort=False):
        outcome = names.get(str(target), str(target))
        words = "; ".join(
            f"{names.get(str(row.construct), row.construct)}: importance {show(row.importance, Kind.NUMBER)}, "
            f"performance {show(row.performance, Kind.NUMBER)}"
            for row in rows.itertuples()
        )
        caption = (
            f"Importance-performance map of {outcome}: constructs on the right matter more; those at the bottom have "
            "room to improve. Dashed lines: means."
        )
        draw = partial(importance.draw, rows, names, str(target))
        yield Drawing(re.sub(r"\W+", "_", f"importance_{target}"), caption, f"Scatter of constructs. {words}.", draw)


def _path_diagram(model: SemPart, names: dict[str, str]) -> Drawing:
    paths = model.tidy[model.tidy["op"] == "~"]
    words = "; ".join(
        f"{names.get(str(row.rhs), row.rhs)} to {names.get(str(row.lhs), row.lhs)} "
        f"{show(row.std_all, Kind.NUMBER)} ({p_phrase(row.pvalue)})"
        for row in paths.itertuples()
    )
    caption = (
        f"{model.title}: standardised paths among the constructs. Items, residuals and the covariances among "
        "constructs are estimated but not drawn."
    )
    alt = f"Path diagram of the model '{model.title}'. {words}."
    return Drawing(f"paths_{model.id}", caption, alt, lambda: path_diagram.draw(model.tidy, model.r2, names))


def _forest(content: ReportContent) -> Drawing:
    frame = content.hypotheses
    alt = "Estimates of the hypotheses with 95 % intervals. " + "; ".join(
        f"{row.id}: {show(row.est, Kind.NUMBER)}, {row.verdict}" for row in frame.itertuples()
    )
    caption = (
        "Hypotheses: unstandardised estimate with 95 % interval. Filled circle: supported; empty circle and dashed "
        "line: not supported; cross: significant with the sign opposite to the one expected."
    )
    if (frame["sesoi_unit"] == "b").any():
        caption += " Grey band: effects smaller than the smallest one of interest."
    return Drawing("hypotheses", caption, alt, lambda: forest.draw(frame))


def _assumptions(content: ReportContent) -> Iterator[Drawing]:
    part = None if content.communes is None else content.communes.focus
    if part is None:
        return
    caption = (
        f"{part.title}: what the model assumes. Residuals should scatter evenly about zero, residuals and random "
        "effects lie along the line, and no single commune carry the model."
    )
    alt = (
        f"Four plots: {len(part.rows)} residuals over fitted values; normal quantile plots of the residuals and of the "
        f"random effects of {part.n_groups} communes; Cook's distance of each commune over its number of respondents."
    )
    yield Drawing("assumptions", caption, alt, lambda: assumptions.draw(part))


def _moderations(content: ReportContent) -> Iterator[Drawing]:
    titles = {model.id: model.title for model in content.mixed_models}
    for model, found in () if content.communes is None else content.communes.moderations:
        caption = (
            f"{titles[model]}: the slope on {found.predictor} over {found.moderator}, with its 95 % interval, hatched "
            "where it differs from zero; dashed lines bound that region, points are the simple slopes."
        )
        alt = f"Line with band. {region_words(found)}."
        name = f"moderation_{model}_{found.predictor}_{found.moderator}"
        yield Drawing(re.sub(r"\W+", "_", name).strip("_"), caption, alt, partial(moderation.draw, found))


def _recovery(content: ReportContent) -> Iterator[Drawing]:
    frame = content.recovery
    if frame is None or frame.empty:
        return
    covered = frame["covered"].astype(bool)
    outside = [f"{row.lhs} {row.op} {row.rhs}" for row in frame[~covered].itertuples()]
    missed = f" Outside: {'; '.join(outside)}." if outside else ""
    caption = (
        f"Estimates with 95 % intervals over the values the responses were drawn from; {int(covered.sum())} of "
        f"{len(frame)} intervals hold their value.{missed}"
    )
    alt = f"Scatter of estimates over population values around the diagonal. {caption}"
    yield Drawing("recovery", caption, alt, lambda: recovery.draw(frame))
