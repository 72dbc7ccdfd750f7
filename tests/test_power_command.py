"""``smartcity power`` as its users meet it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from analysis.cli import main
from tests.inference.power_examples import CLUSTERS, MODEL, POPULATION, TWO_LEVELS
from tests.references import REPOSITORY


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    files = {
        "model.lav": MODEL,
        "population.lav": POPULATION,
        "levels.lav": TWO_LEVELS,
        "sizes.csv": "size\n" + "\n".join(map(str, CLUSTERS)) + "\n",
        "communes.csv": "commune,x\n" + "".join(f"c{i},1\n" * size for i, size in enumerate(CLUSTERS)),
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def _power(*words: str) -> int:
    return main(["power", *words])


ONE = ("model.lav", "--population", "population.lav")


def test_tables_json_and_figure(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--n", "100,200", "--reps", "100", "--json", "out.json", "--figure", "power.svg")
    assert _power(*ONE, *options) == 0
    out = capsys.readouterr().out
    for words in ("n = 100", "n = 200", "y ~ m (b)", "indirect", "MacCallum", "Satorra & Saris", "100 of 100"):
        assert words in out
    content = json.loads((folder / "out.json").read_text())
    assert content["df"] == 24
    assert [size["done"] for size in content["sizes"]] == [100, 100]
    rows = {(row["parameter"], row["n"]): row for row in content["parameters"]}
    assert rows["m ~ x", 200]["truth"] == pytest.approx(0.4)
    assert rows["m ~ x", 200]["power"] > rows["m ~ x", 100]["power"] > 0.3
    assert {row["parameter"] for row in content["satorra_saris"]} == {"m ~ x", "y ~ m", "y ~ x"}
    assert {row["test"] for row in content["rmsea"]} == {"exact", "close", "not close"}
    assert "<svg" in (folder / "power.svg").read_text()


def test_a_rerun_computes_nothing_and_more_replications_go_on(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for replications, n_files in (("100", 2), ("100", 2), ("200", 4)):
        before = {path: path.stat().st_mtime_ns for path in folder.glob(".cache/power/*/*.parquet")}
        assert _power(*ONE, "--n", "80", "--reps", replications) == 0
        after = {path: path.stat().st_mtime_ns for path in folder.glob(".cache/power/*/*.parquet")}
        assert len(after) == n_files
        assert before.items() <= after.items()
    assert _power(*ONE, "--n", "80", "--reps", "100", "--seed", "2") == 0
    assert len(list(folder.glob(".cache/power/*"))) == 2


def test_processes_write_the_same_numbers(folder: Path) -> None:
    for workers in ("1", "2"):
        options = ("--workers", workers, "--keep", f"kept{workers}", "--json", f"{workers}.json")
        assert _power(*ONE, "--n", "80", "--reps", "200", *options) == 0
    assert (folder / "1.json").read_bytes() == (folder / "2.json").read_bytes()
    first, second = (sorted(folder.glob(f"kept{i}/*/*.parquet")) for i in (1, 2))
    assert [path.read_bytes() for path in first] == [path.read_bytes() for path in second]


def test_the_smallest_n(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ("--target", "0.8", "--parameter", "y ~ m", "--n", "150", "--reps", "800", "--json", "out.json")
    assert _power(*ONE, *options) == 0
    assert "Smallest n with a power of 0.8 for y ~ m: " in capsys.readouterr().out
    content = json.loads((folder / "out.json").read_text())
    assert content["ci_lower"] <= content["n"] <= content["ci_upper"]
    assert 100 < content["n"] < 250  # Satorra and Saris: 158


@pytest.mark.parametrize("sizes", ["sizes.csv", "communes.csv", "communes.csv:commune"])
def test_a_mixed_model_with_real_cluster_sizes(sizes: str, folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    formula = "y ~ x*w + (1 | commune)"
    options = ("--population", "levels.lav", "--cluster", sizes, "--n", "200", "--reps", "20", "--json", "out.json")
    assert _power(formula, *options) == 0
    assert "12 clusters" in capsys.readouterr().out
    rows = json.loads((folder / "out.json").read_text())["parameters"]
    assert {row["parameter"]: row["truth"] for row in rows} == {"(Intercept)": 3, "x": 0.3, "w": 0.25, "x:w": 0.2}


def test_ctrl_c_leaves_a_usable_result(folder: Path) -> None:
    command = [sys.executable, "-m", "analysis", "power", *ONE, "--n", "300", "--reps", "100000", "--json", "out.json"]
    process = subprocess.Popen(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(REPOSITORY)}, stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    until = time.monotonic() + 60
    while len(list(folder.glob(".cache/power/*/*.parquet"))) < 3 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in err
    assert "interrupted: these are the replications done until then" in out
    (size,) = json.loads((folder / "out.json").read_text())["sizes"]
    assert 150 <= size["done"] < 100_000


@pytest.mark.parametrize(
    ("words", "reasons"),
    [
        (("--n", "ten"), ["'ten' is no sample size"]),
        (("--n", "8"), ["n = 8 is too small for 9 variables", "take at least 11"]),
        (("--workers", "2", "--dask", "tcp://127.0.0.1:1"), ["--workers and --dask do not go together"]),
        (("--reps", "1", "--seed", "-1"), ["1 replications are too few", "the seed -1 is negative"]),
        (("--missing", "1.5", "--codes", "7-1", "--workers", "0"), ["a share of 1.5", "'7-1' is no", "0 workers"]),
        (("--target", "0.8"), ["--target and --parameter go together"]),
        (("--target", "0.8", "--parameter", "q"), ["the model has no parameter 'q'"]),
        (("--ordered", "all"), ["no item has answers that could be ordinal"]),
        (("--cluster", "sizes.csv:town"), ["there is no column 'town'"]),
        (("--cluster", "nowhere.csv"), ["nowhere.csv"]),
        (("--figure", "power.svg"), ["a power curve needs several sizes"]),
        (("--estimator", "WLSMV"), ["WLSMV is for ordinal variables"]),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
def test_mistakes_have_their_messages(
    words: tuple[str, ...], reasons: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert _power(*ONE, *words) == 2
    err = capsys.readouterr().err
    assert all(reason in err for reason in reasons)
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("model", "population", "reason"),
    [
        ("y1 ~ x1 + x9", POPULATION, "the population does not know 'x9'"),
        ("x =~ x1 + x2 + x3\nm =~ m1 + m2 + m3\nx ~ m", POPULATION, "the population gives no value for x ~ m"),
        ("x =~ x1 + x2", POPULATION, "the model is not identified"),
        (MODEL, POPULATION + "x1 ~~ 0.9*x2\n", "covariances of x1, x2 contradict each other"),
        (MODEL, POPULATION.replace("0.4*x", "x"), "population.lav:4: the population gives no value for m ~ x"),
        ("x =~ x1 ++ x2", POPULATION, "model.lav:1"),
    ],
)
def test_models_and_populations_that_do_not_suit(
    model: str, population: str, reason: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "model.lav").write_text(model)
    (folder / "population.lav").write_text(population)
    assert _power(*ONE, "--n", "200", "--reps", "20") == 2
    assert reason in capsys.readouterr().err
