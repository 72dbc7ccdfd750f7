"""Reliability and validity from printed loadings."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import combinations

from analysis.review.article import Article, Cell, Record, Table
from analysis.review.correlations import matrix_of
from analysis.review.interval import Interval, exactly, total
from analysis.review.registry import check
from analysis.review.verdict import Finding, Reading, Verdict, judge, lacking

# Subsets of more items are not searched: their number doubles with each.
MOST_ITEMS = 12


def composite_reliability(loadings: Sequence[Interval]) -> Interval:
    """CR = (Σλ)²/((Σλ)² + Σ(1 − λ²)) of standardised loadings with uncorrelated errors."""
    common = total(loadings).squared()
    error = total(1 - loading.squared() for loading in loadings).within(0, math.inf)
    return exactly(1) / (1 + error / common)


def average_variance(loadings: Sequence[Interval]) -> Interval:
    """AVE = Σλ²/k of standardised loadings."""
    return total(loading.squared() for loading in loadings) * (1 / len(loadings))


def alpha_of(correlations: Sequence[Interval], k: int) -> Interval:
    """Standardised alpha: k·r̄/(1 + (k − 1)·r̄), r̄ the mean of the k(k − 1)/2 correlations; rises in each."""
    mean = total(correlations) * (1 / len(correlations))
    ends = [k * r / (1 + (k - 1) * r) if 1 + (k - 1) * r > 0 else -math.inf for r in (mean.lower, mean.upper)]
    return Interval(*ends)


def constructs(table: Table) -> dict[str, list[Record]]:
    """Rows of each construct, in the order of the table."""
    found: dict[str, list[Record]] = {}
    for record in table.records:
        found.setdefault(record.word("construct"), []).append(record)
    return found


def loadings_of(records: Sequence[Record]) -> list[Interval]:
    """Printed standardised loadings of the rows."""
    return [found for record in records if (found := record.number("loading")) is not None]


def _cell(records: Sequence[Record], name: str) -> Cell | None:
    return next((cell for record in records if (cell := record.cell(name)) is not None), None)


def _all_printed(records: Sequence[Record]) -> bool:
    """Whether every item of a construct has a loading."""
    items = [record for record in records if record.word("item")]
    return len(loadings_of(records)) >= 2 and len(loadings_of(items)) == len(items)


@check("CR and AVE", "measurement")
def reliability(article: Article) -> Iterator[Finding]:
    """Composite reliability and average variance extracted follow from the loadings.

    Formula: CR = (Σλ)²/((Σλ)² + Σ(1 − λ²)); AVE = Σλ²/k
    Needs: all standardised loadings of the construct
    Source: Fornell & Larcker (1981), Journal of Marketing Research 18(1), 39-50
    """
    for table in article.of_kind("measurement"):
        for records in constructs(table).values():
            cells = {name: cell for name in ("cr", "ave") if (cell := _cell(records, name)) is not None}
            loadings = loadings_of(records)
            if (rho := _cell(records, "rho_a")) is not None:
                yield lacking(rho, "the weights and correlations of the items")
            if not _all_printed(records):
                yield from (lacking(cell, "standardised loadings of all items") for cell in cells.values())
                continue
            kernels = {"cr": composite_reliability, "ave": average_variance}
            found = [judge(cell, [Reading("", kernels[name](loadings))]) for name, cell in cells.items()]
            yield from _with_subset(found, cells, records)


def _with_subset(found: list[Finding], cells: dict[str, Cell], records: Sequence[Record]) -> list[Finding]:
    """Where both disagree with the loadings, the items that would give both."""
    wrong = [finding.verdict is Verdict.INCONSISTENT for finding in found]
    if len(found) < 2 or not all(wrong):
        return found
    subset = subset_of_items(records, cells["cr"], cells["ave"])
    if not subset:
        return found
    return [replace(finding, mend=f"both would follow from the items {', '.join(subset)}") for finding in found]


def subset_of_items(records: Sequence[Record], cr: Cell, ave: Cell) -> tuple[str, ...]:
    """The largest subset of items whose loadings give the printed CR and AVE; none where there is none."""
    items = [(record.word("item"), found) for record in records if (found := record.number("loading")) is not None]
    if len(items) > MOST_ITEMS or cr.printed is None or ave.printed is None:
        return ()
    for size in range(len(items) - 1, 1, -1):
        for chosen in combinations(items, size):
            loadings = [loading for _, loading in chosen]
            if average_variance(loadings).meets(ave.printed.interval) and composite_reliability(loadings).meets(
                cr.printed.interval
            ):
                return tuple(name for name, _ in chosen)
    return ()


@check("square root of AVE", "measurement")
def roots(article: Article) -> Iterator[Finding]:
    """√AVE, in a column or on the diagonal of a Fornell-Larcker table, follows from AVE or the loadings.

    Formula: √AVE
    Needs: AVE of the construct, or its loadings
    Source: Fornell & Larcker (1981)
    """
    for table in article.of_kind("measurement", "correlations"):
        for record in table.records:
            if (cell := record.cell("sqrt_ave")) is not None:
                readings = _ave_readings(article, table, record)
                yield judge(cell, readings) if readings else lacking(cell, "AVE or the loadings")
    for table in article.of_kind("correlations"):
        if table.file.diagonal not in {"sqrt_ave", "ave"}:
            continue
        for record in table.records:
            cell = diagonal_cell(table, record)
            if cell is None:
                continue
            readings = _ave_readings(article, table, record, root=table.file.diagonal == "sqrt_ave")
            yield judge(cell, readings) if readings else lacking(cell, "AVE or the loadings")


def diagonal_cell(table: Table, record: Record) -> Cell | None:
    """The cell of a triangle's row that stands on its diagonal."""
    cells = [cell for cell in table.grid[record.row] if cell.column == "r"]
    own = cells[record.row] if len(cells) > record.row else None
    return own if own is not None and own.printed is not None else None


def _ave_readings(article: Article, table: Table, record: Record, *, root: bool = True) -> list[Reading]:
    """AVE of a row's construct from wherever it is printed; its root unless ``root`` is False."""
    name = record.word("construct") or record.word("variable")
    sources: list[tuple[str, Interval]] = []
    own = record.number("ave")
    if own is not None:
        sources.append(("from AVE", own))
    places = [t for t in article.of_kind("measurement") if table.file.measurement in {None, t.name}]
    for place in places:
        records = constructs(place).get(name, [])
        cell = _cell(records, "ave")
        if cell is not None and cell.printed is not None and own is None:
            sources.append(("from AVE", cell.printed.interval))
        if records and _all_printed(records):
            sources.append(("from the loadings", average_variance(loadings_of(records))))
    return [Reading(words, ave.root() if root else ave) for words, ave in sources]


@check("squared loading", "measurement")
def squared_loadings(article: Article) -> Iterator[Finding]:
    """The R² of an item that loads on one construct is its squared loading.

    Formula: R² = λ²
    Needs: the standardised loading
    Source: Bollen (1989), Structural Equations with Latent Variables, chapter 7
    """
    for _, record in article.records("measurement"):
        cell, loading = record.cell("r2"), record.number("loading")
        if cell is not None:
            yield lacking(cell, "the loading") if loading is None else judge(cell, [Reading("", loading.squared())])


@check("alpha", "measurement")
def alpha(article: Article) -> Iterator[Finding]:
    """Cronbach's alpha follows from the correlations of the items (standardised), which are rarely printed.

    Formula: k·r̄/(1 + (k − 1)·r̄); raw alpha k/(k − 1)·(1 − Σs²/Σs·s'·r) where SDs are printed
    Needs: the item correlation matrix (key 'correlations'), SDs of the items for raw alpha
    Source: Cronbach (1951), Psychometrika 16(3), 297-334
    """
    for table in article.of_kind("measurement"):
        for records in constructs(table).values():
            if (cell := _cell(records, "alpha")) is None:
                continue
            named = table.file.correlations
            items = [record.word("item") for record in records if record.word("item")]
            box = None if named is None else matrix_of(article.tables[named]).select(items)
            if box is None or len(items) < 2:
                yield lacking(cell, "the correlations of the items")
                continue
            pairs = [box.interval(i, j) for i, j in combinations(range(len(items)), 2)]
            readings = [Reading("standardised", alpha_of(pairs, len(items)))]
            deviations = [record.number("sd") for record in records if record.word("item")]
            known = [sd for sd in deviations if sd is not None]
            if len(known) == len(items):
                readings.append(Reading("raw", raw_alpha(pairs, known)))
            remark = "raw alpha needs the items' SDs" if len(readings) == 1 else ""
            finding = judge(cell, readings, remark=remark)
            unsure = finding.verdict is Verdict.INCONSISTENT and len(readings) == 1
            yield lacking(cell, "SDs of the items, without which raw alpha cannot be computed") if unsure else finding


def raw_alpha(correlations: Sequence[Interval], deviations: Sequence[Interval]) -> Interval:
    """k/(k − 1)·(1 − Σs²/(Σs² + 2Σs·s'·r)) = k/(k − 1)/(1 + Σs²/(2Σs·s'·r))."""
    k = len(deviations)
    pairs = combinations(deviations, 2)
    covariances = total(a * b * r for (a, b), r in zip(pairs, correlations, strict=True)) * 2
    return exactly(k / (k - 1)) / (1 + total(s.squared() for s in deviations) / covariances)
