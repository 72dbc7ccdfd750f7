"""Whole runs: what they write, what they keep, what they leave alone.

The runs are made once, side by side, each by a command of its own with another seed for Python's hashes.
"""

from __future__ import annotations

import csv
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from analysis import cli, manifest, pipeline, verification
from analysis.cli import main
from analysis.run import Run, open_run
from analysis.study import load_study
from tests.references import REPOSITORY, shared_data

# Studies whose responses are here: rows received, respondents analysed, communes.
COUNTS = {"smartcity": (760, 604, 45)} | ({"elsoc2016": (2927, 2916, 94)} if shared_data() else {})
STUDIES = tuple(COUNTS)

Edit = Callable[[str, str, str], None]


@dataclass(frozen=True)
class Project:
    """A copy of the project in which one study was reproduced."""

    root: Path
    study: str

    @property
    def report(self) -> Path:
        return self.root / "reports" / self.study

    @property
    def cache(self) -> Path:
        return self.root / ".cache" / self.study


def _copy(root: Path) -> Path:
    for folder in ("models", "data"):
        shutil.copytree(REPOSITORY / folder, root / folder)
    return root


def _files(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def projects(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Project]:
    """One finished run a study, and "again": the smartcity study in another folder."""
    wanted = {**{study: study for study in STUDIES}, "again": "smartcity"}
    projects, running = {}, []
    for seed, (name, study) in enumerate(wanted.items(), start=1):
        projects[name] = Project(_copy(tmp_path_factory.mktemp(name)), study)
        command = [sys.executable, "-m", "analysis", "reproduce", study]
        environment = {**os.environ, "PYTHONPATH": str(REPOSITORY), "PYTHONHASHSEED": str(seed)}
        environment["SMARTCITY_DATA"] = str(shared_data() or "")
        place = projects[name].root
        running.append(subprocess.Popen(command, cwd=place, env=environment, stderr=subprocess.PIPE, text=True))
    for process in running:
        _, said = process.communicate()
        assert process.returncode == 0, said
    return projects


@pytest.fixture
def finished(project: Path, projects: Mapping[str, Project]) -> Project:
    """A project of the test's own in which the smartcity study was just reproduced; the working folder."""
    done = Project(project, "smartcity")
    shutil.copytree(projects["smartcity"].report, done.report)
    shutil.copytree(projects["smartcity"].cache, done.cache)
    return done


def _run(project: Project) -> Run:
    return open_run(load_study(project.root, project.study), None, os.environ)


# What a run writes


def test_two_runs_write_the_same_bytes(projects: Mapping[str, Project]) -> None:
    first, second = (_files(projects[name].report) for name in ("smartcity", "again"))
    assert sorted(first) == sorted(second)
    assert [name for name in first if first[name] != second[name]] == []
    assert sum(name.endswith(".csv") for name in first) > 20


@pytest.mark.parametrize("study", STUDIES)
def test_everybody_is_accounted_for(projects: Mapping[str, Project], study: str) -> None:
    received, analysed, communes = COUNTS[study]
    report = projects[study].report
    flow, ledger = _rows(report / "tables" / "flow.csv"), _rows(report / "clean" / "ledger.csv")
    assert (int(flow[0]["n_left"]), int(flow[-1]["n_left"])) == (received, analysed)
    assert received - sum(int(step["n_removed"]) for step in flow) == analysed
    assert len(ledger) == received
    for step in flow[1:-1]:
        assert sum(row["rule"] == step["step"] for row in ledger) == int(step["n_removed"])
    clean = _rows(report / "clean" / "clean.csv")
    assert [row["respondent"] for row in clean] == [r["respondent"] for r in ledger if r["decision"] == "kept"]
    assert len({row["commune"] for row in clean}) == communes == len(_rows(report / "tables" / "communes.csv"))


@pytest.mark.parametrize("study", STUDIES)
def test_every_table_says_where_its_responses_are_from(projects: Mapping[str, Project], study: str) -> None:
    origin = "simulated" if study == "smartcity" else "collected"
    for path in projects[study].report.rglob("*.csv"):
        assert {row["responses"] for row in _rows(path)} <= {origin}, path.name
    page = (projects[study].report / "index.html").read_text(encoding="utf-8")
    assert ("nothing here is a finding about citizens" in page) == (study == "smartcity")


def test_no_written_file_identifies_anybody(projects: Mapping[str, Project]) -> None:
    raw = (projects["smartcity"].root / "data/smartcity/raw/responses.csv").read_bytes()
    identifying = (b"@example.org", b"198.51.100.", b"203.0.113.", b"192.0.2.")
    assert all(trace in raw for trace in identifying)
    for place in (projects["smartcity"].report, projects["smartcity"].cache):
        for name, content in _files(place).items():
            assert not any(trace in content for trace in identifying), name


def test_second_engines_agree(projects: Mapping[str, Project]) -> None:
    for study in STUDIES:
        page = (projects[study].report / "index.html").read_text(encoding="utf-8")
        assert "DISAGREE" not in page


@pytest.mark.parametrize("study", STUDIES)
def test_the_study_is_estimated_as_it_says_and_each_alternative_beside_it(
    projects: Mapping[str, Project], study: str
) -> None:
    estimation = load_study(projects[study].root, study).spec.estimation
    tables = projects[study].report / "tables"
    assert {row["estimator"] for row in _rows(tables / "fit.csv")} == {estimation.estimator} == {"MLR"}
    ways = {"main": estimation, **estimation.sensitivity}
    expected = [(name, way.estimator, way.missing) for name, way in ways.items()]
    rows = _rows(tables / "sensitivity.csv")
    assert [(row["analysis"], row["estimator"], row["missing"]) for row in rows[: len(ways)]] == expected
    judged = {row["id"]: row["verdict"] for row in _rows(tables / "hypotheses.csv")}
    assert all(row["verdict"] == judged[row["id"]] for row in rows if row["analysis"] == "main")
    assert int(rows[0]["nobs"]) == COUNTS[study][1] > int(rows[1]["nobs"])


def test_a_second_engine_has_something_to_refit(projects: Mapping[str, Project]) -> None:
    page = (projects["smartcity"].report / "index.html").read_text(encoding="utf-8")
    assert "12 of 12 comparisons agree" in page


@pytest.mark.parametrize("study", STUDIES)
def test_the_manifest_holds_all_inputs_and_outputs(projects: Mapping[str, Project], study: str) -> None:
    project = projects[study]
    described = json.loads((project.report / "manifest.json").read_text(encoding="utf-8"))
    assert described["outputs"] == {
        name: manifest.digest(content) for name, content in _files(project.report).items() if name != "manifest.json"
    }
    folders = (f"models/{study}", f"data/{study}")
    texts = {f"{folder}/{name}": c for folder in folders for name, c in _files(project.root / folder).items()}
    used = {name: manifest.digest(content) for name, content in texts.items() if name in described["inputs"]}
    data = {f"data:{Path(name).name}": manifest.digest(texts[name]) for name in texts if "/raw/" in name}
    assert set(texts) - set(used) <= {f"data/{study}/PROVENANCE.md", *(name for name in texts if "/raw/" in name)}
    assert {**used, **data}.items() <= described["inputs"].items()
    assert len(described["inputs"]) == len(used) + (len(data) or 1)
    assert described["seed"] == load_study(project.root, study).spec.seed
    assert {"python", "numpy", "pandas", "statsmodels"} <= set(described["versions"])


# What a rerun does


def test_a_rerun_with_nothing_changed_does_nothing(finished: Project, capsys: pytest.CaptureFixture[str]) -> None:
    before = {path: path.stat().st_mtime_ns for path in finished.root.rglob("*")}
    assert main(["reproduce"]) == 0
    assert "Nothing has changed" in capsys.readouterr().out
    assert {path: path.stat().st_mtime_ns for path in finished.root.rglob("*")} == before


@pytest.mark.parametrize("name", ["tables/fit.csv", "figures/flow.svg", "index.html", "clean/ledger.csv"])
def test_a_report_that_was_touched_is_not_current(finished: Project, name: str) -> None:
    assert pipeline.is_current(_run(finished), finished.report)
    path = finished.report / name
    path.write_bytes(path.read_bytes().replace(b"a", b"b", 1))
    assert not pipeline.is_current(_run(finished), finished.report)


JUDGED = {"hypotheses", "verdicts", "paths", "rivals"}
FOCUS = {"assumptions", "influence", "coverage"}
MIXED = {"mixeds", "evidence", "comparison", "agreements", "deviations", *JUDGED, *FOCUS}
MODELLED = {
    "sems", "plain", "sensitivity", "reliability", "agreements", "differences", "rivals", "recovery", "levels",
    "quality", "dimensions", "scales", "invariances", "subgroups", "equivalents", "deviations", *JUDGED,
}  # fmt: skip


@pytest.mark.parametrize(
    ("file", "old", "new", "changed"),
    [
        ("models/smartcity/hypotheses.yaml", "The higher internal", "The greater internal", JUDGED | {"deviations"}),
        ("models/smartcity/structural.lav", "# Measurement", "# The measurement", MODELLED),
        (
            "models/smartcity/multilevel.yaml",
            "# Mixed",
            "# The mixed",
            MIXED,
        ),
        ("data/smartcity/codebook.yaml", "# Codebook", "# The codebook", {stage.name for stage in pipeline.STAGES}),
        ("data/smartcity/raw/communes.csv", "62", "61", {stage.name for stage in pipeline.STAGES}),
        ("data/smartcity/PROVENANCE.md", "simulated", "drawn", set()),
    ],
)
def test_a_change_reaches_what_depends_on_it(
    finished: Project, edit: Edit, file: str, old: str, new: str, changed: set[str]
) -> None:
    before = pipeline.stage_keys(_run(finished))
    edit(file, old, new)
    after = pipeline.stage_keys(_run(finished))
    assert {name for name in before if before[name] != after[name]} == changed


def test_what_a_change_does_not_reach_is_taken_from_the_cache(
    finished: Project, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    edit("models/smartcity/hypotheses.yaml", "The higher internal", "The greater internal")
    made: list[str] = []

    def recorded(stage: pipeline.Stage) -> pipeline.Stage:
        def make(run: Run, done: pipeline.Results) -> Any:
            made.append(stage.name)
            return stage.make(run, done)

        return replace(stage, make=make)

    monkeypatch.setattr(pipeline, "STAGES", tuple(map(recorded, pipeline.STAGES)))
    done = pipeline.compute(_run(finished), finished.cache, lambda _: None)
    assert made == ["deviations", "hypotheses", "paths", "verdicts", "rivals"]
    assert done["hypotheses"]["statement_en"].iloc[0].startswith("The greater internal")
    pipeline.compute(_run(finished), finished.cache, lambda _: None)
    assert made == ["deviations", "hypotheses", "paths", "verdicts", "rivals"]
    assert len(list(finished.cache.glob("hypotheses-*.json"))) == 1


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[]", b"{}", b"3", b'{"names": ["lhs"]}', None])
def test_a_damaged_cache_is_computed_anew(finished: Project, content: bytes | None) -> None:
    for stage in ("clean", "recovery"):
        (path,) = finished.cache.glob(f"{stage}-*.json")
        whole = path.read_bytes()
        path.write_bytes(whole[: len(whole) // 2] if content is None else content)
        done = pipeline.compute(_run(finished), finished.cache, lambda _: None)
        assert path.read_bytes() == whole
        assert done[stage] is not None


# What an interruption leaves


@pytest.mark.parametrize("moment", ["clean", "rivals", "report"])
def test_an_interrupted_run_leaves_the_report_as_it_was(
    finished: Project, edit: Edit, moment: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = _files(finished.root / "reports")
    edit("models/smartcity/hypotheses.yaml", "The higher internal", "The greater internal")

    @contextmanager
    def progress(_: int) -> Iterator[Callable[[str], None]]:
        def interrupt(stage: str) -> None:
            if stage == moment:
                raise KeyboardInterrupt

        yield interrupt

    monkeypatch.setattr(cli, "_progress", progress)
    assert main(["reproduce"]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert _files(finished.root / "reports") == before


def test_an_interruption_while_writing_leaves_the_report_as_it_was(
    finished: Project, edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = _files(finished.root / "reports")
    edit("models/smartcity/hypotheses.yaml", "The higher internal", "The greater internal")

    def write_half(content: object, folder: Path) -> None:
        (folder / "index.html").write_text("half", encoding="utf-8")
        raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "write_report", write_half)
    assert main(["reproduce"]) == 130
    assert _files(finished.root / "reports") == before


def test_what_was_computed_before_an_interruption_is_kept(project: Path) -> None:
    def interrupt(stage: str) -> None:
        if stage == "sems":
            raise KeyboardInterrupt

    place = Project(project, "smartcity")
    with pytest.raises(KeyboardInterrupt):
        pipeline.reproduce(_run(place), place.report, interrupt)
    assert [path.name.split("-")[0] for path in sorted(place.cache.iterdir())] == [
        "clean",
        "descriptives",
        "deviations",
    ]
    assert not place.report.exists()


def test_a_folder_with_other_files_is_refused_before_anything_is_computed(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project / "mine").mkdir()
    (project / "mine" / "thesis.txt").write_text("three years", encoding="utf-8")
    for command in ("reproduce", "clean"):
        assert main([command, "--out", "mine"]) == 2
        assert "thesis.txt" in capsys.readouterr().err
    assert (project / "mine" / "thesis.txt").read_text(encoding="utf-8") == "three years"
    assert not (project / ".cache").exists()


# An article of one's own


def test_published_numbers_are_held_to_the_run(finished: Project) -> None:
    number = '{printed: "604", table: flow, row: {step: analysed}, column: n_left}'
    file = finished.root / "models" / "smartcity" / "published.yaml"
    file.write_text(f"citation: made up\nnumbers:\n  - {number}\n", encoding="utf-8")
    assert main(["reproduce"]) == 0
    (row,) = _rows(finished.report / "tables" / "published.csv")
    made = manifest.read(finished.report)
    assert (row["rerun"], row["verdict"]) == ("604", "within rounding")
    assert row["code_sha256"] == made["code"]
    assert f"responses.csv {made['inputs']['data:responses.csv']}" in row["data_sha256"]
    assert "models/smartcity/published.yaml" in made["inputs"]


# What verify says


def test_verify_finds_a_rerun_the_same(finished: Project, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 0
    assert "all the same" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("table", "column", "wrong"),
    [("fixed_effects", "est", "0.5"), ("flow", "n_left", "605"), ("hypotheses", "verdict", "contrary")],
)
def test_verify_names_an_edited_cell(
    finished: Project,
    projects: Mapping[str, Project],
    table: str,
    column: str,
    wrong: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def rerun(run: Run, place: Path, progress: object, cache: Path) -> None:
        shutil.copytree(projects["again"].report, place)

    monkeypatch.setattr(verification.pipeline, "reproduce", rerun)
    path = finished.report / "tables" / f"{table}.csv"
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    at = rows[0].index(column)
    right, rows[3][at] = rows[3][at], wrong
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
    assert main(["verify"]) == 1
    assert f"{table}.csv: row 3, {column}: was {wrong}, is {right}" in capsys.readouterr().out


def test_verify_needs_a_committed_run(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify"]) == 2
    assert "no committed run" in capsys.readouterr().err


# What is said of responses in place of the study's own


def test_other_responses_under_a_simulated_study_are_remarked(project: Path) -> None:
    study = load_study(project, "smartcity")
    raw = (project / "data/smartcity/raw/responses.csv").read_bytes()
    (project / "same.csv").write_bytes(raw)
    (project / "mine.csv").write_bytes(raw.replace(b"\r\n", b"\n"))
    assert open_run(study, None, {}).remarks == ()
    assert open_run(study, project / "same.csv", {}).remarks == ()
    (remark,) = open_run(study, project / "mine.csv", {}).remarks
    assert "mine.csv" in remark
    assert "simulated: false" in remark
