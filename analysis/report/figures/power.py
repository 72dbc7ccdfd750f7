"""Power by sample size: a panel a parameter, with Monte Carlo intervals."""

from __future__ import annotations

import textwrap
from math import ceil
from typing import TYPE_CHECKING

import pandas as pd

from analysis.report.figures.canvas import BLUE, INK, MUTED, PAPER, WIDTH, Drawing, blank
from analysis.report.rounding import Kind, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

_COLUMNS = 4
_PANEL = 1.75  # inches of height, title included
_LEFT, _BOTTOM, _GAP = 0.55, 0.5, 0.22  # inches


def drawing(curve: pd.DataFrame, target: float) -> Drawing:
    """The figure of a power curve: columns parameter, label, n, power, power_mcse."""
    sizes = sorted(curve["n"].unique())
    alt = f"Power of {curve['parameter'].nunique()} parameters at {len(sizes)} sample sizes, {sizes[0]} to {sizes[-1]}."
    return Drawing("power", "Power by sample size", alt, lambda: draw(curve, target))


def draw(curve: pd.DataFrame, target: float) -> SubFigure:
    """Power over n with 95 % Monte Carlo intervals, the target as a dashed line."""
    panels = list(curve.sort_values("n", kind="stable").groupby("parameter", sort=False))
    n_rows = ceil(len(panels) / _COLUMNS)
    height = n_rows * _PANEL + _BOTTOM
    figure = blank(height)
    width = (WIDTH - _LEFT) / _COLUMNS
    for i, (name, rows) in enumerate(panels):
        row, column = divmod(i, _COLUMNS)
        bottom = _BOTTOM + (n_rows - 1 - row) * _PANEL
        place = (_LEFT + column * width, bottom, width - _GAP, _PANEL - 0.62)
        axes = figure.add_axes((place[0] / WIDTH, place[1] / height, place[2] / WIDTH, place[3] / height))
        _panel(axes, str(name), rows, target)
        axes.tick_params(labelleft=column == 0)
    figure.text(0.5, 0.1 / height, "n", ha="center")
    words = "power (two-sided p < .05) with 95 % Monte Carlo interval"
    figure.text(0.012, 0.5, words if n_rows > 1 else "power", rotation=90, va="center", fontsize=8.5)
    return figure


def _panel(axes: Axes, name: str, rows: pd.DataFrame, target: float) -> None:
    label = str(rows["label"].iloc[0])
    words = name if label in {"", name} else f"{name} ({label})"
    axes.axhline(target, color=MUTED, linewidth=0.9, linestyle=(0, (3, 2)))
    axes.errorbar(
        rows["n"], rows["power"], yerr=1.96 * rows["power_mcse"], color=BLUE, marker="o", markersize=4,
        linewidth=1.5, ecolor=INK, elinewidth=0.9, capsize=2,
    )  # fmt: skip
    last = rows.iloc[-1]
    below = last["power"] > 0.5
    axes.annotate(
        show(last["power"], Kind.CORRELATION), (last["n"], last["power"]), (0, -9 if below else 6),
        textcoords="offset points", ha="center", va="top" if below else "bottom", fontsize=7.5,
        bbox={"facecolor": PAPER, "edgecolor": "none", "pad": 0.6},
    )  # fmt: skip
    axes.set_title("\n".join(textwrap.wrap(words, 30)), fontsize=7.8, loc="left")
    axes.set_ylim(0, 1.05)
    axes.set_yticks([0, 0.2, 0.4, 0.6, 0.8, 1.0])
    axes.set_xticks(sorted(rows["n"].unique()))
    axes.tick_params(labelsize=7.5)
    axes.margins(x=0.1)
    axes.grid(axis="y")
