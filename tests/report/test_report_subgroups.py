"""What the report says of subgroups, read as a reader would."""

from __future__ import annotations

from dataclasses import replace

from analysis.report.sections import outline
from analysis.report.subgroup_tables import subgroup_tables, subgroup_text
from tests.report.content_fixture import content as make_content
from tests.report.scales_fixture import subgroups


def test_tests_and_paths_stand_under_their_grouping() -> None:
    tables = {table.id: table for table in subgroup_tables(make_content(), subgroups())}
    (block,) = tables["moderation_tests"].blocks()
    assert block.title == "Gender"
    assert [row[0].text for row in block.rows] == [
        "all paths",
        "Intention to participate ~ Satisfaction with the administration",
    ]
    (path,) = tables["moderation_paths"].blocks()
    assert [row[0].text for row in path.rows] == ["Woman", "Man"]


def test_products_are_named() -> None:
    tables = {table.id: table for table in subgroup_tables(make_content(), subgroups())}
    (block,) = tables["moderation_latent"].blocks()
    assert block.title == "Outcome: Intention to participate"
    assert block.rows[0][0].text == "Internal political efficacy × Satisfaction with the administration"


def test_who_is_left_out_and_what_is_missing_is_said() -> None:
    text = " ".join(subgroup_text(subgroups()))
    assert "Gender: left out for too few respondents: Other (6)." in text
    assert "Not estimated: Gender: no minimum." in text


def test_the_section_goes_without_moderators() -> None:
    content = make_content()
    assert "section-subgroups" in outline(content).labels
    assert "section-subgroups" not in outline(replace(content, subgroups=None)).labels
