"""Answers become codes, and what the codebook does not know is never lost."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis.survey.codebook import Variable
from analysis.survey.labels import as_number, fold
from analysis.survey.recode import cell_text, read_text, recode_number, recode_scale, turn
from hypothesis import given
from hypothesis import strategies as st
from tests.survey.survey_examples import codebook

CODEBOOK = codebook()
SCALE = CODEBOOK.scales["agreement"]
MISSING = CODEBOOK.missing
CODES = st.sampled_from(sorted(SCALE))


def spelled(code: int, language: str, style: int) -> str:
    """The label of a code as platforms and people may write it."""
    label = getattr(SCALE[code], language)
    styles = (
        label,
        f"  {label.upper()}\u00a0",
        label.replace("'", "’"),
        label.replace(" ", "  "),
        label.replace("à", "a").replace("ô", "o"),
        f"{code}",
        f"{code}.0",
        f" {code},0",
    )
    return styles[style]


@given(st.lists(st.tuples(CODES, st.sampled_from(["fr", "en"]), st.integers(0, 7)), min_size=1))
def test_every_spelling_of_a_label_gives_its_code(answers: list[tuple[int, str, int]]) -> None:
    column = pd.Series([spelled(*answer) for answer in answers], name="t1", dtype=object)
    coded = recode_scale(column, SCALE, MISSING, {})
    assert coded.unknown == ()
    assert coded.codes.tolist() == [code for code, _, _ in answers]
    assert set(coded.reasons) == {""}
    labels = [getattr(SCALE[int(code)], "fr") for code in coded.codes]  # noqa: B009
    again = recode_scale(pd.Series(labels, name="t1", dtype=object), SCALE, MISSING, {})
    assert again.codes.tolist() == coded.codes.tolist()


def test_numbers_of_binary_formats() -> None:
    column = pd.Series([1, 2.0, np.float32(5), np.int64(3), None, float("nan")], dtype=object)
    coded = recode_scale(column, SCALE, MISSING, {})
    assert coded.codes[:4].tolist() == [1, 2, 5, 3]
    assert coded.reasons.tolist() == ["", "", "", "", "no answer", "no answer"]


def test_labels_of_the_file_win_over_its_codes() -> None:
    """A file that counts the other way round: its labels say so."""
    labels = {1.0: "Tout à fait d'accord", 5.0: "Pas du tout d'accord", 2.0: "unheard of"}
    coded = recode_scale(pd.Series([1.0, 5.0, 2.0]), SCALE, MISSING, labels)
    assert coded.codes.tolist() == [5, 1, 2]


def test_missing_codes_keep_their_reason() -> None:
    column = pd.Series(["9", "99.0", "ne se prononce pas", "No opinion", " ", "3"], dtype=object)
    coded = recode_scale(column, SCALE, MISSING, {})
    assert np.isnan(coded.codes).tolist() == [True] * 5 + [False]
    assert coded.reasons.tolist() == ["out of range", *["no opinion"] * 3, "no answer", ""]


def test_unknown_answers_are_listed_with_count_and_hint() -> None:
    column = pd.Series(["Tout a fait daccord", "12", "12", "3"], name="t1", dtype=object)
    coded = recode_scale(column, SCALE, MISSING, {})
    assert [(entry.column, entry.value, entry.count) for entry in coded.unknown] == [
        ("t1", "12", 2),
        ("t1", "Tout a fait daccord", 1),
    ]
    assert "Tout à fait d'accord" in coded.unknown[1].hint


def variable(**fields: object) -> Variable:
    return Variable.model_validate({"name": {"fr": "x", "en": "x"}, **fields})


def test_numbers_and_their_range() -> None:
    age = variable(type="integer", minimum=18, maximum=110)
    column = pd.Series(["30", "99", "9", "17", "30.5", "x", ""], name="age", dtype=object)
    coded = recode_number(column, age, MISSING, {})
    assert coded.codes[:2].tolist() == [30, 99]  # 99 is an age here, and no missing code
    assert coded.reasons.tolist() == ["", "", "out of range", "", "", "", "no answer"]
    assert [entry.value for entry in coded.unknown] == ["17", "30.5", "x"]
    assert "a whole number from 18 to 110" in coded.unknown[0].hint


def test_an_open_range_is_never_infinite() -> None:
    coded = recode_number(pd.Series(["inf", "1e999"], dtype=object), variable(type="number"), (), {})
    assert len(coded.unknown) == 2


def test_text_keeps_its_spelling() -> None:
    texts, coded = read_text(pd.Series(["  Saint  Étienne", "No opinion", "", 3.0], dtype=object), MISSING)
    assert texts.tolist() == ["Saint Étienne", None, None, "3"]
    assert coded.reasons.tolist() == ["", "no opinion", "no answer", ""]


@given(st.lists(st.one_of(st.integers(1, 7).map(float), st.just(float("nan")))))
def test_turning_twice_changes_nothing(codes: list[float]) -> None:
    array = np.array(codes)
    np.testing.assert_array_equal(turn(turn(array, 1, 7), 1, 7), array)


@given(st.text())
def test_fold_forgets_case_and_space_and_is_settled(text: str) -> None:
    assert fold(fold(text)) == fold(text)
    assert fold(f" {text}\t") == fold(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [("Tout à fait d’accord", "TOUT A FAIT D'ACCORD"), ("cœur – «ici»", 'coeur - "ICI"'), ("a\u00a0b", "A  b")],
)
def test_typography_does_not_tell_labels_apart(one: str, other: str) -> None:
    assert fold(one) == fold(other)


@pytest.mark.parametrize(
    ("text", "number"),
    [("5", 5.0), (" 5.0 ", 5.0), ("5,0", 5.0), ("-999", -999.0), ("1e3", 1000.0), ("1 000", None), ("5e", None)],
)
def test_numbers_in_text(text: str, number: float | None) -> None:
    assert as_number(text) == number


def test_cells_as_text() -> None:
    cells = [1.0, 1.5, None, pd.NA, float("nan"), " a  b ", 7]
    assert [cell_text(cell) for cell in cells] == ["1", "1.5", "", "", "", "a b", "7"]
