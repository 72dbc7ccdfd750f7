"""The written report: same bytes, safe words, no network, and the mark of simulated responses everywhere."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import pytest
from analysis.errors import OutputError
from analysis.report.figures.canvas import SIMULATED_EN, SIMULATED_FR
from analysis.report.sections import outline
from analysis.report.writer import write_report
from tests.report.content_fixture import content, hostile
from tests.report.html_page import Page


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report")
    write_report(content(), place)
    return place


@pytest.fixture(scope="module")
def text(folder: Path) -> str:
    return (folder / "index.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text: str) -> Page:
    return Page(text)


def test_two_runs_give_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    write_report(content(), tmp_path)
    names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert names == sorted(str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file())
    for name in names:
        assert (folder / name).read_bytes() == (tmp_path / name).read_bytes(), name


def test_every_table_and_figure_has_its_files(folder: Path) -> None:
    plan = outline(content())
    assert {path.stem for path in (folder / "tables").glob("*.csv")} == {table.id for table in plan.tables}
    for kind in ("svg", "png"):
        assert {path.stem for path in (folder / "figures").glob(f"*.{kind}")} == {d.id for d in plan.drawings}


def test_the_page_is_well_formed_and_its_ids_are_unique(page: Page) -> None:
    assert page.unbalanced == []
    assert page.open == []
    ids = page.values("id")
    assert len(ids) == len(set(ids))


def test_links_inside_the_page_lead_somewhere(page: Page, folder: Path) -> None:
    ids = set(page.values("id"))
    for target in page.values("href"):
        found = target[1:] in ids if target.startswith("#") else (folder / target).is_file()
        assert found, target


def test_the_page_needs_no_network(page: Page, text: str) -> None:
    for target in page.values("href", "src", "xlink:href", "srcset", "action", "data"):
        assert not re.match(r"(?i)(\w+:)?//|https?:", target), target
    assert page.count("script") == page.count("link") == page.count("iframe") == 0
    assert "@import" not in text
    assert not re.search(r"url\((?!#)", text)


def test_every_table_has_a_caption_and_scoped_headers(page: Page) -> None:
    assert page.count("caption") == page.count("table") == len(outline(content()).tables)
    assert all(attrs.get("scope") for tag, attrs in page.tags if tag == "th")


def test_every_figure_has_words_for_those_who_do_not_see_it(page: Page) -> None:
    drawn = [attrs for tag, attrs in page.tags if tag == "svg"]
    assert len(drawn) == len(outline(content()).drawings)
    assert all(attrs["role"] == "img" and len(attrs["aria-label"] or "") > 20 for attrs in drawn)


def test_simulated_responses_are_marked_on_page_tables_and_figures(page: Page, folder: Path, text: str) -> None:
    for words in (SIMULATED_EN, SIMULATED_FR):
        assert all(words in caption for caption in page.captions)
        for path in (folder / "figures").glob("*.svg"):
            assert words in path.read_text(encoding="utf-8"), path.name
    assert 'class="banner"' in text
    for path in (folder / "tables").glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            assert all(row["responses"] == "simulated" for row in csv.DictReader(file)), path.name


def test_collected_responses_are_not_called_simulated(tmp_path: Path) -> None:
    write_report(content(simulated=False), tmp_path)
    written = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert SIMULATED_EN not in written
    assert 'class="banner"' not in written
    for path in (tmp_path / "figures").glob("*.svg"):
        assert SIMULATED_EN not in path.read_text(encoding="utf-8")


def test_hostile_words_stay_words(tmp_path: Path) -> None:
    write_report(hostile(), tmp_path)
    written = (tmp_path / "index.html").read_text(encoding="utf-8")
    page = Page(written)
    assert page.count("script") == page.count("img") == page.count("b") - written.count("<b>") == 0
    assert "&lt;script&gt;" in written
    assert "<b>bold</b>" not in written
    assert page.unbalanced == []
    items = (tmp_path / "tables" / "items.csv").read_text(encoding="utf-8")
    assert "'=HYPERLINK" in items
    sample = (tmp_path / "tables" / "sample.csv").read_text(encoding="utf-8")
    assert ",'@SUM(A1)," in sample


def test_figures_hold_no_date_and_no_foreign_address(folder: Path) -> None:
    for path in (folder / "figures").glob("*.svg"):
        svg = path.read_text(encoding="utf-8")
        assert "<metadata>" not in svg
        assert "dc:date" not in svg
        assert not re.search(r'href="(?!#)', svg), path.name


def test_a_folder_that_is_not_empty_or_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="does not exist"):
        write_report(content(), tmp_path / "nowhere")
    (tmp_path / "old.txt").write_text("x", encoding="utf-8")
    with pytest.raises(OutputError, match="not empty"):
        write_report(content(), tmp_path)
