"""Importance-performance map: total effect on one outcome over the mean score of each construct."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis.report.figures.canvas import BLUE, MUTED, blank

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

_MARKS = ("o", "s", "^", "D", "v", "P", "X", "*")


def draw(importance: pd.DataFrame, names: dict[str, str], target: str) -> SubFigure:
    """A marker of its own for each construct, named in the legend; dashed lines at the means."""
    figure = blank(4.4)
    axes = figure.add_axes((0.08, 0.14, 0.5, 0.8))
    for position, row in enumerate(importance.itertuples()):
        axes.plot(
            [float(str(row.importance))],
            [float(str(row.performance))],
            marker=_MARKS[position % len(_MARKS)],
            markersize=8,
            color=BLUE,
            linestyle="",
            label=names.get(str(row.construct), str(row.construct)),
        )
    for line, values in ((axes.axvline, importance["importance"]), (axes.axhline, importance["performance"])):
        line(float(values.astype(float).mean()), color=MUTED, linewidth=0.8, linestyle=(0, (4, 3)))
    axes.margins(0.12)
    axes.set_xlabel(f"Importance: total effect on {names.get(target, target)}")
    axes.set_ylabel("Performance (0 to 100)")
    axes.grid()
    figure.legend(*axes.get_legend_handles_labels(), loc="center left", bbox_to_anchor=(0.6, 0.55), fontsize=8)
    return figure
