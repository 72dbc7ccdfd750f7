"""False alarms and power of ``smartcity review``: ``python -m tests.benchmarks.review_tables [TABLES [CHANGES]]``.

Tables are printed from fitted models (10,000 unless said), rounded at 2 or 3 decimals; then one digit of one cell is
changed (2,000 times unless said).
"""

from __future__ import annotations

import argparse

from tests.review.one_digit import measure, review_text
from tests.review.published_tables import GENERATORS, generate


def main() -> None:
    """Print the number of tables with an inconsistent verdict, and the share of changed digits found, by check."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.review_tables", description=__doc__)
    parser.add_argument("tables", type=int, nargs="?", default=10_000)
    parser.add_argument("changes", type=int, nargs="?", default=2_000)
    options = parser.parse_args()
    alarms, cells = 0, 0
    for number in range(options.tables):
        kind, seed = list(GENERATORS)[number % len(GENERATORS)], 10_000 + number // len(GENERATORS)
        outcome = review_text(generate(seed, kind))
        alarms, cells = alarms + (not outcome.consistent), cells + len(outcome.verdicts)
        for finding in outcome.inconsistent:
            print(f"false alarm: {kind}, seed {seed}: {finding.check}, {finding.cell.column} {finding.cell.text}")
    print(f"{options.tables} tables, {cells} cells judged, {alarms} tables with an inconsistent verdict")
    power = measure(options.changes, first_seed=50_000)
    print(f"{options.changes} changed digits, {power.share:.1%} found; the others: {dict(power.missed)}")
    print("| check | cells changed that it judges | found by it | found by it on another cell |\n|---|---|---|---|")
    for name in sorted({*power.concerned, *power.elsewhere}):
        tried = power.concerned[name]
        share = f"{power.caught[name] / tried:.0%}" if tried else "–"
        print(f"| {name} | {tried} | {share} | {power.elsewhere[name]} |")


if __name__ == "__main__":
    main()
