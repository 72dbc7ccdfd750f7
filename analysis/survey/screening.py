"""Screening rules: which responses are left out or flagged, by which declared rule, with which value."""

from __future__ import annotations

from typing import Literal

from pydantic import model_validator

from analysis.specification import Specification

RuleName = Literal[
    "consent",
    "completion",
    "test_rows",
    "commune",
    "duplicates",
    "speed",
    "attention",
    "long_string",
    "intra_individual_variability",
    "even_odd_consistency",
    "mahalanobis",
    "psychometric_synonyms",
]

# What the threshold of each rule means, and the values it may take. It is always the last value accepted.
THRESHOLDS: dict[str, tuple[str, float, float]] = {
    "completion": ("smallest share of items answered", 0.0, 1.0),
    "speed": ("shortest total duration in seconds", 0.0, float("inf")),
    "long_string": ("longest run of identical answers", 1.0, float("inf")),
    "intra_individual_variability": ("smallest standard deviation of the answers", 0.0, float("inf")),
    "even_odd_consistency": ("smallest even-odd correlation", -1.0, 1.0),
    "mahalanobis": ("smallest p of the squared distance", 0.0, 1.0),
    "psychometric_synonyms": ("smallest correlation over pairs of synonyms", -1.0, 1.0),
}


class ScreeningRule(Specification):
    """One declared rule: its name, its threshold where it has one, and what happens to those who fail it.

    ``threshold`` is the last value accepted: a share, duration, deviation, correlation or p below it fails,
    a run of identical answers above it fails. ``pair_correlation`` is for psychometric_synonyms alone: items
    that correlate at least so much in the sample are synonyms.
    """

    rule: RuleName
    action: Literal["exclude", "flag"]
    threshold: float | None = None
    pair_correlation: float | None = None

    @model_validator(mode="after")
    def _threshold_fits(self) -> ScreeningRule:
        if self.pair_correlation is not None and self.rule != "psychometric_synonyms":
            raise ValueError("'pair_correlation' belongs to psychometric_synonyms alone")
        if self.rule not in THRESHOLDS:
            if self.threshold is not None:
                raise ValueError(f"the rule '{self.rule}' has no threshold")
            return self
        meaning, low, high = THRESHOLDS[self.rule]
        if self.threshold is None:
            raise ValueError(f"the rule '{self.rule}' needs 'threshold': {meaning}")
        if not low <= self.threshold <= high:
            raise ValueError(f"threshold {self.threshold:g} is not from {low:g} to {high:g}: {meaning}")
        return self
