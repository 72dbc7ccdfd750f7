"""Scree of a parallel analysis: eigenvalues of the items over those of unrelated answers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.report.figures.canvas import BLUE, INK, MUTED, ORANGE, PAPER, blank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

_HEIGHT = 3.6


def draw(panels: dict[str, pd.DataFrame], percent: str) -> SubFigure:
    """A panel by title; each frame has a row an eigenvalue, largest first, and the columns observed, mean, percentile.

    Filled dots are the leading eigenvalues above the percentile of unrelated answers, open ones the others; ``percent``
    names the percentile.
    """
    figure = blank(_HEIGHT)
    figure.subplots_adjust(left=0.065, right=0.985, bottom=0.14, top=0.92, wspace=0.16)
    row = figure.subplots(1, len(panels), squeeze=False)[0]
    for axes, (title, values) in zip(row, panels.items(), strict=True):
        _panel(axes, values, percent)
        axes.set(title=title, xlabel="Number", ylabel="Eigenvalue" if axes is row[0] else "")
    return figure


def _panel(axes: Axes, values: pd.DataFrame, percent: str) -> None:
    from matplotlib.ticker import MaxNLocator

    number = np.arange(1, len(values) + 1)
    exceeds = (values["observed"] > values["percentile"]).cummin().to_numpy(dtype=bool)
    axes.plot(number, values["percentile"], color=ORANGE, linewidth=1.4, linestyle=(0, (5, 2)),
              label=f"unrelated answers, {percent} percentile")  # fmt: skip
    axes.plot(number, values["mean"], color=MUTED, linewidth=1.2, linestyle=(0, (1, 1.5)),
              label="unrelated answers, mean")  # fmt: skip
    axes.plot(number, values["observed"], color=BLUE, linewidth=1.2, zorder=3)
    face = [BLUE if above else PAPER for above in exceeds]
    axes.scatter(number, values["observed"], s=30, c=face, edgecolors=BLUE, linewidths=1.2, zorder=4, label="items")
    axes.axhline(0.0, color=INK, linewidth=0.7)
    axes.set_xlim(0.4, len(values) + 0.6)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.grid(axis="y")
    axes.legend(loc="upper right", fontsize=8)
