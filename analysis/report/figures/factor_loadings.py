"""Heat map of the loadings of items on factors."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.report.figures.canvas import PAPER, WIDTH, blank
from analysis.report.rounding import Kind, show

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

_SHADES = 40  # steps of .05, as in the heat map of correlations
_ROW = 0.26
_COLUMN = 0.85
_SMALL = 0.3  # loadings below are written lighter: by convention they are not read
_LABEL = 24


def draw(loadings: pd.DataFrame) -> SubFigure:
    """``loadings``: items in rows, in the order to show, factors in columns; every value is written in its cell."""
    import seaborn as sns
    from matplotlib import colormaps

    names = [_short(str(item)) for item in loadings.index]
    height = _ROW * len(names) + 0.55
    figure = blank(height)
    left = 0.35 + 0.075 * max(map(len, names))
    width = min(_COLUMN * loadings.shape[1], WIDTH - left - 1.1)
    axes = figure.add_axes((left / WIDTH, 0.08 / height, width / WIDTH, 1 - 0.5 / height))
    bar = figure.add_axes(((left + width + 0.25) / WIDTH, 0.15 / height, 0.16 / WIDTH, 1 - 0.85 / height))
    values = loadings.to_numpy(dtype=float)
    reach = max(1.0, float(np.abs(values).max()))
    sns.heatmap(
        pd.DataFrame(values, names, loadings.columns),
        annot=np.array([[show(value, Kind.CORRELATION) for value in row] for row in values]),
        fmt="",
        annot_kws={"fontsize": 8},
        vmin=-reach,
        vmax=reach,
        cmap=colormaps["PuOr"].resampled(_SHADES),
        linewidths=0.6,
        linecolor=PAPER,
        cbar_ax=bar,
        ax=axes,
    )
    for text, value in zip(axes.texts, values.ravel(), strict=True):
        text.set_fontweight("bold" if abs(value) >= _SMALL else "normal")
    axes.tick_params(length=0, labelsize=8, rotation=0, top=True, labeltop=True, bottom=False, labelbottom=False)
    axes.set(xlabel="", ylabel="")
    bar.set_title("λ", fontsize=9)
    bar.set_yticks([-1, 0, 1], [show(tick, Kind.CORRELATION) for tick in (-1, 0, 1)])
    return figure


def _short(name: str) -> str:
    return name if len(name) <= _LABEL else f"{name[: _LABEL - 1]}…"
