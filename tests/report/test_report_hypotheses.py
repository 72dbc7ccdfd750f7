"""The report's tables of hypotheses: status, adjusted p, smallest effects, equivalent models."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from analysis.report.content import EQUIVALENT, ReportContent
from analysis.report.figures.canvas import Drawing
from analysis.report.hypothesis_tables import hypotheses_text
from analysis.report.sections import outline
from analysis.report.table import Table
from tests.report.content_fixture import content


@pytest.fixture(scope="module")
def made() -> ReportContent:
    plain = content()
    frame = plain.hypotheses.copy()
    frame["pvalue_adjusted"] = frame["pvalue"] * 2
    frame.loc[frame["id"] == "H5", ["status", "family"]] = "exploratory"
    smallest = {"sesoi": 0.15, "tost_pvalue": 0.03, "tost_ci_lower": -0.03, "tost_ci_upper": 0.149}
    for name, unit, outcome in (("H3", "b", "equivalent"), ("H4", "beta", "not equivalent")):
        of = frame["id"] == name
        frame.loc[of, list(smallest)] = list(smallest.values())
        frame.loc[of, ["sesoi_unit", "equivalence"]] = [unit, outcome]
    rows = [
        ("y ~ x", "x ~ y", 287.41, 209.0, 287.41, True, "", "x ~ y"),
        ("y ~ z", "y ~~ z", np.nan, np.nan, 287.41, False, "no", ""),
    ]
    rivals = plain.rivals.assign(verdict_H2=["supported", *[""] * (len(plain.rivals) - 1)])
    return replace(
        plain, hypotheses=frame, adjust="holm", rivals=rivals, equivalents=pd.DataFrame(rows, columns=list(EQUIVALENT))
    )


def _tables(of: ReportContent) -> dict[str, Table]:
    return {table.id: table for table in outline(of).tables}


def test_status_and_adjusted_p_stand_beside_each_hypothesis(made: ReportContent) -> None:
    table = _tables(made)["hypotheses"]
    headers = [column.header for column in table.columns]
    assert {"Status", "p, adjusted"} <= set(headers)
    rows = {row[0].text: row for block in table.blocks() for row in block.rows}
    assert rows["H5"][headers.index("Status")].text == "exploratory"
    assert any("Holm (1979)" in note and "exploratory: H5" in note for note in table.notes)
    for other in ("sensitivity", "paths_hypotheses"):
        assert "p, adjusted" in [column.header for column in _tables(made)[other].columns]


def test_without_adjustment_and_smallest_effects_nothing_speaks_of_them() -> None:
    tables = _tables(replace(content(), equivalents=content().equivalents.iloc[:0]))
    assert "p, adjusted" not in [column.header for column in tables["hypotheses"].columns]
    assert {"smallest_effects", "equivalents"}.isdisjoint(tables)
    assert "Exploratory" not in " ".join(hypotheses_text(content()))


def test_exploratory_hypotheses_are_named(made: ReportContent) -> None:
    assert "Exploratory, so that a verdict is a suggestion and no test: H5." in " ".join(hypotheses_text(made))


def test_smallest_effects_are_shown_in_their_unit(made: ReportContent) -> None:
    (block,) = _tables(made)["smallest_effects"].blocks()
    shown = [[cell.text for cell in row] for row in block.rows]
    assert [row[:3] for row in shown] == [["H3", "±0.150 b", "0.070"], ["H4", "±0.150 β", "0.120"]]
    assert [row[-1] for row in shown] == ["smaller", "not shown to be smaller"]


def test_the_forest_tells_what_is_exploratory_and_what_too_small(made: ReportContent) -> None:
    (drawing,) = [part for part in outline(made).drawings if part.id == "hypotheses"]
    assert isinstance(drawing, Drawing)
    assert "Grey band" in drawing.caption
    words = " ".join(text.get_text() for axes in drawing.draw().axes for text in axes.texts)
    assert words.count("exploratory") == 1
    assert "not supported, too small to matter" in words
    assert "adj. p" in words


def test_rivals_show_their_verdicts_and_equivalents_whether_they_fit_the_same(made: ReportContent) -> None:
    shown = _tables(made)["rivals"].shown.set_index("measure").loc["Verdict on H2"]
    assert shown.iloc[0] == "supported"
    assert shown.iloc[1:].isna().all()
    table = _tables(made)["equivalents"]
    (block,) = table.blocks()
    assert [row[4].text for row in block.rows] == ["yes", "no"]
    assert "y ~~ z: no." in table.notes
