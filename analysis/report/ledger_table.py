"""The table of published numbers beside those of this run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pandas as pd

from analysis.report.rounding import Kind, with_places
from analysis.report.table import Column, Table
from analysis.review.ledger import Entry, Kept, LedgerFile, compare
from analysis.review.printed import read_number

# Digits of a hash that a page shows.
SHOWN = 12


@dataclass(frozen=True, slots=True)
class PublishedPart:
    """An article's own numbers, and what this run was made of: hash of the ``code``, and of each file of ``data``."""

    file: LedgerFile
    code: str
    data: Mapping[str, str]

    @property
    def sentences(self) -> tuple[str, ...]:
        """What the numbers are of, and what made those of this run."""
        data = ", ".join(f"{name} {digest[:SHOWN]}…" for name, digest in self.data.items())
        return (
            f"Numbers printed in: {self.file.citation.strip()}",
            f"This run was made by code {self.code[:SHOWN]}… from {data} (SHA-256, whole in the CSV file).",
        )


def ledger(part: PublishedPart, frames: Mapping[str, pd.DataFrame]) -> Table:
    """Published → rerun → difference → verdict; ``frames`` are the tables of this run by id."""
    entries = [compare(number, frames) for number in part.file.numbers]
    data = "; ".join(f"{name} {digest}" for name, digest in part.data.items())
    rows = [
        {
            "place": entry.number.place,
            "table": entry.number.table,
            "row": ", ".join(f"{name}={value}" for name, value in entry.number.row.items()),
            "column": entry.number.column,
            "published": entry.number.printed,
            "rerun": entry.value,
            "difference": entry.difference,
            "verdict": entry.verdict.value,
            "reason": entry.reason,
            "code_sha256": part.code,
            "data_sha256": data,
        }
        for entry in entries
    ]
    frame = pd.DataFrame(rows).astype({"rerun": float, "difference": float})
    decimals = [_places(entry) for entry in entries]
    counts = Counter(entry.verdict for entry in entries)
    return Table(
        "published",
        "Does this run give the published numbers?",
        ", ".join(f"{counts[verdict]} {verdict.value}" for verdict in Kept) + ".",
        frame,
        (
            Column(("place",), "Printed in", absent="the file does not say"),
            Column(("cell",), "Cell of this report"),
            Column(("published",), "Published", Kind.SHOWN),
            Column(("rerun",), "Rerun", Kind.SHOWN, "not found"),
            Column(("difference",), "Difference", Kind.SHOWN, "a bound is published, or the number was not found"),
            Column(("verdict",), "Verdict"),
            Column(("reason",), "Remark", absent=""),
        ),
        view=frame.assign(
            cell=[f"{row['table']}: {row['row'] or 'its only row'}: {row['column']}" for row in rows],
            rerun=pd.Series(map(with_places, frame["rerun"], decimals), dtype=object),
            difference=pd.Series(map(with_places, frame["difference"], decimals), dtype=object),
        ),
        notes=(
            "Within rounding: the number of this run lies within half a unit in the last place of the published one. "
            "Differences are this run less the published number; both are shown with two places more than published.",
        ),
    )


def _places(entry: Entry) -> int:
    """Two decimals more than are published; none where both numbers are whole."""
    published = read_number(entry.number.printed).decimals
    whole = published == 0 and entry.value is not None and entry.value.is_integer()
    return 0 if whole else published + 2
