"""Blocks of levels in a model's syntax: which statement is of which level, and whether the rest can be estimated."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from analysis.errors import ModelError, Problem
from analysis.sem.syntax import ParsedModel, Statement

LEVELS = ("within", "between")
_FORM = "write the model within clusters below 'level: 1', the one between them below 'level: 2'"
_KNOWN = {"1": 0, "within": 0, "2": 1, "between": 1}


def has_levels(model: ParsedModel) -> bool:
    """Whether any statement stands in a block of a level."""
    return any(statement.level is not None for statement in model.statements)


def statements_of_levels(model: ParsedModel) -> tuple[tuple[Statement, ...], tuple[Statement, ...]]:
    """Statements of level 1 and of level 2.

    Levels are called 1 and 2, or within and between, in any order; other names count in the order they come in, as in
    lavaan. Raises ModelError, with every reason, for other numbers of levels, statements outside of them, groups, and
    operators that two levels are not estimated with.
    """
    labels = tuple(dict.fromkeys(s.level for s in model.statements if s.level is not None))
    if problems := [*_of_labels(model, labels), *_of_statements(model)]:
        raise ModelError(problems)
    place = _KNOWN if set(labels) <= set(_KNOWN) else {label: i for i, label in enumerate(labels)}
    first, second = (
        tuple(s for s in model.statements if s.level is not None and place[s.level] == level) for level in (0, 1)
    )
    return first, second


def _of_labels(model: ParsedModel, labels: Sequence[str]) -> Iterator[Problem]:
    if len(labels) != 2 or len({_KNOWN.get(label, label) for label in labels}) != 2:
        yield Problem(f"two levels are estimated, and the model has: {', '.join(labels)}", model.filename, _FORM)


def _of_statements(model: ParsedModel) -> Iterator[Problem]:
    for statement in model.statements:
        where = f"{model.filename}:{statement.line}"
        written = f"{statement.lhs} {statement.op} {statement.rhs}"
        if statement.level is None:
            yield Problem(f"'{written}' stands outside of both levels", where, _FORM)
        if statement.group is not None:
            yield Problem("groups and levels are not estimated together", where, "fit one group at a time")
        if statement.op not in {"=~", "~", "~~"}:
            yield Problem(f"'{statement.op}' is not estimated in two levels", where, "use =~, ~, ~~, ~ 1 and :=")
        if ":" in statement.rhs:
            hint = "multiply the columns in the data, before the model"
            yield Problem(f"latent products such as {statement.rhs} are not estimated in two levels", where, hint)
        if any(len(modifier.values) > 1 for modifier in statement.modifiers):
            hint = "write the value of each level in its own block"
            yield Problem(f"'{written}' has values for several groups", where, hint)
