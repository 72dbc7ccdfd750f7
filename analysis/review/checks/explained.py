"""R-squared, its F test, and regressions with one or two predictors."""

from __future__ import annotations

import math
from collections.abc import Iterator

from analysis.review.article import Article, Record, Table
from analysis.review.checks.paths import CONSTANTS
from analysis.review.distributions import f_tail
from analysis.review.interval import Interval, exactly, over_box
from analysis.review.registry import check
from analysis.review.verdict import Finding, Reading, judge, lacking


def r2_of_f(f: Interval, df1: float, df2: Interval) -> Interval:
    """R² = F·df1/(F·df1 + df2) = 1/(1 + df2/(F·df1))."""
    return exactly(1) / (1 + df2 / (f.within(0, math.inf) * df1))


def adjusted(r2: Interval, df1: float, df2: Interval) -> Interval:
    """1 − (1 − R²)(df1 + df2)/df2."""
    return 1 - (1 - r2) * (1 + exactly(df1) / df2)


@check("R-squared and F", "paths")
def f_test(article: Article) -> Iterator[Finding]:
    """R², adjusted R², F and p of a regression follow from each other.

    Formula: R² = F·df1/(F·df1 + df2); adjusted R² = 1 − (1 − R²)(df1 + df2)/df2; p = P(F(df1, df2) > F); 1 − R²
    Needs: F, df1, df2, or R² and df
    Source: arithmetic of the F test
    """
    for _, record in article.records("explained"):
        f, df1, df2, r2 = (record.number(name) for name in ("f", "df1", "df2", "r2"))
        ready = df1 is not None and df2 is not None and df1.lower > 0 and df2.lower > 0
        for name in ("r2", "adj_r2", "f", "p"):
            cell = record.cell(name)
            given = {"r2": record.cell("f"), "f": record.cell("r2")}.get(name, cell)
            if cell is None or given is None:
                continue
            if df1 is None or df2 is None or not ready or (f is None and r2 is None):
                yield lacking(cell, "F (or R²) with both its df")
                continue
            readings = _readings(name, f, df1.lower, df2, r2)
            yield judge(cell, readings) if readings else lacking(cell, "F and both its df")
        residual = record.cell("residual")
        if residual is not None and r2 is not None:
            yield judge(residual, [Reading("", 1 - r2)])


def _readings(name: str, f: Interval | None, df1: float, df2: Interval, r2: Interval | None) -> list[Reading]:
    if name == "r2":
        return [] if f is None else [Reading("", r2_of_f(f, df1, df2))]
    if name == "p":
        return [] if f is None else [Reading("", f_tail(f, df1, df2))]
    if name == "adj_r2":
        source = r2_of_f(f, df1, df2) if f is not None else r2
        return [] if source is None else [Reading("", adjusted(source, df1, df2))]
    if r2 is None or r2.upper >= 1:
        return []
    share = r2.within(0, 1)
    return [Reading("", share / (1 - share) * (df2 / df1))]


@check("N and df of F", "paths")
def n_of_f(article: Article) -> Iterator[Finding]:
    """The df of F add up to N.

    Formula: N = df1 + df2 + 1
    Needs: df1, df2, N of the same row
    Source: arithmetic
    """
    for _, record in article.records("explained"):
        df1, df2, cell = record.number("df1"), record.number("df2"), record.cell("n")
        if cell is not None and df1 is not None and df2 is not None:
            yield judge(cell, [Reading("", df1 + df2 + 1)], [Reading("without a constant", df1 + df2)])


@check("df of F and coefficients", "paths")
def coefficients(article: Article) -> Iterator[Finding]:
    """A regression has no more coefficients than the numerator df of its F.

    Formula: number of predictors ≤ df1
    Needs: df1, and the same model's coefficients in a table of paths
    Source: least squares; fewer are printed where controls are left out
    """
    for _, record in article.records("explained"):
        cell, model = record.cell("df1"), record.word("model")
        if cell is None or not model:
            continue
        rows = [r for _, r in article.records("paths") if r.word("model") == model]
        printed = [r for r in rows if r.word("predictor").casefold() not in CONSTANTS and _has_coefficient(r)]
        if printed:
            words = f"{len(printed)} coefficients are printed"
            yield judge(cell, [Reading(words, Interval(len(printed), math.inf))])


def _has_coefficient(record: Record) -> bool:
    return record.cell("est") is not None or record.cell("std") is not None


@check("R-squared of one predictor", "paths")
def one_predictor(article: Article) -> Iterator[Finding]:
    """A standardised regression with one predictor: β is the correlation.

    Formula: R² = β²; t = β√((N − 2)/(1 − β²))
    Needs: β; N for t
    Source: arithmetic of least squares
    """
    for table, record in article.records("regressions"):
        beta = record.number("beta1")
        if beta is None or record.cell("beta2") is not None:
            continue
        if (cell := record.cell("r2")) is not None:
            yield judge(cell, [Reading("", beta.squared())])
        if (cell := record.cell("t1")) is None:
            continue
        n = article.number(table, record, "n")
        if n is None or beta.magnitude().upper >= 1 or n.lower <= 2:
            yield lacking(cell, "N")
        else:
            size = n.lower - 2
            ends = [b * math.sqrt(size / (1 - b * b)) for b in (beta.lower, beta.upper)]
            yield judge(cell, [Reading("N − 2 df", Interval(*ends))])


@check("t of two predictors", "paths")
def two_predictors(article: Article) -> Iterator[Finding]:
    """Two standardised coefficients of one regression share their standard error.

    Formula: t1/t2 = β1/β2
    Needs: both β and both t of a least-squares regression with two predictors
    Source: arithmetic of least squares: Var(β) is σ²(1 − r12²)⁻¹/(N − 3) for both
    """
    for _, record in article.records("regressions"):
        beta1, beta2, t1 = (record.number(name) for name in ("beta1", "beta2", "t1"))
        cell = record.cell("t2")
        if cell is None or beta2 is None:
            continue
        if beta1 is None or t1 is None:
            yield lacking(cell, "β and t of the first predictor")
        else:
            yield judge(cell, [Reading("", t1 * (beta2 / beta1))])


@check("R-squared of two predictors", "paths")
def two_predictor_fit(article: Article) -> Iterator[Finding]:
    """R² and t of a regression with two predictors, where the first one's correlation is printed elsewhere.

    Formula: r12 = (r1 − β1)/β2; R² = 2β1·r1 + β2² − β1²; t1 = β1√((N − 3)(1 − r12²)/(1 − R²))
    Needs: both β, the row of the regression on the first predictor alone (zero_order), N for t
    Source: normal equations of least squares
    """
    for table, record in article.records("regressions"):
        beta1, beta2 = record.number("beta1"), record.number("beta2")
        if beta1 is None or beta2 is None:
            continue
        simple = next((r for r in table.records if r.label == table.file.zero_order), None)
        r1 = None if simple is None else simple.number("beta1")
        for name in ("r2", "t1"):
            if (cell := record.cell(name)) is None:
                continue
            if r1 is None:
                yield lacking(cell, "the correlation of the first predictor with the outcome")
                continue
            readings = _two(article, table, record, name, (r1, beta1, beta2))
            yield judge(cell, readings) if readings else lacking(cell, "N, and β2 other than 0")


def _two(
    article: Article, table: Table, record: Record, name: str, box: tuple[Interval, Interval, Interval]
) -> list[Reading]:
    if name == "r2":
        return [Reading("", over_box(lambda r, a, b: 2 * a * r + b * b - a * a, box))]
    n = article.number(table, record, "n")
    if n is None or n.lower <= 3 or box[2].lower <= 0 <= box[2].upper:
        return []
    size = n.lower - 3

    def t_of(r: float, a: float, b: float, r2: float | None = None) -> float:
        r12 = (r - a) / b
        share = 2 * a * r + b * b - a * a if r2 is None else r2
        return a * math.sqrt(max(size * (1 - r12 * r12) / max(1 - share, 1e-12), 0.0))

    readings = [Reading("R² from the coefficients", over_box(t_of, box))]
    if (r2 := record.number("r2")) is not None:
        readings.append(Reading("R² as printed", over_box(t_of, (*box, r2))))
    return readings
