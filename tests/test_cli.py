"""The command line as its users meet it: exit codes, messages, and what is left on disk."""

from __future__ import annotations

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analysis.cli import main
from tests.references import REPOSITORY
from tests.sem.models import simulated

Edit = Callable[[str, str, str], None]

RESPONSES = "data/smartcity/raw/responses.csv"
CODEBOOK = "data/smartcity/codebook.yaml"
STUDY = "models/smartcity/study.yaml"
STRUCTURAL = "models/smartcity/structural.lav"


def _fails(capsys: pytest.CaptureFixture[str], project: Path, *arguments: str) -> str:
    """Run a command that must fail: exit code 2, plain words on standard error, nothing written."""
    before = {path for path in project.rglob("*") if ".cache" not in path.parts}
    assert main(arguments) == 2
    message = capsys.readouterr().err
    assert message.startswith("smartcity: ")
    assert "Traceback" not in message
    assert {path for path in project.rglob("*") if ".cache" not in path.parts} == before
    return message


def test_a_missing_file_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "no such file" in _fails(capsys, project, "reproduce", "--data", "nowhere.csv")
    (project / RESPONSES).unlink()
    assert "restore the file" in _fails(capsys, project, "reproduce")


def test_an_empty_file_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / RESPONSES).write_bytes(b"")
    assert "empty" in _fails(capsys, project, "reproduce")


def test_a_file_in_no_known_encoding_is_named(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project / RESPONSES).write_bytes(b"\xff\xfe\x00\xd8" + bytes(range(128, 160)) * 20 + b"\x00\x01")
    assert "responses.csv" in _fails(capsys, project, "reproduce")


def test_unknown_columns_and_labels_are_listed(project: Path, edit: Edit, capsys: pytest.CaptureFixture[str]) -> None:
    content = (project / RESPONSES).read_bytes().decode("cp1252")
    header, rest = content.split("\r\n", 1)
    first = header.split(";")[10]
    (project / RESPONSES).write_bytes(f"{header.replace(first, 'mystery')}\r\n{rest}".encode("cp1252"))
    assert "mystery" in _fails(capsys, project, "reproduce")
    (project / RESPONSES).write_bytes(content.replace("D'accord", "Presque d'accord").encode("cp1252"))
    assert "Presque d'accord" in _fails(capsys, project, "reproduce")


def test_five_mistakes_in_a_codebook_come_all_five(
    project: Path, edit: Edit, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(CODEBOOK, "items: [ie1, ie2, ie3]", "items: [ie1, ie2, ie9]")
    edit(CODEBOOK, "items: [ee1, ee2, ee3]", "itemz: [ee1, ee2, ee3]")
    edit(CODEBOOK, "items: [mk1, mk2, mk3]", "items: [mk1, mk2, mk3, sat1]")
    edit(CODEBOOK, "key: commune", "clef: commune")
    edit(CODEBOOK, "study: smartcity", "study: [smartcity]")
    message = _fails(capsys, project, "reproduce")
    for expected in ("ie9", "itemz", "sat1", "clef", "study"):
        assert expected in message
    assert message.count("codebook.yaml:") >= 5


def test_a_model_naming_an_unknown_variable(project: Path, edit: Edit, capsys: pytest.CaptureFixture[str]) -> None:
    edit(STRUCTURAL, "=~ sat1 +", "=~ satt1 +")
    message = _fails(capsys, project, "reproduce")
    assert "satt1" in message
    assert "structural.lav" in message


def test_a_model_that_is_not_identified(project: Path, edit: Edit, capsys: pytest.CaptureFixture[str]) -> None:
    edit(STRUCTURAL, "intention =~ int1 +", "intention =~ NA*int1 +")
    message = _fails(capsys, project, "reproduce")
    assert "not identified" in message
    assert "intention =~ int1" in message


def _raw(project: Path) -> tuple[list[str], list[list[str]]]:
    with (project / RESPONSES).open(encoding="cp1252", newline="") as file:
        header, *rows = csv.reader(file, delimiter=";")
    return header, rows


def _write_raw(project: Path, header: list[str], rows: list[list[str]]) -> None:
    with (project / RESPONSES).open("w", encoding="cp1252", newline="") as file:
        csv.writer(file, delimiter=";").writerows([header, *rows])


def test_a_scale_with_a_constant_item(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    header, rows = _raw(project)
    codebook = (project / CODEBOOK).read_text(encoding="utf-8")
    name = "sat1"
    column = name if name in header else next(h for h in header if f"column: {h}" in codebook and name in h.lower())
    at = header.index(column)
    answer = next(row[at] for row in rows if row[at].strip() == "D'accord")
    _write_raw(project, header, [[*row[:at], answer if row[at].strip() else "", *row[at + 1 :]] for row in rows])
    message = _fails(capsys, project, "reproduce")
    assert "sat1" in message


def test_a_commune_with_one_respondent(project: Path, edit: Edit, capsys: pytest.CaptureFixture[str]) -> None:
    edit(STUDY, "communes_minimum: 2", "communes_minimum: 3")
    message = _fails(capsys, project, "reproduce")
    assert "communes_minimum" in message


def test_no_row_left_after_screening(project: Path, edit: Edit, capsys: pytest.CaptureFixture[str]) -> None:
    edit(STUDY, "threshold: 128", "threshold: 999999")
    assert "no response is left" in _fails(capsys, project, "reproduce")


def test_an_unknown_study_and_responses_that_do_not_ship(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "smartcity" in _fails(capsys, project, "reproduce", "smartcitty")
    message = _fails(capsys, project, "reproduce", "elsoc2016")
    assert "Harvard Dataverse" in message
    assert "cite" in message


def test_clean_writes_three_files(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["clean", "--out", "cleaned"]) == 0
    assert "604" in capsys.readouterr().out
    names = sorted(path.name for path in (project / "cleaned").iterdir())
    assert names == ["clean.csv", "flow.csv", "ledger.csv"]
    ledger = pd.read_csv(project / "cleaned" / "ledger.csv")
    clean = pd.read_csv(project / "cleaned" / "clean.csv")
    assert len(ledger) == 760
    assert (ledger["decision"] == "kept").sum() == len(clean) == 604


def test_fit_prints_a_table_and_writes_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulated(200, 1).to_csv("data.csv", index=False)
    Path("model.lav").write_text("f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\nf2 ~ f1\n", encoding="utf-8")
    assert main(["fit", "model.lav", "--data", "data.csv", "--json", "out.json"]) == 0
    assert "f2 ~ f1" in capsys.readouterr().out
    result = json.loads(Path("out.json").read_text(encoding="utf-8"))
    assert result["nobs"] == 200
    assert result["fit"]["df"] == 8
    data = pd.read_csv("data.csv")[[f"x{i}" for i in range(1, 7)]]
    data.cov().to_csv("cov.csv")
    assert main(["fit", "model.lav", "--cov", "cov.csv", "--nobs", "200", "--json", "cov.json"]) == 0
    again = json.loads(Path("cov.json").read_text(encoding="utf-8"))
    assert again["fit"]["chisq"] == pytest.approx(result["fit"]["chisq"], rel=1e-6)


def test_fit_names_what_is_missing(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    simulated(50, 1).to_csv("data.csv", index=False)
    Path("model.lav").write_text("f =~ x1 + x2 + y3", encoding="utf-8")
    assert "y3" in _fails(capsys, project, "fit", "model.lav", "--data", "data.csv")
    for odd in ([], ["--nobs", "50"], ["--cov", "c.csv"], ["--data", "data.csv", "--nobs", "50"]):
        assert "give either" in _fails(capsys, project, "fit", "model.lav", *odd)
    assert "goes with --cov" in _fails(capsys, project, "fit", "model.lav", "--data", "data.csv", "--means", "m.csv")
    assert "check the path" in _fails(capsys, project, "fit", "none.lav", "--data", "data.csv")
    Path("model.lav").write_text("f =~ x1 ++ x2", encoding="utf-8")
    assert "model.lav:1:" in _fails(capsys, project, "fit", "model.lav", "--data", "data.csv")


def test_mixed_adds_what_is_asked(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generator = np.random.default_rng(2)
    commune = np.arange(80) % 8
    effects = generator.standard_normal(8)
    data = pd.DataFrame({"x": generator.standard_normal(80), "commune": commune})
    data["y"] = data["x"] + effects[commune] + generator.standard_normal(80)
    data.to_csv(project / "data.csv", index=False)
    asked = ["--robust", "--profile", "--bootstrap", "20", "--seed", "3", "--json", "out.json"]
    assert main(["mixed", "y ~ x + (1 | commune)", "--data", "data.csv", *asked]) == 0
    printed = capsys.readouterr().out
    for words in ("robust by 8 groups of 'commune' (CR2", "Profile intervals", "Parametric bootstrap, 20 replicates"):
        assert words in printed
    content = json.loads((project / "out.json").read_text(encoding="utf-8"))
    assert [row["term"] for row in content["cluster_robust"]] == ["(Intercept)", "x"]
    assert [row["parameter"] for row in content["profile"]] == ["sd_(Intercept)|commune", "sigma", "(Intercept)", "x"]
    assert all(row["ci_lower"] < row["est"] < row["ci_upper"] for row in content["bootstrap"])
    assert "no spread" in _fails(capsys, project, *_MIXED, "--bootstrap", "1")


def test_mixed_fits_ordered_answers(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generator = np.random.default_rng(4)
    commune = np.arange(240) % 12
    x = generator.standard_normal(240)
    latent = x + generator.standard_normal(12)[commune] + generator.logistic(size=240)
    answers = np.searchsorted([-1.0, 0.5, 1.5], latent) + 1
    pd.DataFrame({"y": answers, "x": x, "commune": commune}).to_csv(project / "data.csv", index=False)
    assert main([*_MIXED, "--family", "cumulative", "--quadrature", "5", "--json", "out.json"]) == 0
    printed = capsys.readouterr().out
    assert "5 quadrature points" in printed
    assert "odds ratio" in printed
    content = json.loads((project / "out.json").read_text(encoding="utf-8"))
    assert [row["term"] for row in content["thresholds"]] == ["1|2", "2|3", "3|4"]
    assert [row["term"] for row in content["fixed"]] == ["x"]
    assert "two" in _fails(capsys, project, *_MIXED, "--family", "binomial")
    assert "do not go together" in _fails(capsys, project, *_MIXED, "--family", "cumulative", "--robust")
    assert "needs no --quadrature" in _fails(capsys, project, *_MIXED, "--quadrature", "3")


_MIXED = ("mixed", "y ~ x + (1 | commune)", "--data", "data.csv")


def test_fit_takes_two_levels(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = str(REPOSITORY / "tests/reference/sim_twolevel_contextual/model.lav")
    fit = ["fit", model, "--data", str(REPOSITORY / "tests/reference/simulated.csv")]
    assert "--cluster COL" in _fails(capsys, project, *fit)
    assert "take complete rows" in _fails(capsys, project, *fit, "--cluster", "cluster", "--missing", "fiml")
    assert main([*fit, "--cluster", "cluster", "--estimator", "MLR", "--json", "out.json"]) == 0
    assert "Level 2 (between clusters)" in capsys.readouterr().out
    content = json.loads((project / "out.json").read_text(encoding="utf-8"))
    assert {row["level"] for row in content["parameters"]} == {1, 2}
    assert content["fit"]["srmr_within"] < content["fit"]["srmr"]


def test_mixed_prints_a_table_and_writes_json(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    generator = np.random.default_rng(1)
    commune = np.repeat(np.arange(20), 10)
    x = generator.standard_normal(200)
    y = 0.5 * x + generator.standard_normal(20)[commune] + generator.standard_normal(200)
    pd.DataFrame({"y": y, "x": x, "commune": [f"c{c}" for c in commune]}).to_csv("data.csv", index=False)
    assert main(["mixed", "y ~ x + (1 | commune)", "--data", "data.csv", "--json", "out.json"]) == 0
    assert "(Intercept)" in capsys.readouterr().out
    result = json.loads(Path("out.json").read_text(encoding="utf-8"))
    assert result["groups"] == {"commune": 20}
    assert [row["term"] for row in result["fixed"]] == ["(Intercept)", "x"]


def test_unknown_options_exit_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["fit", "model.lav", "--no-such-option"])
    assert caught.value.code == 2


def test_output_that_nobody_reads_to_its_end_is_no_error(project: Path) -> None:
    simulated(200, 1).to_csv("data.csv", index=False)
    Path("model.lav").write_text("f1 =~ x1 + x2 + x3", encoding="utf-8")
    command = [sys.executable, "-m", "analysis", "fit", "model.lav", "--data", "data.csv"]
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert process.stderr.read() == b""
    assert process.returncode == 141


OPTIONS: dict[str, list[str]] = {
    "MLR with missing values": ["--estimator", "MLR", "--missing", "fiml"],
    "MLM": ["--estimator", "MLM"],
    "GLS": ["--estimator", "GLS"],
    "ULS": ["--estimator", "ULS"],
    "ordinal, all": ["--ordered", "all"],
    "ordinal, some": ["--ordered", "o1,o2,o3", "--estimator", "DWLS"],
    "groups": ["--group", "half", "--group-equal", "loadings,intercepts", "--group-partial", "x2 ~ 1"],
    "clusters": ["--cluster", "commune"],
    "weights": ["--weights", "w"],
    "unit variances": ["--std-lv", "--meanstructure"],
    "robust": ["--se", "robust"],
    "bootstrap": ["--se", "bootstrap", "--bootstrap", "20", "--seed", "3"],
    "modification indices": ["--modindices"],
}


@pytest.mark.parametrize("name", OPTIONS)
def test_every_option_of_fit(name: str, project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = simulated(300, 4)
    cut = {f"o{i}": np.digitize(data[f"x{i}"] - data[f"x{i}"].mean(), [-1.0, 0.0, 1.0]) for i in range(1, 7)}
    extra = {"half": np.tile([1, 2], 150), "commune": np.repeat(np.arange(30), 10), "w": np.tile([0.5, 1.0, 1.5], 100)}
    frame = data.assign(**cut, **extra)
    if "--missing" in OPTIONS[name]:
        frame.loc[::7, "x3"] = np.nan
    frame.to_csv("data.csv", index=False)
    stem = "o" if name.startswith("ordinal") else "x"
    model = f"f1 =~ {stem}1 + {stem}2 + {stem}3\nf2 =~ {stem}4 + {stem}5 + {stem}6\nf2 ~ f1\n"
    if name == "ordinal, some":
        model = "f1 =~ o1 + o2 + o3\nf2 =~ x4 + x5 + x6\nf2 ~ f1\n"
    Path("model.lav").write_text(model, encoding="utf-8")
    assert main(["fit", "model.lav", "--data", "data.csv", *OPTIONS[name], "--json", "out.json"]) == 0
    assert "Loadings" in capsys.readouterr().out
    result = json.loads(Path("out.json").read_text(encoding="utf-8"))
    assert result["converged"]
    assert all(row["se"] is not None for row in result["parameters"] if row["op"] == "~")
    if name == "modification indices":
        assert result["modindices"][0]["mi"] >= result["modindices"][-1]["mi"]
