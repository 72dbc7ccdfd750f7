"""lme4's formula language: ``y ~ x * w + (1 + x | g)``.

A formula has a response, a fixed part in Wilkinson-Rogers notation and random terms ``(effects | group)``
(Bates, Mächler, Bolker & Walker 2015, Journal of Statistical Software 67(1), section 2.1). Parsing gives
plain values: the algebra of each part with its variables replaced by ``v0, v1, …``, which is all that
formulaic ever sees, and the expressions that the placeholders stand for.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal

from analysis.multilevel.expression import (
    MAXIMUM_DEPTH,
    Expression,
    Name,
    deparse,
    known_function,
    names,
    parse_arithmetic,
    parse_call,
)
from analysis.multilevel.tokens import Cursor, Token, fail


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
    """A sum of terms: ``template`` in placeholders v0, v1, … for ``atoms``."""

    template: str
    atoms: tuple[Atom, ...]


@dataclass(frozen=True, slots=True)
class RandomTerm:
    """Effects that vary between the groups of ``group``."""

    effects: Algebra
    group: str


@dataclass(frozen=True, slots=True)
class Formula:
    """A parsed formula; ``text`` as it was given."""

    text: str
    response: Expression
    fixed: Algebra
    random: tuple[RandomTerm, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable of the data that the formula names, once, in order of appearance."""
        return tuple(dict.fromkeys(self._names()))

    def _names(self) -> Iterator[str]:
        yield from names(self.response)
        for algebra in (self.fixed, *(term.effects for term in self.random)):
            for atom in algebra.atoms:
                yield from names(atom.expression)
        for term in self.random:
            yield term.group


def parse_formula(text: str) -> Formula:
    """Parse an lme4 formula.

    Raises SpecificationError, with the position marked by a caret, at the first place that cannot be read.
    """
    cursor = Cursor(text)
    if cursor.here.kind == "end":
        fail(text, 0, "the formula is empty", "write for example: y ~ x + (1 | group)")
    response = parse_arithmetic(cursor)
    cursor.expect("~", "'~' was expected after the outcome")
    fixed = _AlgebraReader(cursor)
    template, random = fixed.sum_with_random_terms()
    if cursor.here.kind != "end":
        cursor.fail("an operator or the end of the formula was expected")
    if not random:
        fail(text, len(text), "the formula has no random term", "add one such as (1 | group)")
    return Formula(text.strip(), response, Algebra(template, tuple(fixed.atoms)), random)


@dataclass(slots=True)
class _AlgebraReader:
    """Recursive descent over ``+ -``, ``* /``, ``:`` and ``^``; collects the atoms it meets."""

    cursor: Cursor
    atoms: list[Atom] = field(default_factory=list)

    def sum_with_random_terms(self) -> tuple[str, tuple[RandomTerm, ...]]:
        parts: list[str] = []
        random: list[RandomTerm] = []
        while True:
            sign = self._sign(first=not parts and not random)
            if self.cursor.at("(") and _holds_bar(self.cursor.rest):
                if sign == "-":
                    self.cursor.fail("a random term cannot be taken away")
                random.append(_random_term(self.cursor))
            else:
                parts.append(f"{sign}{self._product(0)}")
            if not self.cursor.at("+", "-"):
                return " ".join(parts) or "1", tuple(random)

    def sum(self, depth: int) -> str:
        if depth > MAXIMUM_DEPTH:
            self.cursor.fail("the formula is nested too deeply")
        parts = [f"{self._sign(first=True)}{self._product(depth)}"]
        while self.cursor.at("+", "-"):
            parts.append(f"{self._sign(first=False)}{self._product(depth)}")
        return " ".join(parts)

    def _sign(self, first: bool) -> str:
        if self.cursor.at("+", "-"):
            return self.cursor.take().text
        return "+" if first else ""

    def _product(self, depth: int) -> str:
        text = self._interaction(depth)
        while self.cursor.at("*", "/"):
            text = f"{text}{self.cursor.take().text}{self._interaction(depth)}"
        return text

    def _interaction(self, depth: int) -> str:
        text = self._power(depth)
        while self.cursor.at(":"):
            self.cursor.take()
            text = f"{text}:{self._power(depth)}"
        return text

    def _power(self, depth: int) -> str:
        text = self._atom(depth)
        if self.cursor.at("^"):
            self.cursor.take()
            text = f"{text}**{self._whole_number('the power of a sum of terms')}"
        return text

    def _whole_number(self, what: str) -> int:
        if self.cursor.here.kind != "number" or self.cursor.here.text not in set("123456789"):
            self.cursor.fail(f"{what} must be a whole number from 1 to 9")
        return int(self.cursor.take().text)

    def _atom(self, depth: int) -> str:
        cursor = self.cursor
        if cursor.at("("):
            opened = cursor.take()
            text = f"({self.sum(depth + 1)})"
            if cursor.at("|", "||"):
                fail(cursor.formula, opened.start, "a random term must be joined by '+' to the other terms")
            cursor.expect(")", "')' was expected")
            return text
        if cursor.here.kind == "number":
            if cursor.here.text not in {"0", "1"}:
                cursor.fail("only 0 and 1 (without and with intercept) may stand for a term", "use I() to compute")
            return cursor.take().text
        if cursor.here.kind != "name":
            cursor.fail("a variable was expected")
        if cursor.here.text == ".":
            cursor.fail("name each variable", "'.' for all other variables is not available")
        return self._placeholder(_factor(self))

    def _placeholder(self, atom: Atom) -> str:
        if atom not in self.atoms:
            self.atoms.append(atom)
        name = f"v{self.atoms.index(atom)}"
        return f"poly({name}, {atom.degree})" if atom.kind == "polynomial" else name

    def polynomial(self) -> Atom:
        self.cursor.take()
        self.cursor.expect("(", "'(' was expected")
        inner = parse_arithmetic(self.cursor)
        self.cursor.expect(",", "',' and the degree were expected")
        degree = self._whole_number("the degree of a polynomial")
        self.cursor.expect(")", "')' was expected")
        return Atom("polynomial", f"poly({deparse(inner)}, {degree})", inner, degree)


def _factor(reader: _AlgebraReader) -> Atom:
    cursor = reader.cursor
    if cursor.rest[1].text != "(" or cursor.rest[1].kind != "operator":
        variable = Name(cursor.take().text)
        return Atom("value", deparse(variable), variable)
    if cursor.here.text == "poly":
        return reader.polynomial()
    if cursor.here.text in {"C", "factor"}:
        function = cursor.take().text
        cursor.expect("(", "'(' was expected")
        if cursor.here.kind != "name":
            cursor.fail("a variable was expected")
        variable = Name(cursor.take().text)
        cursor.expect(")", "')' was expected")
        return Atom("category", f"{function}({deparse(variable)})", variable)
    call = parse_call(cursor, known_function(cursor))
    return Atom("value", deparse(call), call)


def _holds_bar(tokens: Sequence[Token]) -> bool:
    """Whether the parenthesis that opens here holds a bar of its own."""
    depth = 0
    for token in tokens:
        if token.kind == "operator":
            depth += {"(": 1, ")": -1}.get(token.text, 0)
            if depth == 0:
                return False
            if depth == 1 and token.text in {"|", "||"}:
                return True
    return False


def _random_term(cursor: Cursor) -> RandomTerm:
    cursor.take()
    if cursor.at("|", "||"):
        cursor.fail("the effects that vary are missing before the bar", "write (1 | group) for an intercept")
    reader = _AlgebraReader(cursor)
    template = reader.sum(0)
    if cursor.at("||"):
        cursor.fail("uncorrelated random effects by '||' are not available", "write '|'")
    cursor.expect("|", "'|' was expected")
    if cursor.here.kind != "name":
        cursor.fail("a grouping variable was expected after the bar")
    group = cursor.take().text
    cursor.expect(")", "one grouping variable and ')' were expected after the bar")
    return RandomTerm(Algebra(template, tuple(reader.atoms)), group)
