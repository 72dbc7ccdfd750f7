"""Hold a fitted model to a reference of lavaan, number by number."""

from __future__ import annotations

import math

import pytest
from analysis import sem
from tests.references import Case


def compare_fit(result: sem.SemResult, case: Case) -> None:
    """Every fit measure within the case's relative tolerance; one that lavaan leaves undefined says why here."""
    ours = result.fit_measures
    assert set(case.fit) <= set(ours)
    for measure, value in case.fit.items():
        if value is None:
            assert ours[measure] is None
            assert result.undefined[measure]
        else:
            assert ours[measure] == pytest.approx(value, rel=case.tolerance["fit"], abs=1e-10), measure


def compare_parameters(result: sem.SemResult, case: Case, column: str) -> None:
    """One column of every parameter within the case's relative tolerance; the two list the same parameters."""
    ours = {_key(row.lhs, row.op, row.rhs, row.group, row.level): row for row in result.estimates}
    theirs = {
        _key(row["lhs"], row["op"], row["rhs"], row["group"], row["level"]): row for row in case.expected["parameters"]
    }
    assert set(ours) == set(theirs)
    tolerance = case.tolerance["se" if column == "se" else "estimates"]
    for key, row in theirs.items():
        value, expected = getattr(ours[key], column), row[column]
        if (column in {"se", "ci_lower", "ci_upper"} and not ours[key].free) or expected is None:
            assert value is None
        else:
            # Limits of an interval are differences: they are compared on the scale of what they are made of.
            scale = max(abs(row["est"]), abs(expected)) if column.startswith("ci") else abs(expected)
            assert math.isclose(value, expected, rel_tol=0, abs_tol=tolerance * max(scale, 1e-6)), key


def _key(lhs: str, op: str, rhs: str, group: object, level: int) -> tuple[str, ...]:
    if op == ":=":
        return (lhs, op)
    pair = sorted((lhs, rhs)) if op == "~~" else (lhs, rhs)
    return (op, *pair, "" if group is None else str(group), str(level))
