"""Screening rules: which responses are left out or flagged, by which declared rule, with which value."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from pydantic import model_validator

from analysis.specification import Specification
from analysis.survey import rules
from analysis.survey.rules import Bools, Candidates, Limits, Texts, Verdict

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

RULES: Mapping[str, Callable[[Candidates, Limits], Verdict]] = MappingProxyType(
    {
        "consent": rules.consent,
        "completion": rules.completion,
        "test_rows": rules.trial_rows,
        "commune": rules.commune,
        "duplicates": rules.duplicates,
        "speed": rules.speed,
        "attention": rules.attention,
        "long_string": rules.long_string,
        "intra_individual_variability": rules.intra_individual_variability,
        "even_odd_consistency": rules.even_odd_consistency,
        "mahalanobis": rules.mahalanobis,
        "psychometric_synonyms": rules.psychometric_synonyms,
    }
)

# What the rules say in the flow of responses.
LABELS: Mapping[str, str] = MappingProxyType(
    {
        "consent": "No consent given",
        "completion": "Too few items answered",
        "test_rows": "Test or preview of the questionnaire",
        "commune": "No commune given",
        "duplicates": "Duplicate of another response",
        "speed": "Answered too fast",
        "attention": "Attention check failed",
        "long_string": "Too long a run of identical answers",
        "intra_individual_variability": "Answers vary too little",
        "even_odd_consistency": "Even and odd items disagree",
        "mahalanobis": "Multivariate outlier (Mahalanobis)",
        "psychometric_synonyms": "Answers to synonymous items disagree",
    }
)

# Item pairs that correlate so much are synonyms where the rule does not say otherwise (Meade & Craig 2012).
PAIR_CORRELATION = 0.60

# What the threshold of each rule means, and the values it may take. It is always the last value accepted.
THRESHOLDS: Mapping[str, tuple[str, float, float]] = MappingProxyType(
    {
        "completion": ("smallest share of items answered", 0.0, 1.0),
        "speed": ("shortest total duration in seconds", 0.0, float("inf")),
        "long_string": ("longest run of identical answers", 1.0, float("inf")),
        "intra_individual_variability": ("smallest standard deviation of the answers", 0.0, float("inf")),
        "even_odd_consistency": ("smallest even-odd correlation", -1.0, 1.0),
        "mahalanobis": ("smallest p of the squared distance", 0.0, 1.0),
        "psychometric_synonyms": ("smallest correlation over pairs of synonyms", -1.0, 1.0),
    }
)


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

    @property
    def limits(self) -> Limits:
        """What the rule's function compares with."""
        pair = PAIR_CORRELATION if self.pair_correlation is None else self.pair_correlation
        return Limits(float("nan") if self.threshold is None else self.threshold, pair)

    @property
    def label(self) -> str:
        """The rule in the flow of responses, with its threshold."""
        limit = "" if self.threshold is None else f" ({THRESHOLDS[self.rule][0]}: {self.threshold:g})"
        return LABELS[self.rule] + limit


@dataclass(frozen=True, slots=True)
class Screened:
    """Of all rules over n responses.

    excluded_by: str, shape (n,); the first rule that excludes, "" for those kept.
    value: str, shape (n,); what that rule saw. flags: str, shape (n,); "rule=value" joined by ";".
    removed: one number per excluding rule, in their order.
    """

    excluded_by: Texts
    value: Texts
    flags: Texts
    removed: tuple[int, ...]

    @property
    def kept(self) -> Bools:
        """Who is left, bool, shape (n,)."""
        return np.asarray(self.excluded_by == "", dtype=np.bool_)


def screen(candidates: Candidates, declared: Sequence[ScreeningRule]) -> Screened:
    """Apply the ``declared`` rules in their order; each sees the responses that the rules before it have left.

    So do the rules that compare a response with its sample (duplicates, mahalanobis, psychometric_synonyms).
    Raises DataError when a rule asks for a column that is not there, or cannot be computed.
    """
    n = len(candidates.rows)
    excluded_by, value, flags = (np.full(n, "", dtype=object) for _ in range(3))
    removed: list[int] = []
    for rule in declared:
        still_in = np.asarray(excluded_by == "", dtype=np.bool_)
        left = np.flatnonzero(still_in)
        if len(left) == 0:  # nothing to compare with: the caller reports who left by which rule
            removed += [0] if rule.action == "exclude" else []
            continue
        subset = candidates.take(still_in)
        verdict = RULES[rule.rule](subset, rule.limits)
        failing = left[verdict.fails]
        seen = np.array([value_text(item) for item in verdict.value[verdict.fails]], dtype=object)
        if rule.action == "exclude":
            excluded_by[failing], value[failing] = rule.rule, seen
            removed.append(len(failing))
        else:
            for position, text in zip(failing, seen, strict=True):
                flags[position] += f"{';' if flags[position] else ''}{rule.rule}={text}"
    return Screened(excluded_by, value, flags, tuple(removed))


def value_text(value: object) -> str:
    """What a rule saw, as the ledger writes it; ten digits are the same on every machine."""
    return f"{value:.10g}" if isinstance(value, float) else str(value)
