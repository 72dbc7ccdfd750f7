"""Model syntax cut into tokens, and tokens into statements, with the place of everything."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from analysis.errors import Problem

FORMS = {
    "=~": "factor =~ item1 + item2",
    "<~": "composite <~ item1 + item2",
    "~": "outcome ~ predictor1 + predictor2",
    "~~": "variable1 ~~ variable2",
    "|": "item | t1 + t2",
    "~*~": "item ~*~ item",
    ":=": "name := expression of labels",
    "==": "label1 == label2",
    "<": "label < 1",
    ">": "label > 0",
}


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the syntax and its offset in the whole text."""

    kind: str
    text: str
    start: int

    @property
    def end(self) -> int:
        """Offset behind the last character."""
        return self.start + len(self.text)


_TOKENS = re.compile(
    r"""(?P<space>[ \t\r]+)
      | (?P<comment>[\#!][^\n]*)
      | (?P<newline>[\n;])
      | (?P<string>"[^"\n]*"|'[^'\n]*')
      | (?P<operator>=~|<~|~\*~|~~|:=|==|[~|<>])
      | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
      | (?P<name>[^\W\d][\w.]*(?::[^\W\d][\w.]*)?|\.[^\W\d][\w.]*)
      | (?P<sign>[-+*?(),:/^=])
      | (?P<bad>.)""",
    re.VERBOSE,
)


class StatementError(Exception):
    """A mistake in one statement: its offset in the text, what is wrong, and what to write."""

    def __init__(self, offset: int, what: str, hint: str) -> None:
        super().__init__(what)
        self.offset, self.what, self.hint = offset, what, hint


@dataclass(slots=True)
class Reader:
    """The text of a model, with the problems found so far."""

    text: str
    filename: str
    problems: list[Problem] = field(default_factory=list)

    def where(self, offset: int) -> tuple[int, int]:
        """Line and column of an offset, both from 1."""
        before = self.text[:offset]
        return before.count("\n") + 1, offset - (before.rfind("\n") + 1) + 1

    def report(self, error: StatementError) -> None:
        """Note a mistake with its place, its line, and a caret under it."""
        line, column = self.where(error.offset)
        shown = self.text.split("\n")[line - 1].rstrip()
        # Tabs before the caret stay tabs, so that it stands under the mistake.
        pointer = re.sub(r"[^\t]", " ", shown[: column - 1]) + "^"
        what = f"{error.what}\n    {shown}\n    {pointer}"
        self.problems.append(Problem(what, f"{self.filename}:{line}:{column}", error.hint))


def split_statements(text: str) -> Iterator[list[Token]]:
    """Cut the text into statements: a line goes on where it ends, or the next begins, in the middle of one.

    A line that begins with a name and an operator is a statement of its own, whatever the line before left open.
    """
    current: list[Token] = []
    depth = 0
    new_line = False
    tokens = [
        Token(str(match.lastgroup), match.group(), match.start())
        for match in _TOKENS.finditer(text)
        if match.lastgroup not in {"space", "comment"}
    ]
    for i, token in enumerate(tokens):
        if token.kind == "newline":
            if token.text == ";" and current:
                yield current
                current, depth = [], 0
            new_line = bool(current)
            continue
        if new_line and not _continues(token, tokens[i + 1 : i + 2], current, depth):
            yield current
            current, depth = [], 0
        new_line = False
        depth = max(0, depth + (token.text == "(") - (token.text == ")"))
        current.append(token)
    if current:
        yield current


def _continues(token: Token, after: list[Token], before: list[Token], depth: int) -> bool:
    """Whether a line that begins with ``token`` belongs to the statement before it."""
    has_operator = any(earlier.kind == "operator" for earlier in before)
    if has_operator and token.kind == "name" and after and after[0].kind == "operator":
        return False
    if token.kind == "operator":
        return not has_operator
    return depth > 0 or _is_open(before) or (token.kind == "sign" and token.text in "+*?")


def _is_open(tokens: list[Token]) -> bool:
    """Whether the statement so far ends in an operator or sign that asks for more."""
    return tokens[-1].kind == "operator" or (tokens[-1].kind == "sign" and tokens[-1].text in "+-*?/^,(")
