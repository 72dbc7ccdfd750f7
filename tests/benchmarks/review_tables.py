"""False alarms and power of ``smartcity review``: ``python -m tests.benchmarks.review_tables [TABLES [CHANGES]]``.

Tables are printed from fitted models (10,000 unless said), rounded at 2 or 3 decimals; then one digit of one cell is
changed (2,000 times unless said).
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from dataclasses import dataclass

from tests.benchmarks.table import Row
from tests.review.one_digit import measure, review_text
from tests.review.published_tables import GENERATORS, generate


@dataclass(frozen=True, slots=True)
class Alarms:
    """False alarms: number of ``tables`` and ``cells`` judged, and each inconsistent verdict in words."""

    tables: int
    cells: int
    found: tuple[str, ...]


def alarms(tables: int) -> Alarms:
    """Review tables that are right by construction, kind by kind."""
    cells = 0
    found = []
    for number in range(tables):
        kind, seed = list(GENERATORS)[number % len(GENERATORS)], 10_000 + number // len(GENERATORS)
        outcome = review_text(generate(seed, kind))
        cells += len(outcome.verdicts)
        found += [f"{kind}, seed {seed}: {f.check}, {f.cell.column} {f.cell.text}" for f in outcome.inconsistent]
    return Alarms(tables, cells, tuple(found))


def rows(tables: int = 3_000, changes: int = 600) -> Iterator[Row]:
    """False alarms and power as lines of the benchmarks."""
    outcome = alarms(tables)
    wrong = len(outcome.found)
    yield Row(f"review, {tables:,} right tables: false alarms", str(wrong), "", None, "0", wrong == 0)
    share = measure(changes, first_seed=50_000).share
    yield Row(f"review, one digit changed {changes:,} times: found", f"{share:.0%}", "", None, ">= 75 %", share >= 0.75)


def main() -> None:
    """Print the number of tables with an inconsistent verdict, and the share of changed digits found, by check."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.review_tables", description=__doc__)
    parser.add_argument("tables", type=int, nargs="?", default=10_000)
    parser.add_argument("changes", type=int, nargs="?", default=2_000)
    options = parser.parse_args()
    outcome = alarms(options.tables)
    for words in outcome.found:
        print(f"false alarm: {words}")
    print(f"{outcome.tables} tables, {outcome.cells} cells judged, {len(outcome.found)} inconsistent verdicts")
    power = measure(options.changes, first_seed=50_000)
    print(f"{options.changes} changed digits, {power.share:.1%} found; the others: {dict(power.missed)}")
    print("| check | cells changed that it judges | found by it | found by it on another cell |\n|---|---|---|---|")
    for name in sorted({*power.concerned, *power.elsewhere}):
        tried = power.concerned[name]
        share = f"{power.caught[name] / tried:.0%}" if tried else "–"
        print(f"| {name} | {tried} | {share} | {power.elsewhere[name]} |")


if __name__ == "__main__":
    main()
