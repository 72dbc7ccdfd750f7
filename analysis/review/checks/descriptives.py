"""Means, standard deviations and counts."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from itertools import pairwise

from analysis.review.article import Article, Cell, Record, Table
from analysis.review.interval import ROOM, Interval, total
from analysis.review.registry import check
from analysis.review.verdict import Finding, Reading, Verdict, judge, lacking

MOST_SUMS = 50
TOO_LARGE = "a smaller N: with this one every mean with so few decimals is possible"


def possible_sums(mean: Interval, n: int) -> range:
    """Whole-number sums of n answers whose mean lies in the interval."""
    return range(math.ceil(mean.lower * n - ROOM * n), math.floor(mean.upper * n + ROOM * n) + 1)


def possible_squares(total_sum: int, sd: Interval, n: int) -> bool:
    """Whether some whole number of the right parity is a sum of squares with this sum and SD (n − 1).

    A sum of squares of whole numbers is even where their sum is even, and smallest where they are as equal as can be.
    """
    if n < 2:
        return sd.lower <= 0
    base = total_sum**2 / n
    level, above = divmod(total_sum, n)
    smallest = (n - above) * level**2 + above * (level + 1) ** 2
    low, high = (base + (n - 1) * side**2 for side in (max(sd.lower, 0.0), sd.upper))
    first = max(smallest, math.ceil(low - ROOM * max(1.0, abs(low))))
    last = math.floor(high + ROOM * max(1.0, abs(high)))
    first += (first - total_sum) % 2
    return first <= last


def sd_limits(mean: Interval, n: float, scale: Interval) -> Interval:
    """SD (n − 1) of n answers within a scale: at most √((M − a)(b − M)·n/(n − 1))."""
    best = min(max(scale.centre, mean.lower), mean.upper)
    return Interval(0.0, math.sqrt(max((best - scale.lower) * (scale.upper - best), 0.0) * n / (n - 1)))


def scale_of(table: Table) -> Interval | None:
    """The scale of answers, from words such as '1-5' or '1 to 7'."""
    numbers = re.findall(r"-?\d+(?:\.\d+)?", re.sub(r"(?<=\d)\s*[-–]\s*(?=\d)", " ", table.file.scale or ""))
    return Interval(float(numbers[0]), float(numbers[1])) if len(numbers) == 2 else None


def answering(table: Table, record: Record) -> Interval | None:
    """Number of answers behind a row, as the row or its table prints it; of the article's N some may be missing."""
    cell = table.attributes.get("n")
    return record.number("n") or (None if cell is None or cell.printed is None else cell.printed.interval)


def items_of(table: Table) -> int | None:
    """Number of whole-number items that a mean is over; None where the table does not say it."""
    text = (table.file.items or "").strip()
    return int(text) if text.isdigit() and int(text) > 0 else None


@check("GRIM", "descriptives")
def grim(article: Article) -> Iterator[Finding]:
    """A mean of whole numbers is a whole number over their count.

    Formula: some whole S has S/(N·items) within the mean's rounding
    Needs: N of the row or the table; that answers are whole numbers, and how many items the mean is over ('items')
    Source: Brown & Heathers (2017), Social Psychological and Personality Science 8(4), 363-369
    """
    for table, record in article.records("descriptives"):
        cell, n, items = record.cell("mean"), answering(table, record), items_of(table)
        if cell is None or cell.printed is None or items is None:
            continue
        if n is None or n.lower < 1 or not cell.printed.interval.bounded:
            yield lacking(cell, "N of the row or the table, and a mean that is no bound")
            continue
        count = int(n.lower) * items
        if count * cell.printed.unit >= 1:
            yield lacking(cell, TOO_LARGE)
            continue
        yield _grim(cell, cell.printed.interval, count)


def _grim(cell: Cell, mean: Interval, count: int) -> Finding:
    if possible_sums(mean, count):
        return Finding(cell, Verdict.CONSISTENT, recomputed=mean)
    nearest = round(mean.centre * count) / count
    off = mean.distance(Interval(nearest, nearest))
    mend = f"the nearest possible mean of {count} answers is {nearest:.6g}"
    return Finding(cell, Verdict.INCONSISTENT, recomputed=Interval(nearest, nearest), off=off, mend=mend)


@check("GRIMMER", "descriptives")
def grimmer(article: Article) -> Iterator[Finding]:
    """A standard deviation of whole numbers has a whole sum of squares, even where their sum is.

    Formula: some whole Q ≡ S (mod 2) has √((Q − S²/N)/(N − 1)) within the SD's rounding, for an S that GRIM allows
    Needs: mean, SD, N of a single whole-number item (items: 1)
    Source: Anaya (2016), The GRIMMER test, PeerJ Preprints 4:e2400v1; Allard (2018)
    """
    for table, record in article.records("descriptives"):
        cell, mean, n = record.cell("sd"), record.number("mean"), answering(table, record)
        if cell is None or cell.printed is None or items_of(table) != 1 or mean is None or n is None or n.lower < 1:
            continue
        if not (mean.bounded and cell.printed.interval.bounded):
            yield lacking(cell, "numbers that are no bounds")
            continue
        count = int(n.lower)
        sums = possible_sums(mean, count)
        n_sums = sums.stop - sums.start  # len() of a range has an upper limit
        if not 0 < n_sums <= MOST_SUMS:
            yield lacking(cell, "a possible mean (GRIM)" if n_sums <= 0 else TOO_LARGE)
        elif any(possible_squares(s, cell.printed.interval, count) for s in sums):
            yield Finding(cell, Verdict.CONSISTENT, recomputed=cell.printed.interval)
        else:
            yield Finding(cell, Verdict.INCONSISTENT, remark="no whole-number answers have this mean, SD and N")


@check("range of the scale", "descriptives")
def scale_range(article: Article) -> Iterator[Finding]:
    """Mean and SD lie within what the scale allows; smallest ≤ mean ≤ largest; SE = SD/√N.

    Formula: a ≤ M ≤ b; SD ≤ √((M − a)(b − M)·N/(N − 1)); SE = SD/√N
    Needs: the scale (key 'scale') or the smallest and largest value; N
    Source: Bhatia & Davis (2000), American Mathematical Monthly 107(4), 353-357
    """
    for table, record in article.records("descriptives", "correlations"):
        lowest, highest = record.number("minimum"), record.number("maximum")
        scale = scale_of(table)
        if lowest is not None and highest is not None:
            scale = Interval(lowest.lower, highest.upper)
        n, mean, sd = article.number(table, record, "n"), record.cell("mean"), record.cell("sd")
        if scale is not None and mean is not None and mean.printed is not None:
            yield judge(mean, [Reading("within the scale", scale)])
            if sd is not None and n is not None and n.lower > 1:
                yield judge(sd, [Reading("within the scale", sd_limits(mean.printed.interval, n.lower, scale))])
        error, spread = record.cell("se"), record.number("sd")
        if error is not None and spread is not None and n is not None and n.lower >= 1:
            yield judge(error, [Reading("", spread / math.sqrt(n.lower))])


@check("sums of counts", "descriptives")
def counts(article: Article) -> Iterator[Finding]:
    """Groups add up to the total, percentages to their shares, and the flow of exclusions to what is left.

    Formula: Σn = total; % = 100·n/total; n_step = n_before − removed
    Needs: the row of the total (key 'total') or N; for a flow the column 'removed'
    Source: arithmetic
    """
    for table in article.of_kind("counts"):
        records = table.records
        if any("removed" in record.cells for record in records):
            yield from _flow(records)
            continue
        whole = next((r for r in records if r.label == table.file.total), None)
        parts = [record for record in records if record is not whole]
        sizes = [size for record in parts if (size := record.number("n")) is not None]
        if whole is not None and (cell := whole.cell("n")) is not None:
            complete = len(sizes) == len(parts)
            yield judge(cell, [Reading("", total(sizes))]) if complete else lacking(cell, "n of every group")
        yield from _percentages(article, table, records, whole)


def _flow(records: tuple[Record, ...]) -> Iterator[Finding]:
    for before, record in pairwise(records):
        cell, last, removed = record.cell("n"), before.number("n"), record.number("removed")
        if cell is None:
            continue
        if last is None or removed is None:
            yield lacking(cell, "n before and n removed")
        else:
            yield judge(cell, [Reading("", last - removed)])


def _percentages(
    article: Article, table: Table, records: tuple[Record, ...], whole: Record | None
) -> Iterator[Finding]:
    everyone = whole.number("n") if whole is not None else article.number(table, None, "n")
    parts = [record.number("n") for record in records if record is not whole]
    answered = total(part for part in parts if part is not None) if None not in parts else None
    for record in records:
        cell, n = record.cell("percent"), record.number("n")
        if cell is None:
            continue
        sizes = {"of the total": everyone, "of the categories printed": answered}
        known = {name: size for name, size in sizes.items() if size is not None and size.lower > 0}
        if n is None or not known:
            yield lacking(cell, "n of the category and the total")
        else:
            yield judge(cell, [Reading(name, n / size * 100) for name, size in known.items()])
