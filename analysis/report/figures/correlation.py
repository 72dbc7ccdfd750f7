"""Heat map of the correlations among items."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from analysis.report.figures.canvas import PAPER, WIDTH, blank
from analysis.report.rounding import Kind, show

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

_SHADES = 40  # steps of .05; a key with fewer than 50 shades stays a vector drawing


def draw(matrix: pd.DataFrame) -> SubFigure:
    """Lower triangle of ``matrix`` (p by p, labelled), every value written in its cell."""
    import seaborn as sns
    from matplotlib import colormaps

    height = 8.3
    figure = blank(height)
    axes = figure.add_axes((0.07, 0.07, 0.86, 0.91))
    bar = figure.add_axes((0.66, 0.62, 0.018, 0.3))
    names = [str(name) for name in matrix.columns]
    values = matrix.to_numpy(dtype=float)
    words = np.array([[show(value, Kind.CORRELATION) for value in row] for row in values])
    sns.heatmap(
        pd.DataFrame(values, index=names, columns=names),
        mask=np.triu(np.ones_like(values, dtype=bool)),
        annot=words,
        fmt="",
        annot_kws={"fontsize": 6.2 if len(names) > 16 else 8},
        vmin=-1,
        vmax=1,
        cmap=colormaps["PuOr"].resampled(_SHADES),
        linewidths=0.6,
        linecolor=PAPER,
        square=False,
        cbar_ax=bar,
        ax=axes,
    )
    axes.tick_params(length=0, labelsize=7.5, rotation=0)
    axes.tick_params(axis="x", rotation=90 if WIDTH / len(names) < 0.45 else 0)
    bar.set_title("r", fontsize=9)
    bar.set_yticks([-1, -0.5, 0, 0.5, 1], [show(tick, Kind.CORRELATION) for tick in (-1, -0.5, 0, 0.5, 1)])
    return figure
