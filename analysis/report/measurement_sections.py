"""The sections on measurement: missing answers, dimensions, scales, invariance, and paths among composites."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.report import (
    dimension_tables,
    dimensions_figures,
    invariance_tables,
    path_tables,
    quality_tables,
    scale_tables,
    subgroup_tables,
)
from analysis.report.content import ReportContent
from analysis.report.figures.canvas import Drawing
from analysis.report.section import Part, Section


def quality(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section | None:
    """What is missing, and what its treatment does."""
    del drawings
    if content.quality is None:
        return None
    parts: tuple[Part, ...] = tuple(quality_tables.quality_tables(content, content.quality))
    return Section(
        "quality", "Missing answers and their treatment", tuple(quality_tables.quality_text(content.quality)), parts
    )


def dimensions(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section | None:
    """How many things the items measure."""
    if not content.dimensions:
        return None
    figures = [drawings[name] for name in (dimensions_figures.SCREE, dimensions_figures.LOADINGS) if name in drawings]
    parts: tuple[Part, ...] = (*figures, *dimension_tables.dimension_tables(content, content.dimensions))
    text = tuple(dimension_tables.dimension_text(content.dimensions))
    return Section("dimensions", "Dimensions of the items", text, parts)


def scales(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section | None:
    """Reliability, validity and method bias."""
    if content.scales is None:
        return None
    figures = [drawings[name] for name in ("htmt",) if name in drawings]
    parts: tuple[Part, ...] = (*figures, *scale_tables.scale_tables(content, content.scales))
    return Section("scales", "Quality of the scales", tuple(scale_tables.scale_text(content, content.scales)), parts)


def invariance(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section | None:
    """Whether groups measure the same."""
    part = content.invariance
    if part is None:
        return None
    figures = [drawings[name] for name in ("invariance",) if name in drawings]
    parts: tuple[Part, ...] = (*figures, *invariance_tables.invariance_tables(content, part))
    return Section(
        "invariance", "The same scales in all groups?", tuple(invariance_tables.invariance_text(part)), parts
    )


def paths(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section | None:
    """The structural model by partial least squares."""
    if content.paths is None:
        return None
    maps = [drawing for name, drawing in drawings.items() if name.startswith("importance_")]
    parts: tuple[Part, ...] = (*path_tables.path_tables(content, content.paths), *maps)
    return Section("paths", "Partial least squares", tuple(path_tables.path_text(content.paths)), parts)


def subgroups(content: ReportContent, drawings: Mapping[str, Drawing]) -> Section | None:
    """Whether paths differ over groups, or with the level of a construct."""
    del drawings
    if content.subgroups is None:
        return None
    parts: tuple[Part, ...] = tuple(subgroup_tables.subgroup_tables(content, content.subgroups))
    text = tuple(subgroup_tables.subgroup_text(content.subgroups))
    return Section("subgroups", "Subgroups and moderators", text, parts)
