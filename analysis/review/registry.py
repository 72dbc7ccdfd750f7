"""The list of checks. What each computes, needs and rests on is read from its docstring, which is its only account."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

from analysis.review.article import Article
from analysis.review.verdict import Finding

Rule = Callable[[Article], Iterator[Finding]]


@dataclass(frozen=True, slots=True)
class Check:
    """One check: its name, subject, title, formula, what it needs, its source, and the rule that applies it."""

    name: str
    subject: str
    title: str
    formula: str
    needs: str
    source: str
    rule: Rule

    def findings(self, article: Article) -> Iterator[Finding]:
        """What it finds, under its name."""
        return (replace(finding, check=self.name) for finding in self.rule(article))


_CHECKS: dict[str, Check] = {}
_PART = re.compile(r"^(Formula|Needs|Source): (.*?)(?=^\w+: |\Z)", re.MULTILINE | re.DOTALL)


def check(name: str, subject: str) -> Callable[[Rule], Rule]:
    """Enter a rule in the list. Its docstring has a title, and the parts 'Formula:', 'Needs:' and 'Source:'."""

    def enter(rule: Rule) -> Rule:
        text = inspect.cleandoc(rule.__doc__ or "")
        parts = {label: " ".join(content.split()) for label, content in _PART.findall(text)}
        title = text.split("\n", 1)[0].rstrip(".")
        _CHECKS[name] = Check(name, subject, title, parts["Formula"], parts["Needs"], parts["Source"], rule)
        return rule

    return enter


def registered() -> dict[str, Check]:
    """All checks that were entered, by name."""
    return dict(_CHECKS)
