"""What the report says of missing answers and of dimensions, read as a reader would."""

from __future__ import annotations

from dataclasses import replace

from analysis.report.dimension_tables import dimension_tables, dimension_text
from analysis.report.figures.canvas import picture
from analysis.report.figures.gallery import gallery
from analysis.report.quality_tables import quality_tables, quality_text
from analysis.report.sections import outline
from analysis.report.table import Table
from tests.report.content_fixture import content as make_content
from tests.report.scales_fixture import dimensions, quality


def _tables() -> dict[str, Table]:
    content = make_content()
    tables = [*quality_tables(content, quality()), *dimension_tables(content, dimensions())]
    return {table.id: table for table in tables}


def test_persons_add_up_to_all_respondents() -> None:
    assert _tables()["missing_persons"].frame["n"].sum() == 300


def test_an_item_at_its_ceiling_is_marked() -> None:
    table = _tables()["floor_ceiling"]
    assert dict(zip(table.frame["item"], table.frame["marked"], strict=True))["sat4"] == "ceiling"
    assert any("at most .15 of the answers" in note for note in table.notes)


def test_treatments_stand_side_by_side_path_by_path() -> None:
    table = _tables()["treatments"]
    blocks = table.blocks()
    assert blocks[0].title == "Satisfaction with the administration ~ Internal political efficacy"
    assert [row[0].text for row in blocks[0].rows] == ["complete rows", "full information", "multiple imputation"]
    assert blocks[0].rows[0][4].text == "–"
    assert blocks[0].rows[2][4].text.endswith("%")
    assert "3 data sets by chained equations" in table.notes[-1]


def test_a_test_that_is_not_defined_says_why() -> None:
    complete = replace(quality(), missing=replace(quality().missing, mcar=None, why_no_mcar="nothing is missing"))
    assert "is not defined: nothing is missing." in " ".join(quality_text(complete))
    assert "Little's test of answers missing completely at random: χ²(" in " ".join(quality_text(quality()))


def test_each_criterion_says_its_number() -> None:
    text = " ".join(dimension_text(dimensions()))
    assert f"parallel analysis of factors: {dimensions()['all'].suggested['parallel_factors']}" in text
    assert "minimum average partial, squared:" in text
    assert "Bartlett's test of sphericity χ²(55)" in text


def test_structures_and_the_general_factor_are_compared() -> None:
    tables = _tables()
    assert list(tables["structures"].frame["structure"]) == ["one factor", "correlated", "higher-order", "bifactor"]
    rows = tables["general_factor"].blocks()[0].rows
    assert rows[0][0].text == "general"
    assert rows[1][0].text == "Internal political efficacy"


def test_figures_are_drawn_and_sections_go_without_results() -> None:
    content = make_content()
    drawn = gallery(content)
    assert "int1" in picture(drawn["factor_loadings"], simulated=True).svg
    assert "Eigenvalue" in picture(drawn["parallel_analysis"], simulated=True).svg
    without = outline(replace(content, quality=None, dimensions={})).labels
    assert not {"section-quality", "section-dimensions"} & set(without)
