"""Whether a fit to simulated responses finds the population that they were drawn from."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields

import pandas as pd

from analysis.errors import ModelError, Problem
from analysis.inference.rows import key, key_of
from analysis.sem import SemResult


@dataclass(frozen=True, slots=True)
class RecoveredParameter:
    """A free parameter or defined effect with its population value; ``covered``: the 95 % interval holds it."""

    lhs: str
    op: str
    rhs: str
    population: float
    est: float
    se: float | None
    ci_lower: float | None
    ci_upper: float | None
    covered: bool


def recover(result: SemResult, population: pd.DataFrame) -> pd.DataFrame:
    """Set the estimates of ``result`` beside the ``population`` (columns lhs, op, rhs, value).

    Free parameters and defined effects, one row each with the columns of RecoveredParameter. Rows are matched by
    name, covariances in either order, defined effects by their name alone; parameters whose population value is
    not given are left out. Raises ModelError when nothing matches.
    """
    values = {
        key(str(row.lhs), str(row.op), str(row.rhs)): float(row.value)  # type: ignore[arg-type]
        for row in population.itertuples()
    }
    rows: list[RecoveredParameter] = []
    for row in result.estimates:
        value = values.get(key_of(row))
        if value is None or not (row.free or row.op == ":="):
            continue
        covered = row.ci_lower is not None and row.ci_upper is not None and row.ci_lower <= value <= row.ci_upper
        rows.append(
            RecoveredParameter(row.lhs, row.op, row.rhs, value, row.est, row.se, row.ci_lower, row.ci_upper, covered)
        )
    if not rows:
        hint = "write the population in the names of the model"
        raise ModelError(Problem("model and population share no parameter", "population", hint))
    frame = pd.DataFrame([asdict(row) for row in rows], columns=[f.name for f in fields(RecoveredParameter)])
    return frame.astype(dict.fromkeys(["se", "ci_lower", "ci_upper"], float))
