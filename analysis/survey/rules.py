"""The screening rules, one function each: candidates in, a verdict on each of them out.

A rule says who fails and what it saw; whether those who fail are excluded or flagged is declared in study.yaml.
What is not known of a response (a duration, an index that is not defined) never makes it fail, except where
the rule asks for an answer: consent, commune and attention.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, Problem
from analysis.survey import careless

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Texts = NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Limits:
    """What a rule compares with: its threshold (NaN without one), and what makes items synonyms."""

    threshold: float
    pair_correlation: float


@dataclass(frozen=True, slots=True)
class Check:
    """A column with an answer that is looked for.

    answers: str, shape (n,), as they stand in the file.
    met: bool, shape (n,), whether the answer is one of those looked for.
    """

    answers: Texts
    met: Bools


@dataclass(frozen=True, slots=True)
class Candidates:
    """What the rules may look at, for the n responses that are still in.

    rows: 1-based rows of the raw data. respondents: identifiers, "" where absent. communes: names, None where
    absent. raw and turned: item codes before and after reversal, shape (n, p), items in the order of the
    questionnaire. scales: positions of the items of each construct. identity: codes of the respondent
    variables, shape (n, k). duration: seconds, NaN where absent; None without such a column. items: names of
    the items, for messages.
    """

    rows: NDArray[np.intp]
    respondents: Texts
    communes: Texts
    raw: Floats
    turned: Floats
    scales: tuple[NDArray[np.intp], ...]
    identity: Floats
    duration: Floats | None = None
    consent: Check | None = None
    attention: tuple[Check, ...] = ()
    tests: tuple[Check, ...] = ()
    items: tuple[str, ...] = ()

    def take(self, chosen: Bools) -> Candidates:
        """The candidates for whom ``chosen`` holds."""
        return Candidates(
            self.rows[chosen],
            self.respondents[chosen],
            self.communes[chosen],
            self.raw[chosen],
            self.turned[chosen],
            self.scales,
            self.identity[chosen],
            None if self.duration is None else self.duration[chosen],
            None if self.consent is None else _take(self.consent, chosen),
            tuple(_take(check, chosen) for check in self.attention),
            tuple(_take(check, chosen) for check in self.tests),
            self.items,
        )


@dataclass(frozen=True, slots=True)
class Verdict:
    """Of one rule over n candidates: who fails (bool, shape (n,)) and what the rule saw (shape (n,))."""

    fails: Bools
    value: NDArray[Any]


def consent(candidates: Candidates, _limits: Limits) -> Verdict:
    """Fails without the expected answer to the question of consent.

    Informed consent as asked by the World Medical Association, Declaration of Helsinki (2013), articles 25-32,
    and by Regulation (EU) 2016/679, article 7.
    """
    check = candidates.consent
    if check is None:
        raise _no_column("consent", "role: consent")
    return Verdict(~check.met, _shown(check.answers))


def completion(candidates: Candidates, limits: Limits) -> Verdict:
    """Fails with a share of answered items below the threshold: ``careless.completion_share``.

    American Association for Public Opinion Research (2023), Standard Definitions: partial interviews and
    break-offs are told apart by the share of applicable questions answered.
    """
    share = careless.completion_share(candidates.raw)
    return Verdict(share < limits.threshold, share)


def trial_rows(candidates: Candidates, _limits: Limits) -> Verdict:
    """Fails where a technical column holds one of the values that mark previews and tests.

    Such rows are no responses: American Association for Public Opinion Research (2023), Standard Definitions.
    """
    if not candidates.tests:
        raise _no_column("test_rows", "values: [...]")
    met = np.column_stack([check.met for check in candidates.tests])
    answers = np.column_stack([check.answers for check in candidates.tests])
    return Verdict(np.logical_or.reduce(met, axis=1), _joined(answers, met))


def commune(candidates: Candidates, _limits: Limits) -> Verdict:
    """Fails without a commune: such a response has no place in a multilevel model.

    Snijders & Bosker (2012), Multilevel Analysis, 2nd ed., section 9.1: group membership has to be known.
    """
    absent = np.array([name is None for name in candidates.communes], dtype=np.bool_)
    return Verdict(absent, np.where(absent, "no answer", candidates.communes))


def duplicates(candidates: Candidates, _limits: Limits) -> Verdict:
    """Fails with the identifier, or with all answers, commune and respondent variables of another response.

    Of such responses the one with most items answered stays, the first of several. Answers are compared where
    at least half of the items are answered: barer patterns are alike by chance.
    Kuriakose & Robbins (2016), Don't get duped: fraud through duplication in public opinion surveys,
    Statistical Journal of the IAOS 32(3), 283-291.
    """
    answered = ~np.isnan(candidates.raw)
    share = careless.completion_share(candidates.raw)
    same_id = _better(_groups(candidates.respondents, candidates.respondents != ""), share)
    place = pd.factorize(candidates.communes)[0].astype(float)
    pattern = np.column_stack([candidates.raw, candidates.identity, place])
    same_answers = _better(_patterns(pattern, answered.mean(axis=1) >= 0.5), share)
    own = np.arange(len(share))
    twin = np.where(same_id != own, same_id, same_answers)
    kind = np.where(same_id != own, "same respondent as row ", "same answers as row ")
    text = [f"{word}{row}" for word, row in zip(kind, candidates.rows[twin], strict=True)]
    return Verdict(twin != own, np.array(text, dtype=object))


def speed(candidates: Candidates, limits: Limits) -> Verdict:
    """Fails with a total duration, in seconds, below the threshold. An unknown duration does not fail.

    Huang, Curran, Keeney, Poposki & DeShon (2012), Detecting and deterring insufficient effort responding to
    surveys, Journal of Business and Psychology 27(1), 99-114: two seconds an item are too few to read it.
    """
    if candidates.duration is None:
        raise _no_column("speed", "role: duration")
    return Verdict(candidates.duration < limits.threshold, candidates.duration)


def attention(candidates: Candidates, _limits: Limits) -> Verdict:
    """Fails without the expected answer to any question that checks attention.

    Oppenheimer, Meyvis & Davidenko (2009), Instructional manipulation checks, Journal of Experimental Social
    Psychology 45(4), 867-872.
    """
    if not candidates.attention:
        raise _no_column("attention", "role: attention")
    missed = np.column_stack([~check.met for check in candidates.attention])
    answers = np.column_stack([_shown(check.answers) for check in candidates.attention])
    return Verdict(np.logical_or.reduce(missed, axis=1), _joined(answers, missed))


def long_string(candidates: Candidates, limits: Limits) -> Verdict:
    """Fails with a run of identical raw answers longer than the threshold: ``careless.longest_run``."""
    run = careless.longest_run(candidates.raw)
    return Verdict(run > limits.threshold, run)


def intra_individual_variability(candidates: Candidates, limits: Limits) -> Verdict:
    """Fails with a deviation of raw answers below the threshold: ``careless.individual_variability``."""
    deviation = careless.individual_variability(candidates.raw)
    return Verdict(deviation < limits.threshold, deviation)


def even_odd_consistency(candidates: Candidates, limits: Limits) -> Verdict:
    """Fails with an even-odd correlation below the threshold: ``careless.even_odd``."""
    consistency = careless.even_odd(candidates.turned, candidates.scales)
    return Verdict(consistency < limits.threshold, consistency)


def mahalanobis(candidates: Candidates, limits: Limits) -> Verdict:
    """Fails with a p of the squared distance below the threshold: ``careless.squared_distance``."""
    try:
        _, p = careless.squared_distance(candidates.turned)
    except np.linalg.LinAlgError as error:
        varies = np.nanmax(candidates.turned, axis=0) > np.nanmin(candidates.turned, axis=0)
        constant = [item for item, does in zip(candidates.items, varies, strict=False) if not does]
        if constant:
            raise constant_items(constant) from None
        hint = "place the rule after those that exclude straight-liners, or remove it from study.yaml"
        raise DataError(Problem(f"the Mahalanobis distance is not defined: {error}", hint=hint)) from None
    return Verdict(p < limits.threshold, p)


def constant_items(items: Sequence[str]) -> DataError:
    """The error for items to which everyone gives one answer."""
    what = f"all analysed respondents give the same answer to {', '.join(items)}"
    hint = "a constant item cannot be analysed: take it out of its construct in the codebook"
    return DataError(Problem(what, hint=hint))


def psychometric_synonyms(candidates: Candidates, limits: Limits) -> Verdict:
    """Fails with a correlation over synonyms below the threshold: ``careless.synonym_consistency``."""
    least = limits.pair_correlation
    pairs = careless.synonym_pairs(candidates.turned, least)
    if len(pairs[0]) < careless.MINIMUM_PAIRS:
        what = f"{len(pairs[0])} pairs of items correlate at {least:g} or more: too few for psychometric synonyms"
        raise DataError(Problem(what, hint="lower 'pair_correlation' of the rule, or remove it"))
    consistency = careless.synonym_consistency(candidates.turned, pairs)
    return Verdict(consistency < limits.threshold, consistency)


def _groups(keys: Texts, there: Bools) -> NDArray[np.intp]:
    """The number of each row's group of equal keys, -1 where the key is not there."""
    return np.where(there, pd.factorize(keys)[0], -1)


def _patterns(answers: Floats, there: Bools) -> NDArray[np.intp]:
    """The number of each row's group of equal answers, missing ones included, -1 where not to be compared."""
    filled = np.ascontiguousarray(np.where(np.isnan(answers), np.inf, answers + 0.0))
    rows = filled.view(np.dtype((np.void, filled.itemsize * filled.shape[1]))).ravel()
    return np.where(there, np.unique(rows, return_inverse=True)[1], -1)


def _better(groups: NDArray[np.intp], share: Floats) -> NDArray[np.intp]:
    """For each row the position of the row of its group that stays: most answered, then first."""
    own = np.arange(len(groups))
    order = np.lexsort((own, -share))
    _, first, group = np.unique(groups[order], return_index=True, return_inverse=True)
    best = np.empty_like(own)
    best[order] = order[first][group]
    return np.where(groups >= 0, best, own)


def _take(check: Check, chosen: Bools) -> Check:
    return Check(check.answers[chosen], check.met[chosen])


def _shown(answers: Texts) -> Texts:
    return np.where(answers == "", "no answer", answers)


def _joined(answers: Texts, chosen: Bools) -> Texts:
    """The chosen answers of each row in one text."""
    joined = np.empty(len(answers), dtype=object)
    joined[:] = [", ".join(row[mask]) for row, mask in zip(answers, chosen, strict=True)]
    return joined


def _no_column(rule: str, declaration: str) -> DataError:
    what = f"the rule '{rule}' needs a technical column of the codebook with '{declaration}'"
    return DataError(Problem(what, hint="declare the column, or remove the rule from study.yaml"))
