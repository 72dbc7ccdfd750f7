"""Formula text cut into tokens that know where they stand, so that every complaint can point at its place."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NoReturn

from analysis.errors import Problem, SpecificationError

_TOKEN = re.compile(
    r"""(?P<space>\s+)
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>(?:[^\W\d]|\.(?!\d))[\w.]*|`[^`]+`)
      | (?P<operator>\*\*|\|\||[-+*/:^()|~,])""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """``kind`` is number, name, operator or end; ``start`` counts characters from 0."""

    kind: str
    text: str
    start: int


def fail(formula: str, start: int, what: str, hint: str = "") -> NoReturn:
    """Raise SpecificationError with the formula printed and a caret under character ``start``."""
    flat = re.sub(r"\s", " ", formula)
    raise SpecificationError(Problem(f"{what}\n    {flat}\n    {' ' * start}^", "formula", hint))


def tokenize(formula: str) -> tuple[Token, ...]:
    """Tokens of a formula, closed by one of kind "end". Raises SpecificationError at a foreign character."""
    tokens: list[Token] = []
    position = 0
    while position < len(formula):
        match = _TOKEN.match(formula, position)
        if match is None:
            fail(formula, position, f"the character '{formula[position]}' has no meaning in a formula")
        kind = str(match.lastgroup)
        text = "^" if match.group() == "**" else match.group()
        if kind != "space":
            tokens.append(Token(kind, text.strip("`"), position))
        position = match.end()
    return (*tokens, Token("end", "", len(formula)))


class Cursor:
    """Reads the tokens of ``formula`` one after the other."""

    def __init__(self, formula: str) -> None:
        """Cut ``formula`` into tokens and stand before the first."""
        self.formula = formula
        self._tokens = tokenize(formula)
        self._index = 0

    @property
    def here(self) -> Token:
        """The token that is read next."""
        return self._tokens[self._index]

    @property
    def rest(self) -> Sequence[Token]:
        """The tokens not read yet."""
        return self._tokens[self._index :]

    def at(self, *operators: str) -> bool:
        """Whether one of these operators is read next."""
        return self.here.kind == "operator" and self.here.text in operators

    def take(self) -> Token:
        """Read one token."""
        token = self.here
        self._index = min(self._index + 1, len(self._tokens) - 1)
        return token

    def expect(self, operator: str, what: str) -> Token:
        """Read this operator, or fail saying ``what`` was expected."""
        return self.take() if self.at(operator) else self.fail(what)

    def fail(self, what: str, hint: str = "") -> NoReturn:
        """Raise SpecificationError at the token that is read next."""
        found = f"'{self.here.text}'" if self.here.kind != "end" else "the end"
        fail(self.formula, self.here.start, f"{what}, found {found}", hint)
