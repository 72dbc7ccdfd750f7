"""Each rule by hand, and the ledger and flow of any set of rules."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from analysis.errors import DataError
from analysis.survey.rules import Candidates, Check
from analysis.survey.screening import RULES, THRESHOLDS, screen
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError
from tests.survey.survey_examples import rule

NAN = float("nan")


def check(*met: bool) -> Check:
    answers = np.array(["yes" if value else "no" for value in met], dtype=object)
    return Check(answers, np.array(met))


def candidates(n: int = 60, seed: int = 1, **fields: Any) -> Candidates:
    """Attentive respondents to three scales of three items, with the given fields in their place."""
    rng = np.random.default_rng(seed)
    turned = np.clip(np.round(4 + rng.normal(size=(n, 3)).repeat(3, axis=1) + 0.4 * rng.normal(size=(n, 9))), 1, 7)
    raw = turned.copy()
    raw[:, [1, 5]] = 8 - raw[:, [1, 5]]
    people = Candidates(
        rows=np.arange(1, n + 1),
        respondents=np.array([f"r{i}" for i in range(n)], dtype=object),
        communes=np.array([f"c{i % 5}" for i in range(n)], dtype=object),
        raw=raw,
        turned=turned,
        scales=(np.arange(3), np.arange(3, 6), np.arange(6, 9)),
        identity=np.arange(n, dtype=float)[:, None],
        duration=np.full(n, 300.0),
        consent=check(*[True] * n),
        attention=(check(*[True] * n),),
        tests=(check(*[False] * n),),
    )
    return dataclasses.replace(people, **fields)


def failing(name: str, people: Candidates, **limits: float) -> dict[int, Any]:
    """Row → what the rule saw, of those that fail it."""
    verdict = RULES[rule(name, **limits).rule](people, rule(name, **limits).limits)
    assert verdict.fails.dtype == np.bool_
    assert verdict.fails.shape == verdict.value.shape == (len(people.rows),)
    return {int(row): verdict.value[row - 1] for row in people.rows[verdict.fails]}


def test_consent_attention_and_trial_rows() -> None:
    three = candidates(3, consent=check(True, False, True))
    assert failing("consent", three) == {2: "no"}
    two_checks = (check(True, False, False), check(True, True, False))
    assert failing("attention", candidates(3, attention=two_checks)) == {2: "no", 3: "no, no"}
    assert failing("test_rows", candidates(3, tests=(check(False, True, False),))) == {2: "yes"}


def test_a_question_left_open_is_shown_as_such() -> None:
    empty = Check(np.array(["", "yes", "yes"], dtype=object), np.array([False, True, True]))
    assert failing("consent", candidates(3, consent=empty)) == {1: "no answer"}


def test_commune() -> None:
    people = candidates(3, communes=np.array(["a", None, "b"], dtype=object))
    assert failing("commune", people) == {2: "no answer"}


def test_completion_at_the_threshold_passes() -> None:
    raw = np.array([[1, 2, 3, NAN], [1, 2, NAN, NAN], [NAN] * 4])
    assert failing("completion", candidates(3, raw=raw), threshold=0.5) == {3: 0.0}


def test_speed_and_an_unknown_duration() -> None:
    people = candidates(3, duration=np.array([59.9, 60, NAN]))
    assert failing("speed", people, threshold=60) == {1: 59.9}


def test_long_string_looks_at_raw_answers() -> None:
    raw = np.array([[4.0] * 9, [1, 2, 3, 4, 5, 6, 7, 1, 2], [4] * 5 + [1] * 4])
    assert failing("long_string", candidates(3, raw=raw), threshold=5) == {1: 9.0}


def test_duplicates_keep_the_most_complete_and_then_the_first() -> None:
    people = candidates(6)
    raw = people.raw.copy()
    respondents = np.array(["a", "b", "a", "", "", "f"], dtype=object)
    raw[0, 0] = NAN  # row 3 has the same respondent and more answers
    raw[5] = raw[1]  # row 6 repeats the answers of row 2
    identity = np.array([[0], [1], [0], [3], [4], [1]], dtype=float)
    communes = np.array(["c", "d", "c", "d", "c", "d"], dtype=object)
    people = dataclasses.replace(people, raw=raw, respondents=respondents, identity=identity, communes=communes)
    assert failing("duplicates", people) == {1: "same respondent as row 3", 6: "same answers as row 2"}
    elsewhere = np.array(["c", "d", "c", "d", "c", "c"], dtype=object)
    assert failing("duplicates", dataclasses.replace(people, communes=elsewhere)) == {1: "same respondent as row 3"}


def test_bare_patterns_are_no_duplicates() -> None:
    raw = np.full((3, 9), NAN)
    raw[:, 0] = 4
    people = candidates(3, raw=raw, identity=np.zeros((3, 1)), communes=np.array(["c"] * 3, dtype=object))
    assert failing("duplicates", people) == {}


def test_indices_find_the_careless() -> None:
    people = candidates(300)
    raw, turned = people.raw.copy(), people.turned.copy()
    raw[0] = 4
    turned[1] = [1, 7, 1, 7, 1, 7, 1, 7, 4]
    people = dataclasses.replace(people, raw=raw, turned=turned)
    assert 1 in failing("intra_individual_variability", people, threshold=0.1)
    assert 2 in failing("mahalanobis", people, threshold=0.001)
    assert 2 in failing("even_odd_consistency", people, threshold=-0.5)
    assert 2 in failing("psychometric_synonyms", people, threshold=-0.2)


def test_rules_without_their_column_say_so() -> None:
    bare = candidates(consent=None, attention=(), tests=(), duration=None)
    for name, limits in [("consent", {}), ("attention", {}), ("test_rows", {}), ("speed", {"threshold": 1.0})]:
        with pytest.raises(DataError, match=f"the rule '{name}' needs a technical column"):
            failing(name, bare, **limits)


def test_what_cannot_be_computed_says_so() -> None:
    with pytest.raises(DataError, match="Mahalanobis distance is not defined"):
        failing("mahalanobis", candidates(5), threshold=0.001)
    with pytest.raises(DataError, match="too few for psychometric synonyms"):
        failing("psychometric_synonyms", candidates(), threshold=0.0, pair_correlation=0.999)


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"rule": "speed"}, "needs 'threshold': shortest total duration"),
        ({"rule": "consent", "threshold": 1}, "has no threshold"),
        ({"rule": "completion", "threshold": 80}, "not from 0 to 1"),
        ({"rule": "speed", "threshold": 1, "pair_correlation": 0.5}, "belongs to psychometric_synonyms"),
    ],
)
def test_a_rule_is_declared_with_what_it_needs(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        rule(action="exclude", name=fields.pop("rule"), **fields)


def test_later_rules_see_only_who_is_left() -> None:
    """The second of two equal responses stays, once the first is gone."""
    people = candidates(3, duration=np.array([10.0, 300, 300]))
    raw = people.raw.copy()
    raw[1] = raw[0]
    people = dataclasses.replace(people, raw=raw, identity=np.zeros((3, 1)), communes=np.array(["c"] * 3, dtype=object))
    after = screen(people, [rule("speed", threshold=60), rule("duplicates")])
    assert after.excluded_by.tolist() == ["speed", "", ""]
    before = screen(people, [rule("duplicates"), rule("speed", threshold=60)])
    assert before.excluded_by.tolist() == ["speed", "duplicates", ""]
    assert before.value.tolist() == ["10", "same answers as row 1", ""]


@st.composite
def declared_rules(draw: st.DrawFn) -> list[Any]:
    # Without the two that need a sample of some size to be defined.
    available = [name for name in RULES if name not in {"mahalanobis", "psychometric_synonyms"}]
    names = draw(st.lists(st.sampled_from(available), max_size=6))
    rules = []
    for name in names:
        limits = {}
        if name in THRESHOLDS:
            _, low, high = THRESHOLDS[name]
            limits["threshold"] = draw(st.floats(low, min(high, 400)))
        rules.append(rule(name, draw(st.sampled_from(["exclude", "flag"])), **limits))
    return rules


@st.composite
def populations(draw: st.DrawFn) -> Candidates:
    n, seed = draw(st.integers(1, 25)), draw(st.integers(0, 10))
    rng = np.random.default_rng(seed)
    people = candidates(n, seed)
    return dataclasses.replace(
        people,
        raw=np.where(rng.random((n, 9)) < 0.3, NAN, people.raw),
        respondents=rng.choice(np.array(["a", "b", "", "d"], dtype=object), n),
        communes=rng.choice(np.array(["c", None], dtype=object), n),
        duration=rng.choice([10.0, 300, NAN], n),
        consent=check(*rng.random(n) < 0.8),
        attention=(check(*rng.random(n) < 0.8),),
        tests=(check(*rng.random(n) < 0.2),),
    )


@given(populations(), declared_rules())
def test_every_response_is_kept_or_left_out_by_one_rule(people: Candidates, rules: list[Any]) -> None:
    screened = screen(people, rules)
    excluding = [entry.rule for entry in rules if entry.action == "exclude"]
    assert len(screened.removed) == len(excluding)
    assert screened.kept.sum() + sum(screened.removed) == len(people.rows)
    assert ((screened.excluded_by == "") == (screened.value == "")).all()
    for name in set(excluding):
        by_flow = sum(n for entry, n in zip(excluding, screened.removed, strict=True) if entry == name)
        assert by_flow == (screened.excluded_by == name).sum()
