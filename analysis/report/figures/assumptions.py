"""What a mixed model assumes, plotted: residuals, random effects, and the weight of single communes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from analysis.report.communes_part import FocusPart
from analysis.report.figures.canvas import BLUE, INK, MUTED, ORANGE, blank

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

Array = NDArray[np.float64]
_HEIGHT = 6.4
_MARKERS = ("o", "^", "s", "D")
_NAMED = 3


def draw(part: FocusPart) -> SubFigure:
    """Residuals over fitted values, normal quantiles of residuals and of random effects, Cook's distances."""
    figure = blank(_HEIGHT)
    figure.subplots_adjust(left=0.075, right=0.985, bottom=0.085, top=0.95, hspace=0.36, wspace=0.2)
    axes = figure.subplots(2, 2)
    _residuals(axes[0, 0], part.rows)
    _quantiles(axes[0, 1], {"Residuals": part.rows["residual"].to_numpy()}, "Residuals against normal quantiles")
    modes = {str(term): rows["est"].to_numpy() for term, rows in part.modes.groupby("term", sort=False)}
    _quantiles(axes[1, 0], modes, "Random effects against normal quantiles")
    _distances(axes[1, 1], part.influence)
    return figure


def _residuals(axes: Axes, rows: pd.DataFrame) -> None:
    axes.axhline(0.0, color=MUTED, linewidth=0.8)
    axes.plot(rows["fitted"], rows["residual"], "o", color=BLUE, markersize=2.4, alpha=0.5, markeredgewidth=0)
    thirds = pd.qcut(rows["fitted"], 10, duplicates="drop")
    middles = rows.groupby(thirds, observed=True).agg(fitted=("fitted", "mean"), spread=("residual", "std"))
    for sign in (-1.0, 1.0):
        axes.plot(middles["fitted"], sign * middles["spread"], color=ORANGE, linewidth=1.4, linestyle=(0, (4, 2)))
    axes.set(title="Residuals over fitted values; dashed: ± SD by tenths", xlabel="Fitted", ylabel="Residual")


def _quantiles(axes: Axes, series: dict[str, Array], title: str) -> None:
    for (name, values), marker in zip(series.items(), _MARKERS * len(series), strict=False):
        spread = float(np.std(values, ddof=1))
        scaled = values / spread if spread > 0 else values
        color = BLUE if marker == "o" else ORANGE
        axes.plot(expected_quantiles(values), scaled, marker, color=color, markersize=3, alpha=0.7, markeredgewidth=0,
                  label=name)  # fmt: skip
    axes.axline((0.0, 0.0), slope=1.0, color=INK, linewidth=0.8)
    axes.set(title=title, xlabel="Normal quantile", ylabel="In standard deviations")
    if len(series) > 1:
        axes.legend(loc="upper left", fontsize=7.5)


def _distances(axes: Axes, influence: pd.DataFrame) -> None:
    distances = influence.drop_duplicates("level")[["level", "n", "cooks_distance"]].reset_index(drop=True)
    axes.vlines(distances["n"], 0.0, distances["cooks_distance"], color=MUTED, linewidth=0.7)
    axes.plot(distances["n"], distances["cooks_distance"], "o", color=BLUE, markersize=3.2)
    for row in distances.nlargest(_NAMED, "cooks_distance").itertuples():
        axes.annotate(
            str(row.level)[:24], (row.n, row.cooks_distance), xytext=(4, 2), textcoords="offset points", fontsize=7.5
        )
    axes.set(title="Influence of each commune by deletion", xlabel="Respondents in the commune",
             ylabel="Cook's distance")  # fmt: skip
    axes.set_ylim(bottom=0.0)


def expected_quantiles(values: Array) -> Array:
    """Standard normal quantiles (n,) of the ranks of ``values``, (i - 3/8) / (n + 1/4): Blom (1958), chapter 6."""
    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable") + 1.0
    return np.asarray(special.ndtri((ranks - 0.375) / (len(values) + 0.25)))
