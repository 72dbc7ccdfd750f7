"""The section "Published and rerun" of a report."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

from analysis.report.ledger_table import PublishedPart
from analysis.report.sections import outline
from analysis.report.writer import write_report
from analysis.review.ledger import parse_ledger
from tests.report.content_fixture import content
from tests.report.html_page import Page

MADE_UP = """
citation: <b>An article that was made up</b>
numbers:
  - {place: Table 1, printed: "604", table: flow, row: {step: analysed}, column: n_left}
  - {place: Table 2, printed: "0.00", table: hypotheses, row: {id: H1a}, column: est}
  - {printed: "0.70", table: no_such_table, column: est}
"""


def test_published_numbers_stand_beside_those_of_the_run(tmp_path: Path) -> None:
    part = PublishedPart(parse_ledger(MADE_UP, "published.yaml"), "ab" * 32, {"responses.csv": "cd" * 32})
    made = content()
    write_report(replace(made, published=part), tmp_path)
    with (tmp_path / "tables" / "published.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["verdict"] for row in rows] == ["within rounding", "differs", "not found"]
    assert (rows[0]["published"], rows[0]["rerun"], rows[0]["difference"]) == ("604", "604", "0")
    estimate = float(made.hypotheses.set_index("id")["est"]["H1a"])
    assert abs(float(rows[1]["difference"]) - estimate) < 1e-9
    assert rows[2]["reason"].startswith("there is no table 'no_such_table'")
    assert {row["code_sha256"] for row in rows} == {"ab" * 32}
    assert {row["data_sha256"] for row in rows} == {f"responses.csv {'cd' * 32}"}
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    page = Page(text)
    assert page.unbalanced == []
    assert "section-published" in page.values("id")
    assert "1 within rounding, 1 differs, 1 not found." in text
    assert "&lt;b&gt;An article that was made up" in text
    assert f"{estimate:.4f}" in text
    assert f"made by code {'ab' * 6}… from responses.csv {'cd' * 6}…" in text


def test_a_study_without_an_article_has_no_such_section() -> None:
    plan = outline(content())
    assert "published" not in {section.id for section in plan.sections}
    assert "table-published" not in plan.labels
