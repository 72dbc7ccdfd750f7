"""Stacked bars of the answers to each item, centred on the middle of the scale."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.report.figures.canvas import INK, MUTED, PAPER, WIDTH, blank
from analysis.report.rounding import Kind, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

_ROW = 0.36
_ACROSS = 5  # answers in one row of the legend
_LEFT = 4.3  # inches kept for the wording


def draw(items: pd.DataFrame, answers: pd.DataFrame, labels: pd.DataFrame, names: dict[str, str]) -> SubFigure:
    """One bar an item; ``items`` (item, construct, reversed, en) share the scale ``labels`` (code, en).

    ``answers`` holds item, code, share; ``names`` maps constructs to headings.
    """
    labels = labels.sort_values("code")
    codes = [int(code) for code in labels["code"]]
    wide = answers.pivot_table(index="item", columns="code", values="share", aggfunc="sum").reindex(columns=codes)
    wide = wide.fillna(0.0)
    levels, headings = _levels(items, names)
    height = _ROW * (max(levels.values()) + 1.2) + 1.15
    figure = blank(height)
    axes = figure.add_axes((_LEFT / WIDTH, 0.9 / height, 1 - (_LEFT + 0.25) / WIDTH, 1 - 1.0 / height))
    _bars(axes, wide, levels, codes)
    _words(axes, items, levels, headings)
    _axis(axes, max(levels.values()), wide)
    axes.set_xlabel(f"←  {labels['en'].iloc[0]}     |     {labels['en'].iloc[-1]}  →", fontsize=8)
    words = dict(zip(labels["code"].astype(int), labels["en"].astype(str), strict=True))
    handles, _ = axes.get_legend_handles_labels()
    # a legend fills its columns first; this order makes it read along the rows
    across = len(codes) if len(codes) <= _ACROSS else -(-len(codes) // 2)
    order = [k for column in range(across) for k in range(column, len(codes), across)]
    figure.legend(
        [handles[k] for k in order],
        [f"{codes[k]} {words[codes[k]]}" for k in order],
        loc="lower center",
        ncols=across,
        fontsize=8,
        handlelength=1.4,
        columnspacing=1.2,
        bbox_to_anchor=(0.5, 0.0),
    )
    return figure


def palette(count: int) -> list[str]:
    """``count`` colours from orange over light grey to blue, darker towards both ends."""
    import seaborn as sns

    return [str(colour) for colour in sns.color_palette("PuOr", n_colors=count + 2).as_hex()[1:-1]]


def _levels(items: pd.DataFrame, names: dict[str, str]) -> tuple[dict[str, float], dict[str, float]]:
    levels: dict[str, float] = {}
    headings: dict[str, float] = {}
    level = 0.0
    for construct, group in items.groupby("construct", sort=False):
        headings[names.get(str(construct), str(construct))] = level
        level += 0.85
        for item in group["item"]:
            levels[str(item)] = level
            level += 1.0
        level += 0.15
    return levels, headings


def _bars(axes: Axes, wide: pd.DataFrame, levels: dict[str, float], codes: list[int]) -> None:
    from matplotlib.colors import to_rgb

    rows = [item for item in levels if item in wide.index]
    shares = wide.loc[rows].to_numpy()
    start = -(shares @ _left_weights(len(codes)))
    heights = np.array([levels[row] for row in rows])
    for position, colour in enumerate(palette(len(codes))):
        share = shares[:, position]
        axes.barh(
            heights,
            share,
            left=start,
            height=0.72,
            color=colour,
            edgecolor=PAPER,
            linewidth=0.8,
            label=str(codes[position]),
        )
        dark = float(np.dot(to_rgb(colour), (0.299, 0.587, 0.114))) < 0.55
        for left, part, level in zip(start, share, heights, strict=True):
            if part >= 0.055:
                text = show(100 * part, Kind.COUNT)
                axes.text(
                    left + part / 2, level, text, ha="center", va="center", fontsize=7.5, color=PAPER if dark else INK
                )
        start = start + share


def _words(axes: Axes, items: pd.DataFrame, levels: dict[str, float], headings: dict[str, float]) -> None:
    place = axes.get_yaxis_transform()
    edge = -(_LEFT - 0.1) / (WIDTH - _LEFT - 0.25)
    for heading, level in headings.items():
        axes.text(edge, level + 0.05, heading, transform=place, va="center", fontweight="bold", fontsize=8.5)
    for row in items.itertuples():
        mark = " (R)" if row.reversed else ""
        level = levels[str(row.item)]
        axes.text(edge, level, f"{row.item}{mark}", transform=place, va="center", fontsize=8)
        wording = textwrap.wrap(textwrap.shorten(str(row.en), 112, placeholder=" …"), 58)
        axes.text(
            edge + 0.135,
            level,
            "\n".join(wording[:2]),
            transform=place,
            va="center",
            fontsize=7.2,
            color=MUTED,
            linespacing=1.15,
        )


def _left_weights(count: int) -> NDArray[np.float64]:
    """How much of each answer's share lies left of the centre: all, half of the middle answer, none."""
    return np.clip(count / 2 - np.arange(count), 0.0, 1.0)


def _axis(axes: Axes, lowest: float, wide: pd.DataFrame) -> None:
    left = (wide.to_numpy() @ _left_weights(wide.shape[1])).max()
    right = (wide.to_numpy() @ (1 - _left_weights(wide.shape[1]))).max()
    axes.set_ylim(lowest + 0.6, -0.6)
    axes.set_xlim(-np.ceil(10 * left) / 10, np.ceil(10 * right) / 10)
    axes.axvline(0, color=INK, linewidth=0.8, zorder=0)
    axes.set_yticks([])
    axes.spines["left"].set_visible(False)
    ticks = [tick for tick in np.linspace(-1, 1, 9) if -left - 0.05 <= tick <= right + 0.05]
    axes.set_xticks(ticks, [f"{show(abs(100 * tick), Kind.COUNT)} %" for tick in ticks])
