"""The codebook: what each column of a raw export means, which answers it may hold, which scale it serves."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from analysis.checked import parse_checked
from analysis.specification import Specification
from analysis.survey.codebook_checks import codebook_mistakes

Role = Literal["id", "start", "end", "duration", "status", "progress", "consent", "attention", "other"]


class Text(Specification):
    """The same words in French and English."""

    fr: str
    en: str


class Answer(Specification):
    """The labels of one code of an answer scale; ``also`` lists spellings that platforms export."""

    fr: str
    en: str
    also: tuple[str, ...] = ()

    @property
    def labels(self) -> tuple[str, ...]:
        """Every label that stands for this code, French first."""
        return (self.fr, self.en, *self.also)


class MissingCode(Specification):
    """A code, a label or both that mean: no answer. ``reason`` is kept beside the missing value.

    A code that an answer scale or the declared range of a number holds is an answer there, and not missing.
    """

    reason: str
    code: int | None = None
    labels: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _says_something(self) -> MissingCode:
        if self.code is None and not self.labels:
            raise ValueError("give a code, labels, or both")
        return self


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
    """A respondent or commune variable: a category (with a scale), a whole number, a decimal number, or text.

    ``minimum`` and ``maximum`` bound numbers; what lies outside must be a declared missing code.
    """

    name: Text
    type: Literal["category", "integer", "number", "text"]
    scale: str | None = None
    minimum: float | None = None
    maximum: float | None = None
    column: str | None = None


class Technical(Specification):
    """A column the platform adds, under its header. ``identifying`` columns are dropped at reading.

    ``expected`` lists the answers that consent or the attention check must have; ``values`` those that mark
    a test row. Both are compared as answer labels are: without regard to case, accents and spaces.
    A ``duration`` is in seconds.
    """

    role: Role
    identifying: bool = False
    expected: tuple[str, ...] = ()
    values: tuple[str, ...] = ()


class Communes(Specification):
    """The grouping of respondents, and the second file with one row per commune (absent: none).

    ``key`` names the grouping everywhere; ``column`` is its header in both files, by default ``key``.
    ``file`` is looked for beside the responses, then relative to the codebook's folder.
    """

    key: str
    file: str | None = None
    column: str | None = None
    variables: dict[str, Variable] = Field(default={})


class Codebook(Specification):
    """A whole codebook. Names of items, variables and constructs are unique over all of them.

    ``items`` stand in the order of the questionnaire. ``ignored`` lists columns that are known and not used.
    """

    study: str
    scales: dict[str, dict[int, Answer]]
    missing: tuple[MissingCode, ...] = ()
    constructs: dict[str, Construct]
    items: dict[str, Item]
    respondent: dict[str, Variable] = Field(default={})
    communes: Communes
    technical: dict[str, Technical] = Field(default={})
    ignored: tuple[str, ...] = ()

    @property
    def identifying(self) -> tuple[str, ...]:
        """Headers of the columns that are dropped at reading."""
        return tuple(column for column, entry in self.technical.items() if entry.identifying)

    @property
    def commune_column(self) -> str:
        """Header of the commune in both files."""
        return self.communes.column or self.communes.key

    @property
    def analysed_names(self) -> tuple[str, ...]:
        """Names of the numeric columns that models may use: items, numeric variables and scale means."""
        numeric = (
            name
            for variables in (self.respondent, self.communes.variables)
            for name, variable in variables.items()
            if variable.type in {"integer", "number"}
        )
        return (*self.items, *numeric, *(scale_mean(construct) for construct in self.constructs))

    def with_role(self, role: Role) -> tuple[str, ...]:
        """Headers of the technical columns that play ``role``."""
        return tuple(column for column, entry in self.technical.items() if entry.role == role)

    def construct_of(self) -> Mapping[str, str]:
        """Item → construct."""
        return {item: name for name, construct in self.constructs.items() for item in construct.items}

    def code_range(self, item: str) -> tuple[int, int]:
        """Lowest and highest code of the item's answer scale."""
        codes = self.scales[self.items[item].scale]
        return min(codes), max(codes)


def scale_mean(construct: str) -> str:
    """Name of the column with the mean of a construct's items."""
    return f"{construct}_mean"


def header_of(name: str, entry: Item | Variable) -> str:
    """Header of an item or variable in its raw file."""
    return entry.column or name


def parse_codebook(text: str, filename: str) -> Codebook:
    """Parse a codebook; raises SpecificationError with every mistake at its line.

    Mistakes of form (unknown keys, wrong types) and of reference (undefined scales, names used twice) come
    together.
    """
    return parse_checked(text, filename, Codebook, codebook_mistakes)
