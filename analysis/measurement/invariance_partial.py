"""What may be let go where a rung does not hold, and which of it the score tests point to."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from analysis.measurement.invariance_ladder import Measured, Rung
from analysis.sem.partable import ParameterTable
from analysis.sem.score_tests import Release, ReleaseTest, release_tests
from analysis.sem.solution import Solution

MIN_ITEMS = 2
# Intercept and scale of a latent response are told apart by two thresholds that groups share.
_MIN_THRESHOLDS = 2


def best_release(
    solution: Solution, measured: Measured, rung: Rung, released: Collection[str]
) -> tuple[ReleaseTest, int] | None:
    """The release with the largest score test, and out of how many; None where none is allowed."""
    candidates = [name for name in _candidates(measured, rung) if _allowed(name, measured, released)]
    releases = [release_of(name, solution.table, measured) for name in candidates]
    tests = [test for test in release_tests(solution, releases) if test.df] if releases else []
    return (max(tests, key=lambda test: test.x2), len(tests)) if tests else None


def item_of(name: str) -> str:
    """The item that a parameter, as it is written, belongs to."""
    left, _, right = name.partition(" =~ ")
    return right or left.split(" ")[0]


def _candidates(measured: Measured, rung: Rung) -> Iterator[str]:
    """The parameters that were made equal at the rung; whole items where their kinds cannot be told apart."""
    if rung.whole_items:
        yield from measured.items
        return
    for kind in rung.new:
        for item in measured.items:
            if kind == "loadings":
                yield from (f"{factor} =~ {item}" for factor in measured.factors_of(item))
            elif kind == "thresholds":
                yield from (f"{item} | t{k + 1}" for k in range(measured.thresholds.get(item, 0)))
            else:
                yield f"{item} ~ 1" if kind == "intercepts" else f"{item} ~~ {item}"


def _allowed(name: str, measured: Measured, released: Collection[str]) -> bool:
    """Not let go already, with two thresholds of the item and two items of the construct left that all groups share."""
    item = item_of(name)
    if name in released or item in released:
        return False
    if " | " in name:
        gone = sum(other.startswith(f"{item} | ") for other in released)
        if measured.thresholds[item] - gone <= _MIN_THRESHOLDS:
            return False
    varying = {*(item_of(other) for other in released), item}
    return item in {item_of(other) for other in released} or all(
        len([member for member in measured.factors[factor] if member not in varying]) >= MIN_ITEMS
        for factor in measured.factors_of(item)
    )


def release_of(name: str, table: ParameterTable, measured: Measured) -> Release:
    """The rows and constraints that a release concerns."""
    item = item_of(name)
    if name in measured.items:
        rows = [i for i, row in enumerate(table.parameters) if _is_of_item(row.lhs, row.op, row.rhs, name)]
    else:
        rows = [i for i, row in enumerate(table.parameters) if row.name == name]
    # What is fixed in the first group gives the others their origin and unit.
    rows = [i for i in rows if table.parameters[i].free or table.parameters[i].group > 0]
    constraints: tuple[str, ...] = ()
    if item in measured.thresholds and name == f"{item} ~~ {item}":
        rows = []
        mark = f"inv.d{list(measured.thresholds).index(item)}."
        constraints = tuple(relation.name for relation in table.constraints if mark in relation.name)
    return Release(name, tuple(rows), constraints)


def _is_of_item(lhs: str, op: str, rhs: str, item: str) -> bool:
    return (op == "=~" and rhs == item) or (op in {"|", "~1"} and lhs == item)
