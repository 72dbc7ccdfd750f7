"""``smartcity multiverse``: tables, curves, and what an interruption leaves."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from analysis import multiverse_run
from analysis.cli import main
from analysis.inference.executor import InProcess, Processes
from analysis.multiverse_run import compute, multiverse
from analysis.run import Run, open_run
from analysis.study import load_study

Edit = Callable[[str, str, str], None]
STUDY = "models/smartcity/study.yaml"
N = 44  # two settings of the screening rules, the study's own and none, with each analysis


def _run(project: Path) -> Run:
    return open_run(load_study(project, "smartcity"), None, {})


def test_tables_and_curves(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["multiverse", "--specifications", str(N), "--out", "many"]) == 0
    out = capsys.readouterr().out
    assert "36 specifications: 2 settings of the screening rules, 18 analyses" in out
    study = load_study(project, "smartcity")
    names = {path.name for path in (project / "many").iterdir()}
    assert {f"curve_{h.id}.svg" for h in study.hypotheses} <= names
    table = pd.read_csv(project / "many/specifications.csv", keep_default_na=False, na_values=[""])
    assert len(table) == 36 * len(study.hypotheses)
    assert set(table["responses"]) == {"simulated"}
    own = table[table["specification"] == 0].set_index("id")
    assert set(own["nobs"]) == {601, 604}  # H6 rests on a mixed model of scale means
    assert (own[["speed", "attention", "long_string"]] == "on").all(axis=None)
    assert (own["mahalanobis"] == "off").all()
    summary = pd.read_csv(project / "many/summary.csv").set_index("id")
    assert summary.loc["H2", "specifications"] == 36
    assert summary.loc["H2", "nobs_max"] > 604 > summary.loc["H2", "nobs_min"]
    # As in the committed run of the study
    assert summary.loc["H2", "own"] == pytest.approx(0.3696, abs=5e-3)
    assert main(["multiverse", "--specifications", str(N), "--out", "many"]) == 0


def test_an_interruption_keeps_what_is_done(project: Path) -> None:
    plan = multiverse(_run(project), N)
    cache = project / ".cache" / "smartcity"

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute(plan, cache, interrupt)
    (kept,) = cache.glob("multiverse-*.jsonl")
    first = kept.read_bytes()
    kept.write_bytes(first + b'\n[1, [[{"id": "H1a", "un')  # cut short in the middle of a line
    made: list[dict[str, str]] = []

    class Recorded:
        def run(self, work: Callable[[Any], Any], items: Sequence[Any]) -> Iterator[tuple[int, Any]]:
            made.extend(items)
            return InProcess().run(work, items)

    whole = compute(plan, cache, executor=Recorded())
    assert made == [plan.settings[1]]
    again = compute(plan, cache, executor=Recorded())
    assert len(made) == 1
    pd.testing.assert_frame_equal(whole, again)
    by_processes = compute(plan, project / "elsewhere", executor=Processes(2))
    pd.testing.assert_frame_equal(whole, by_processes)


def test_a_setting_that_leaves_nobody_is_recorded(project: Path, edit: Edit) -> None:
    edit(STUDY, "multiverse:\n", "multiverse:\n  thresholds: {speed: [0, 999999]}\n")
    plan = multiverse(_run(project), 2000)
    assert plan.choices["speed"] == ("off", "128", "0", "999999")
    assert plan.settings[0]["speed"] == "128"
    settings = tuple({**plan.settings[0], "speed": level} for level in ("128", "999999", "off", "0"))
    table = compute(multiverse_run.Multiverse(plan.run, plan.rules, settings, plan.ways[1:2]), project / "cache")
    own, nobody, off, everybody = (rows.set_index("id") for _, rows in table.groupby("specification"))
    assert nobody["est"].isna().all()
    assert nobody["error"].str.contains("no response is left").all()
    assert own["error"].eq("").all()
    # No response takes less than no time at all.
    assert list(off["est"]) == list(everybody["est"])
    assert off.loc["H2", "nobs"] > own.loc["H2", "nobs"]


@pytest.mark.parametrize(
    ("plan", "words"),
    [
        ("{sped: [100]}", "'sped' is no declared rule with a threshold"),
        ("{consent: [1]}", "'consent' is no declared rule with a threshold"),
        ("{completion: [1.5]}", "threshold 1.5 is not from 0 to 1"),
        ("{speed: fast}", "multiverse.thresholds.speed"),
    ],
)
def test_thresholds_that_cannot_be(
    project: Path, edit: Edit, capsys: pytest.CaptureFixture[str], plan: str, words: str
) -> None:
    edit(STUDY, "multiverse:\n", f"multiverse:\n  thresholds: {plan}\n")
    assert main(["check"]) == 2
    assert words in capsys.readouterr().err


def test_no_specification_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["multiverse", "--workers", "2", "--dask", "tcp://nowhere:1"]) == 2
    assert "do not go together" in capsys.readouterr().err
    assert main(["multiverse", "--specifications", "0"]) == 2
    assert "cannot be run" in capsys.readouterr().err
