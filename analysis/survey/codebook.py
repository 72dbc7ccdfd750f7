"""The codebook: what each column of a raw export means, which answers it may hold, which scale it serves."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from analysis.specification import Specification, parse_specification


class Text(Specification):
    """The same words in French and English."""

    fr: str
    en: str


class Answer(Specification):
    """The labels of one code of an answer scale; ``also`` lists spellings that platforms export."""

    fr: str
    en: str
    also: tuple[str, ...] = ()


class MissingCode(Specification):
    """A code or label that means: no answer. ``reason`` is kept beside the missing value."""

    code: int
    reason: str
    labels: tuple[str, ...] = ()


class Construct(Specification):
    """A latent construct, its definition, the literature it follows and its items in order."""

    name: Text
    definition: Text
    source: str
    items: tuple[str, ...] = Field(min_length=1)


class Item(Specification):
    """One survey item; ``column`` is its header in the raw export, by default its own name."""

    wording: Text
    scale: str
    reversed: bool = False
    column: str | None = None


class Variable(Specification):
    """A respondent or commune variable: a category (with a scale), a whole number, or a decimal number."""

    name: Text
    type: Literal["category", "integer", "number", "text"]
    scale: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    column: str | None = None


class Technical(Specification):
    """A column the platform adds. ``identifying`` columns are dropped at reading and reach no derived file.

    ``expected`` is the answer that consent or the attention check must have; ``values`` are those of test rows.
    """

    role: Literal["id", "start", "end", "duration", "status", "progress", "consent", "attention", "other"]
    identifying: bool = False
    expected: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


class Communes(Specification):
    """The grouping of respondents, and the second file with one row per commune (absent: none)."""

    key: str
    file: str | None = None
    column: str | None = None
    variables: dict[str, Variable] = {}


class Codebook(Specification):
    """A whole codebook. Names of items, variables and constructs are unique over all of them."""

    study: str
    scales: dict[str, dict[int, Answer]]
    missing: tuple[MissingCode, ...] = ()
    constructs: dict[str, Construct]
    items: dict[str, Item]
    respondent: dict[str, Variable] = {}
    communes: Communes
    technical: dict[str, Technical] = {}
    ignored: tuple[str, ...] = ()


def parse_codebook(text: str, filename: str) -> Codebook:
    """Parse a codebook; raises SpecificationError with every mistake at its line."""
    return parse_specification(text, filename, Codebook)
