"""``smartcity invariance`` as its users meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from analysis.cli import main
from tests.references import REFERENCE

DATA = str(REFERENCE / "simulated.csv")
MODEL = "a =~ a1 + a2 + a3 + a4\nb =~ b1 + b2 + b3 + b4\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "model.lav").write_text(MODEL)
    (tmp_path / "ordinal.lav").write_text("f =~ o1 + o2 + o3 + o4\ng =~ p1 + p2 + p3 + p4\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tables_and_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--group", "group", "--estimator", "MLR", "--json", "out.json"]
    assert main(["invariance", "model.lav", "--data", DATA, *options]) == 0
    out = capsys.readouterr().out
    for words in (
        "MLR, 400 respondents; group: south (142), west (122), north (136)",
        "CFI robust",
        "Latent means less",
    ):
        assert words in out
    content = json.loads((folder / "out.json").read_text())
    assert content["groups"][0] == {"label": "south", "nobs": 142}
    names = [step["name"] for step in content["steps"]]
    assert content["steps"][0]["rung"] == names[0] == "configural"
    scalar = next(step for step in content["steps"] if step["rung"] == "scalar")
    assert scalar["equal"] == ["loadings", "intercepts"]
    assert {"chisq", "df", "pvalue", "cfi", "cfi_robust", "rmsea", "srmr", "chisq_scaled"} <= set(scalar)
    assert scalar["test"]["method"] == "satorra.bentler.2001"
    assert set(scalar["delta"]) == {"cfi", "rmsea", "srmr", "version"}
    assert content["partial"]["post_hoc"] is True
    assert {(row["lhs"], row["group"]) for row in content["latent_means"]} == {
        (factor, group) for factor in "ab" for group in ("west", "north")
    }


def test_why_latent_means_are_not_compared(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--group", "group", "--delta-cfi", "0", "--delta-rmsea", "0", "--delta-srmr", "0", "--json", "out.json"]
    assert main(["invariance", "model.lav", "--data", DATA, *options, "--max-releases", "1"]) == 0
    out = capsys.readouterr().out
    assert "Latent means are not compared: metric invariance does not hold" in out
    assert "Let go, post hoc" in out
    content = json.loads((folder / "out.json").read_text())
    assert content["latent_means"] == []
    assert content["latent_means_reason"].startswith("metric invariance does not hold")
    assert content["partial"]["stopped"]["metric"].startswith("1 releases are made")
    assert content["level"] == "configural"


def test_ordinal_answers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--group", "group", "--ordered", "all", "--json", "out.json"]
    assert main(["invariance", "ordinal.lav", "--data", DATA, *options]) == 0
    assert "thresholds, loadings, intercepts, residuals" in capsys.readouterr().out
    content = json.loads((folder / "out.json").read_text())
    assert [step["rung"] for step in content["steps"]] == ["configural", "thresholds", "metric", "scalar", "strict"]
    assert content["steps"][-1]["test"]["method"] == "satorra.2000"


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["--group", "region"], "'region'"),
        (["--group", "a1"], "an item of the model and the column of groups"),
        (["--group", "cluster"], "too few for 8 items"),
        (["--group", "group", "--ordered", "a1"], "whole numbers"),
        (["--group", "group", "--max-releases", "-1"], "--max-releases"),
    ],
)
def test_mistakes_are_told(folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], reason: str) -> None:
    assert main(["invariance", "model.lav", "--data", DATA, "--json", "out.json", *arguments]) == 2
    assert reason in capsys.readouterr().err
    assert not (folder / "out.json").exists()
