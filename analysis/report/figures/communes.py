"""Sizes of the communes' samples."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.report.figures.canvas import BLUE, INK, PAPER, blank
from analysis.report.rounding import Kind, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

_NAMED = 60  # beyond this many communes names would overlap; the table has them


def draw(sizes: pd.Series) -> SubFigure:
    """Bars from the largest to the smallest sample; the median commune is marked."""
    ordered = sizes.rename_axis("commune").reset_index(name="n")
    ordered = ordered.sort_values(["n", "commune"], ascending=[False, True], ignore_index=True)
    named = len(ordered) <= _NAMED
    labels = [_short(str(name)) for name in ordered["commune"]]
    below = 0.2 + 0.066 * max(map(len, labels)) if named else 0.4
    height = 2.7 + below
    figure = blank(height)
    axes = figure.add_axes((0.06, below / height, 0.925, 2.6 / height))
    places = np.arange(len(ordered))
    axes.bar(places, ordered["n"], width=0.78, color=BLUE, edgecolor=PAPER, linewidth=0.4)
    median = float(sizes.median())
    axes.axhline(median, color=INK, linewidth=1, linestyle=(0, (4, 3)), zorder=2)
    axes.text(
        len(ordered) - 0.5, median + 0.03 * sizes.max(), f"median {show(median, Kind.FREE)}", ha="right", va="bottom"
    )
    axes.set_xlim(-0.7, len(ordered) - 0.3)
    axes.set_ylabel("Respondents")
    axes.grid(axis="y")
    if named:
        _numbers(axes, ordered["n"])
        axes.set_xticks(places, labels, rotation=90, fontsize=7)
    else:
        axes.set_xticks([])
        axes.set_xlabel("Communes, from the largest sample to the smallest")
    axes.tick_params(axis="x", length=0)
    return figure


def _numbers(axes: Axes, counts: pd.Series) -> None:
    paper = {"boxstyle": "square,pad=0.05", "facecolor": PAPER, "edgecolor": "none"}
    for place, count in enumerate(counts):
        axes.text(place, count, str(int(count)), ha="center", va="bottom", fontsize=6.8, bbox=paper, zorder=3)


def _short(name: str) -> str:
    return name if len(name) <= 24 else f"{name[:23]}…"
