"""Values that a formula is made of: factors of terms, sums of terms, groupings, random terms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from analysis.multilevel.algebra import Terms
from analysis.multilevel.expression import Expression


@dataclass(frozen=True, slots=True)
class Atom:
    """One factor of a term: a variable, a function of variables, a polynomial or a forced category.

    ``label`` is its name as R prints it, ``degree`` the degree of a polynomial (0 for the other kinds).
    """

    kind: Literal["value", "category", "polynomial"]
    label: str
    expression: Expression
    degree: int = 0


@dataclass(frozen=True, slots=True)
class Algebra:
    """A sum of terms over ``atoms``, in R's order: the intercept, if any, then by number of factors."""

    terms: Terms
    atoms: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class Grouping:
    """The groups of a random term: the combinations of ``variables``. ``label`` is lme4's name for them."""

    label: str
    variables: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """Effects that vary, and covary, between the groups of ``group``."""

    effects: Algebra
    group: Grouping
