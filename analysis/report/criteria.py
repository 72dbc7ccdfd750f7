"""How rules of thumb are printed: in words, with the work they are from, or as the study's own."""

from __future__ import annotations

from collections.abc import Mapping

from analysis.criteria import CRITERIA, Criterion


def rule(criterion: Criterion) -> str:
    """The rule in words: 'close to .95 or above'."""
    return criterion.wording.format(_shown(criterion.value))


def source(name: str, criterion: Criterion) -> str:
    """Where the value is from; of one the study has set, what it was and whose."""
    if not criterion.changed:
        return criterion.source
    return f"set in study.yaml; {_shown(CRITERIA[name].value)}: {criterion.source}"


def rule_note(criteria: Mapping[str, Criterion], name: str, label: str) -> str:
    """A note below a table: what is judged, the rule, and its source."""
    return f"{label}: {rule(criteria[name])} ({source(name, criteria[name])})."


def _shown(value: float) -> str:
    """At least two decimals of a share, and no zero before the point."""
    if abs(value) >= 1:
        return f"{value:g}"
    return (f"{value:.2f}" if round(value, 2) == value else f"{value:g}").replace("0.", ".", 1)
