"""Path diagram of a structural model: constructs, standardised paths, explained variance."""

from __future__ import annotations

import textwrap
from collections import Counter
from typing import TYPE_CHECKING

import pandas as pd

from analysis.report.figures.canvas import BLUE, INK, MUTED, ORANGE, PAPER, WIDTH, bare, blank
from analysis.report.figures.path_layout import Edge, Layout, Point, Size, depths, layout
from analysis.report.rounding import Kind, absent, show, stars

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

_HIGH = 0.8
_LABEL = Size(0.72, 0.2)
_KEY = 0.62  # inches below the diagram for the key


def draw(tidy: pd.DataFrame, r2: pd.DataFrame, names: dict[str, str]) -> SubFigure:
    """Latent variables as ellipses, other variables as boxes; solid paths have p < .05, dashed ones do not.

    ``tidy`` holds the parameters (lhs, op, rhs, pvalue, std_all), ``r2`` variable and r2, ``names`` headings.
    """
    paths = tidy[tidy["op"] == "~"]
    nodes = list(dict.fromkeys([*paths["rhs"], *paths["lhs"]]))
    latent = set(tidy.loc[tidy["op"] == "=~", "lhs"])
    edges = [(str(rhs), str(lhs)) for lhs, rhs in zip(paths["lhs"], paths["rhs"], strict=True)]
    columns = Counter(depths(nodes, edges).values())
    box = Size(1.75 if len(columns) < 4 else 1.5, _HIGH)
    tall = max(2.2 if max(columns.values()) == 1 else 3.1, 1.02 * max(columns.values()) + 0.1)
    figure = blank(tall + _KEY)
    axes = bare(figure, WIDTH, tall + _KEY)
    places = layout(nodes, edges, Size(WIDTH, tall), box, _LABEL)
    values = {edge: (beta, p) for edge, beta, p in zip(edges, paths["std_all"], paths["pvalue"], strict=True)}
    _paths(axes, places, values)
    explained = dict(zip(r2["variable"], r2["r2"], strict=True))
    for node, (x, y) in places.boxes.items():
        share = explained.get(node)
        _node(axes, (x, y + _KEY), names.get(node, node), share, box, latent=node in latent)
    _key(axes)
    return figure


def _paths(axes: Axes, places: Layout, values: dict[Edge, tuple[float, float]]) -> None:
    for edge, (start, end) in places.ends.items():
        beta, pvalue = values[edge]
        significant = not absent(pvalue) and pvalue < 0.05
        colour = MUTED if not significant else BLUE if beta >= 0 else ORANGE
        axes.annotate(
            "",
            xy=(end[0], end[1] + _KEY),
            xytext=(start[0], start[1] + _KEY),
            arrowprops={
                "arrowstyle": "-|>,head_length=0.5,head_width=0.22",
                "color": colour,
                "linewidth": 0.9 + 3.2 * min(abs(beta), 1.0) if not absent(beta) else 0.9,
                "linestyle": "solid" if significant else (0, (4, 3)),
                "shrinkA": 0,
                "shrinkB": 1,
            },
        )
    for edge, (x, y) in places.labels.items():
        beta, pvalue = values[edge]
        axes.text(
            x,
            y + _KEY,
            f"{show(beta, Kind.NUMBER)}{stars(pvalue)}",
            ha="center",
            va="center",
            fontsize=8.5,
            fontweight="bold",
            bbox={"boxstyle": "square,pad=0.18", "facecolor": PAPER, "edgecolor": "none"},
            zorder=4,
        )


def _node(axes: Axes, centre: Point, name: str, explained: float | None, box: Size, *, latent: bool) -> None:
    from matplotlib.patches import FancyBboxPatch

    shape = FancyBboxPatch(
        (centre[0] - box.width / 2, centre[1] - box.height / 2),
        box.width,
        box.height,
        boxstyle=f"round,pad=0,rounding_size={box.height / 2.05 if latent else 0.02}",
        facecolor="#f2f6fa",
        edgecolor=INK,
        linewidth=1.2,
        zorder=5,
    )
    axes.add_patch(shape)
    words = textwrap.shorten(name, 58, placeholder=" …")
    lines = textwrap.wrap(words, round(12.5 * box.width), break_on_hyphens=False)[:3]
    if explained is not None:
        lines.append(f"R² = {show(explained, Kind.CORRELATION)}")
    axes.text(*centre, "\n".join(lines), ha="center", va="center", fontsize=7.8, linespacing=1.2, zorder=6)


def _key(axes: Axes) -> None:
    rows = ((0.25, BLUE, "solid", "positive, p < .05"), (2.6, ORANGE, "solid", "negative, p < .05"))
    for x, colour, line, words in (*rows, (5.0, MUTED, (0, (4, 3)), "n.s. (p ≥ .05)")):
        axes.plot([x, x + 0.45], [0.38, 0.38], color=colour, linestyle=line, linewidth=2)
        axes.text(x + 0.55, 0.38, words, va="center", fontsize=8)
    words = "Standardised coefficients; width follows their size.  * p < .05   ** p < .01   *** p < .001"
    axes.text(0.25, 0.12, words, va="center", fontsize=8)
