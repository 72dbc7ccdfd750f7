"""Flow diagram: received, excluded by each rule, analysed."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from analysis.report.figures.canvas import BLUE, INK, MUTED, WIDTH, bare, blank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

Pair = tuple[float, float]

_STEP = 0.5
_TRUNK = 2.6


def draw(flow: pd.DataFrame, n_communes: int) -> SubFigure:
    """Trunk on the left, an excluded box on the right per rule; heights follow the number of rules."""
    rules = flow.iloc[1:-1]
    height = 1.75 + _STEP * len(rules)
    figure = blank(height)
    axes = bare(figure, WIDTH, height)
    top, bottom = height - 0.4, 0.4
    _box(axes, (_TRUNK, top), (3.6, 0.6), f"{flow['label'].iloc[0]}\nn = {flow['n_left'].iloc[0]}", BLUE)
    final = f"{flow['label'].iloc[-1]}\nn = {flow['n_left'].iloc[-1]} in {n_communes} communes"
    _box(axes, (_TRUNK, bottom), (3.6, 0.6), final, BLUE)
    arrow = {"arrowstyle": "-|>", "color": INK, "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=(_TRUNK, bottom + 0.3), xytext=(_TRUNK, top - 0.3), arrowprops=arrow)
    for position, rule in enumerate(rules.itertuples()):
        level = top - 0.3 - 0.35 - _STEP * position
        axes.annotate("", xy=(5.0, level), xytext=(_TRUNK, level), arrowprops={**arrow, "linewidth": 0.9})
        words = textwrap.wrap(textwrap.shorten(f"{rule.label}: {rule.n_removed} excluded", 108, placeholder=" …"), 56)
        _box(axes, (7.2, level), (4.4, 0.4), "\n".join(words[:2]), MUTED, 8)
        axes.text(_TRUNK - 0.12, level - _STEP / 2, f"{rule.n_left} left", ha="right", va="center", fontsize=8)
    return figure


def _box(axes: Axes, centre: Pair, size: Pair, text: str, colour: str, letters: float = 9) -> None:
    from matplotlib.patches import FancyBboxPatch

    corner = (centre[0] - size[0] / 2, centre[1] - size[1] / 2)
    shape = FancyBboxPatch(
        corner, *size, boxstyle="round,pad=0,rounding_size=0.06", facecolor="#f6f8fa", edgecolor=colour, linewidth=1.3
    )
    axes.add_patch(shape)
    axes.text(*centre, text, ha="center", va="center", linespacing=1.3, fontsize=letters)
