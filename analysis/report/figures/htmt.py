"""Ratios of correlations of pairs of constructs, with intervals, beside the cutoff."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.measurement.htmt_intervals import HtmtRatio
from analysis.report.figures.canvas import BLUE, INK, MUTED, ORANGE, PAPER, WIDTH, blank
from analysis.report.rounding import Kind, show

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

_ROW = 0.25


def draw(ratios: Sequence[HtmtRatio], names: dict[str, str]) -> SubFigure:
    """One row a pair, from the largest ratio: point with 95 % interval; open and dashed where the test fails."""
    rows = sorted(((row, row.value) for row in ratios if row.value is not None), key=lambda pair: -pair[1])
    height = _ROW * len(rows) + 1.15
    figure = blank(height)
    left = 4.6 / WIDTH
    axes = figure.add_axes((left, 0.75 / height, 0.96 - left, 1 - 0.95 / height))
    place = axes.get_yaxis_transform()
    for level, (row, value) in enumerate(rows):
        colour, fill = (BLUE, BLUE) if row.distinct else (ORANGE, PAPER)
        if row.bca_lower is not None and row.bca_upper is not None:
            dashes = "solid" if row.distinct else (0, (3, 2))
            axes.plot([row.bca_lower, row.bca_upper], [level] * 2, color=colour, linewidth=1.6, linestyle=dashes)
        axes.plot([value], [level], marker="o", color=colour, markerfacecolor=fill, markersize=5.5, linestyle="")
        pair = f"{names.get(row.construct, row.construct)} – {names.get(row.other, row.other)}"
        axes.text(-0.02, level, pair, transform=place, ha="right", va="center", fontsize=7)
        axes.text(1.01, level, show(value, Kind.CORRELATION), transform=place, va="center", fontsize=7.5)
    cutoff = rows[0][0].cutoff
    axes.axvline(cutoff, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.text(cutoff, -0.9, "cutoff", ha="center", va="bottom", fontsize=7.5, color=MUTED)
    axes.set_xlim(0, max(1.0, *(row.bca_upper or value for row, value in rows)) + 0.02)
    axes.set_ylim(len(rows) - 0.4, -0.8)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.set_xlabel("HTMT with 95 % interval (BCa); filled: below the cutoff by the test")
    axes.grid(axis="x")
    return figure
