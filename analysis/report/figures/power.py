"""Power by sample size: one line a parameter, with Monte Carlo intervals."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.report.figures.canvas import BLUE, INK, MUTED, ORANGE, Drawing, blank
from analysis.report.rounding import Kind, show

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

# Colour, marker and line style by parameter; the name stands beside its line too.
_LOOKS = [
    (colour, marker, line)
    for line in ("solid", (0, (5, 2)), (0, (1, 1.5)))
    for colour, marker in ((BLUE, "o"), (ORANGE, "s"), ("#009e73", "^"), ("#aa4499", "D"), (INK, "v"))
]
_HEIGHT = 4.2
_CLOSEST = 0.045  # of the axis, between two names


def drawing(curve: pd.DataFrame, target: float) -> Drawing:
    """The figure of a power curve: columns parameter, label, n, power, power_mcse."""
    sizes = sorted(curve["n"].unique())
    alt = f"Power of {curve['parameter'].nunique()} parameters at {len(sizes)} sample sizes, {sizes[0]} to {sizes[-1]}."
    return Drawing("power", "Power by sample size", alt, lambda: draw(curve, target))


def draw(curve: pd.DataFrame, target: float) -> SubFigure:
    """Lines of power over n with 95 % Monte Carlo intervals, names on the right, the target as a thin line."""
    figure = blank(_HEIGHT)
    axes = figure.add_axes((0.075, 0.13, 0.6, 0.82))
    axes.axhline(target, color=MUTED, linewidth=0.9, linestyle=(0, (2, 2)))
    ends = []
    for i, (name, rows) in enumerate(curve.sort_values("n", kind="stable").groupby("parameter", sort=False)):
        colour, marker, line = _LOOKS[i % len(_LOOKS)]
        axes.errorbar(
            rows["n"], rows["power"], yerr=1.96 * rows["power_mcse"], color=colour, marker=marker, markersize=4.5,
            linestyle=line, linewidth=1.5, elinewidth=0.9, capsize=2,
        )  # fmt: skip
        label = str(rows["label"].iloc[0])
        words = str(name) if label in {"", name} else f"{name} ({label})"
        ends.append((float(rows["power"].iloc[-1]), words, colour))
    last = float(curve["n"].max())
    for (power, words, colour), height in zip(ends, _apart([end[0] for end in ends]), strict=True):
        axes.annotate(
            f"{words}  {show(power, Kind.CORRELATION)}", (last, power), (1.03, height), textcoords="axes fraction",
            fontsize=8, color=colour, va="center", arrowprops={"arrowstyle": "-", "color": colour, "linewidth": 0.5},
        )  # fmt: skip
    axes.set_ylim(0, 1.02)
    axes.set_xticks(sorted(curve["n"].unique()))
    axes.set_xlabel("n")
    axes.set_ylabel("power (two-sided p < .05), with 95 % Monte Carlo interval")
    axes.grid(axis="y")
    return figure


def _apart(values: list[float]) -> list[float]:
    """Heights in shares of the axis, in the order of ``values``, none closer to another than ``_CLOSEST``."""
    order = np.argsort(values, kind="stable")
    heights = np.array(values, dtype=np.float64) / 1.02
    at = -np.inf
    for i in order:
        at = heights[i] = max(heights[i], at + _CLOSEST)
    excess = heights.max(initial=0.0) - 1.0
    if excess > 0:  # shift down what was pushed over the top, keeping distances
        at = np.inf
        for i in order[::-1]:
            at = heights[i] = min(heights[i], 1.0 if at == np.inf else at - _CLOSEST)
    return [float(height) for height in heights]
