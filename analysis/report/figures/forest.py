"""Forest plot of the hypotheses: estimate, interval, verdict."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import pandas as pd

from analysis.report.figures.canvas import BLUE, INK, MUTED, ORANGE, PAPER, blank
from analysis.report.rounding import Kind, absent, interval, p_phrase, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

# marker, fill and colour by verdict: shape and fill tell them apart without colour
MARKS = {"supported": ("o", BLUE, BLUE), "not supported": ("o", PAPER, MUTED), "contrary": ("X", ORANGE, ORANGE)}
_ROW = 0.5


def draw(hypotheses: pd.DataFrame) -> SubFigure:
    """One row a hypothesis: words on the left, estimate with 95 % interval, numbers on the right."""
    height = _ROW * len(hypotheses) + 1.25
    figure = blank(height)
    axes = figure.add_axes((0.415, 0.72 / height, 0.29, 1 - 1.05 / height))
    for level, row in enumerate(hypotheses.itertuples()):
        _estimate(axes, level, row)
        _sentence(axes, level, row)
    axes.axvline(0, color=INK, linewidth=0.9)
    axes.set_ylim(len(hypotheses) - 0.5, -0.5)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    axes.grid(axis="x")
    axes.set_xlabel("b with 95 % interval")
    axes.margins(x=0.08)
    place = axes.get_yaxis_transform()
    axes.text(1.06, -0.62, "b [95 % CI], p, verdict", transform=place, va="bottom", fontweight="bold", fontsize=8.5)
    axes.text(-1.41, -0.62, "Hypothesis (sign expected)", transform=place, va="bottom", fontweight="bold", fontsize=8.5)
    _legend(figure)
    return figure


def _estimate(axes: Axes, level: int, row: object) -> None:
    values = [getattr(row, name) for name in ("est", "ci_lower", "ci_upper")]
    if any(absent(value) for value in values):
        return
    marker, fill, colour = MARKS.get(str(getattr(row, "verdict", "")), ("s", PAPER, MUTED))
    if getattr(row, "sesoi_unit", "") == "b":
        bound = float(getattr(row, "sesoi", 0.0))
        axes.fill_betweenx([level - 0.32, level + 0.32], -bound, bound, color=MUTED, alpha=0.15, linewidth=0)
    dashed = (0, (3, 2)) if fill == PAPER else "solid"
    axes.plot(values[1:], [level, level], color=colour, linewidth=1.8, linestyle=dashed, zorder=2)
    axes.plot(
        [values[0]], [level], marker=marker, color=colour, markerfacecolor=fill, markersize=7.5, linestyle="", zorder=3
    )


def _sentence(axes: Axes, level: int, row: object) -> None:
    place = axes.get_yaxis_transform()
    name, sign, text = (str(getattr(row, key)) for key in ("id", "expected", "statement_en"))
    sign = "+" if sign == "+" else "−"
    lines = textwrap.wrap(textwrap.shorten(text, 118, placeholder=" …"), 62)
    axes.text(-1.41, level, f"{name} ({sign})", transform=place, va="center", fontsize=8.5, fontweight="bold")
    if getattr(row, "status", "") == "exploratory":
        axes.text(-1.41, level + 0.3, "exploratory", transform=place, va="center", fontsize=6.8, color=MUTED)
    axes.text(-1.17, level, "\n".join(lines[:2]), transform=place, va="center", fontsize=7.4, linespacing=1.2)
    est, lower, upper, pvalue = (getattr(row, key) for key in ("est", "ci_lower", "ci_upper", "pvalue"))
    adjusted = getattr(row, "pvalue_adjusted", None)
    phrase = p_phrase(pvalue) if absent(adjusted) else f"adj. {p_phrase(adjusted)}"
    numbers = f"{show(est, Kind.NUMBER)} {interval(lower, upper, Kind.NUMBER)}, {phrase}"
    axes.text(1.06, level, f"{numbers}\n{_verdict(row)}", transform=place, va="center", fontsize=8, linespacing=1.3)


def _verdict(row: object) -> str:
    """The verdict, and whether the effect is shown to be too small to matter."""
    small = ", too small to matter" if getattr(row, "equivalence", "") == "equivalent" else ""
    return f"{getattr(row, 'verdict', '')}{small}"


def _legend(figure: SubFigure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker=marker, color=colour, markerfacecolor=fill, markersize=7, linestyle="", label=verdict)
        for verdict, (marker, fill, colour) in MARKS.items()
    ]
    figure.legend(handles=handles, loc="lower left", ncols=3, fontsize=8, bbox_to_anchor=(0.0, 0.0))
