"""What all figures share: style, colours, the mark of simulated responses, and bytes that never change.

Colours are Okabe and Ito's (2008) and the diverging blue-orange of ColorBrewer's PuOr; no figure relies on them
alone: values are written out, or marker, line style and hatch differ.
"""

from __future__ import annotations

import html
import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import SubFigure

INK = "#1d2733"
MUTED = "#5b6673"
GRID = "#d9dee4"
PAPER = "#ffffff"
BLUE = "#0072b2"
ORANGE = "#d55e00"
WIDTH = 9.6  # inches: 691 points, the width of a page's text
FOOT = 0.28  # inches kept at the bottom of every figure for the words on simulated responses
DOTS_PER_INCH = 160
SIMULATED_EN = "Simulated responses — nothing here is a finding about citizens"
SIMULATED_FR = "Réponses simulées — rien ici n'est un résultat sur des citoyens"

_STYLE: dict[Any, Any] = {
    "font.family": ["DejaVu Sans"],
    "font.size": 9.0,
    "axes.titlesize": 10.0,
    "axes.labelsize": 9.0,
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.8,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
    "axes.axisbelow": True,
    "grid.color": GRID,
    "grid.linewidth": 0.6,
    "hatch.linewidth": 0.5,
    "text.color": INK,
    "text.parse_math": False,
    "xtick.color": INK,
    "ytick.color": INK,
    "xtick.labelsize": 8.5,
    "ytick.labelsize": 8.5,
    "legend.frameon": False,
    "figure.facecolor": PAPER,
    "savefig.facecolor": PAPER,
    "svg.fonttype": "none",
    "path.simplify": False,
}
# Verdana is the metric twin of DejaVu Sans on machines that lack it.
_FONTS = "'DejaVu Sans', Verdana, sans-serif"


@dataclass(frozen=True, slots=True)
class Drawing:
    """A figure that is yet to be drawn. ``alt`` says in words what it shows, for those who do not see it."""

    id: str
    caption: str
    alt: str
    draw: Callable[[], SubFigure]


@dataclass(frozen=True, slots=True)
class Picture:
    """A drawn figure: ``svg`` is a whole file, ``inline`` the element to set into a page, ``png`` the bitmap."""

    id: str
    caption: str
    alt: str
    svg: str
    inline: str
    png: bytes


@contextmanager
def style(salt: str) -> Iterator[None]:
    """Matplotlib's defaults and the report's style, whatever the user's own settings; ``salt`` fixes SVG ids."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update({**_STYLE, "svg.hashsalt": salt})
        yield


def blank(height: float) -> SubFigure:
    """An empty drawing area of ``WIDTH`` by ``height`` inches above a foot, outside pyplot's global state."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(WIDTH, height + FOOT))
    grid = figure.add_gridspec(2, 1, height_ratios=(height, FOOT))
    area = figure.add_subfigure(grid[0])
    figure.add_subfigure(grid[1])
    return area


def bare(figure: SubFigure, width: float, height: float) -> Axes:
    """Axes over the whole figure, without frame, whose data units are inches."""
    axes = figure.add_axes((0.0, 0.0, 1.0, 1.0))
    axes.set_xlim(0, width)
    axes.set_ylim(0, height)
    axes.set_axis_off()
    return axes


def picture(drawing: Drawing, simulated: bool) -> Picture:
    """Draw a figure and write it as SVG and PNG, both without date, software or other changing words."""
    with style(drawing.id):
        figure = drawing.draw().get_figure(root=True)
        if simulated:
            words = f"{SIMULATED_EN} · {SIMULATED_FR}"
            figure.subfigs[1].text(0.5, 0.3, words, ha="center", va="bottom", fontsize=7.5, color=MUTED)
        svg_file, png_file = io.BytesIO(), io.BytesIO()
        nothing = {"Date": None, "Creator": None, "Format": None, "Type": None}
        figure.savefig(svg_file, format="svg", metadata=nothing)
        figure.savefig(png_file, format="png", dpi=DOTS_PER_INCH, metadata={"Software": None})
    svg = _own_ids(svg_file.getvalue().decode("utf-8"), drawing.id)
    svg = svg.replace("\r\n", "\n")
    return Picture(drawing.id, drawing.caption, drawing.alt, svg, _inline(svg, drawing.alt), png_file.getvalue())


def _own_ids(svg: str, name: str) -> str:
    """Ids and references that start with the figure's name, so that figures of one page never share an id."""
    svg = re.sub(r'\bid="', f'id="{name}-', svg)
    svg = re.sub(r"url\(#", f"url(#{name}-", svg)
    svg = re.sub(r'href="#', f'href="#{name}-', svg)
    return svg.replace("'DejaVu Sans'", _FONTS)


def _inline(svg: str, alt: str) -> str:
    """The ``svg`` element alone: no XML header, no sheet of rules that would reach the rest of the page."""
    element = svg[svg.index("<svg") :]
    element = re.sub(r"<style[^>]*>.*?</style>", "", element, flags=re.DOTALL)
    element = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", element)
    element = element.replace("xlink:href", "href")
    opening = f'<svg class="drawing" role="img" aria-label="{html.escape(alt)}"'
    return element.replace("<svg", opening, 1).strip()
