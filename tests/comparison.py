"""Hold a fitted model to a reference of lavaan, number by number."""

from __future__ import annotations

import math

import pytest
from analysis import sem
from tests.references import Case

# Log-likelihoods and chi-squares grow with N and the units, and have no scale of 1.
_ON_THE_SCALE_OF_THE_DATA = {
    "logl", "unrestricted_logl", "aic", "bic", "bic2", "chisq", "chisq_scaled", "baseline_chisq",
    "baseline_chisq_scaled", "cn_05", "cn_01",
}  # fmt: skip


def compare_fit(result: sem.SemResult, case: Case) -> None:
    """Every fit measure within the case's absolute tolerance; one that lavaan leaves undefined says why here."""
    ours = result.fit_measures
    assert set(case.fit) <= set(ours)
    for measure, value in case.fit.items():
        if value is None:
            assert ours[measure] is None
            assert result.undefined[measure]
        else:
            scale = max(1.0, abs(value)) if measure in _ON_THE_SCALE_OF_THE_DATA else 1.0
            assert ours[measure] == pytest.approx(value, abs=case.tolerance["fit"] * scale), measure


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
