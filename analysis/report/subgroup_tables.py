"""Tables and sentences of subgroups and latent moderators."""

from __future__ import annotations

from collections.abc import Iterator

from analysis.report.content import ReportContent
from analysis.report.rounding import Kind
from analysis.report.subgroups_part import SubgroupsPart
from analysis.report.table import Column, Table

_EXPLORATORY = "Tests are not adjusted for their number: what was not expected beforehand wants new data."


def subgroup_tables(content: ReportContent, part: SubgroupsPart) -> list[Table]:
    """Paths by group, their tests, products of constructs; those without rows are left out."""
    tables = [_tests(content, part), _paths(content, part), _products(content, part)]
    return [table for table in tables if len(table.frame)]


def subgroup_text(part: SubgroupsPart) -> list[str]:
    """Who was left out, and what could not be estimated."""
    return list(_sentences(part))


def _sentences(part: SubgroupsPart) -> Iterator[str]:
    yield (
        "The structural model is estimated in all groups at once with equal loadings; a path that differs between "
        "groups is moderated by what makes them. A construct moderates where its product with another predictor counts."
    )
    for name, groups in part.left_out.items():
        if groups:
            small = ", ".join(f"{label} ({n})" for label, n in groups)
            yield f"{part.titles[name]}: left out for too few respondents: {small}."
    for what, reason in part.absent.items():
        yield f"Not estimated: {part.titles.get(what, what)}: {reason}."


def _named(content: ReportContent, path: str) -> str:
    """A path with constructs by their names; other words stay."""
    return " ~ ".join(content.instrument.name(side) for side in path.split(" ~ "))


def _tests(content: ReportContent, part: SubgroupsPart) -> Table:
    frame = part.tests
    columns = (
        Column(("path",), "Path"),
        Column(("chisq_diff",), "Δχ²", Kind.NUMBER, "the difference is not defined"),
        Column(("df_diff",), "Δdf", Kind.COUNT),
        Column(("pvalue",), "p", Kind.PVALUE, "the difference is not defined"),
    )
    titles, paths = frame["grouping"].map(part.titles), [_named(content, str(path)) for path in frame["path"]]
    return Table(
        "moderation_tests",
        "Do paths differ between groups?",
        "Test of equal paths: all together, and each alone against all equal.",
        frame,
        columns,
        view=frame.assign(grouping=titles, path=paths),
        group="grouping",
        notes=(_EXPLORATORY,),
    )


def _paths(content: ReportContent, part: SubgroupsPart) -> Table:
    frame = part.paths
    columns = (
        Column(("group",), "Group"),
        Column(("nobs",), "n", Kind.COUNT),
        Column(("est",), "b", Kind.ESTIMATE),
        Column(("se",), "SE", Kind.ESTIMATE),
        Column(("pvalue",), "p", Kind.PVALUE),
        Column(("std",), "β", Kind.ESTIMATE),
    )
    heads = [
        f"{part.titles[str(grouping)]}: {_named(content, str(path))}"
        for grouping, path in zip(frame["grouping"], frame["path"], strict=True)
    ]
    return Table(
        "moderation_paths",
        "What is each path in each group?",
        "Paths of the structural model by group, loadings equal.",
        frame,
        columns,
        view=frame.assign(head=heads),
        group="head",
        folded=True,
    )


def _products(content: ReportContent, part: SubgroupsPart) -> Table:
    frame = part.products
    columns = (
        Column(("product",), "Product"),
        Column(("est",), "b", Kind.ESTIMATE),
        Column(("se",), "SE", Kind.ESTIMATE),
        Column(("pvalue",), "p", Kind.PVALUE),
        Column(("std",), "β", Kind.ESTIMATE),
    )
    products = [
        f"{content.instrument.name(str(row.predictor))} × {content.instrument.name(str(row.moderator))}"
        for row in frame.itertuples()
    ]
    outcomes = [f"Outcome: {content.instrument.name(str(name))}" for name in frame["outcome"]]
    return Table(
        "moderation_latent",
        "Does a path hang on the level of a construct?",
        "Latent interactions by product indicators, one product at a time.",
        frame,
        columns,
        view=frame.assign(product=products, outcome=outcomes),
        group="outcome",
        notes=(_EXPLORATORY,),
    )
