"""A path model from lavaan syntax: ``=~`` reflective blocks (mode A), ``<~`` formative ones (mode B), ``~`` paths.

A variable of a regression that no block defines is an item, and a construct of its own. Every mistake comes at once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

import numpy as np

from analysis.errors import ModelError, Problem
from analysis.pls.design import Design
from analysis.sem.expression import Expression, parse_expression
from analysis.sem.syntax import ParsedModel, Statement, parse_model


@dataclass(frozen=True, slots=True)
class PathModel:
    """A design, labels of paths by (outcome, predictor), definitions, and remarks on what PLS leaves aside."""

    name: str
    design: Design
    labels: dict[tuple[str, str], str]
    definitions: tuple[tuple[str, Expression], ...]
    remarks: tuple[str, ...]


def read_model(text: str, name: str = "model") -> PathModel:
    """Read lavaan syntax. Raises SpecificationError for faulty syntax and ModelError for what is no path model."""
    parsed = parse_model(text, name)
    blocks: dict[str, list[str]] = {}
    formative: set[str] = set()
    for statement in parsed.statements:
        if statement.op in {"=~", "<~"}:
            blocks.setdefault(statement.lhs, []).append(statement.rhs)
            formative |= {statement.lhs} if statement.op == "<~" else set()
    paths = [s for s in parsed.statements if s.op == "~" and s.rhs != "1"]
    problems = list(_block_problems(parsed, blocks)) + list(_path_problems(paths, blocks, name))
    for variable in dict.fromkeys(v for s in paths for v in (s.lhs, s.rhs)):
        blocks.setdefault(variable, [variable])
    order, circle = _ordered(list(blocks), paths)
    if circle:
        what = f"the inner model runs in a circle: {' → '.join(circle)}"
        problems.append(Problem(what, name, "PLS estimates recursive models: leave out one of these paths"))
    labels = dict(_labels(paths))
    definitions = tuple((r.lhs, parse_expression(r.rhs)) for r in parsed.relations if r.op == ":=")
    problems += _label_problems(labels, definitions, name)
    if problems:
        raise ModelError(problems)
    return PathModel(name, _design(blocks, formative, order, paths), labels, definitions, tuple(_remarks(parsed)))


def _design(blocks: dict[str, list[str]], formative: set[str], order: list[str], paths: list[Statement]) -> Design:
    items = tuple(item for construct in blocks for item in blocks[construct])
    owner = {item: construct for construct in blocks for item in blocks[construct]}
    place = {construct: j for j, construct in enumerate(order)}
    block = np.array([[owner[item] == construct for construct in order] for item in items])
    path = np.zeros((len(order), len(order)), dtype=bool)
    for statement in paths:
        path[place[statement.lhs], place[statement.rhs]] = True
    return Design(items, tuple(order), block, np.array([construct in formative for construct in order]), path)


def _ordered(constructs: list[str], paths: list[Statement]) -> tuple[list[str], list[str]]:
    """Constructs, exogenous ones first and each after its predictors; and a circle, empty where there is none."""
    before: dict[str, list[str]] = {construct: [] for construct in constructs}
    for statement in paths:
        before[statement.lhs].append(statement.rhs)
    try:
        order = list(TopologicalSorter(before).static_order())
    except CycleError as error:
        return constructs, list(error.args[1])
    return [c for c in constructs if not before[c]] + [c for c in order if before[c]], []


def _block_problems(parsed: ParsedModel, blocks: dict[str, list[str]]) -> Iterator[Problem]:
    owner: dict[str, str] = {}
    for statement in parsed.statements:
        where = f"{parsed.filename}:{statement.line}"
        if statement.level is not None or statement.group is not None:
            yield Problem("PLS has no blocks 'level:' or 'group:'", where, "write one model for all rows")
        if statement.op not in {"=~", "<~"}:
            continue
        if statement.rhs in blocks:
            what = f"'{statement.lhs}' is a construct of the second order: its item '{statement.rhs}' is a construct"
            hint = f"write a path '{statement.rhs} ~ {statement.lhs}', and give '{statement.lhs}' items of its own"
            yield Problem(what, where, hint)
        elif owner.setdefault(statement.rhs, statement.lhs) != statement.lhs:
            what = f"item '{statement.rhs}' is in two constructs, '{owner[statement.rhs]}' and '{statement.lhs}'"
            yield Problem(what, where, "leave it in one of them")
    kinds: dict[str, str] = {}
    for statement in parsed.statements:
        if statement.op in {"=~", "<~"} and kinds.setdefault(statement.lhs, statement.op) != statement.op:
            what = f"construct '{statement.lhs}' is both reflective (=~) and formative (<~)"
            yield Problem(what, f"{parsed.filename}:{statement.line}", "write all its items with one operator")
    for statement in parsed.statements:
        if statement.op in {"|", "~*~"}:
            what = "thresholds and response scales are no part of PLS, which takes answers as numbers"
            yield Problem(what, f"{parsed.filename}:{statement.line}", "leave the line out, or use WLSMV")
    for relation in parsed.relations:
        if relation.op != ":=":
            what = f"the constraint '{relation.lhs} {relation.op} {relation.rhs}' cannot be held by PLS"
            yield Problem(what, f"{parsed.filename}:{relation.line}", "leave it out, or use ML")


def _path_problems(paths: list[Statement], blocks: dict[str, list[str]], name: str) -> Iterator[Problem]:
    if not paths:
        yield Problem("the model has no path between constructs", name, "PLS needs one: write e.g. outcome ~ predictor")
        return
    items = {item: construct for construct, members in blocks.items() for item in members}
    joined = {variable for statement in paths for variable in (statement.lhs, statement.rhs)}
    for variable in sorted(joined & items.keys()):
        what = f"'{variable}' stands in a path, and is an item of construct '{items[variable]}' too"
        yield Problem(what, name, f"write the path of '{items[variable]}', or take the item out of its block")
    for construct in blocks:
        if construct not in joined:
            what = f"construct '{construct}' has no path to another one, and PLS weighs items by their paths"
            yield Problem(what, name, f"add a path, e.g. outcome ~ {construct}, or leave the construct out")
    for statement in paths:
        if any(modifier.kind in {"fixed", "mixed"} for modifier in statement.modifiers):
            what = f"the path '{statement.lhs} ~ {statement.rhs}' is fixed, which PLS cannot do"
            yield Problem(what, f"{name}:{statement.line}", "leave out its value")


def _labels(paths: list[Statement]) -> Iterator[tuple[tuple[str, str], str]]:
    for statement in paths:
        for modifier in statement.modifiers:
            if modifier.kind == "label" and isinstance(modifier.values[0], str):
                yield (statement.lhs, statement.rhs), modifier.values[0]


def _label_problems(
    labels: dict[tuple[str, str], str], definitions: tuple[tuple[str, Expression], ...], name: str
) -> Iterator[Problem]:
    given = list(labels.values())
    for label in sorted({label for label in given if given.count(label) > 1}):
        yield Problem(f"label '{label}' makes two paths equal, which PLS cannot do", name, "give each its own label")
    known = set(given)
    for defined, expression in definitions:
        for missing in [label for label in expression.names if label not in known]:
            yield Problem(f"'{defined}' uses '{missing}', which labels no path", name, f"write e.g. y ~ {missing}*x")
        known.add(defined)


def _remarks(parsed: ParsedModel) -> Iterator[str]:
    if any(s.op == "~~" for s in parsed.statements):
        yield "variances and covariances (~~) of the model are no part of PLS and were left aside"
    if any(s.op == "~" and s.rhs == "1" for s in parsed.statements):
        yield "intercepts of the model are no part of PLS, which standardises, and were left aside"
    if any(s.op in {"=~", "<~"} and any(m.kind in {"fixed", "label"} for m in s.modifiers) for s in parsed.statements):
        yield "values and labels of items were left aside: PLS scales constructs to unit variance"
