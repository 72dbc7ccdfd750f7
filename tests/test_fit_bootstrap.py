"""The bootstrap by the command line: its options, and results that do not depend on who computes them."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest
from analysis.cli import main
from analysis.sem import fit
from tests.sem.models import simulated

TWO_FACTORS = "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\n"


def _run(folder: Path, data: pd.DataFrame, *options: str, code: int = 0) -> str:
    """What the command writes; nothing where it must end with another exit ``code``."""
    model, rows, written = folder / "model.lav", folder / "rows.csv", folder / "out.json"
    model.write_text(TWO_FACTORS, encoding="utf-8")
    data.to_csv(rows, index=False)
    command = ["fit", str(model), "--data", str(rows), "--bootstrap", "30", "--json", str(written), *options]
    assert main(command) == code
    return written.read_text(encoding="utf-8") if written.exists() else ""


@pytest.mark.parametrize("missing", ["listwise", "fiml"])
def test_results_do_not_depend_on_the_number_of_workers(missing: str, tmp_path: Path) -> None:
    data = simulated(150, 3)
    if missing == "fiml":
        data.loc[data.index[::7], "x2"] = float("nan")
    options = ["--se", "bootstrap", "--boot-ci", "bc", "--missing", missing]
    options += ["--test", "bollen.stine"] if missing == "listwise" else []
    assert _run(tmp_path, data, *options) == _run(tmp_path, data, *options, "--workers", "2")


def test_intervals_are_of_the_kind_asked_for(tmp_path: Path) -> None:
    data = simulated(150, 3)
    kinds = {kind: json.loads(_run(tmp_path, data, "--se", "bootstrap", "--boot-ci", kind)) for kind in ("perc", "bca")}
    assert [kinds[kind]["bootstrap"]["interval"] for kind in kinds] == ["perc", "bca"]
    lower = [[row["ci_lower"] for row in kinds[kind]["parameters"]] for kind in kinds]
    assert lower[0] != lower[1]


def test_the_p_value_of_bollen_and_stine_is_printed_and_written(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = simulated(150, 3)
    written = json.loads(_run(tmp_path, data, "--test", "bollen.stine", "--seed", "4"))
    expected = fit(TWO_FACTORS, data, test="bollen.stine", bootstrap=30, seed=4).fit_measures["pvalue_bollen_stine"]
    assert written["fit"]["pvalue_bollen_stine"] == expected
    assert "bootstrap" not in written  # the standard errors are not the bootstrap's
    assert "Bollen-Stine bootstrap: p" in capsys.readouterr().out


def test_fit_measures_and_failures_are_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    written = json.loads(_run(tmp_path, simulated(150, 3), "--se", "bootstrap"))
    assert set(written["bootstrap"]["fit"]) == {"chisq", "cfi", "tli", "rmsea", "srmr"}
    assert "Fit over 30 of 30 bootstrap resamples (0 failed)" in capsys.readouterr().out


def test_incomplete_rows_have_no_test_of_bollen_and_stine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    data = simulated(150, 3)
    data.loc[data.index[::7], "x2"] = float("nan")
    assert not _run(tmp_path, data, "--test", "bollen.stine", "--missing", "fiml", code=2)
    assert "needs complete rows" in capsys.readouterr().err
