"""Tables of mixed (multilevel) models."""

from __future__ import annotations

import math
from collections.abc import Iterator

from analysis.review.article import Article, Record, Table
from analysis.review.checks.differences import deviance_of, either_sign, other_row
from analysis.review.distributions import chi_square_tail
from analysis.review.interval import Interval, exactly
from analysis.review.registry import check
from analysis.review.verdict import Finding, Reading, judge, lacking


def icc_of(between: Interval, within: Interval) -> Interval:
    """τ²/(τ² + σ²) = 1/(1 + σ²/τ²)."""
    return exactly(1) / (1 + within / between.within(0, math.inf)) if between.upper > 0 else exactly(0)


@check("intraclass correlation", "multilevel")
def icc(article: Article) -> Iterator[Finding]:
    """The intraclass correlation is the share of the variance between groups.

    Formula: ICC = τ²/(τ² + σ²)
    Needs: variance between groups and residual variance of the same model
    Source: Snijders & Bosker (2012), Multilevel Analysis, chapter 3
    """
    for _, record in article.records("mixed"):
        if (cell := record.cell("icc")) is None:
            continue
        between, within = record.number("var_between"), record.number("var_within")
        if between is None or within is None:
            yield lacking(cell, "variance between groups and residual variance")
            continue
        roots = icc_of(between.squared(), within.squared())
        yield judge(cell, [Reading("", icc_of(between, within))], [Reading("if the components were SDs", roots)])


@check("design effect", "multilevel")
def design_effect(article: Article) -> Iterator[Finding]:
    """The design effect of clusters of equal size.

    Formula: 1 + (m − 1)·ICC, m the mean size of a group
    Needs: ICC (or the variance components), and the mean group size, or N and the number of groups
    Source: Kish (1965), Survey Sampling, section 5.4
    """
    for table, record in article.records("mixed"):
        if (cell := record.cell("deff")) is None:
            continue
        size = _size(article, table, record)
        between, within, printed = (record.number(name) for name in ("var_between", "var_within", "icc"))
        shares = [] if printed is None else [Reading("from ICC", printed)]
        if between is not None and within is not None:
            shares.append(Reading("from the components", icc_of(between, within)))
        if size is None or not shares:
            yield lacking(cell, "ICC and the mean size of a group")
        else:
            yield judge(cell, [Reading(s.name, 1 + (size - 1) * s.interval) for s in shares])


def _size(article: Article, table: Table, record: Record) -> Interval | None:
    printed = record.number("cluster_size")
    n, groups = article.number(table, record, "n"), article.number(table, record, "groups")
    if printed is not None:
        return printed
    return None if n is None or groups is None or groups.lower < 1 else n / groups


@check("difference of deviances", "multilevel")
def deviances(article: Article) -> Iterator[Finding]:
    """Deviances, their differences and the p of these; a model with more parameters has no larger deviance.

    Formula: Δ = D_0 − D_1; deviance = −2·logL; p = P(χ²(Δdf) > Δ), or half of it for one variance
    Needs: deviance (or logL) of both rows; numbers of parameters for Δdf
    Source: Snijders & Bosker (2012), section 6.2; Self & Liang (1987)
    """
    for table, record in article.records("mixed"):
        other = other_row(table, record)
        deviance, loglik = record.cell("deviance"), record.number("loglik")
        if deviance is not None and loglik is not None:
            yield judge(deviance, [Reading("−2·logL", loglik * (-2))])
        for name, value in (("d_deviance", deviance_of), ("d_df", lambda r: r.number("npar"))):
            if (cell := record.cell(name)) is None:
                continue
            own, its = value(record), None if other is None else value(other)
            if own is None or its is None:
                yield lacking(cell, "the deviances of both models" if name == "d_deviance" else "their parameters")
            else:
                yield judge(cell, either_sign(own - its))
        if (cell := record.cell("d_p")) is not None:
            yield _p(record, other)


def _p(record: Record, other: Record | None) -> Finding:
    cell, difference, df = record.cells["d_p"], record.number("d_deviance"), record.number("d_df")
    if difference is None and other is not None:
        own, its = deviance_of(record), deviance_of(other)
        difference = None if own is None or its is None else own - its
    if df is None and other is not None:
        own, its = record.number("npar"), other.number("npar")
        df = None if own is None or its is None else own - its
    if difference is None or df is None or df.lower == 0:
        return lacking(cell, "difference of deviances and its df")
    p = chi_square_tail(difference.magnitude(), df.magnitude().lower)
    return judge(cell, [Reading("", p), Reading("half of it, a variance at its bound", p * exactly(0.5))])


@check("df of a fixed effect", "multilevel")
def fixed_df(article: Article) -> Iterator[Finding]:
    """Degrees of freedom of a fixed effect do not exceed the number of observations.

    Formula: 0 < df ≤ N (by REML less the fixed effects); for a predictor of level 2 about the number of groups
    Needs: df, N; for the remark the level of the predictor and the number of groups
    Source: Kuznetsova, Brockhoff & Christensen (2017), Journal of Statistical Software 82(13)
    """
    for table, record in article.records("paths"):
        cell = record.cell("df")
        n = article.number(table, record, "n")
        if cell is None:
            continue
        if n is None:
            yield lacking(cell, "N")
            continue
        groups = article.number(table, record, "groups")
        above = record.word("level") == "2" and groups is not None and cell.printed is not None
        many = above and groups is not None and cell.printed is not None and cell.printed.interval.lower > groups.upper
        remark = "more df than groups for a predictor of level 2; was it tested at level 1?" if many else ""
        yield judge(cell, [Reading("", Interval(0.0, n.upper))], remark=remark)
