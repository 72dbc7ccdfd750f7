"""What the report says of invariance, read as a reader would."""

from __future__ import annotations

from dataclasses import replace

from analysis.report.figures.canvas import picture
from analysis.report.figures.gallery import gallery
from analysis.report.invariance_tables import invariance_tables, invariance_text
from analysis.report.sections import outline
from tests.report.content_fixture import content as make_content
from tests.report.scales_fixture import invariance


def test_steps_stand_under_their_grouping() -> None:
    tables = {table.id: table for table in invariance_tables(make_content(), invariance())}
    ladder = tables["invariance"]
    assert [block.title for block in ladder.blocks()] == ["Gender"]
    assert [row[0].text for row in ladder.blocks()[0].rows][:3] == ["configural", "metric", "scalar"]
    assert ladder.blocks()[0].rows[0][6].text == "–"
    assert any("falls by no more than .01" in note for note in ladder.notes)


def test_what_was_let_go_is_called_post_hoc() -> None:
    tables = {table.id: table for table in invariance_tables(make_content(), invariance())}
    assert "int2 ~ 1" in set(tables["invariance_released"].frame["parameter"])
    assert tables["invariance_released"].caption.startswith("Post hoc")
    assert "wants new data" in " ".join(invariance_text(invariance()))


def test_means_are_of_named_constructs_less_the_first_group() -> None:
    tables = {table.id: table for table in invariance_tables(make_content(), invariance())}
    (block,) = tables["latent_means"].blocks()
    assert block.title == "Gender: less Woman"
    assert block.rows[-1][0].text == "Intention to participate"


def test_small_groups_and_groupings_without_result_are_said() -> None:
    part = replace(invariance(), absent={"gender": "data: one group"}, left_out={"gender": (("Other", 6),)})
    text = " ".join(invariance_text(part))
    assert "Gender: left out for fewer than 100 respondents: Other (6)." in text
    assert "Gender: not compared. data: one group." in text


def test_the_figure_names_every_step_and_the_section_goes_without_groups() -> None:
    content = make_content()
    svg = picture(gallery(content)["invariance"], simulated=True).svg
    assert all(step in svg for step in ("metric", "scalar", "partial scalar", "strict"))
    assert "section-invariance" in outline(content).labels
    assert "section-invariance" not in outline(replace(content, invariance=None)).labels
