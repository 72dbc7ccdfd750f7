"""A codebook is checked whole: every mistake at its line."""

from __future__ import annotations

import pytest
from analysis.errors import SpecificationError
from analysis.survey.codebook import parse_codebook
from tests.survey.survey_examples import CODEBOOK, codebook


def problems(text: str) -> list[str]:
    with pytest.raises(SpecificationError) as caught:
        parse_codebook(text, "codebook.yaml")
    return [f"{problem.where}: {problem.what}" for problem in caught.value.problems]


def line(text: str, fragment: str) -> int:
    return next(number for number, content in enumerate(text.splitlines(), 1) if fragment in content)


def test_a_codebook_knows_its_columns() -> None:
    book = codebook()
    assert book.identifying == ("Courriel",)
    assert book.commune_column == "Commune"
    assert book.with_role("consent") == ("Consentement",)
    assert book.code_range("t1") == (1, 5)
    assert book.construct_of()["i2"] == "intention"
    assert book.analysed_names == (
        "t1", "t2", "t3", "i1", "i2", "i3", "age", "offer", "trust_mean", "intention_mean",
    )  # fmt: skip


def test_five_mistakes_are_reported_together_each_at_its_line() -> None:
    text = (
        CODEBOOK.replace("items: [t1, t2, t3]", "items: [t1, t2, t4]")
        .replace("scale: agreement, column: Q_I1", "scale: agrement, column: Q_I1")
        .replace("reversed: true}\n  t3", "inverted: true}\n  t3")
        .replace("type: integer", "type: whole")
        .replace("ID: {role: id}", "ID: {role: ident}")
    )
    found = problems(text)
    for fragment, what in [
        ("items: [t1, t2, t4]", "item 't4' of 'trust' is not defined"),
        ("agrement", "'items.i1' uses the scale 'agrement', which is not defined"),
        ("inverted", "unknown key 'inverted'"),
        ("type: whole", "respondent.age.type"),
        ("role: ident", "technical.ID.role"),
    ]:
        place = f"codebook.yaml:{line(text, fragment)}: "
        assert any(problem.startswith(place) and what in problem for problem in found), (what, found)
    # The sixth follows from the first: t3 is now in no construct.
    assert len(found) == 6


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("items: [i1, i2, i3]", "items: [i1, i2, i3, t1]", "item 't1' is already listed in 'trust'"),
        ("key: commune", "key: age", "the name 'age' is already taken by 'communes.key'"),
        ("  i3: {", "  trust_mean: {", "the name 'trust_mean' is already taken by 'constructs.trust'"),
        ("column: Q_I1", "column: i2", "the column 'i2' is already read as 'items.i1'"),
        ("[Commentaire]", "[Commentaire, t1]", "the column 't1' is already read as 'items.t1'"),
        ("type: category, scale: gender", "type: category", "'respondent.gender' is a category without a scale"),
        ("type: integer,", "type: integer, scale: size,", "'respondent.age' is of type integer and has a scale"),
        ("minimum: 18, maximum: 110", "minimum: 110, maximum: 18", "minimum 110 at or above its maximum 18"),
        (", minimum: 18, maximum: 110", "", "'respondent.age' has no range"),
        ("  file: raw/communes.csv\n", "", "commune variables are given without 'file'"),
        ("type: category, scale: size", "type: text", "scale 'size' is not used"),
        ("fr: Homme", "fr: FEMME", "'FEMME' stands for code 1 and for code 2"),
        ("fr: Homme", 'fr: "1"', "the label '1' of code 2 reads as code 1"),
        ("    2: {fr: Grande, en: Large}\n", "", "scale 'size' has fewer than two answers"),
        ("code: 9,", "code: 99,", "missing code 99 is given twice"),
        ("[\"Ne se prononce pas\"", "[\"neither\"", "'neither' means missing and is also an answer of the scale"),
        ("{code: 9, reason: out of range}", "{reason: out of range}", "give a code, labels, or both"),
        ("{role: duration}", "{role: consent}", "the role 'consent' is already played by 'Consentement'"),
        (', expected: ["Oui"]', "", "'Consentement' (consent) does not say which answer is expected"),
        ("{role: duration}", "{role: duration, expected: [x]}", "'Durée' has 'expected'"),
        ("{role: id}", "{role: id, identifying: true}", "'ID' identifies people and is dropped at reading"),
    ],
)  # fmt: skip
def test_each_mistake_of_reference(old: str, new: str, what: str) -> None:
    assert old in CODEBOOK
    assert any(what in problem for problem in problems(CODEBOOK.replace(old, new, 1)))


@pytest.mark.parametrize("text", ["", "- a list", "study: [", "study: small\nscales: 3\nitems: {x: 1}\n"])
def test_what_is_no_codebook_at_all_is_refused_in_words(text: str) -> None:
    assert problems(text)
