"""The ladder of invariance: how CFI and RMSEA change from step to step, grouping by grouping."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.report.figures.canvas import BLUE, INK, MUTED, ORANGE, PAPER, blank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

Array = NDArray[np.float64]

_MEASURES = {"delta_cfi": ("ΔCFI", -1.0), "delta_rmsea": ("ΔRMSEA", 1.0)}
_ROW = 0.3


def draw(ladder: pd.DataFrame, limits: Mapping[str, float]) -> SubFigure:
    """One row a step after the first, one panel a measure; the dashed line is how far it may change.

    ``ladder`` holds grouping, step, delta_cfi, delta_rmsea and holds; ``limits`` the cutoffs of both measures.
    """
    steps = ladder[ladder["delta_cfi"].notna() | ladder["delta_rmsea"].notna()].reset_index(drop=True)
    gaps = (steps["grouping"] != steps["grouping"].shift()).cumsum() * 0.9
    levels = np.arange(len(steps)) + gaps.to_numpy(dtype=float)
    height = _ROW * float(levels[-1] + 1.0) + 1.0
    figure = blank(height)
    for place, (key, (title, sign)) in enumerate(_MEASURES.items()):
        axes = figure.add_axes((0.3 + 0.35 * place, 0.68 / height, 0.31, 1 - 0.9 / height))
        _panel(axes, steps, levels, key, sign * limits[key])
        axes.set_xlabel(f"{title} from the step before")
        if place == 0:
            _words(axes, steps, levels)
    _legend(figure)
    return figure


def _panel(axes: Axes, steps: pd.DataFrame, levels: Array, key: str, limit: float) -> None:
    values = steps[key].to_numpy(dtype=float)
    for value, level, step, holds in zip(values, levels, steps["step"], steps["holds"], strict=True):
        marker, fill, colour = ("X", ORANGE, ORANGE) if holds is False else ("o", BLUE, BLUE)
        fill = PAPER if "partial" in str(step) else fill
        axes.plot([0.0, value], [level, level], color=colour, linewidth=1.2)
        axes.plot([value], [level], marker=marker, color=colour, markerfacecolor=fill, markersize=6.5, linestyle="")
    axes.axvline(0.0, color=INK, linewidth=0.9)
    axes.axvline(limit, color=INK, linewidth=0.9, linestyle=(0, (4, 3)))
    axes.set_ylim(levels[-1] + 0.8, 0.0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.margins(x=0.12)
    axes.locator_params(axis="x", nbins=5)
    axes.grid(axis="x")


def _words(axes: Axes, steps: pd.DataFrame, levels: Array) -> None:
    place = axes.get_yaxis_transform()
    seen = ""
    for level, row in zip(levels, steps.itertuples(), strict=True):
        axes.text(-0.03, level, str(row.step), transform=place, ha="right", va="center", fontsize=8)
        if row.grouping != seen:
            seen = str(row.grouping)
            axes.text(-0.03, level - 0.72, seen, transform=place, ha="right", va="center", fontsize=8.2, weight="bold")


def _legend(figure: SubFigure) -> None:
    from matplotlib.lines import Line2D

    marks = (
        ("o", BLUE, BLUE, "holds"),
        ("o", BLUE, PAPER, "holds, some parameters let go"),
        ("X", ORANGE, ORANGE, "does not hold"),
    )
    handles = [
        Line2D([], [], marker=marker, color=colour, markerfacecolor=fill, markersize=6.5, linestyle="", label=label)
        for marker, colour, fill, label in marks
    ]
    handles.append(Line2D([], [], color=MUTED, linestyle=(0, (4, 3)), label="cutoff"))
    figure.legend(handles=handles, loc="lower center", ncols=4, fontsize=8)
