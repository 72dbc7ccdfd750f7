"""``smartcity review`` as its users meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from analysis.cli import main
from analysis.review.audit import checks
from tests.references import REPOSITORY

PUBLISHED = REPOSITORY / "data" / "published"


def test_an_inconsistent_article(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "out.json"
    assert main(["review", str(PUBLISHED / "acta2023_political_discontent.yaml"), "--json", str(place)]) == 1
    out = capsys.readouterr().out
    assert "59 consistent, 1 inconsistent" in out
    assert "✗ line 16, table4, Constant, p (institutional): printed 0.05" in out
    content = json.loads(place.read_text(encoding="utf-8"))
    assert content["consistent"] is False
    wrong = [finding for finding in content["findings"] if finding["verdict"] == "inconsistent"]
    assert [(f["row_label"], f["column"], f["printed"]) for f in wrong] == [("Constant", "p:institutional", "0.05")]
    assert wrong[0]["lower"] == pytest.approx(0.0433, abs=1e-4)
    cell = content["tables"]["table4"]["rows"][0][3]
    assert (cell["text"], cell["verdict"]) == ("0.05", "inconsistent")
    assert [content["findings"][i]["check"] for i in cell["findings"]] == ["p of an estimate"]
    assert set(content["checks"][wrong[0]["check"]]) == {"title", "formula", "needs", "source"}


def test_the_page_is_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "out" / "review.html"
    assert main(["review", str(PUBLISHED / "acta2023_political_discontent.yaml"), "--page", str(place)]) == 1
    assert f"The page is at {place}" in capsys.readouterr().out
    assert "acta2023_political_discontent.yaml" in place.read_text(encoding="utf-8")
    assert main(["review", str(PUBLISHED / "lebrument2021_smart_city.yaml"), "--page", str(tmp_path)]) == 2
    assert "cannot write" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["classic_kerckhoff_kenny", "lebrument2021_smart_city", "telkomnika2015_pls_ict"])
def test_articles_that_hold_together(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", str(PUBLISHED / f"{name}.yaml")]) == 0
    assert " 0 inconsistent" in capsys.readouterr().out


def test_decimal_commas_are_noted(capsys: pytest.CaptureFixture[str]) -> None:
    main(["review", str(PUBLISHED / "telkomnika2015_pls_ict.yaml")])
    assert "Note: decimal comma (36 cells)" in capsys.readouterr().out


@pytest.mark.parametrize("name", ["sem", "pls", "multilevel", "invariance"])
def test_a_template_is_a_file_that_can_be_reviewed(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["review", "--template", name]) == 0
    place = tmp_path / "published.yaml"
    place.write_text(capsys.readouterr().out, encoding="utf-8")
    assert main(["review", str(place)]) == 0


def test_a_csv_file_lies_beside_the_article(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "fit.csv").write_text("model;chisq;df;p\nA;12,30;5;0,031\n", encoding="utf-8")
    place = tmp_path / "published.yaml"
    place.write_text("slug: x\ncitation: x\ntables:\n  t:\n    kind: fit\n    csv: fit.csv\n", encoding="utf-8")
    assert main(["review", str(place)]) == 0
    assert "1 consistent" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("slug: x\ncitation: x\nn: many\n", "published.yaml:3"),
        ("slug: x\n", "'citation' is missing"),
        ("{", "not valid YAML"),
    ],
)
def test_mistakes_are_told(text: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    place = tmp_path / "published.yaml"
    place.write_text(text, encoding="utf-8")
    assert main(["review", str(place)]) == 2
    assert reason in capsys.readouterr().err


def test_the_checks_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review", "--checks"]) == 0
    lines = capsys.readouterr().out.strip().split("\n")
    assert len(lines) == len(checks()) + 2
    assert all(line.replace("\\|", "").count("|") == 4 for line in lines)


def test_the_list_beside_the_published_tables_is_that_of_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    main(["review", "--checks"])
    listed = (PUBLISHED / "README.md").read_text(encoding="utf-8")
    assert listed.endswith("\n\n" + capsys.readouterr().out)


def test_nothing_to_review(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["review"]) == 2
    assert "--template sem" in capsys.readouterr().err
    assert main(["review", "nowhere.yaml"]) == 2
    assert "cannot read" in capsys.readouterr().err
