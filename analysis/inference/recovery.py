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


@dataclass(frozen=True, slots=True)
class Recovery:
    """Parameters that model and population share. ``unmatched`` names free parameters without population value."""

    rows: tuple[RecoveredParameter, ...]
    unmatched: tuple[str, ...]

    @property
    def table(self) -> pd.DataFrame:
        """One row per parameter: lhs, op, rhs, population, est, se, ci_lower, ci_upper, covered."""
        names = [field.name for field in fields(RecoveredParameter)]
        frame = pd.DataFrame([asdict(row) for row in self.rows], columns=names)
        return frame.astype(dict.fromkeys(["se", "ci_lower", "ci_upper"], float))

    @property
    def coverage(self) -> float:
        """Share of parameters whose interval holds the population value: near 0.95 when all is well."""
        return sum(row.covered for row in self.rows) / len(self.rows)


def recover(result: SemResult, population: pd.DataFrame) -> Recovery:
    """Set the estimates of ``result`` beside the ``population`` (columns lhs, op, rhs, value).

    Rows are matched by name, covariances in either order, defined effects by their name alone. Raises ModelError
    when nothing matches.
    """
    values = {
        key(str(row.lhs), str(row.op), str(row.rhs)): float(row.value)  # type: ignore[arg-type]
        for row in population.itertuples()
    }
    rows, unmatched = [], []
    for row in result.estimates:
        if not row.free and row.op != ":=":
            continue
        value = values.get(key_of(row))
        if value is None:
            unmatched.append(f"{row.lhs} {row.op} {row.rhs}".strip())
            continue
        covered = row.ci_lower is not None and row.ci_upper is not None and row.ci_lower <= value <= row.ci_upper
        rows.append(
            RecoveredParameter(row.lhs, row.op, row.rhs, value, row.est, row.se, row.ci_lower, row.ci_upper, covered)
        )
    if not rows:
        hint = "write the population in the names of the model"
        raise ModelError(Problem("model and population share no parameter", "population", hint))
    return Recovery(tuple(rows), tuple(unmatched))
