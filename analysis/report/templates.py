"""Templates of pages: every word of their content is escaped."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jinja2 import Template
    from markupsafe import Markup

_HERE = Path(__file__).parent


def template(name: str) -> Template:
    """The template ``name`` of this folder; a name that it uses and is not given is an error."""
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
    return environment.get_template(name)


def verbatim(*names: str) -> Markup:
    """Our own style sheets or scripts, one after the other, to be set in as they are."""
    from markupsafe import Markup

    return Markup("".join((_HERE / name).read_text(encoding="utf-8") for name in names))
