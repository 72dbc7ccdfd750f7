"""Rows of a fitted model, found by what they mean and not by how they are written."""

from __future__ import annotations

import re

from analysis.sem import Estimate

Key = tuple[str, str, str]
_OPERATOR = re.compile(r"\s*(=~|~~|:=|~1|~)\s*")


def key(lhs: str, op: str, rhs: str) -> Key:
    """A parameter whichever side of ``~~`` its variables are on; a defined effect whatever its formula."""
    if op == ":=":
        return lhs, op, ""
    if op == "~~" and lhs > rhs:
        return rhs, op, lhs
    return lhs, op, rhs


def key_of(row: Estimate) -> Key:
    """The key of a row of the solution."""
    return key(row.lhs, row.op, row.rhs)


def parse_key(name: str) -> Key | None:
    """The key of a parameter named as in a model, ``y ~ x``; None where no operator is found."""
    parts = _OPERATOR.split(name.strip(), maxsplit=1)
    return key(parts[0], parts[1], parts[2]) if len(parts) == 3 else None


def written(lhs: str, op: str, rhs: str) -> str:
    """A parameter as a model would write it."""
    return f"{lhs} ~1" if op == "~1" else f"{lhs} {op} {rhs}"
