"""Population values against estimates, by kind of parameter."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from analysis.report.figures.canvas import BLUE, INK, ORANGE, PAPER, blank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

KINDS = {"=~": "Loadings", "~": "Paths", "~~": "Variances and covariances", "~1": "Intercepts", ":=": "Defined effects"}


def draw(recovery: pd.DataFrame) -> SubFigure:
    """One panel a kind of parameter: estimate with 95 % interval over the population value, and the diagonal."""
    kinds = [op for op in KINDS if (recovery["op"] == op).any()]
    columns = min(len(kinds), 2)
    rows = -(-len(kinds) // columns)
    figure = blank(3.5 * rows + 0.5)
    for position, op in enumerate(kinds):
        left = 0.07 + (position % columns) * 0.96 / columns
        high = (1 - 0.5 / (3.5 * rows + 0.5)) / rows
        bottom = 1 - high * (position // columns + 1) + 0.17 * high
        axes = figure.add_axes((left, bottom, 0.96 / columns - 0.09, 0.7 * high))
        _panel(axes, recovery[recovery["op"] == op], KINDS[op])
    _legend(figure)
    return figure


def _panel(axes: Axes, part: pd.DataFrame, title: str) -> None:
    inside = part["covered"].astype(bool)
    ends = [
        min(part["population"].min(), part["ci_lower"].min()),
        max(part["population"].max(), part["ci_upper"].max()),
    ]
    axes.plot(ends, ends, color=INK, linewidth=0.9, linestyle=(0, (4, 3)), zorder=1)
    for chosen, marker, fill, colour in ((inside, "o", BLUE, BLUE), (~inside, "D", PAPER, ORANGE)):
        rows = part[chosen]
        axes.vlines(rows["population"], rows["ci_lower"], rows["ci_upper"], color=colour, linewidth=1, zorder=2)
        axes.plot(
            rows["population"],
            rows["est"],
            marker=marker,
            color=colour,
            markerfacecolor=fill,
            markersize=4.5,
            linestyle="",
            zorder=3,
        )
    axes.set_title(f"{title}: {int(inside.sum())} of {len(part)} inside", loc="left", fontsize=9.5)
    axes.set_xlabel("Population value")
    axes.set_ylabel("Estimate")
    axes.grid()


def _legend(figure: SubFigure) -> None:
    from matplotlib.lines import Line2D

    inside = Line2D([], [], marker="o", color=BLUE, markersize=5, label="95 % interval holds the population value")
    outside = Line2D([], [], marker="D", color=ORANGE, markerfacecolor=PAPER, markersize=5, label="it does not")
    equal = Line2D([], [], color=INK, linewidth=0.9, linestyle=(0, (4, 3)), label="estimate = population")
    figure.legend(handles=[inside, outside, equal], loc="lower center", ncols=3, fontsize=8)
