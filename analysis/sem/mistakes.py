"""What users of lavaan, Mplus and R write by mistake in a model, and what they meant."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from types import MappingProxyType

from analysis.sem.tokens import FORMS, StatementError, Token

_CHOICE = "=~ measures a factor, ~ is a regression, ~~ a covariance, == a constraint, := a definition"

# What looks like an operator and is none, with what was meant.
_MISSPELT: Mapping[str, str] = MappingProxyType(
    {
        "<->": f"did you mean '~~'? A covariance is written {FORMS['~~']}",
        "->": "did you mean '~'? Instead of x -> y write y ~ x",
        "<-": "did you mean '~'? Instead of y <- x write y ~ x",
        "=-": f"did you mean '=~'? Write {FORMS['=~']}",
        "~=": f"did you mean '=~'? Write {FORMS['=~']}",
        "=~~": f"did you mean '=~' or '~~'? Write {FORMS['=~']}, or {FORMS['~~']}",
        "~~~": f"did you mean '~~'? Write {FORMS['~~']}",
        "===": f"did you mean '=='? Write {FORMS['==']}",
        "=>": f"did you mean '>'? Write {FORMS['>']}",
        ">=": f"did you mean '>'? Write {FORMS['>']}; it allows the bound itself",
        "=<": f"did you mean '<'? Write {FORMS['<']}",
        "<=": f"did you mean '<'? Write {FORMS['<']}; it allows the bound itself",
    }
)
# An arrow is followed by a blank: "a <-1" is the constraint that a is below -1.
_MISSPELT_PATTERN = re.compile(r"<->|->|<-(?=\s)|=-|~=|=~~|~~~|===|=>|>=|=<|<=")

# Characters of word processors and other scripts, with the ASCII that was meant.
_LOOKALIKES: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys("\u2212\u2010\u2011\u2012\u2013\u2014\u2015\ufe63\uff0d", "-"),
        **dict.fromkeys("\u223c\uff5e\u02dc\u301c", "~"),
        **dict.fromkeys("\u201c\u201d\u201e\u00ab\u00bb", '"'),
        **dict.fromkeys("\u2018\u2019\u201a\u0060\u00b4", "'"),
        **dict.fromkeys("\u00d7\u2217\u00b7\u22c5", "*"),
        "\uff1d": "=",
        "\uff0b": "+",
        "\uff0c": ",",
        "\u2192": "~",
        "\u2190": "~",
        "\u2194": "~~",
        "\u2264": "<",
        "\u2265": ">",
        "\u00a0": "a blank",
        "\ufeff": "nothing",
    }
)
_MPLUS = MappingProxyType({"by": "=~", "on": "~", "with": "~~"})


def require_no_mistake(tokens: Sequence[Token], text: str) -> None:
    """Raise StatementError for the first of the known mistakes in a statement of ``text``, else do nothing."""
    for i, token in enumerate(tokens):
        before = tokens[i - 1] if i else None
        if token.kind == "bad":
            raise _bad_character(token)
        if token.kind in {"operator", "sign"}:
            _require_operator(token, text)
        if before is not None:
            _require_apart(before, token)
    _require_closed(tokens)
    _require_decimal_points(tokens)
    if not any(token.kind == "operator" for token in tokens):
        raise _no_operator(tokens)


def _bad_character(token: Token) -> StatementError:
    if token.text in _LOOKALIKES:
        meant = _LOOKALIKES[token.text]
        shown = meant if len(meant) > 2 else f"'{meant}'"
        what = f"'{token.text}' (U+{ord(token.text):04X}) comes from a word processor, not from the keyboard"
        return StatementError(token.start, what, f"write {shown}")
    if token.text in "\"'":
        return StatementError(
            token.start, "this quotation mark is never closed", f"close it: {token.text}a{token.text}*x"
        )
    return StatementError(token.start, f"'{token.text}' has no meaning here", "remove it")


def _require_operator(token: Token, text: str) -> None:
    if match := _MISSPELT_PATTERN.match(text, token.start):
        raise StatementError(token.start, f"'{match.group()}' is no operator", _MISSPELT[match.group()])
    if token.text == "=":
        hint = f"did you mean '=~', '~' or '=='? {_CHOICE}"
        raise StatementError(token.start, "'=' alone is no operator", hint)


def _require_apart(before: Token, token: Token) -> None:
    """Two words side by side: a name that starts with a digit, or a sign missing between them."""
    if before.kind == "number" and token.kind == "name" and before.end == token.start:
        whole = before.text + token.text
        what = f"'{whole}' begins with a digit: names and labels begin with a letter"
        raise StatementError(before.start, what, f"rename it, e.g. x{whole}, or write {before.text}*{token.text}")


def _require_closed(tokens: Sequence[Token]) -> None:
    opened: list[Token] = []
    for token in tokens:
        if token.kind == "sign" and token.text == "(":
            opened.append(token)
        elif token.kind == "sign" and token.text == ")":
            if not opened:
                raise StatementError(token.start, "this parenthesis was never opened", "remove it, or open it before")
            opened.pop()
    if opened:
        raise StatementError(opened[-1].start, "this parenthesis is never closed", "write e.g. c(a, b)*x or (a + b)*c")


def _require_decimal_points(tokens: Sequence[Token]) -> None:
    """A comma between two numbers stands for a decimal point, but for the commas of c() and start()."""
    depth = 0
    for i, token in enumerate(tokens):
        depth += (token.text == "(") - (token.text == ")")
        if token.text != "," or token.kind != "sign" or depth:
            continue
        around = [*tokens[max(i - 1, 0) : i], *tokens[i + 1 : i + 2]]
        if [near.kind for near in around] == ["number", "number"]:
            number = f"{around[0].text}.{around[1].text}"
            raise StatementError(token.start, "decimals take a point, not a comma", f"write {number}")
        raise StatementError(token.start, "a comma stands here where none is expected", "join variables by '+'")


def _no_operator(tokens: Sequence[Token]) -> StatementError:
    for i, token in enumerate(tokens[1:], start=1):
        if operator := _MPLUS.get(token.text.lower()):
            form = f"instead of Mplus's {token.text} write {operator}: {FORMS[operator]}"
            return StatementError(token.start, "no operator in this statement", form)
        if token.text == ":" and i == 1:
            return StatementError(token.start, "':' alone is no operator", f"did you mean ':='? {_CHOICE}")
    return StatementError(tokens[0].start, "no operator in this statement", _CHOICE)
