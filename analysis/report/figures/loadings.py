"""Standardised loadings of the measurement model, by construct."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from analysis.report.figures.canvas import BLUE, INK, MUTED, PAPER, WIDTH, blank
from analysis.report.rounding import Kind, show

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

_ROW = 0.24
_GUIDE = 0.7071  # a loading whose square is one half: the item shares half of its variance with the construct


def draw(tidy: pd.DataFrame, names: dict[str, str]) -> SubFigure:
    """A dot and a stem from zero for each item; ``tidy`` holds lhs, op, rhs and std_all."""
    rows = tidy[tidy["op"] == "=~"]
    gaps = (rows["lhs"] != rows["lhs"].shift()).cumsum() * 0.7
    levels = pd.Series(range(len(rows)), index=rows.index) + gaps
    height = _ROW * float(levels.max()) + 1.1
    figure = blank(height)
    left = 3.1 / WIDTH
    axes = figure.add_axes((left, 0.6 / height, 0.97 - left, 1 - 0.65 / height))
    axes.hlines(levels, 0, rows["std_all"], color=BLUE, linewidth=1.4)
    axes.plot(rows["std_all"], levels, marker="o", markersize=6, color=BLUE, linestyle="")
    paper = {"boxstyle": "square,pad=0.1", "facecolor": PAPER, "edgecolor": "none"}
    for level, item, value in zip(levels, rows["rhs"], rows["std_all"], strict=True):
        axes.text(value + 0.018, level, show(value, Kind.NUMBER), va="center", fontsize=7.5, bbox=paper, zorder=4)
        axes.text(-0.015, level, str(item), va="center", ha="right", fontsize=8)
    place = axes.get_yaxis_transform()
    for construct, level in levels.groupby(rows["lhs"], sort=False).mean().items():
        words = "\n".join(textwrap.wrap(names.get(str(construct), str(construct)), 28))
        axes.text(-0.46, level, words, transform=place, va="center", fontsize=8.2, fontweight="bold")
    axes.axvline(_GUIDE, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.text(_GUIDE + 0.008, -0.72, "half of the item's variance", fontsize=7.5, color=MUTED, va="center")
    axes.set_xlim(min(0.0, float(rows["std_all"].min()) - 0.1), max(1.0, float(rows["std_all"].max()) + 0.1))
    axes.set_ylim(float(levels.max()) + 0.7, -1.0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.axvline(0, color=INK, linewidth=0.8)
    axes.set_xlabel("Standardised loading β")
    axes.grid(axis="x")
    return figure
