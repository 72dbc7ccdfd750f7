"""Specification curve: estimates under all specifications in order, and below them the choices behind each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.report.figures.canvas import INK, MUTED, blank
from analysis.report.figures.forest import MARKS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

_CURVE, _ROW = 2.7, 0.16
LABELS = {"b": "b", "beta": "β"}


def draw(rows: pd.DataFrame, choices: Mapping[str, Sequence[str]]) -> SubFigure:
    """``rows``: specification, est, ci_lower, ci_upper, verdict, unit and the columns of ``choices`` (→ levels)."""
    ordered = rows.dropna(subset="est").sort_values("est", kind="stable").reset_index(drop=True)
    n_levels = sum(len(levels) for levels in choices.values())
    lower = _ROW * (n_levels + 0.5 * len(choices))
    height = _CURVE + lower + 0.75
    figure = blank(height)
    top = figure.add_axes((0.27, (lower + 0.6) / height, 0.71, _CURVE / height))
    _curve(top, ordered)
    bottom = figure.add_axes((0.27, 0.4 / height, 0.71, lower / height))
    _dashboard(bottom, ordered, choices)
    _legend(figure)
    return figure


def _curve(axes: Axes, ordered: pd.DataFrame) -> None:
    place = np.arange(len(ordered))
    for verdict, (marker, _, colour) in MARKS.items():
        chosen = (ordered["verdict"] == verdict).to_numpy()
        part = ordered[chosen]
        axes.vlines(place[chosen], part["ci_lower"], part["ci_upper"], color=colour, linewidth=0.5, alpha=0.35)
        axes.plot(place[chosen], part["est"], marker=marker, color=colour, markersize=2.4, linestyle="")
    own = np.flatnonzero(ordered["specification"] == 0)
    axes.plot(own, ordered["est"].iloc[own], marker="D", color=INK, markersize=6, markerfacecolor="none", linestyle="")
    axes.axhline(0, color=INK, linewidth=0.9)
    axes.set_ylabel(f"{LABELS.get(str(ordered['unit'].iloc[0]), 'estimate')} with 95 % interval")
    axes.set_xlim(-1, len(ordered))
    axes.set_xticks([])
    axes.grid(axis="y")


def _dashboard(axes: Axes, ordered: pd.DataFrame, choices: Mapping[str, Sequence[str]]) -> None:
    level = 0.0
    ticks, labels = [], []
    for choice, levels in choices.items():
        for name in levels:
            used = np.flatnonzero(ordered[choice].astype(str) == name)
            axes.plot(used, np.full(len(used), level), marker="|", color=MUTED, markersize=4, linestyle="")
            ticks.append(level)
            labels.append(f"{choice.replace('_', ' ')}: {name}")
            level += 1.0
        level += 0.5
    axes.set_yticks(ticks, labels, fontsize=6.5)
    axes.set_ylim(level - 0.5, -0.7)
    axes.set_xlim(-1, len(ordered))
    axes.set_xticks([])
    axes.set_xlabel(f"{len(ordered)} specifications, from the lowest estimate to the highest")


def _legend(figure: SubFigure) -> None:
    from matplotlib.lines import Line2D

    handles = [
        Line2D([], [], marker=marker, color=colour, markersize=4, linestyle="", label=verdict)
        for verdict, (marker, _, colour) in MARKS.items()
    ]
    own = Line2D(
        [], [], marker="D", color=INK, markerfacecolor="none", markersize=6, linestyle="", label="the study's own"
    )
    figure.legend(handles=[*handles, own], loc="lower left", ncols=4, fontsize=7.5, bbox_to_anchor=(0.0, 0.0))
