"""Review an article: numbers that cannot be, then every check on what is left."""

from __future__ import annotations

from analysis.review.article import Article, key
from analysis.review.checks import (
    claims,
    descriptives,
    differences,
    effects,
    explained,
    fit,
    measurement,
    mixed,
    model_df,
    paths,
    possible,
    refit,
)
from analysis.review.registry import Check, registered
from analysis.review.result import Review

# Importing a module enters its checks; the tuple says which there are, in the order of the summary.
MODULES = (
    possible, fit, model_df, differences, measurement, paths, explained, refit, effects, mixed, descriptives, claims,
)  # fmt: skip


def checks() -> dict[str, Check]:
    """All checks by name, in the order of ``MODULES``."""
    order = [module.__name__ for module in MODULES]
    return dict(sorted(registered().items(), key=lambda item: order.index(item[1].rule.__module__)))


def review(article: Article) -> Review:
    """Apply every check. A number that cannot be is told once, and counts as not printed for the other checks."""
    known = checks()
    impossible = list(known["possible"].findings(article))
    barred = article.without({key(finding.cell): "the printed number is impossible" for finding in impossible})
    findings = [*impossible]
    for name, check in known.items():
        if name != "possible":
            findings += check.findings(barred)
    order = {name: position for position, name in enumerate(["", *article.tables])}
    # A cell that several models of a wide table share is told once.
    findings = list({(f.check, key(f.cell), f.verdict): f for f in findings}.values())
    findings.sort(key=lambda f: (order[f.cell.table], f.cell.row, f.cell.position))
    return Review(article, tuple(findings), known)
