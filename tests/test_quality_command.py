"""``smartcity quality`` as its users meet it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analysis.cli import main
from tests.references import REFERENCE

MODEL = "a =~ a1 + a2 + a3 + a4\nb =~ b1 + b2 + b3 + b4\nb ~ a\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    frame = pd.read_csv(REFERENCE / "simulated.csv")
    items = [f"{x}{i}" for x in "ab" for i in range(1, 5)]
    frame[items] = frame[items].mask(np.random.default_rng(1).random((len(frame), 8)) < 0.06)
    frame.to_csv(tmp_path / "data.csv", index=False)
    frame.assign(o1=frame["o1"].mask(frame.index < 20, -999)).to_csv(tmp_path / "codes.csv", index=False)
    (tmp_path / "model.lav").write_text(MODEL)
    (tmp_path / "ordinal.lav").write_text("f =~ o1 + o2 + o3 + o4\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tables_and_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["quality", "model.lav", "--data", "data.csv", "--impute", "3", "--seed", "7", "--json"]
    assert main([*arguments, "out.json"]) == 0
    out = capsys.readouterr().out
    for title in ("Items", "Patterns", "not monotone", "(Little)", "Mardia", "Henze-Zirkler", "FIML", "FMI", "b ~ a"):
        assert title in out
    content = json.loads((folder / "out.json").read_text())
    assert [row["name"] for row in content["treatments"]["treatments"]] == ["listwise", "fiml", "imputation"]
    assert content["treatments"]["n_imputations"] == 3
    assert content["missing"]["mcar"]["df"] > 0
    assert main([*arguments, "again.json"]) == 0
    assert (folder / "again.json").read_text() == (folder / "out.json").read_text()


def test_without_imputation_there_are_no_treatments(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["quality", "ordinal.lav", "--data", "data.csv", "--cutoff", "0.05"]) == 0
    out = capsys.readouterr().out
    assert "Treatments" not in out
    assert "mcar: no value is missing" in out
    assert "*" in out.split("Items left out")[0].split("\n", 4)[-1]


@pytest.mark.parametrize("command", ["quality", "reliability"])
def test_codes_of_missing_answers_are_pointed_out(
    folder: Path, capsys: pytest.CaptureFixture[str], command: str
) -> None:
    more = ["--bootstrap", "20"] if command == "reliability" else []
    assert main([command, "ordinal.lav", "--data", "codes.csv", *more]) == 0
    out = capsys.readouterr().out
    assert "o1 holds -999: if that is a code for no answer, leave those cells empty" in out
    assert "reverse its codes" not in out


@pytest.mark.parametrize(
    ("model", "arguments", "reason"),
    [
        ("f =~ a1 + a9", [], "the item 'a9' is not in the data"),
        ("f =~ a1 + group", [], "the item 'group' holds words: 'south'"),
        ("f =~ a1 +", [], "f =~ a1 +"),
        (MODEL, ["--impute", "1"], "too few"),
        (MODEL, ["--impute", "-3"], "too few"),
    ],
)
def test_mistakes_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str], model: str, arguments: list[str], reason: str
) -> None:
    (folder / "model.lav").write_text(model)
    assert main(["quality", "model.lav", "--data", "data.csv", "--json", "out.json", *arguments]) == 2
    assert reason in capsys.readouterr().err
    assert not (folder / "out.json").exists()
