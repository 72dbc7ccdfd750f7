"""Equivalent models: other readings of the structural part that no data can tell from the model.

Two replacements keep every implied covariance (the replacing rules of Stelzl 1986, Multivariate Behavioral Research
21(3), 309-331, and Lee & Hershberger 1990, Multivariate Behavioral Research 25(3), 313-334). A path from a cause to an
effect may give way to a covariance of their residuals, and the other way round, where all that predicts the cause
predicts the effect too and the cause's residual covaries with no other. Twice in a row, with the roles exchanged, they
reverse the path. Exogenous variables that all covary count as predicted by each other.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Unpack

import pandas as pd

from analysis.errors import SmartCityError
from analysis.sem.defaults import roles_of
from analysis.sem.estimate import FitOptions, estimate
from analysis.sem.format import format_model
from analysis.sem.modifiers import Modifier
from analysis.sem.parameter import Parameter
from analysis.sem.partable import ParameterTable, build_table
from analysis.sem.syntax import ParsedModel, Statement, parse_model

MAXIMUM = 20
_SAME = 1e-4

Pair = frozenset[str]


@dataclass(frozen=True, slots=True)
class Replacement:
    """An equivalent model in lavaan syntax, without definitions: ``by`` stands in it in the place of ``replaced``."""

    replaced: str
    by: str
    model: str


@dataclass(frozen=True, slots=True)
class _Graph:
    """The structural part: ``parents`` of each variable, pairs whose residuals ``covary``, and the ``exogenous``
    variables, empty unless all of them covary freely. ``free`` are paths (effect, cause), pairs and single variables,
    for their variance, that nothing fixes, ties or constrains.
    """

    parents: dict[str, frozenset[str]]
    covary: frozenset[Pair]
    exogenous: frozenset[str]
    free: frozenset[tuple[str, str] | Pair]
    latent: frozenset[str]

    def predictors(self, name: str) -> frozenset[str]:
        """What predicts a variable."""
        return self.exogenous - {name} if name in self.exogenous else self.parents[name]

    def spouses(self, name: str) -> frozenset[str]:
        """Variables whose residuals covary with this one's, but for those among exogenous variables."""
        pairs = (pair for pair in self.covary if name in pair and not pair <= self.exogenous)
        return frozenset(other for pair in pairs for other in pair if other != name)

    def leads_to(self, start: str, end: str) -> bool:
        """Whether directed paths lead from ``start`` to ``end``."""
        return start in self.parents[end] or any(self.leads_to(start, middle) for middle in self.parents[end])


def equivalent_models(text: str) -> tuple[Replacement, ...]:
    """Models that one replacement, or one reversal, makes of lavaan syntax; from each the rules lead on to others.

    At most ``MAXIMUM``, reversals first. None for a model whose paths go round in a circle.
    """
    parsed = parse_model(text)
    table = build_table(parsed)
    graph = _graph(parsed, table)
    if _has_circle(graph):
        return ()
    made = [*_reversals(parsed, graph), *_covariances(parsed, graph), *_paths(parsed, graph)]
    return tuple(made[:MAXIMUM])


def refit(
    text: str, replacements: Sequence[Replacement], data: pd.DataFrame, **options: Unpack[FitOptions]
) -> pd.DataFrame:
    """Fit the model and those of its ``replacements``: replaced, by, chisq, df, base_chisq, equivalent, note, syntax.

    ``equivalent`` says whether chi-square and degrees of freedom are those of the model, as they must be.
    """
    base = estimate(text, data, name="base", **options)
    rows = [_refitted(found, base.test.chisq, base.df, data, options) for found in replacements]
    columns = ["replaced", "by", "chisq", "df", "base_chisq", "equivalent", "note", "syntax"]
    return pd.DataFrame(rows, columns=columns).astype({"chisq": float, "df": float, "base_chisq": float})


def _refitted(found: Replacement, chisq: float, df: int, data: pd.DataFrame, options: FitOptions) -> dict[str, object]:
    head = {"replaced": found.replaced, "by": found.by, "base_chisq": chisq, "syntax": found.model}
    try:
        solution = estimate(found.model, data, name="equivalent", **options)
    except SmartCityError as error:
        return {**head, "chisq": None, "df": None, "equivalent": False, "note": error.problems[0].what}
    same = solution.df == df and abs(solution.test.chisq - chisq) < _SAME * (1 + chisq)
    return {**head, "chisq": solution.test.chisq, "df": solution.df, "equivalent": same, "note": ""}


def _graph(parsed: ParsedModel, table: ParameterTable) -> _Graph:
    roles = roles_of(parsed.statements)
    names = [name for name in (*roles.latent, *roles.outcomes, *roles.predictors) if name != "1"]
    paths = [row for row in table.parameters if row.op == "~" and not _is_zero(row)]
    # What is measured by a construct is predicted by it, also where it is a construct itself.
    directed = [(row.lhs, row.rhs) for row in paths] + [(s.rhs, s.lhs) for s in parsed.statements if s.op == "=~"]
    pairs = [
        row
        for row in table.parameters
        if row.op == "~~" and row.lhs != row.rhs and {row.lhs, row.rhs} <= set(names) and not _is_zero(row)
    ]
    parents = {name: frozenset(cause for effect, cause in directed if effect == name) for name in names}
    covary = frozenset(frozenset((row.lhs, row.rhs)) for row in pairs)
    sources = [name for name in dict.fromkeys(names) if not parents[name]]
    variances = [row for row in table.parameters if row.is_variance and row.lhs in names]
    free_paths = {(row.lhs, row.rhs) for row in paths if _is_free(row, table)}
    free_pairs = {frozenset((row.lhs, row.rhs)) for row in (*pairs, *variances) if _is_free(row, table)}
    saturated = all(frozenset(pair) in free_pairs for pair in combinations(sources, 2))
    exogenous, free = frozenset(sources if saturated else ()), frozenset(free_paths | free_pairs)
    return _Graph(parents, covary, exogenous, free, frozenset(roles.latent))


def _is_zero(row: Parameter) -> bool:
    return not row.free and row.fixed == 0


def _is_free(row: Parameter, table: ParameterTable) -> bool:
    """Whether a parameter may take any value: not fixed, tied to another, or held by a constraint."""
    tied = sum(other.free == row.free for other in table.parameters) > 1
    held = any(row.label and row.label in c.expression.names for c in table.constraints)
    return bool(row.free) and not tied and not held


def _has_circle(graph: _Graph) -> bool:
    """Whether taking out variables that nothing left predicts stops before all are out."""
    left = dict(graph.parents)
    while free := [name for name, parents in left.items() if not parents & set(left)]:
        for name in free:
            del left[name]
    return bool(left)


def _may_exchange(graph: _Graph, cause: str, effect: str) -> bool:
    """Whether a path from cause to effect and a covariance of their residuals imply the same.

    The effect's paths from the predictors of the cause, and both residual variances, take up what changes.
    """
    known = cause in graph.exogenous or bool(graph.parents[cause])
    alone = graph.spouses(cause) <= {effect}
    absorbing = [(effect, name) for name in graph.predictors(cause) - {effect}]
    return known and alone and {*absorbing, frozenset({cause}), frozenset({effect})} <= graph.free


def _covariances(parsed: ParsedModel, graph: _Graph) -> Iterator[Replacement]:
    """A path gives way to a covariance of residuals."""
    for effect, cause in _movable_paths(parsed, graph):
        if _may_exchange(graph, cause, effect) and effect not in graph.predictors(cause):
            covary = graph.covary | {frozenset((cause, effect))}
            model = _written(parsed, [(effect, cause)], [], covary)
            yield Replacement(f"{effect} ~ {cause}", f"{cause} ~~ {effect}", model)


def _paths(parsed: ParsedModel, graph: _Graph) -> Iterator[Replacement]:
    """A covariance of residuals gives way to a path, in either direction that closes no circle."""
    for pair in sorted(graph.covary & graph.free, key=sorted):
        if pair <= graph.exogenous or not pair <= graph.latent:
            continue
        for cause, effect in (sorted(pair), sorted(pair, reverse=True)):
            if _may_exchange(graph, cause, effect) and not graph.leads_to(effect, cause):
                model = _written(parsed, [], [(effect, cause)], graph.covary - {pair})
                yield Replacement(" ~~ ".join(sorted(pair)), f"{effect} ~ {cause}", model)


def _reversals(parsed: ParsedModel, graph: _Graph) -> Iterator[Replacement]:
    """A path is turned round where both ends have the same predictors."""
    for effect, cause in _movable_paths(parsed, graph):
        others = graph.parents[effect] - {cause}
        through = any(graph.leads_to(cause, middle) for middle in others)
        same = graph.predictors(cause) == others and not graph.spouses(effect)
        if cause not in graph.exogenous:
            same = same and all((cause, name) in graph.free for name in others)
        if not (_may_exchange(graph, cause, effect) and same) or through:
            continue
        added = [(cause, effect)]
        covary = graph.covary
        if cause in graph.exogenous:  # predicted by the other exogenous variables from now on
            added = [*((cause, other) for other in sorted(graph.exogenous - {cause})), *added]
            covary = frozenset(pair for pair in covary if cause not in pair)
        model = _written(parsed, [(effect, cause)], added, covary)
        yield Replacement(f"{effect} ~ {cause}", f"{cause} ~ {effect}", model)


def _movable_paths(parsed: ParsedModel, graph: _Graph) -> Iterator[tuple[str, str]]:
    """Paths that may be replaced, as (effect, cause), in the order of the model."""
    for statement in parsed.statements:
        path = (statement.lhs, statement.rhs)
        if statement.op == "~" and path in graph.free and graph.latent.issuperset(path):
            yield path


def _written(
    parsed: ParsedModel,
    removed: Sequence[tuple[str, str]],
    added: Sequence[tuple[str, str]],
    covary: frozenset[Pair],
) -> str:
    """The model with paths (effect, cause) removed and added, and exactly ``covary`` as covariances of residuals."""
    structural = {name for pair in covary for name in pair} | {s.lhs for s in parsed.statements if s.op == "=~"}
    kept = [
        s
        for s in parsed.statements
        if not (s.op == "~" and (s.lhs, s.rhs) in removed)
        and not (s.op == "~~" and s.lhs != s.rhs and {s.lhs, s.rhs} <= structural and {s.lhs, s.rhs} not in covary)
    ]
    statements = [*kept, *(Statement(effect, "~", cause) for effect, cause in added)]
    constraints = tuple(relation for relation in parsed.relations if relation.op != ":=")
    model = replace(parsed, statements=tuple(statements), relations=constraints)
    found = {
        frozenset((row.lhs, row.rhs))
        for row in build_table(model).parameters
        if row.op == "~~" and row.lhs != row.rhs and {row.lhs, row.rhs} <= structural and not _is_zero(row)
    }
    zero = (Modifier("fixed", (0.0,)),)
    lacking = [Statement(a, "~~", b) for a, b in sorted(map(sorted, covary - found))]
    barred = [Statement(a, "~~", b, zero) for a, b in sorted(map(sorted, found - covary))]
    return format_model(replace(model, statements=(*model.statements, *lacking, *barred)))
