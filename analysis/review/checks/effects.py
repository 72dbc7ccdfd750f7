"""Indirect and total effects."""

from __future__ import annotations

import math
from collections.abc import Iterator
from itertools import pairwise

from analysis.review.article import Article, Record
from analysis.review.interval import Interval, exactly, total
from analysis.review.registry import check
from analysis.review.verdict import Finding, Reading, judge, lacking

SCALES = {"est": "unstandardised", "std": "standardised"}


def sobel_se(a: Interval, b: Interval, se_a: Interval, se_b: Interval) -> list[Reading]:
    """SE of a·b: √(a²·SE_b² + b²·SE_a²), plus (Aroian) or less (Goodman) SE_a²·SE_b²."""
    first = a.squared() * se_b.squared() + b.squared() * se_a.squared()
    second = se_a.squared() * se_b.squared()
    return [
        Reading("Sobel", first.root()),
        Reading("Aroian", (first + second).root()),
        Reading("Goodman", (first - second).root()),
    ]


def path_value(article: Article, outcome: str, predictor: str, scale: str) -> Interval | None:
    """The estimate of a path wherever a table of paths prints it; None where none does, or several do."""
    rows = [r for _, r in article.records("paths") if (r.word("outcome"), r.word("predictor")) == (outcome, predictor)]
    found = [value for row in rows if (value := row.number(scale)) is not None]
    return found[0] if len(found) == 1 else None


def chains(record: Record) -> list[list[str]]:
    """The ways from predictor to outcome: '+' between mediators of different ways, '>' between those of one way."""
    ways = [way for way in record.word("via").split("+") if way.strip()]
    ends = (record.word("predictor"), record.word("outcome"))
    return [[ends[0], *(name.strip() for name in way.split(">")), ends[1]] for way in ways]


def product_along(article: Article, way: list[str], scale: str) -> Interval | None:
    """Product of the paths along one way."""
    product = exactly(1)
    for predictor, outcome in pairwise(way):
        value = path_value(article, outcome, predictor, scale)
        if value is None:
            return None
        product = product * value
    return product


@check("indirect effect", "effects")
def indirect(article: Article) -> Iterator[Finding]:
    """An indirect effect is the product of its paths, summed over the ways.

    Formula: a·b
    Needs: a and b in the row, or both paths in a table of paths and the mediator in 'via'
    Source: Sobel (1982), Sociological Methodology 13, 290-312
    """
    for _, record in article.records("effects"):
        if (cell := record.cell("indirect")) is None:
            continue
        a, b = record.number("a"), record.number("b")
        readings = [] if a is None or b is None else [Reading("a·b of the row", a * b)]
        for scale, name in SCALES.items():
            products = [product_along(article, way, scale) for way in chains(record)]
            known = [product for product in products if product is not None]
            if known and len(known) == len(products):
                readings.append(Reading(f"product of the {name} paths", total(known)))
        yield judge(cell, readings) if readings else lacking(cell, "the paths that it is a product of")


@check("total effect", "effects")
def totals(article: Article) -> Iterator[Finding]:
    """Direct and indirect effect add up to the total.

    Formula: total = direct + indirect
    Needs: direct, indirect (summed over all mediators)
    Source: Alwin & Hauser (1975), American Sociological Review 40(1), 37-47
    """
    for _, record in article.records("effects"):
        cell, direct, through = record.cell("total"), record.number("direct"), record.number("indirect")
        if cell is None:
            continue
        if direct is None or through is None:
            yield lacking(cell, "direct and indirect effect")
        else:
            yield judge(cell, [Reading("", direct + through)])


@check("direct effect", "effects")
def direct_effects(article: Article) -> Iterator[Finding]:
    """A direct effect is the path of the same names.

    Formula: direct = path
    Needs: the path in a table of paths
    Source: definition
    """
    for _, record in article.records("effects"):
        if (cell := record.cell("direct")) is None:
            continue
        values = {
            name: path_value(article, record.word("outcome"), record.word("predictor"), scale)
            for scale, name in SCALES.items()
        }
        readings = [Reading(name, value) for name, value in values.items() if value is not None]
        yield judge(cell, readings) if readings else lacking(cell, "the path itself")


@check("Sobel test", "effects")
def sobel(article: Article) -> Iterator[Finding]:
    """The standard error of an indirect effect by the delta method.

    Formula: SE = √(a²·SE_b² + b²·SE_a²), by Aroian plus, by Goodman less SE_a²·SE_b²
    Needs: a, b and their standard errors; that the SE is no bootstrap one
    Source: Sobel (1982); Aroian (1947); Goodman (1960), Journal of the American Statistical Association 55, 708-713
    """
    for table, record in article.records("effects"):
        a, b, se_a, se_b = (record.number(name) for name in ("a", "b", "se_a", "se_b"))
        cell, z = record.cell("se"), record.cell("z")
        if a is None or b is None or se_a is None or se_b is None or table.file.intervals == "bootstrap":
            if cell is not None:
                yield lacking(cell, "a, b and their standard errors, and that it is no bootstrap standard error")
            continue
        readings = sobel_se(a, b, se_a, se_b)
        if cell is not None:
            yield judge(cell, readings)
        elif z is not None:
            yield judge(z, [Reading(r.name, (a * b) / r.interval.within(0, math.inf)) for r in readings])
