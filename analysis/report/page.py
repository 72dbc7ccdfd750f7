"""The page: one HTML file that needs no network, with figures inlined as SVG."""

from __future__ import annotations

from collections.abc import Sequence

from analysis.report import narrative
from analysis.report.content import ReportContent
from analysis.report.figures.canvas import SIMULATED_EN, SIMULATED_FR, Drawing, Picture
from analysis.report.section import Listing, Part
from analysis.report.sections import Outline
from analysis.report.table import Table
from analysis.report.templates import template, verbatim


def page(content: ReportContent, plan: Outline, pictures: Sequence[Picture]) -> str:
    """The report as HTML. Every word of the content is escaped; only our own SVG is set in as it is."""
    from markupsafe import Markup

    text = template("page.html.jinja").render(
        content=content,
        study=content.study,
        plan=plan,
        pictures={picture.id: picture for picture in pictures},
        drawn={picture.id: Markup(picture.inline) for picture in pictures},
        style=verbatim("page.css"),
        facts=narrative.at_a_glance(content),
        simulated_en=SIMULATED_EN,
        simulated_fr=SIMULATED_FR,
        kind=_kind,
    )
    return text.replace("\r\n", "\n")


def _kind(part: Part) -> str:
    kinds = {Table: "table", Drawing: "figure", Listing: "listing"}
    return kinds[type(part)]
