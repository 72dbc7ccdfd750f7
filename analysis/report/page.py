"""The page: one HTML file that needs no network, with figures inlined as SVG."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from analysis.report import narrative
from analysis.report.content import ReportContent
from analysis.report.figures.canvas import SIMULATED_EN, SIMULATED_FR, Drawing, Picture
from analysis.report.sections import Listing, Outline, Part
from analysis.report.table import Table

_HERE = Path(__file__).parent


def page(content: ReportContent, plan: Outline, pictures: Sequence[Picture]) -> str:
    """The report as HTML. Every word of the content is escaped; only our own SVG is set in as it is."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined
    from markupsafe import Markup, escape

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters["breakable"] = lambda words: Markup(str(escape(words)).replace("_", "_<wbr>"))
    text = environment.get_template("page.html.jinja").render(
        content=content,
        study=content.study,
        plan=plan,
        pictures={picture.id: picture for picture in pictures},
        drawn={picture.id: Markup(picture.inline) for picture in pictures},
        style=Markup((_HERE / "page.css").read_text(encoding="utf-8")),
        facts=narrative.at_a_glance(content),
        simulated_en=SIMULATED_EN,
        simulated_fr=SIMULATED_FR,
        kind=_kind,
    )
    return text.replace("\r\n", "\n")


def _kind(part: Part) -> str:
    kinds = {Table: "table", Drawing: "figure", Listing: "listing"}
    return kinds[type(part)]
