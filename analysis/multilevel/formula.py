"""lme4's formula language: ``y ~ x * w + (1 + x | g)``.

A formula has a response, a fixed part in Wilkinson-Rogers notation and random terms ``(effects | group)``
(Bates, Mächler, Bolker & Walker 2015, Journal of Statistical Software 67(1), section 2.1). Parsing gives
plain values: terms as sets of positions, and the factors that stand at these positions.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from analysis.multilevel.algebra import (
    INTERCEPT,
    Terms,
    by_order,
    crossing,
    interaction,
    joined,
    nesting,
    power,
    without,
)
from analysis.multilevel.expression import (
    MAXIMUM_DEPTH,
    Expression,
    Name,
    deparse,
    grouped_by,
    known_function,
    names,
    parse_arithmetic,
    parse_call,
    with_group,
)
from analysis.multilevel.terms import Algebra, Atom, Grouping, RandomTerm
from analysis.multilevel.tokens import Cursor, Token, fail


@dataclass(frozen=True, slots=True)
class Formula:
    """A parsed formula; ``text`` as it was given. ``||`` and ``/`` are expanded into several random terms."""

    text: str
    response: Expression
    fixed: Algebra
    random: tuple[RandomTerm, ...]

    @property
    def variables(self) -> tuple[str, ...]:
        """Every variable of the data that the formula names, once, in order of appearance."""
        return tuple(dict.fromkeys(self._names()))

    @property
    def atoms(self) -> Iterator[Atom]:
        """Factors of the fixed part, then of the random terms."""
        for algebra in (self.fixed, *(term.effects for term in self.random)):
            yield from algebra.atoms

    def _names(self) -> Iterator[str]:
        yield from names(self.response)
        for atom in self.atoms:
            yield from names(atom.expression)
            yield from grouped_by(atom.expression)
        for term in self.random:
            yield from reversed(term.group.variables)


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
    terms, random = fixed.sum_with_random_terms()
    if cursor.here.kind != "end":
        cursor.fail("an operator or the end of the formula was expected")
    if not random:
        fail(text, len(text), "the formula has no random term", "add one such as (1 | group)")
    formula = Formula(text.strip(), response, Algebra(by_order(terms), tuple(fixed.atoms)), random)
    return _with_default_group(formula)


def _with_default_group(formula: Formula) -> Formula:
    """``within(x)`` and ``between(x)`` mean the one grouping variable of the formula."""
    groups = tuple(dict.fromkeys(name for term in formula.random for name in term.group.variables))
    if len(groups) > 1:
        for atom in formula.atoms:
            if "" in grouped_by(atom.expression):
                at = max(formula.text.find(atom.label.split("(")[0]), 0)
                fail(formula.text, at, f"by which group is '{atom.label}' centred?", f"within(x, {groups[0]})")

    def resolved(algebra: Algebra) -> Algebra:
        atoms = (replace(atom, expression=with_group(atom.expression, groups[0])) for atom in algebra.atoms)
        return replace(algebra, atoms=tuple(atoms))

    random = tuple(replace(term, effects=resolved(term.effects)) for term in formula.random)
    return replace(formula, fixed=resolved(formula.fixed), random=random)


@dataclass(slots=True)
class _AlgebraReader:
    """Recursive descent over ``+ -``, ``* /``, ``:`` and ``^``; collects the atoms it meets."""

    cursor: Cursor
    atoms: list[Atom] = field(default_factory=list)

    def sum_with_random_terms(self) -> tuple[Terms, tuple[RandomTerm, ...]]:
        terms: Terms = (INTERCEPT,)
        random: list[RandomTerm] = []
        first = True
        while True:
            sign = self._sign(first)
            first = False
            if self.cursor.at("(") and _holds_bar(self.cursor.rest):
                if sign == "-":
                    self.cursor.fail("a random term cannot be taken away")
                random += _random_terms(self.cursor)
            else:
                terms = self._add(terms, sign, 0)
            if not self.cursor.at("+", "-"):
                return terms, tuple(random)

    def sum(self, depth: int, terms: Terms = ()) -> Terms:
        if depth > MAXIMUM_DEPTH:
            self.cursor.fail("the formula is nested too deeply")
        terms = self._add(terms, self._sign(first=True), depth)
        while self.cursor.at("+", "-"):
            terms = self._add(terms, self._sign(first=False), depth)
        return terms

    def _sign(self, first: bool) -> str:
        if self.cursor.at("+", "-"):
            return self.cursor.take().text
        return "+" if first else ""

    def _add(self, terms: Terms, sign: str, depth: int) -> Terms:
        """One more summand. ``+ 0`` and ``- 1`` both take the intercept away."""
        if self.cursor.here.text == "0" and self.cursor.here.kind == "number":
            self.cursor.take()
            return joined((INTERCEPT,), terms) if sign == "-" else without(terms, (INTERCEPT,))
        more = self._product(depth)
        return without(terms, more) if sign == "-" else joined(terms, more)

    def _product(self, depth: int) -> Terms:
        terms = self._interaction(depth)
        while self.cursor.at("*", "/"):
            combine = crossing if self.cursor.take().text == "*" else nesting
            terms = combine(terms, self._interaction(depth))
        return terms

    def _interaction(self, depth: int) -> Terms:
        terms = self._power(depth)
        while self.cursor.at(":"):
            self.cursor.take()
            terms = interaction(terms, self._power(depth))
        return terms

    def _power(self, depth: int) -> Terms:
        terms = self._atom(depth)
        if self.cursor.at("^"):
            self.cursor.take()
            terms = power(terms, self._whole_number("the power of a sum of terms"))
        return terms

    def _whole_number(self, what: str) -> int:
        if self.cursor.here.kind != "number" or self.cursor.here.text not in set("123456789"):
            self.cursor.fail(f"{what} must be a whole number from 1 to 9")
        return int(self.cursor.take().text)

    def _atom(self, depth: int) -> Terms:
        cursor = self.cursor
        if cursor.at("("):
            opened = cursor.take()
            terms = self.sum(depth + 1)
            if cursor.at("|", "||"):
                fail(cursor.formula, opened.start, "a random term must be joined by '+' to the other terms")
            cursor.expect(")", "')' was expected")
            return terms
        if cursor.here.kind == "number":
            if cursor.here.text != "1":
                cursor.fail("only 0 and 1 (without and with intercept) may stand for a term", "use I() to compute")
            cursor.take()
            return (INTERCEPT,)
        if cursor.here.kind != "name":
            cursor.fail("a variable was expected")
        if cursor.here.text == ".":
            cursor.fail("name each variable", "'.' for all other variables is not available")
        return (frozenset({self._position(_factor(self))}),)

    def _position(self, atom: Atom) -> int:
        if atom not in self.atoms:
            self.atoms.append(atom)
        return self.atoms.index(atom)

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


def _random_terms(cursor: Cursor) -> Iterator[RandomTerm]:
    """One term of the formula: several of the model where ``||`` or ``/`` stands in it."""
    cursor.take()
    if cursor.at("|", "||"):
        cursor.fail("the effects that vary are missing before the bar", "write (1 | group) for an intercept")
    reader = _AlgebraReader(cursor)
    terms = by_order(reader.sum(0, (INTERCEPT,)))
    if not cursor.at("|", "||"):
        cursor.fail("'|' was expected")
    apart = cursor.take().text == "||"
    groups = _groupings(cursor)
    cursor.expect(")", "a grouping variable and ')' were expected after the bar")
    for effects in [(term,) for term in terms] if apart and terms else [terms]:
        for group in groups:
            yield RandomTerm(Algebra(effects, tuple(reader.atoms)), group)


def _groupings(cursor: Cursor) -> tuple[Grouping, ...]:
    """``a``, ``a:b``, or ``a/b``, which is ``b:a`` and ``a``: the innermost groups first, named as lme4 names them."""
    levels = [_combination(cursor)]
    while cursor.at("/"):
        cursor.take()
        inner, outer = _combination(cursor), levels[0]
        label = f"({outer.label})" if len(outer.variables) > 1 else outer.label
        levels.insert(0, Grouping(f"{inner.label}:{label}", inner.variables + outer.variables))
    return tuple(levels)


def _combination(cursor: Cursor) -> Grouping:
    variables = []
    while True:
        if cursor.here.kind != "name":
            cursor.fail("a grouping variable was expected after the bar")
        variables.append(cursor.take().text)
        if not cursor.at(":"):
            return Grouping(":".join(variables), tuple(variables))
        cursor.take()
