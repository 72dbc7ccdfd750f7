"""Tests, stars and intervals of single estimates."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator

from analysis.review.article import Article, Cell, Record, Table
from analysis.review.checks.fit import degrees
from analysis.review.distributions import half, quantile, two_sided
from analysis.review.interval import Interval, exactly
from analysis.review.registry import check
from analysis.review.verdict import Finding, Reading, Verdict, judge, lacking

CONSTANTS = frozenset({"constant", "intercept", "(intercept)", "const", "constante"})
_ESTIMATES = ("est", "loading", "std", "indirect")
_STARRED = ("std", "est", "loading", "z", "t", "p", "indirect")


def estimate_of(record: Record) -> Interval | None:
    """The estimate that the row's standard error belongs to: the unstandardised one where both are printed."""
    return next((found for name in _ESTIMATES if (found := record.number(name)) is not None), None)


def statistic_of(record: Record) -> tuple[str, Interval] | None:
    """The row's z or t as printed, else estimate over standard error."""
    for name in ("z", "t"):
        if (found := record.number(name)) is not None:
            return name, found
    estimate, se = estimate_of(record), record.number("se")
    if estimate is None or se is None:
        return None
    return ("t" if "t" in record.cells else "z"), estimate / se.within(0, math.inf)


def unsure_of_se(table: Table, record: Record) -> bool:
    """Whether the row's SE may belong to an estimate that is not printed.

    Tables often print a standardised estimate beside the SE of the unstandardised one. Where most rows with z or t
    have it as standardised estimate over SE, they do not.
    """
    if record.number("est") is not None or record.number("indirect") is not None:
        return False
    agree = []
    for row in table.records:
        estimate, se = estimate_of(row), row.number("se")
        statistic = row.number("z") or row.number("t")
        if estimate is not None and se is not None and statistic is not None:
            quotient = estimate / se.within(0, math.inf)
            agree.append(quotient.meets(statistic) or quotient.magnitude().meets(statistic))
    return sum(agree) * 2 <= len(agree)


def _unless_unsure(finding: Finding, table: Table, record: Record) -> Finding:
    if finding.verdict is Verdict.INCONSISTENT and unsure_of_se(table, record):
        return lacking(finding.cell, "the estimate that the SE belongs to (here it may be the unstandardised one)")
    return finding


def reference_distributions(article: Article, table: Table, record: Record) -> list[tuple[str, float | None]]:
    """Distributions that a row's statistic may be held to, as (name, df); df None is the normal one.

    Student's t has the df printed beside it or for the table; else N − k − 1, where k counts the predictors of the same
    outcome in the table. A statistic printed as z is normal, one printed as t with many df nearly so.
    """
    normal: list[tuple[str, float | None]] = [("normal", None)]
    own = degrees(record)
    given = own or _table_df(table) or _df_of_f(article, record)
    if given is not None and given.lower > 0:
        ends = dict.fromkeys((given.lower, given.upper))
        return [(f"t with {table_df:g} df", table_df) for table_df in ends] + normal
    n = article.number(table, record, "n")
    if n is None or table.kind != "paths":
        return normal if statistic_of(record) is None or "t" not in record.cells else []
    same = [r for r in table.records if (r.of, r.word("model"), r.word("outcome")) == _equation(record)]
    k = sum(r.word("predictor").casefold() not in CONSTANTS for r in same)
    df = n.lower - k - 1
    return [*normal, *([(f"t with {df:g} df", df)] if df > 0 else [])]


def _df_of_f(article: Article, record: Record) -> Interval | None:
    """Residual df of the same model, printed beside its F."""
    model = record.word("model")
    rows = (r for _, r in article.records("explained") if model and r.word("model") == model)
    return next((df for row in rows if (df := row.number("df2")) is not None), None)


def _equation(record: Record) -> tuple[str, str, str]:
    return record.of, record.word("model"), record.word("outcome")


def _table_df(table: Table) -> Interval | None:
    cell = table.attributes.get("df")
    return None if cell is None or cell.printed is None else exactly(cell.printed.value)


@check("estimate over SE", "paths")
def statistics(article: Article) -> Iterator[Finding]:
    """Z or t is the estimate over its standard error.

    Formula: z = estimate/SE
    Needs: estimate, SE
    Source: Wald (1943); arithmetic
    """
    for table, record in article.records("paths", "measurement", "effects"):
        for name in ("z", "t"):
            if (cell := record.cell(name)) is None:
                continue
            estimate, se = estimate_of(record), record.number("se")
            if estimate is None or se is None:
                yield lacking(cell, "the estimate and its standard error")
                continue
            z = estimate / se.within(0, math.inf)
            unsigned = [Reading("without its sign", z.magnitude())] if cell.printed and cell.printed.value >= 0 else []
            finding = judge(cell, [Reading("", z), *unsigned], [Reading("as the square (Wald's χ²)", z.squared())])
            yield _unless_unsure(finding, table, record)


@check("p of an estimate", "paths")
def p_values(article: Article) -> Iterator[Finding]:
    """P follows from z or t.

    Formula: p = 2·P(Z > |z|), or 2·P(t(df) > |t|)
    Needs: z or t (or estimate and SE); df of t, or N and the predictors
    Source: the definition of the test
    """
    for table, record in article.records("paths", "measurement", "effects"):
        if (cell := record.cell("p")) is None:
            continue
        found = statistic_of(record)
        distributions = reference_distributions(article, table, record)
        if found is None:
            yield lacking(cell, "z or t, or the estimate and its standard error")
        elif not distributions:
            yield lacking(cell, "df of t")
        else:
            readings = [Reading(name, two_sided(found[1], df)) for name, df in distributions]
            one = [Reading("from a one-sided test", half(reading.interval)) for reading in readings]
            finding = judge(cell, readings, one)
            printed = record.cell("z") is not None or record.cell("t") is not None
            yield finding if printed else _unless_unsure(finding, table, record)


@check("stars", "paths")
def stars(article: Article) -> Iterator[Finding]:
    """Stars agree with z or t, else with p.

    Formula: as many stars as levels that p stays below
    Needs: z, t or p (or estimate and SE), in a column in which some number has stars
    Source: the table's note
    """
    for table in article.of_kind("paths", "measurement", "effects"):
        levels = star_levels(table.file.stars)
        starred = {(c.column, c.of) for row in table.grid for c in row if c.printed is not None and c.printed.stars}
        for record in table.records:
            for name in _STARRED:
                cell = record.cell(name)
                if cell is not None and (name, cell.of) in starred:
                    yield from _starred(article, table, record, cell, levels)


def _starred(article: Article, table: Table, record: Record, cell: Cell, levels: dict[str, float]) -> Iterator[Finding]:
    assert cell.printed is not None
    allowed = star_interval(cell.printed.stars, levels)
    if allowed is None:
        yield lacking(cell, f"what '{cell.printed.stars}' stands for (key 'stars' of the table)")
        return
    found = statistic_of(record)
    distributions = reference_distributions(article, table, record)
    possible = [two_sided(found[1], df) for _, df in distributions] if found is not None else []
    if not possible and (p := record.number("p")) is not None:
        possible = [p.within(0, 1)]
    if not possible:
        yield lacking(cell, "z, t or p")
        return
    finding = star_finding(cell, allowed, possible, levels)
    printed = any(record.cell(name) is not None for name in ("z", "t"))
    yield finding if printed or found is None else _unless_unsure(finding, table, record)


def star_finding(cell: Cell, allowed: Interval, possible: list[Interval], levels: dict[str, float]) -> Finding:
    """The verdict on stars: whether some possible p lies in the range they stand for."""
    if any(p.meets(allowed) for p in possible):
        return Finding(cell, Verdict.CONSISTENT, recomputed=possible[0], remark="stars")
    nearest = min(possible, key=allowed.distance)
    due = [mark for mark in ("", *levels) if (own := star_interval(mark, levels)) is not None and own.meets(nearest)]
    shown = " or ".join(f"'{mark}'" if mark else "no stars" for mark in due)
    one_sided = any(half(p).meets(allowed) for p in possible)
    return Finding(
        cell,
        Verdict.INCONSISTENT,
        recomputed=nearest,
        off=allowed.distance(nearest),
        mend=f"p stands for {shown}" + ("; a one-sided test would explain the stars" if one_sided else ""),
        remark="the recomputed range is that of p",
    )


def star_levels(text: str) -> dict[str, float]:
    """Levels by mark, from words such as '* .05 ** .01' or '*p<0.05; **p<0.01'."""
    found = re.findall(r"([*†‡+]+)\s*p?\s*<?\s*([01]?\.\d+)", text)
    return dict(sorted(((mark, float(level)) for mark, level in found), key=lambda pair: -pair[1]))


def star_interval(mark: str, levels: dict[str, float]) -> Interval | None:
    """The range of p that a mark stands for; None for a mark that is not explained."""
    ordered = sorted(levels.values(), reverse=True)
    if not mark:
        return Interval(ordered[0], 1.0) if ordered else None
    if mark not in levels:
        return None
    below = [level for level in ordered if level < levels[mark]]
    return Interval(max(below, default=0.0), levels[mark])


@check("interval of an estimate", "paths")
def intervals(article: Article) -> Iterator[Finding]:
    """Limits of a symmetric interval; any interval holds its estimate.

    Formula: estimate ± q·SE, q the quantile of the normal or of t(df)
    Needs: estimate, SE, level of the interval; that it is no bootstrap interval
    Source: Wald (1943); arithmetic
    """
    for table, record in article.records("paths", "effects"):
        for name, sign in (("ci_lower", -1.0), ("ci_upper", 1.0)):
            if (cell := record.cell(name)) is None:
                continue
            estimate, se = estimate_of(record), record.number("se")
            if estimate is None:
                yield lacking(cell, "the estimate")
                continue
            if se is None or table.file.intervals == "bootstrap":
                side = Interval(-math.inf, estimate.upper) if sign < 0 else Interval(estimate.lower, math.inf)
                finding = judge(cell, [Reading("the interval holds its estimate", side)])
                yield _unless_unsure(finding, table, record)
                continue
            levels = _level(table.file.level)
            distributions = reference_distributions(article, table, record) or [("normal", None)]
            readings = [Reading(n, estimate + se * (sign * quantile(levels, df))) for n, df in distributions]
            others = [x for x in (0.90, 0.95, 0.99) if x != levels]
            mends = [Reading(f"with a level of {100 * x:g} %", estimate + se * (sign * quantile(x))) for x in others]
            yield _unless_unsure(judge(cell, readings, mends), table, record)


def _level(text: str | None) -> float:
    number = float(re.sub(r"[^\d.]", "", text or "95") or "95")
    return number / 100 if number > 1 else number
