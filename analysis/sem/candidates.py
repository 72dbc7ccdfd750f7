"""Parameters a model could have and does not: fixed ones, and those that its variables would allow.

The absent ones are lavaan's: loadings of every item on every latent variable, residual covariances of items,
(co)variances of latent variables, regressions among the variables of regressions, and intercepts.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations_with_replacement

from analysis.sem.parameter import Parameter
from analysis.sem.partable import ParameterTable


def candidates(table: ParameterTable) -> tuple[Parameter, ...]:
    """Absent parameters of every group, fixed to zero; moments of fixed covariates are none of them."""
    found: list[Parameter] = []
    for group in range(len(table.groups)):
        rows = [row for row in table.parameters if row.group == group]
        present = {_key(row.lhs, row.op, row.rhs) for row in rows}
        for lhs, op, rhs in _possible(table, rows):
            if (key := _key(lhs, op, rhs)) not in present:
                present.add(key)
                found.append(Parameter(lhs, op, rhs, user=False, fixed=0.0, group=group))
    return tuple(found)


def _possible(table: ParameterTable, rows: list[Parameter]) -> Iterator[tuple[str, str, str]]:
    """All parameters that the variables of one group allow, in lavaan's order."""
    paths = [row for row in rows if row.op == "~"]
    regressed = list(dict.fromkeys([*(row.lhs for row in paths), *(row.rhs for row in paths)]))
    items = {row.rhs for row in rows if row.op == "=~"}
    responses = [name for name in table.observed if name not in table.exogenous]
    for latent in table.latent:
        yield from ((latent, "=~", name) for name in responses if name not in regressed)
    yield from ((a, "~~", b) for a, b in combinations_with_replacement(responses, 2) if {a, b} <= items)
    yield from ((a, "~~", b) for a, b in combinations_with_replacement(table.latent, 2))
    for outcome in regressed:
        for predictor in regressed:
            is_loading = outcome in items and outcome in table.observed and predictor in table.latent
            if outcome != predictor and outcome not in table.exogenous and not is_loading:
                yield (outcome, "~", predictor)
    if table.meanstructure:
        yield from ((name, "~1", "") for name in (*responses, *table.latent))


def _key(lhs: str, op: str, rhs: str) -> tuple[str, ...]:
    return (op, *sorted((lhs, rhs))) if op == "~~" else (op, lhs, rhs)
