"""``smartcity dimensions`` as its users meet it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from analysis.cli import main
from tests.references import REFERENCE

DATA = str(REFERENCE / "simulated.csv")
MODEL = "a =~ a1 + a2 + a3 + a4\nb =~ b1 + b2 + b3 + b4\nc =~ c1 + c2 + c3 + c4\n"
FEW = ["--replicates", "40"]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "model.lav").write_text(MODEL)
    (tmp_path / "higher.lav").write_text(MODEL + "all =~ a + b + c\no =~ o1 + o2 + o3 + o4\n")
    (tmp_path / "ordinal.lav").write_text("f =~ o1 + o2 + o3 + o4\ng =~ p1 + p2 + p3 + p4\n")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_tables_json_and_figures(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = [*FEW, "--seed", "7", "--json", "out.json", "--figures", "drawn"]
    assert main(["dimensions", "model.lav", "--data", DATA, *arguments]) == 0
    out = capsys.readouterr().out
    for title in ("KMO", "Number of dimensions", "Eigenvalues", "3 factors by minres", "Structures of a, b, c", "PUC"):
        assert title in out
    content = json.loads((folder / "out.json").read_text())
    assert content["suggested"] == {"parallel_factors": 3, "parallel_components": 3, "map": 3, "map_fourth": 3}
    assert content["parallel"]["seed"] == 7
    assert [fit["structure"] for fit in content["structures"]["fits"]] == [
        "one factor", "correlated", "higher-order", "bifactor",
    ]  # fmt: skip
    assert content["factors"]["factor_correlations"]["F1"]["F1"] == pytest.approx(1.0)
    for name in ("parallel_analysis", "factor_loadings"):
        assert (folder / "drawn" / f"{name}.png").stat().st_size > 10_000
        assert "<svg" in (folder / "drawn" / f"{name}.svg").read_text(encoding="utf-8")


def test_the_same_seed_gives_the_same_bytes_with_more_workers(folder: Path) -> None:
    for workers in ("1", "2"):
        arguments = [*FEW, "--workers", workers, "--json", f"{workers}.json"]
        assert main(["dimensions", "model.lav", "--data", DATA, *arguments]) == 0
    assert (folder / "1.json").read_bytes() == (folder / "2.json").read_bytes()


def test_ordinal_answers(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--ordered", "all", "--rotation", "geomin", "--extraction", "ml", *FEW, "--json", "out.json"]
    assert main(["dimensions", "ordinal.lav", "--data", DATA, *options]) == 0
    out = capsys.readouterr().out
    assert "polychoric correlations of 8 items" in out
    assert "2 factors by ml, rotation geomin" in out
    content = json.loads((folder / "out.json").read_text())
    assert content["parallel"]["random"] == "permuted"
    assert content["structures"] is None
    assert "take three" in content["undefined"]["structures"]


def test_a_higher_order_factor_says_which_factors_are_compared(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dimensions", "higher.lav", "--data", DATA, *FEW, "--factors", "4"]) == 0
    out = capsys.readouterr().out
    assert "16 items" in out
    assert "Structures of a, b, c" in out


def test_factors_can_be_chosen(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["dimensions", "higher.lav", "--data", DATA, *FEW, "--of", "a, o"]) == 0
    out = capsys.readouterr().out
    assert "Pearson correlations of 8 items" in out
    assert "2 first-order factors" in out


@pytest.mark.parametrize(
    ("model", "arguments", "reason"),
    [
        ("f =~ a1 + a9 + a2", [], "the item 'a9' is not in the data"),
        ("f =~ a1", [], "two items at least"),
        ("y ~ x", [], "no latent variable"),
        (MODEL, ["--factors", "9"], "degrees of freedom"),
        (MODEL, ["--replicates", "2"], "give no percentile"),
        (MODEL, ["--ordered", "o1"], "'o1' is no item of the scale"),
        (MODEL, ["--ordered", "a1"], "is not named"),
        (MODEL, ["--ordered", "all"], "whole numbers"),
        (MODEL, ["--of", "a,d"], "'d' is no factor"),
    ],
)
def test_mistakes_are_told(
    folder: Path, capsys: pytest.CaptureFixture[str], model: str, arguments: list[str], reason: str
) -> None:
    (folder / "faulty.lav").write_text(model + "\n")
    assert main(["dimensions", "faulty.lav", "--data", DATA, *FEW, *arguments]) == 2
    error = capsys.readouterr().err
    assert reason in error
    assert "Traceback" not in error
