"""Tables: CSV that spreadsheets and programs read safely, and views whose dashes are explained."""

from __future__ import annotations

import csv
import io
import math

import pandas as pd
import pytest
from analysis.errors import OutputError
from analysis.report.content import ReportContent
from analysis.report.parts import require
from analysis.report.rounding import NONE, Kind
from analysis.report.sections import outline
from analysis.report.table import Column, Table, to_csv
from hypothesis import given
from hypothesis import strategies as st
from tests.report.content_fixture import content


def rows(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text)))


@given(st.text(max_size=20))
def test_no_text_cell_starts_a_formula(words: str) -> None:
    (_, (cell, _)) = rows(to_csv(pd.DataFrame({"a": [words]}), simulated=True))
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r", "\n"))
    plain = words.replace("\r\n", "\n").replace("\r", "\n")
    assert cell in {plain, f"'{plain}"}


@given(st.floats(-1e300, 1e300))
def test_numbers_keep_ten_digits_and_are_never_changed_into_text(number: float) -> None:
    (_, (cell, _)) = rows(to_csv(pd.DataFrame({"a": [number]}), simulated=True))
    assert not cell.startswith("'")
    assert float(cell) == pytest.approx(number, rel=1e-9)
    assert cell != "-0"


@pytest.mark.parametrize(("simulated", "word"), [(True, "simulated"), (False, "collected")])
def test_every_row_says_where_its_responses_come_from(simulated: bool, word: str) -> None:
    table = rows(to_csv(pd.DataFrame({"a": [1, 2]}), simulated))
    assert table == [["a", "responses"], ["1", word], ["2", word]]


def test_absent_values_are_empty_and_truth_is_lower_case() -> None:
    frame = pd.DataFrame({"a": [math.nan, 1.5], "b": [None, "x"], "c": [True, False]})
    assert rows(to_csv(frame, simulated=False))[1:] == [
        ["", "", "true", "collected"],
        ["1.5", "x", "false", "collected"],
    ]


def test_lines_end_with_a_line_feed_alone() -> None:
    text = to_csv(pd.DataFrame({"é": ["à"]}), simulated=True)
    assert text == "é,responses\nà,simulated\n"


def test_a_dash_is_explained_below_the_table() -> None:
    frame = pd.DataFrame({"x": ["a", "b"], "se": [0.1, math.nan]})
    columns = (Column(("x",), "What"), Column(("se",), "SE", Kind.ESTIMATE, "fixed"))
    table = Table("t", "?", "caption", frame, columns)
    assert [[cell.text for cell in row] for row in table.blocks()[0].rows] == [["a", "0.100"], ["b", NONE]]
    assert table.all_notes() == [f"{NONE} (SE): fixed."]


def test_consecutive_rows_of_a_group_share_a_block() -> None:
    frame = pd.DataFrame({"g": ["u", "u", "v"], "x": ["1", "2", "3"]})
    table = Table("t", "?", "caption", frame, (Column(("x",), "X"),), group="g")
    assert [(block.title, len(block.rows)) for block in table.blocks()] == [("u", 2), ("v", 1)]


@pytest.mark.parametrize("study", [content(), content(simulated=False)], ids=["simulated", "collected"])
def test_every_table_of_a_report_is_complete(study: ReportContent) -> None:
    tables = outline(study).tables
    assert len({table.id for table in tables}) == len(tables)
    for table in tables:
        assert table.question.endswith("?"), table.id
        assert table.caption, table.id
        width = {len(row) for block in table.blocks() for row in block.rows}
        assert width == {len(table.columns)}, table.id


def test_a_missing_column_is_named() -> None:
    with pytest.raises(OutputError, match="needs sd"):
        require(pd.DataFrame({"mean": [1]}), "descriptives", ("mean", "sd"))


def test_only_simulated_studies_have_a_recovery_table() -> None:
    assert "recovery" in {table.id for table in outline(content()).tables}
    assert "recovery" not in {table.id for table in outline(content(simulated=False)).tables}
