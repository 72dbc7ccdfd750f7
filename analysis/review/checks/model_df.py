"""Degrees of freedom counted from a model's syntax."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from analysis.errors import SmartCityError
from analysis.review.article import Article, Cell, Record, Table
from analysis.review.interval import Interval, exactly
from analysis.review.registry import check
from analysis.review.verdict import Finding, Reading, judge, lacking
from analysis.sem.defaults import roles_of
from analysis.sem.partable import ParameterTable, TableOptions, build_table
from analysis.sem.syntax import ParsedModel, parse_model

MOST_GROUPS = 100
EQUALITIES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("configural", ()),
    ("equal loadings", ("loadings",)),
    ("equal loadings and intercepts", ("loadings", "intercepts")),
    ("equal loadings, intercepts and residuals", ("loadings", "intercepts", "residuals")),
)


def degrees_of_freedom(table: ParameterTable) -> int:
    """Moments less free parameters: p(p + 1)/2 in each group (with means p more), without those of fixed covariates."""
    p, q = len(table.observed), len(table.exogenous)
    moments = p * (p + 1) // 2 - q * (q + 1) // 2
    if table.meanstructure:
        moments += p - q
    equalities = sum(relation.op == "==" for relation in table.constraints)
    return len(table.groups) * moments - table.n_free + equalities


def countings(model: ParsedModel, groups: int) -> list[tuple[str, int]]:
    """Df under each plausible way to count, most usual first, as (name, df)."""
    named = dict.fromkeys(s.group for s in model.statements if s.group is not None)
    labels = (*named, *(f"group {i + 1}" for i in range(len(named), groups))) if groups > 1 else ("",)
    found: list[tuple[str, int]] = []
    for name, equal in EQUALITIES if groups > 1 else (("as lavaan", ()),):
        table = build_table(model, TableOptions(groups=labels, group_equal=equal))
        found += [(name if not words else f"{name}, {words}", df) for words, df in _variants(table, model)]
    unique: dict[int, str] = {}
    for name, df in found:
        unique.setdefault(df, name)
    return [(name, df) for df, name in unique.items() if df >= 0]


def _variants(table: ParameterTable, model: ParsedModel) -> Iterator[tuple[str, int]]:
    df, groups = degrees_of_freedom(table), len(table.groups)
    yield "", df
    added = [row for row in table.parameters if row.op == "~~" and not row.user and not row.is_variance and row.free]
    latent = [row for row in added if row.lhs in table.latent and row.rhs in table.latent]
    outcomes = set(roles_of(model.statements).outcomes)
    exogenous = [row for row in latent if row.lhs not in outcomes and row.rhs not in outcomes]
    final = [row for row in added if row.lhs in outcomes and row.rhs in outcomes]
    choices: Sequence[tuple[str, int]] = (
        ("exogenous latents uncorrelated", len(exogenous)),
        ("residuals of the final outcomes uncorrelated", len(final)),
        ("exogenous latents and final residuals uncorrelated", len(exogenous) + len(final)),
    )
    yield from ((words, df + count) for words, count in choices if count)
    q = len(table.exogenous)
    if q:
        yield "covariances of observed covariates fixed to 0", df + groups * q * (q - 1) // 2
        yield "moments of observed covariates counted, not as parameters", df + groups * q * (q + 1) // 2
    free_means = sum(row.op == "~1" and row.free > 0 for row in table.parameters)
    if not table.meanstructure:
        yield "means counted, intercepts not", df + groups * (len(table.observed) - q)
    elif free_means and groups > 1:
        yield "means left out", df - (groups * (len(table.observed) - q) - free_means)


@lru_cache(maxsize=64)
def _counted(text: str, groups: int) -> tuple[tuple[str, int], ...]:
    return tuple(countings(parse_model(text), groups))


@check("df of the model", "fit")
def model_df(article: Article) -> Iterator[Finding]:
    """Df follow from the model: moments less free parameters.

    Formula: df = G·p(p + 1)/2 (+ means) − free parameters; alternatives: covariances of exogenous latents, of
    covariates, of residuals of final outcomes; means; equalities over groups
    Needs: the model in lavaan syntax under 'models', named by the row or by the table's key 'model'
    Source: Bollen (1989), Structural Equations with Latent Variables, chapter 4; Rosseel (2012) for the defaults
    """
    for table, record in article.records("fit"):
        cell = record.cell("df")
        text = _syntax(article, table, record)
        if cell is None or text is None or record.label == table.file.baseline:
            continue
        groups = article.number(table, record, "groups") or exactly(1)
        if groups.lower > MOST_GROUPS:
            yield lacking(cell, f"a number of groups up to {MOST_GROUPS}")
            continue
        try:
            ways = _counted(text, int(groups.lower))
        except SmartCityError as error:
            yield lacking(cell, f"a model that can be read: {error.problems[0].what}")
            continue
        yield _judged(cell, ways)


def _judged(cell: Cell, ways: Sequence[tuple[str, int]]) -> Finding:
    finding = judge(cell, [Reading(f"{name}: {df}", Interval(df, df)) for name, df in ways])
    usual = ways[0][1]
    if cell.printed is not None and finding.recomputed is not None and finding.recomputed.lower != usual:
        return replace(finding, remark=f"the usual count is {usual}")
    return finding


def _syntax(article: Article, table: Table, record: Record) -> str | None:
    named = record.label if record.label in article.file.models else table.file.model
    return None if named is None else article.file.models[named]


@check("df of the baseline", "fit")
def baseline_df(article: Article) -> Iterator[Finding]:
    """Df of the independence model follow from the number of variables.

    Formula: G·p(p − 1)/2, less G·q(q − 1)/2 where q observed covariates keep their covariances
    Needs: the model in lavaan syntax
    Source: Bentler & Bonett (1980), Psychological Bulletin 88(3), 588-606
    """
    for table, record in article.records("fit"):
        cell, text = record.cell("base_df"), _syntax(article, table, record)
        if cell is None or text is None:
            continue
        groups = (article.number(table, record, "groups") or exactly(1)).lower
        roles = roles_of(parse_model(text).statements)
        p, q = len(roles.observed), len(roles.exogenous)
        every = groups * p * (p - 1) / 2
        kept = every - groups * q * (q - 1) / 2
        yield judge(cell, [Reading("every covariance 0", exactly(every)), Reading("covariates covary", exactly(kept))])
