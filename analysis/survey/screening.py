"""Screening rules: which responses are left out or flagged, by which declared rule, with which value."""

from __future__ import annotations

from typing import Literal

from analysis.specification import Specification

RuleName = Literal[
    "consent",
    "completion",
    "test_rows",
    "duplicates",
    "speed",
    "attention",
    "long_string",
    "intra_individual_variability",
    "even_odd_consistency",
    "mahalanobis",
    "psychometric_synonyms",
]


class ScreeningRule(Specification):
    """One declared rule: its name, its threshold where it has one, and what happens to those who fail it."""

    rule: RuleName
    action: Literal["exclude", "flag"]
    threshold: float | None = None
