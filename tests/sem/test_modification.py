"""Modification indices against lavaan, and against refits with the parameter set free."""

from __future__ import annotations

import json

import pytest
from analysis import sem, stored
from analysis.sem.estimate import estimate
from analysis.sem.modification import modification_indices, tidy
from analysis.sem.result import ModificationIndex
from tests.references import load_case
from tests.sem.lavaan_cases import cases_with, key, solved
from tests.sem.models import THREE_FACTORS, simulated

CASES = cases_with("modindices")


def test_there_are_cases() -> None:
    assert len(CASES) >= 5


@pytest.mark.parametrize("name", CASES)
def test_same_parameters_as_lavaan(name: str) -> None:
    """But for moments of fixed covariates and paths to them, which lavaan lists with indices of zero."""
    exogenous = solved(name).table.exogenous
    theirs = [row for row in load_case(name).expected["modindices"] if row["lhs"] not in exogenous]
    assert set(_ours(name)) == {key(row["lhs"], row["op"], row["rhs"], row["group"]) for row in theirs}


@pytest.mark.parametrize("column", ["mi", "epc", "sepc_lv", "sepc_all"])
@pytest.mark.parametrize("name", CASES)
def test_modification_indices_equal_lavaan(name: str, column: str) -> None:
    case, ours = load_case(name), _ours(name)
    for row in case.expected["modindices"]:
        if row["lhs"] not in solved(name).table.exogenous:
            value = getattr(ours[key(row["lhs"], row["op"], row["rhs"], row["group"])], column)
            size = max(abs(row[column]), 0.1)
            assert value == pytest.approx(row[column], abs=case.tolerance["estimates"] * size), row


@pytest.mark.parametrize(
    ("added", "lhs", "rhs"), [("f1 =~ x4", "f1", "x4"), ("x1 ~~ x4", "x1", "x4"), ("x5 ~~ x6", "x5", "x6")]
)
def test_index_is_close_to_what_a_refit_gains(added: str, lhs: str, rhs: str) -> None:
    """Score and likelihood-ratio test agree to a few per cent for a parameter that is missing by little."""
    data = simulated(4000, 5)
    data["x4"] += 0.06 * data["x1"]
    before, after = estimate(THREE_FACTORS, data), estimate(f"{THREE_FACTORS}\n{added}", data)
    (index,) = [i for i in modification_indices(before) if (i.lhs, i.rhs) == (lhs, rhs)]
    gain = before.test.chisq - after.test.chisq
    assert index.mi == pytest.approx(gain, rel=0.08, abs=0.05)
    (row,) = [i for i, r in enumerate(after.table.parameters) if (r.lhs, r.rhs) == (lhs, rhs)]
    assert index.epc == pytest.approx(after.values[row], rel=0.12, abs=0.01)


def test_markers_and_unit_variances_have_no_index() -> None:
    found = modification_indices(estimate("f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6", simulated(200, 6)))
    assert not [index for index in found if (index.op, index.rhs) in {("=~", "x1"), ("=~", "x4")} and index.mi == 0]
    assert ("f1", "x1") not in {(index.lhs, index.rhs) for index in found}


def test_frame_has_the_largest_first() -> None:
    frame = tidy(modification_indices(estimate("f =~ x1 + x2 + x4 + x5 + x6", simulated(300, 7))))
    assert frame["mi"].is_monotonic_decreasing
    assert list(frame.columns[:5]) == ["lhs", "op", "rhs", "group", "mi"]


def _ours(name: str) -> dict[tuple[str | None, ...], ModificationIndex]:
    return {key(i.lhs, i.op, i.rhs, i.group): i for i in modification_indices(solved(name))}


def test_indices_are_part_of_the_result_on_request() -> None:
    data = simulated(300, 7)
    result = sem.fit("f =~ x1 + x2 + x4 + x5", data, modindices=True)
    shown = json.loads(result.to_json())["modindices"]
    assert {"lhs", "op", "rhs", "mi", "epc", "sepc_all"} <= set(shown[0])
    assert [row["mi"] for row in shown] == sorted((row["mi"] for row in shown), reverse=True)
    assert stored.load(sem.SemResult, stored.dump(result)).modindices == result.modindices
    assert "modindices" not in json.loads(sem.fit("f =~ x1 + x2 + x4 + x5", data).to_json())
