"""A slope over its moderator, with its interval, and where it differs from zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.multilevel.contrasts import Moderation
from analysis.report.figures.canvas import BLUE, INK, MUTED, blank

if TYPE_CHECKING:
    from matplotlib.figure import SubFigure

_HEIGHT = 3.4
Array = NDArray[np.float64]


def draw(found: Moderation) -> SubFigure:
    """The slope over the observed range of the moderator; hatched where its interval holds no zero."""
    figure = blank(_HEIGHT)
    axes = figure.add_axes((0.075, 0.15, 0.91, 0.8))
    w = np.linspace(found.least, found.most, 201)
    slope, half = slope_with_half_width(found, w)
    axes.axhline(0.0, color=INK, linewidth=0.8)
    axes.fill_between(w, slope - half, slope + half, color=BLUE, alpha=0.18, linewidth=0, label="95 % interval")
    significant = np.abs(slope) > half
    axes.fill_between(
        w, slope - half, slope + half, where=significant, facecolor="none", edgecolor=BLUE, hatch="///", linewidth=0,
        label="differs from zero",
    )  # fmt: skip
    axes.plot(w, slope, color=BLUE, linewidth=1.6, label="slope")
    for bound in (found.lower, found.upper):
        if bound is not None and found.least < bound < found.most:
            axes.axvline(bound, color=MUTED, linewidth=1.0, linestyle=(0, (4, 3)))
    for at in found.slopes:
        axes.plot(at.moderator, at.effect.est, "o", color=BLUE, markersize=4)
    axes.set_xlim(found.least, found.most)
    axes.set(xlabel=found.moderator, ylabel=f"Slope on {found.predictor}")
    axes.legend(loc="upper left", ncols=3, fontsize=8)
    return figure


def slope_with_half_width(found: Moderation, w: Array) -> tuple[Array, Array]:
    """The slope (n,) at values ``w`` (n,) of the moderator, and half the width of its 95 % interval."""
    directions = np.column_stack([np.ones_like(w), w])
    slope = directions @ found.estimates
    error = np.sqrt(((directions @ found.covariance) * directions).sum(axis=1))
    return slope, float(special.stdtrit(found.df, 1.0 - found.level / 2.0)) * error
