"""Differences between models: invariance tables, nested models, information criteria."""

from __future__ import annotations

import math
from collections.abc import Iterator

from analysis.review.article import Article, Cell, Record, Table
from analysis.review.checks.fit import PLAIN, degrees, whole
from analysis.review.distributions import chi_square_tail
from analysis.review.interval import Interval
from analysis.review.registry import check
from analysis.review.verdict import Finding, Reading, Verdict, judge, lacking

INDICES = ("d_cfi", "d_tli", "d_rmsea", "d_srmr", "d_aic", "d_bic")


def scaled_difference(
    more: tuple[Interval, float, Interval], fewer: tuple[Interval, float, Interval]
) -> Interval | None:
    """(T0·c0 − T1·c1)(d0 − d1)/(d0·c0 − d1·c1) of (scaled χ², df, factor); ``more`` has more df.

    Satorra & Bentler (2001), Psychometrika 66(4), 507-514.
    """
    (t0, d0, c0), (t1, d1, c1) = more, fewer
    if d0 <= d1:
        return None
    return (t0 * c0 - t1 * c1) * (d0 - d1) / (c0 * d0 - c1 * d1)


def other_row(table: Table, record: Record) -> Record | None:
    """The row that a row's differences are taken from: the one it names, else the one before it."""
    named = record.word("against")
    if named:
        return next((r for r in table.records if r.label == named and r.of == record.of), None)
    return table.records[record.row - 1] if record.row > 0 and not record.of else None


def either_sign(difference: Interval) -> list[Reading]:
    """A difference as this row less the other, and the other way round."""
    return [Reading("this row less the other", difference), Reading("the other row less this", -difference)]


@check("difference of chi-squares", "invariance")
def chisq_differences(article: Article) -> Iterator[Finding]:
    """Differences of chi-square and of df, and the p of the difference.

    Formula: Δχ² = χ²_0 − χ²_1, scaled (T0·c0 − T1·c1)/c_d with c_d = (d0·c0 − d1·c1)/(d0 − d1); p = P(χ²(Δdf) > Δχ²)
    Needs: χ² and df of both models; scaling factors where the estimator is MLR, MLM or the like
    Source: Satorra & Bentler (2001), Psychometrika 66(4), 507-514
    """
    for table, record in article.records("fit"):
        other = other_row(table, record)
        if (cell := record.cell("d_df")) is not None:
            own, its = degrees(record), None if other is None else degrees(other)
            if own is None or its is None:
                yield lacking(cell, "df of both models")
            else:
                yield judge(cell, either_sign(own - its))
        if (cell := record.cell("d_chisq")) is not None:
            readings = _chisq_readings(table, record, other)
            missing = "χ² and df of both models" + ("" if _plain(table) else ", with their scaling factors")
            yield judge(cell, readings) if readings else lacking(cell, missing)
        yield from _p_of_difference(record)


def _plain(table: Table) -> bool:
    return table.file.estimator.upper() in PLAIN


def _chisq_readings(table: Table, record: Record, other: Record | None) -> list[Reading]:
    if other is None:
        return []
    own, its = record.number("chisq"), other.number("chisq")
    readings = either_sign(own - its) if own is not None and its is not None and _plain(table) else []
    rows = []
    for row in (record, other):
        scaled = row.number("chisq_scaled") or row.number("chisq")
        df, factor = whole(degrees(row)), row.number("scaling")
        if scaled is not None and df is not None and factor is not None:
            rows.append((scaled, df, factor))
    if len(rows) == 2:
        difference = scaled_difference(*sorted(rows, key=lambda row: -row[1]))
        readings += [] if difference is None else [Reading("scaled difference", difference)]
    return readings


def _p_of_difference(record: Record) -> Iterator[Finding]:
    if (cell := record.cell("d_p")) is None:
        return
    difference, df = record.number("d_chisq"), whole(record.number("d_df"))
    if difference is None or not df:
        yield lacking(cell, "Δχ² and Δdf")
        return
    yield judge(cell, [Reading("", chi_square_tail(difference.magnitude(), abs(df)))])


@check("difference of fit indices", "invariance")
def index_differences(article: Article) -> Iterator[Finding]:
    """Differences of CFI, TLI, RMSEA, SRMR, AIC and BIC against the rows they are differences of.

    Formula: ΔCFI = CFI_0 − CFI_1, and so for the others
    Needs: the index in both rows
    Source: Cheung & Rensvold (2002), Structural Equation Modeling 9(2), 233-255
    """
    for table, record in article.records("fit"):
        other = other_row(table, record)
        for name in INDICES:
            if (cell := record.cell(name)) is None:
                continue
            index = name.removeprefix("d_")
            own, its = record.number(index), None if other is None else other.number(index)
            if own is None or its is None:
                yield lacking(cell, f"{index.upper()} of both models")
            else:
                yield judge(cell, either_sign(own - its))


@check("AIC and BIC", "fit")
def criteria(article: Article) -> Iterator[Finding]:
    """AIC and BIC of a row agree with its log-likelihood, its parameters, and each other.

    Formula: AIC = −2·logL + 2k; BIC = AIC + k(ln N − 2); or from chi-square χ² + 2k, χ² − 2df; χ² − df·ln N
    Needs: number of parameters k; logL or deviance for AIC; N for BIC; or χ² and df
    Source: Akaike (1974); Schwarz (1978), Annals of Statistics 6(2), 461-464
    """
    for table, record in article.records("fit", "mixed"):
        k, aic = record.number("npar"), record.number("aic")
        if (cell := record.cell("aic")) is not None:
            deviance = deviance_of(record)
            surely = [] if deviance is None or k is None else [Reading("", deviance + k * 2)]
            yield _criterion(cell, surely, _from_chisq(record, k, 2.0), "log-likelihood and number of parameters")
        if (cell := record.cell("bic")) is not None:
            n = article.number(table, record, "n")
            surely = [] if k is None or aic is None else _bic_readings(article, table, record, aic, k)
            maybe = [] if n is None or n.lower < 1 else _from_chisq(record, k, math.log(n.lower))
            yield _criterion(cell, surely, maybe, "AIC, number of parameters and N")


def _criterion(cell: Cell, surely: list[Reading], maybe: list[Reading], missing: str) -> Finding:
    """Readings from the log-likelihood decide; those from chi-square alone are another definition, which may not be
    the one that was used.
    """
    finding = judge(cell, [*surely, *maybe]) if surely or maybe else lacking(cell, missing)
    return lacking(cell, missing) if not surely and finding.verdict is Verdict.INCONSISTENT else finding


def _from_chisq(record: Record, k: Interval | None, price: float) -> list[Reading]:
    """A criterion as chi-square less its df, or plus the parameters, times their price."""
    chisq, df = record.number("chisq"), degrees(record)
    found = [] if chisq is None or df is None else [Reading("χ² less the price of df", chisq - df * price)]
    if chisq is not None and k is not None:
        found.append(Reading("χ² plus the price of the parameters", chisq + k * price))
    return found


def _bic_readings(article: Article, table: Table, record: Record, aic: Interval, k: Interval) -> list[Reading]:
    names = {"n": "N"} if table.kind == "fit" else {"n": "N", "groups": "number of groups as N"}
    found = {words: article.number(table, record, name) for name, words in names.items()}
    return [
        Reading(words, aic + k * (math.log(n.lower) - 2)) for words, n in found.items() if n is not None and n.lower > 0
    ]


def deviance_of(record: Record) -> Interval | None:
    """−2·log-likelihood, as printed or from the log-likelihood."""
    printed, loglik = record.number("deviance"), record.number("loglik")
    if printed is not None:
        return printed
    return None if loglik is None else loglik * (-2)


@check("AIC against chi-square", "fit")
def criteria_differences(article: Article) -> Iterator[Finding]:
    """AIC and BIC of two nested models differ as their chi-squares and df do.

    Formula: AIC_0 − AIC_1 = Δχ² − 2Δdf; BIC_0 − BIC_1 = Δχ² − ln(N)·Δdf, by maximum likelihood on the same variables
    Needs: χ², df and the criterion of a row and of the row it names in 'against'; N for BIC
    Source: definitions of the criteria
    """
    for table, record in article.records("fit"):
        other = other_row(table, record) if record.word("against") else None
        if other is None or not _plain(table):
            continue
        for name in ("aic", "bic"):
            cell, its = record.cell(name), other.number(name)
            chisq = (record.number("chisq"), other.number("chisq"))
            df = (degrees(record), degrees(other))
            if cell is None or its is None:
                continue
            n = article.number(table, record, "n")
            price = 2.0 if name == "aic" else math.log(n.lower) if n is not None and n.lower > 0 else None
            if chisq[0] is None or chisq[1] is None or df[0] is None or df[1] is None or price is None:
                yield lacking(cell, "χ² and df of both models, and N")
            else:
                yield judge(cell, [Reading("", its + (chisq[0] - chisq[1]) - (df[0] - df[1]) * price)])
