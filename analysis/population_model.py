"""The population model of a simulated study: lavaan syntax in which every parameter is fixed, read as numbers."""

from __future__ import annotations

import pandas as pd

from analysis.errors import ModelError, Problem
from analysis.sem.syntax import Statement, parse_model
from analysis.survey.population import PopulationParameter


def population_parameters(text: str, filename: str = "population.lav") -> tuple[PopulationParameter, ...]:
    """Every parameter with its level. Raises ModelError naming the parameters that have no value or no level."""
    statements = parse_model(text, filename).statements
    problems = [
        Problem(f"{s.lhs} {s.op} {s.rhs} {lack}", f"{filename}:{s.line}", "write e.g. 0.5*x below 'level: 1'")
        for s in statements
        for lack in _lacks(s)
    ]
    if problems:
        raise ModelError(problems)
    return tuple(PopulationParameter(int(s.level or 0), s.lhs, s.op, s.rhs, _value(s) or 0.0) for s in statements)


def comparable_values(parameters: tuple[PopulationParameter, ...]) -> pd.DataFrame:
    """Loadings and paths of level 1 (lhs, op, rhs, value), which a model of one level estimates too.

    Variances add up over levels, and a product with a variable of the commune is no path between constructs:
    neither can be compared.
    """
    rows = [(p.lhs, p.op, p.rhs, p.value) for p in parameters if p.level == 1 and p.op in {"=~", "~"}]
    frame = pd.DataFrame(rows, columns=["lhs", "op", "rhs", "value"])
    return frame[~frame["rhs"].str.contains(":") & (frame["rhs"] != "1")].reset_index(drop=True)


def _value(statement: Statement) -> float | None:
    values = [m.values[0] for m in statement.modifiers if m.kind == "fixed"]
    return float(values[0]) if values and values[0] is not None else None


def _lacks(statement: Statement) -> list[str]:
    lacks = [] if _value(statement) is not None else ["has no value"]
    return lacks if statement.level in {"1", "2"} else [*lacks, "stands outside 'level: 1' and 'level: 2'"]
