"""``smartcity reliability`` as its users meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from analysis.cli import main
from tests.references import REFERENCE

DATA = str(REFERENCE / "simulated.csv")
MODEL = "a =~ a1 + a2 + a3 + a4\nb =~ b1 + b2 + b3 + b4\nc =~ c1 + c2 + c3 + c4\nb ~ a\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "model.lav").write_text(MODEL)
    (tmp_path / "ordinal.lav").write_text("f =~ o1 + o2 + o3 + o4\ng =~ p1 + p2 + p3 + p4\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tables_and_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--bootstrap", "100", "--seed", "7", "--marker", "c", "--json", "out.json"]
    assert main(["reliability", "model.lav", "--data", DATA, *arguments]) == 0
    out = capsys.readouterr().out
    for title in ("Reliability", "Items", "Fornell-Larcker", "Heterotrait-monotrait", "Pairs", "marker c", "Note: "):
        assert title in out
    content = json.loads((folder / "out.json").read_text())
    assert list(content["scales"]) == ["a", "b", "c"]
    assert content["bootstrap"] == {"resamples": 100, "seed": 7}
    assert content["method_bias"]["marker"]["retained"] == "Method-U"
    assert set(content["htmt"]["a"]) == {"b", "c"}


def test_ordinal_answers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--ordered", "o1,o2,o3,o4,p1,p2,p3,p4", "--bootstrap", "20", "--json", "out.json"]
    assert main(["reliability", "ordinal.lav", "--data", DATA, *options]) == 0
    out = capsys.readouterr().out
    assert "WLSMV, 400 respondents" in out
    assert "α ordinal" in out
    content = json.loads((folder / "out.json").read_text())
    assert content["scales"]["f"]["omega"] < content["scales"]["f"]["omega_latent_response"]


@pytest.mark.parametrize(
    ("model", "arguments", "reason"),
    [
        ("f =~ a1 + a9", [], "the item 'a9' is not in the data"),
        ("y ~ x", [], "no latent variable"),
        ("f =~ a1 +", [], "f =~ a1 +"),
        (MODEL, ["--marker", "d"], "no latent variable 'd'"),
        (MODEL, ["--bootstrap", "0"], "too few"),
        (MODEL, ["--ordered", "a1"], "whole numbers"),
    ],
)
def test_mistakes_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str], model: str, arguments: list[str], reason: str
) -> None:
    (folder / "model.lav").write_text(model)
    assert main(["reliability", "model.lav", "--data", DATA, "--json", "out.json", *arguments]) == 2
    assert reason in capsys.readouterr().err
    assert not (folder / "out.json").exists()
