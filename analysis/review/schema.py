"""The file of a published article: what a person copies from a PDF, as text, so that decimals stay as printed."""

from __future__ import annotations

from typing import Literal

import yaml
from pydantic import Field

from analysis.specification import Specification

KindName = Literal[
    "fit", "measurement", "correlations", "paths", "explained", "effects", "regressions", "mixed", "descriptives",
    "counts",
]  # fmt: skip
ClaimKind = Literal[
    "supported", "not_supported", "strongest", "full_mediation", "partial_mediation", "discriminant", "words"
]


class TextLoader(yaml.SafeLoader):
    """Safe YAML whose every scalar is text: 0.70 keeps its zero, and 'no' is a word. It knows no aliases, which
    let a small file stand for an endless one.
    """

    yaml_implicit_resolvers = {}  # noqa: RUF012 - PyYAML's own name and form

    def compose_node(self, parent: yaml.Node | None, index: int) -> yaml.Node | None:
        """A node of the file, or an error at an alias."""
        if self.check_event(yaml.AliasEvent):
            mark = self.peek_event().start_mark  # type: ignore[no-untyped-call]
            raise yaml.composer.ComposerError(None, None, "aliases (*name) are not read here", mark)
        return super().compose_node(parent, index)


class TableFile(Specification):
    """One table.

    ``columns``: names between '|', each with the heading as printed behind '=' if wanted ('chisq = χ²'), and with the
    model or outcome a column belongs to behind ':' ('t:protest'). ``rows``: one row a line, cells between '|', or
    ``csv``: a file beside this one, whose first line is the headings. The other keys say what the table's caption or
    text says: ``n`` and ``groups`` where they differ from the article's; ``estimator`` (ML unless said; OLS for least
    squares and path analysis of observed variables); ``df`` of t; ``level`` of intervals in per cent and whether they
    are 'normal' or 'bootstrap'; ``stars`` ('* .05 ** .01'); ``model``: which of the article's models it shows;
    ``correlations``: the table its paths can be refitted from; ``measurement``: the table with the constructs' AVE;
    ``diagonal`` of a triangle; ``exact``: 'yes' where the numbers as printed are what was analysed; ``scale`` of the
    answers ('1-5'), ``items`` of a mean; ``baseline``: the row of the independence model; ``zero_order``: the row whose
    single predictor is the first one of the others; ``total``: the row that is the sum of the others.
    """

    kind: KindName
    columns: str = ""
    rows: str | None = None
    csv: str | None = None
    title: str = ""
    n: str | None = None
    groups: str | None = None
    estimator: str = "ML"
    df: str | None = None
    level: str | None = None
    intervals: Literal["normal", "bootstrap"] = "normal"
    stars: str = "* .05 ** .01 *** .001"
    model: str | None = None
    correlations: str | None = None
    measurement: str | None = None
    diagonal: Literal["none", "one", "sqrt_ave", "ave", "alpha"] = "none"
    exact: Literal["yes", "no"] = "no"
    scale: str | None = None
    items: str | None = None
    baseline: str | None = None
    zero_order: str | None = None
    total: str | None = None
    notes: str = ""


class ClaimFile(Specification):
    """What the text says in words. ``row`` names a row of ``table`` as 'outcome ~ predictor' (or its first cell)."""

    words: str
    kind: ClaimKind = "words"
    table: str | None = None
    row: str | None = None
    sign: Literal["+", "-"] | None = None
    level: str = ".05"
    direct: str | None = None
    indirect: str | None = None
    effects: str | None = None


class PublishedFile(Specification):
    """The whole file. ``models`` are lavaan syntax by name. ``not_printed`` names what the article does not show."""

    slug: str
    citation: str
    doi: str = ""
    address: tuple[str, ...] = ()
    licence: str = ""
    n: str | None = None
    groups: str | None = None
    models: dict[str, str] = Field(default={})
    tables: dict[str, TableFile] = Field(default={})
    claims: tuple[ClaimFile, ...] = ()
    not_printed: tuple[str, ...] = ()
    notes: str = ""
