"""``smartcity compare`` as its users meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from analysis.cli import main
from tests.references import REFERENCE
from tests.sem.models import simulated

FULL = "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with responses, a model, a restriction of it and a rival that is neither."""
    simulated(300, 11).to_csv(tmp_path / "responses.csv", index=False)
    (tmp_path / "full.lav").write_text(FULL)
    (tmp_path / "restricted.lav").write_text(f"{FULL}f1 ~~ 0*f2\n")
    (tmp_path / "rival.lav").write_text("f1 =~ x1 + x2 + x4\nf2 =~ x3 + x5 + x6\nf1 ~~ 0*f2")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("order", [("full.lav", "restricted.lav"), ("restricted.lav", "full.lav")])
def test_the_restriction_is_tested_and_written(
    folder: Path, capsys: pytest.CaptureFixture[str], order: tuple[str, str]
) -> None:
    assert main(["compare", *order, "--data", "responses.csv", "--estimator", "MLR", "--json", "out.json"]) == 0
    assert "restricted.lav against full.lav (satorra.bentler.2001): chi-square (1) = " in capsys.readouterr().out
    content = json.loads((folder / "out.json").read_text())
    assert [model["name"] for model in content["models"]] == list(order)
    assert content["test"]["method"] == "satorra.bentler.2001"
    assert content["test"]["df_diff"] == 1
    assert 0.0 <= content["test"]["pvalue"] < 0.001


def test_ordinal_models_take_the_scaled_and_shifted_test(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    full = "f1 =~ o1 + o2 + o3 + o4\nf2 =~ p1 + p2 + p3 + p4\n"
    (folder / "one.lav").write_text(full)
    (folder / "two.lav").write_text(f"{full}f1 ~~ 0*f2\n")
    data = str(REFERENCE / "simulated.csv")
    assert main(["compare", "one.lav", "two.lav", "--data", data, "--ordered", "all"]) == 0
    assert "(satorra.2000): chi-square (1) = 103.63" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["rival.lav", "--data", "responses.csv"], "is not nested in"),
        (["full.lav", "--data", "responses.csv"], "neither restricts the other"),
        (["restricted.lav"], "give either --data FILE"),
        (["restricted.lav", "--data", "responses.csv", "--method", "satorra.2000"], "does not go with ML"),
    ],
)
def test_what_cannot_be_compared_is_refused_with_the_reason(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str
) -> None:
    before = set(folder.iterdir())
    assert main(["compare", "full.lav", *arguments, "--json", "out.json"]) == 2
    assert reason in capsys.readouterr().err
    assert set(folder.iterdir()) == before


def test_rivals_that_are_not_nested_get_their_information_criteria(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", "full.lav", "rival.lav", "--data", "responses.csv"]) == 2
    assert "by AIC and BIC" in capsys.readouterr().err
