"""What the report says of scales and of partial least squares, read as a reader would."""

from __future__ import annotations

from dataclasses import replace

from analysis.criteria import CRITERIA, criteria
from analysis.report.content import ReportContent
from analysis.report.criteria import rule, source
from analysis.report.figures.canvas import picture
from analysis.report.figures.gallery import gallery
from analysis.report.path_tables import path_tables, path_text
from analysis.report.scale_tables import scale_tables, scale_text
from analysis.report.sections import outline
from tests.report.content_fixture import content as make_content
from tests.report.scales_fixture import ITEMS, paths, scales


def _content(cutoffs: dict[str, float] | None = None) -> ReportContent:
    chosen = criteria(cutoffs or {})
    return replace(make_content(), scales=scales(chosen["htmt"].value), criteria=chosen)


def _notes(content: ReportContent, name: str) -> str:
    assert content.scales is not None
    return " ".join(next(t for t in scale_tables(content, content.scales) if t.id == name).notes)


def test_each_question_has_its_table() -> None:
    content = _content()
    assert content.scales is not None
    ids = [table.id for table in scale_tables(content, content.scales)]
    assert ids == [
        "scale_items", "scale_bounds", "htmt", "merged_pairs", "method_vif", "method_factor", "method_marker",
    ]  # fmt: skip


def test_constructs_are_called_by_their_names_on_the_page_and_not_in_the_csv() -> None:
    content = _content()
    assert content.scales is not None
    table = next(t for t in scale_tables(content, content.scales) if t.id == "htmt")
    assert set(table.frame["construct"]) <= set(ITEMS)
    assert table.blocks()[0].title == "HTMT"
    assert table.blocks()[0].rows[0][0].text == "Internal political efficacy"
    assert len(table.blocks()) == 2


def test_a_cutoff_is_printed_with_its_source_and_a_changed_one_as_the_studys() -> None:
    assert "below .90 (Gold, Malhotra & Segars (2001)" in _notes(_content(), "htmt")
    assert "below .50 (set in study.yaml; .90: Gold" in _notes(_content({"htmt": 0.5}), "htmt")


def test_a_changed_cutoff_changes_the_verdict() -> None:
    content = _content({"htmt": 0.3})
    assert content.scales is not None
    assert all(row.distinct is False for row in content.scales.htmt)
    assert "0 are below the cutoff" in " ".join(scale_text(content, content.scales))
    svg = picture(gallery(content)["htmt"], simulated=True).svg
    assert svg.count("Satisfaction with the administration") == 2


def test_rules_read_as_the_sources_put_them() -> None:
    assert rule(CRITERIA["cfi"]) == "close to .95 or above"
    assert rule(CRITERIA["vif"]) == "above 3.3: a sign of method variance"
    assert rule(CRITERIA["delta_rmsea"]) == "RMSEA rises by less than .015"
    assert source("cfi", criteria({"cfi": 0.95})["cfi"]) == CRITERIA["cfi"].source


def test_estimators_whose_verdicts_differ_are_named() -> None:
    text = " ".join(path_text(paths()))
    assert "Verdicts differ between estimators for H2." in text
    assert "Not estimated: PLSc: its items do not agree." in text


def test_path_tables_say_what_they_count() -> None:
    content = _content()
    assert content.paths is not None
    tables = {table.id: table for table in path_tables(content, content.paths)}
    assert len(tables) == 5
    assert "predicts 1 of 4 items better" in tables["paths_prediction"].notes[0]
    assert tables["paths_importance"].blocks()[0].title == "Outcome: Intention to participate"


def test_both_sections_stand_in_the_report_with_their_figures() -> None:
    plan = outline(_content())
    assert {"section-scales", "section-paths", "figure-htmt", "figure-importance_intention"} <= set(plan.labels)
    assert "section-scales" not in outline(replace(make_content(), scales=None)).labels
