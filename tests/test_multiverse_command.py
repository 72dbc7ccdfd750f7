"""``smartcity multiverse``: tables, curves, and what an interruption leaves."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from analysis import multiverse_run
from analysis.cli import main
from analysis.multiverse_run import compute, multiverse
from analysis.run import Run, open_run
from analysis.study import load_study

N = 22  # two sets of screening rules, the study's own and none, with each analysis


def _run(project: Path) -> Run:
    return open_run(load_study(project, "smartcity"), None, {})


def test_tables_and_curves(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["multiverse", "--specifications", str(N), "--out", "many"]) == 0
    out = capsys.readouterr().out
    assert "18 specifications: 2 sets of screening rules, 9 analyses" in out
    study = load_study(project, "smartcity")
    names = {path.name for path in (project / "many").iterdir()}
    assert {f"curve_{h.id}.svg" for h in study.hypotheses} <= names
    table = pd.read_csv(project / "many/specifications.csv", keep_default_na=False, na_values=[""])
    assert len(table) == 18 * len(study.hypotheses)
    assert set(table["responses"]) == {"simulated"}
    own = table[table["specification"] == 0].set_index("id")
    assert set(own["nobs"]) == {601, 604}  # H6 rests on a mixed model of scale means
    assert (own[["speed", "attention", "long_string"]] == "on").all(axis=None)
    assert (own["mahalanobis"] == "off").all()
    summary = pd.read_csv(project / "many/summary.csv").set_index("id")
    assert summary.loc["H2", "specifications"] == 18
    assert summary.loc["H2", "nobs_max"] > 604 > summary.loc["H2", "nobs_min"]
    # As in the committed run of the study
    assert summary.loc["H2", "own"] == pytest.approx(0.3696, abs=5e-3)
    assert main(["multiverse", "--specifications", str(N), "--out", "many"]) == 0


def test_an_interruption_keeps_what_is_done(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = multiverse(_run(project), N)
    cache = project / ".cache" / "smartcity"

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compute(plan, cache, interrupt)
    (kept,) = cache.glob("multiverse-*.jsonl")
    first = kept.read_bytes()
    kept.write_bytes(first + b'\n[1, [[{"id": "H1a", "un')  # cut short in the middle of a line
    made: list[frozenset[str]] = []
    of_set = multiverse_run._of_set

    def recorded(*arguments: object) -> object:
        made.append(arguments[1])  # type: ignore[arg-type]
        return of_set(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(multiverse_run, "_of_set", recorded)
    whole = compute(plan, cache)
    assert made == [plan.sets[1]]
    again = compute(plan, cache)
    assert len(made) == 1
    pd.testing.assert_frame_equal(whole, again)
    fresh = compute(plan, project / "elsewhere")
    pd.testing.assert_frame_equal(whole, fresh)


def test_a_set_that_leaves_nobody_is_recorded(project: Path) -> None:
    path = project / "models/smartcity/study.yaml"
    text = path.read_text(encoding="utf-8")
    rule = "- {rule: speed, action: exclude, threshold: 128}"
    assert rule in text
    path.write_text(text.replace(rule, "- {rule: speed, action: flag, threshold: 999999}"), encoding="utf-8")
    plan = multiverse(_run(project), 99)
    (most,) = [some for some in plan.sets if some == plan.sets[0] | {"speed"}]
    small = multiverse_run.Multiverse(plan.run, plan.rules, (plan.sets[0], most), plan.ways[1:2])
    table = compute(small, project / "cache")
    failed = table[table["specification"] == 1]
    assert failed["est"].isna().all()
    assert failed["error"].str.contains("no response is left").all()
    assert table.loc[table["specification"] == 0, "error"].eq("").all()


def test_no_specification_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["multiverse", "--specifications", "0"]) == 2
    assert "cannot be run" in capsys.readouterr().err
