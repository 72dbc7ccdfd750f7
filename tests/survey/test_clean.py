"""From raw responses to the analysed ones, with an account of every row."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from analysis.errors import DataError
from analysis.study import load_study, resolve_communes, resolve_responses
from analysis.survey.clean import CleanSurvey, clean
from analysis.survey.codebook import parse_codebook
from analysis.survey.ingest import RawTable, read_table
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.survey.survey_examples import CODEBOOK, codebook, communes, responses, rule

ROOT = Path(__file__).parents[2]


def cleaned(raw: RawTable, *rules: Any, minimum: int = 1) -> CleanSurvey:
    return clean(raw, communes(), codebook(), rules, minimum)


def test_responses_as_the_analysis_sees_them() -> None:
    survey = cleaned(responses())
    frame = survey.responses
    assert list(frame) == [
        "commune", "gender", "age", "size", "offer", "t1", "t2", "t3", "i1", "i2", "i3", "trust_mean", "intention_mean",
    ]  # fmt: skip
    assert frame.index.tolist() == ["a", "b", "c", "d"]
    assert frame.index.name == "respondent"
    assert frame["commune"].tolist() == ["Aubry", "Aubry", "Bréal", "Bréal"]
    assert frame["gender"].tolist() == ["Woman", "Man", "Man", "Woman"]
    assert frame["age"].tolist() == [30, 41, 99, 62]
    assert frame["size"].tolist() == ["Small", "Small", "Large", "Large"]
    assert frame["offer"].tolist() == [-0.5, -0.5, 1.25, 1.25]
    assert frame["t2"].tolist() == [1, 4, 3, 5]  # reversed
    np.testing.assert_array_equal(frame["i2"], [2, math.nan, 5, 5])
    np.testing.assert_array_equal(frame["i3"], [2, 2, 5, math.nan])
    # d answered one of three items on intention: no mean
    np.testing.assert_allclose(frame["intention_mean"], [2, 2.5, 5, math.nan])
    assert (frame.dtypes[["age", "offer", "t1", "i3"]] == "float64").all()


def test_missing_answers_keep_their_reason() -> None:
    missing = cleaned(responses()).missing
    assert missing.to_numpy().tolist() == [
        ["i1", "no opinion", 1],
        ["i2", "out of range", 1],
        ["i3", "no answer", 1],
    ]


def test_ledger_and_flow() -> None:
    good = responses().frame
    frame = pd.concat([good, good], ignore_index=True).assign(
        ID=[f"r{row}" for row in range(8)],
        Durée=["300", "20", "", "305"] * 2,
        Consentement=["Non", *["Oui"] * 7],
    )
    raw = RawTable(frame, "responses.csv")
    rules = [rule("consent"), rule("speed", threshold=60), rule("completion", "flag", threshold=0.9)]
    survey = cleaned(raw, *rules)
    assert survey.ledger.to_numpy().tolist() == [
        [1, "r0", "excluded", "consent", "Non", ""],
        [2, "r1", "excluded", "speed", "20", ""],
        [3, "r2", "kept", "", "", ""],
        [4, "r3", "kept", "", "", "completion=0.6666666667"],
        [5, "r4", "kept", "", "", ""],
        [6, "r5", "excluded", "speed", "20", ""],
        [7, "r6", "kept", "", "", ""],
        [8, "r7", "kept", "", "", "completion=0.6666666667"],
    ]
    assert survey.flow[["step", "n_removed", "n_left"]].to_numpy().tolist() == [
        ["received", 0, 8],
        ["consent", 1, 7],
        ["speed", 2, 5],
        ["analysed", 0, 5],
    ]
    assert survey.n_communes == 2
    assert survey.commune_sizes.to_dict() == {"Aubry": 1, "Bréal": 4}


def test_no_output_holds_what_identifies_people() -> None:
    survey = cleaned(responses(), rule("duplicates"))
    assert survey.dropped_columns == ("Courriel",)
    everything = "".join(
        frame.reset_index().to_csv() for frame in (survey.responses, survey.ledger, survey.flow, survey.missing)
    )
    assert "@" not in everything
    assert "Courriel" not in everything


def test_all_unknown_columns_and_missing_ones_are_listed() -> None:
    raw = responses()
    frame = raw.frame.rename(columns={"Q_I1": "Q_I11", "Durée": "Zeit"}).assign(extra="x")
    with pytest.raises(DataError) as caught:
        cleaned(RawTable(frame, "responses.csv"), rule("speed", threshold=60))
    assert [problem.what for problem in caught.value.problems] == [
        "column 'Zeit': the codebook does not know it",
        "column 'Q_I11': the codebook does not know it",
        "column 'extra': the codebook does not know it",
        "column 'Q_I1' is missing",
        "column 'Durée' is missing",
    ]
    assert caught.value.problems[1].hint == "did you mean 'Q_I1'?"


def test_all_unknown_answers_are_listed_with_column_value_count_and_nearest_label() -> None:
    raw = responses(t1=["Plutôt daccord", "Plutôt daccord", "4", "17"], age=["12", "41", "x", "62"])
    raw.frame["Commune"] = ["Aubri", "Aubry", "Bréal", "Bréal"]
    with pytest.raises(DataError) as caught:
        clean(raw, communes(size=["Moyenne", "Petite"]), codebook(), [], 1)
    found = [(problem.what, problem.where) for problem in caught.value.problems]
    assert found == [
        ("column 't1': unknown answer '17' (once)", "responses.csv"),
        ("column 't1': unknown answer 'Plutôt daccord' (2 times)", "responses.csv"),
        ("column 'age': unknown answer '12' (once)", "responses.csv"),
        ("column 'age': unknown answer 'x' (once)", "responses.csv"),
        ("column 'Commune': unknown answer 'Aubri' (once)", "responses.csv"),
        ("column 'size': unknown answer 'Moyenne' (once)", "communes.csv"),
    ]
    assert caught.value.problems[1].hint == "did you mean 'Plutôt d'accord'?"
    assert caught.value.problems[4].hint == "did you mean 'Aubry'?"


def test_nobody_left() -> None:
    with pytest.raises(DataError, match="no response is left: consent excludes 4"):
        cleaned(responses(Consentement=["Non"] * 4), rule("consent"), rule("mahalanobis", threshold=0.01))


def test_a_constant_item() -> None:
    with pytest.raises(DataError, match="same answer to t3"):
        cleaned(responses(t3=["4", "4", "", "4.0"]))


def test_a_commune_with_too_few_respondents() -> None:
    raw = responses(Commune=["Aubry", "Aubry", "Aubry", "Bréal"])
    with pytest.raises(DataError, match=r"fewer than 2 analysed respondents: Bréal \(1\)") as caught:
        cleaned(raw, minimum=2)
    assert "communes_minimum" in caught.value.problems[0].hint


def test_a_response_without_commune_needs_a_rule() -> None:
    raw = responses(Commune=["", "Aubry", "Bréal", "Bréal"], i2=["2", "3", "5", "5"], i3=["4", "4", "1", "2"])
    with pytest.raises(DataError, match="1 analysed responses name no commune") as caught:
        cleaned(raw)
    assert "rule 'commune'" in caught.value.problems[0].hint
    survey = cleaned(raw, rule("commune"))
    assert survey.responses.index.tolist() == ["b", "c", "d"]


def test_one_identifier_for_two_needs_a_rule() -> None:
    raw = responses(ID=["a", "a", "", "d"])
    with pytest.raises(DataError, match="stand twice: a"):
        cleaned(raw)
    assert cleaned(raw, rule("duplicates")).responses.index.tolist() == ["a", "row 3", "d"]


def test_problems_of_the_file_of_communes() -> None:
    table = RawTable(pd.concat([communes().frame, communes(Commune=["AUBRY", ""]).frame]), "communes.csv")
    with pytest.raises(DataError) as caught:
        clean(responses(), table, codebook(), [], 1)
    assert [problem.what for problem in caught.value.problems] == [
        "the commune 'aubry' stands 2 times",
        "data row 4: no name of a commune",
    ]
    with pytest.raises(DataError, match=r"the file of communes, 'raw/communes\.csv', is missing"):
        clean(responses(), None, codebook(), [], 1)
    with pytest.raises(DataError, match="column 'offer' is missing"):
        clean(responses(), RawTable(communes().frame.drop(columns="offer"), "c"), codebook(), [], 1)


def test_without_a_file_of_communes_the_most_frequent_spelling_stands() -> None:
    start = CODEBOOK.index("  file: raw")
    text = CODEBOOK[:start] + "  column: Commune\n" + CODEBOOK[CODEBOOK.index("technical:") :]
    text = text.replace("  size:\n    1: {fr: Petite, en: Small}\n    2: {fr: Grande, en: Large}\n", "")
    raw = responses(Commune=["Bréal", "BREAL ", "Bréal", "Aubry"])
    survey = clean(raw, None, parse_codebook(text, "c"), [], 1)
    assert survey.responses["commune"].tolist() == ["Bréal", "Bréal", "Bréal", "Aubry"]
    assert any("1 names of communes" in note for note in survey.notes)


def test_the_export_can_be_numbers_with_labels() -> None:
    """The same responses from a file that keeps codes, with value labels beside them."""
    text = responses()
    frame = text.frame.assign(
        t1=[1.0, 2.0, 4.0, 5.0],
        t2=[5.0, 2.0, 3.0, 1.0],
        t3=[1.0, 2.0, 4.0, 4.0],
        i2=[2.0, 9.0, 5.0, 5.0],
        i3=[4.0, 4.0, 1.0, math.nan],
        Consentement=[1.0, 1.0, 1.0, 0.0],
    )
    labels = {"Consentement": {1.0: "Oui", 0.0: "Non"}}
    survey = cleaned(RawTable(frame, "export.sav", value_labels=labels), rule("consent"))
    expected = cleaned(text).responses.iloc[:3]
    pd.testing.assert_frame_equal(survey.responses, expected)
    assert survey.ledger["value"].tolist() == ["", "", "", "Non"]


@settings(max_examples=30)
@given(
    st.lists(
        st.tuples(
            st.sampled_from(["Oui", "Non"]), st.sampled_from(["10", "300", ""]), st.integers(1, 5), st.integers(1, 5)
        ),
        min_size=1,
        max_size=20,
    )
)
def test_flow_and_ledger_add_up(people: list[tuple[str, str, int, int]]) -> None:
    """Four good responses and any others: what comes in is kept or left out, once each."""
    good, n = responses().frame, len(people)
    others = pd.concat([good.iloc[[0]]] * n, ignore_index=True).assign(
        ID=[f"x{i}" for i in range(n)],
        Consentement=[person[0] for person in people],
        Durée=[person[1] for person in people],
        t1=[str(person[2]) for person in people],
        i2=[str(person[3]) for person in people],
    )
    raw = RawTable(pd.concat([good, others], ignore_index=True), "responses.csv")
    rules = [rule("consent"), rule("speed", threshold=60), rule("duplicates"), rule("long_string", "flag", threshold=2)]
    survey = cleaned(raw, *rules)
    ledger, flow = survey.ledger, survey.flow
    assert ledger["row"].tolist() == list(range(1, n + 5))
    assert flow["n_left"].iloc[0] == n + 4
    assert (flow["n_left"].diff().dropna() == -flow["n_removed"].iloc[1:]).all()
    assert flow["n_left"].iloc[-1] == len(survey.responses) == (ledger["decision"] == "kept").sum()
    for step, removed in flow.set_index("step")["n_removed"].iloc[1:-1].items():
        assert (ledger["rule"] == step).sum() == removed
    assert ledger.loc[ledger["decision"] == "kept", "respondent"].tolist() == survey.responses.index.tolist()


def test_the_shipped_survey_leaves_604() -> None:
    study = load_study(ROOT, "smartcity")
    path = resolve_responses(study, None, {})
    table = resolve_communes(study, path)
    assert table is not None
    survey = clean(
        read_table(path, study.codebook.identifying),
        read_table(table),
        study.codebook,
        study.spec.screening,
        study.spec.communes_minimum,
    )
    assert len(survey.responses) == 604
    assert survey.n_communes == 45
    assert set(survey.dropped_columns) == set(study.codebook.identifying)


def test_the_real_survey_or_where_to_get_it() -> None:
    study = load_study(ROOT, "elsoc2016")
    try:
        path = resolve_responses(study, None, os.environ)
    except DataError as error:
        assert "cite ELSOC" in str(error)  # noqa: PT017
        return
    survey = clean(read_table(path), None, study.codebook, study.spec.screening, study.spec.communes_minimum)
    assert len(survey.ledger) == 2927
    assert survey.n_communes == 94
    assert not survey.responses[list(study.codebook.items)].isin([-888, -999]).to_numpy().any()
    assert {"variable", "reason", "count"} == set(survey.missing)
