"""The checklist points at what is on the page and owns up to what is not."""

from __future__ import annotations

from analysis.report.checklist import ELEMENTS, SCALED, checklist
from analysis.report.sections import outline
from tests.report.content_fixture import content


def test_evidence_names_things_that_reports_have() -> None:
    labels = outline(content()).labels
    named = {name for element in ELEMENTS for name in element.evidence}
    assert named <= {*labels, SCALED}


def test_what_is_shown_is_located_and_what_is_not_has_a_reason() -> None:
    table = checklist(outline(content()).labels)
    for row in table.frame.itertuples():
        assert row.where.startswith(("Table", "Figure", "section") if row.shown else "not available: "), row.element


def test_collected_responses_have_no_recovery() -> None:
    plan = outline(content(simulated=False))
    frame = next(table for table in plan.tables if table.id == "checklist").frame.set_index("element")
    assert frame.loc["Recovery of known values", "where"] == (
        "not available: the responses were collected, not simulated"
    )


def test_labels_count_tables_and_figures_in_page_order() -> None:
    plan = outline(content())
    assert [plan.labels[f"table-{t.id}"] for t in plan.tables] == [f"Table {k + 1}" for k in range(len(plan.tables))]
    figures = [plan.labels[f"figure-{d.id}"] for d in plan.drawings]
    assert figures == [f"Figure {k + 1}" for k in range(len(figures))]
