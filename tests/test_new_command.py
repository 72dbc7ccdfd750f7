"""``smartcity new``: a study of one's own that extends another, and what it refuses."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from analysis import writing
from analysis.cli import main
from analysis.errors import OutputError, Problem
from analysis.study import known_studies, load_study

Edit = Callable[[str, str, str], None]
FILES = ["README.md", "hypotheses.yaml", "multilevel.yaml", "structural.lav", "study.yaml"]


def _listing(project: Path) -> list[Path]:
    return sorted(path for path in project.rglob("*"))


@pytest.mark.parametrize("parent", ["smartcity", "elsoc2016"])
def test_the_new_study_says_what_its_parent_says(project: Path, parent: str) -> None:
    assert main(["new", "mine", "--from", parent]) == 0
    assert sorted(path.name for path in (project / "models/mine").iterdir()) == FILES
    mine, theirs = load_study(project, "mine"), load_study(project, parent)
    assert mine.spec.parent == parent
    assert mine.models == theirs.models
    assert (mine.two_level, mine.population) == (theirs.two_level, theirs.population)
    assert (mine.hypotheses, mine.multilevel) == (theirs.hypotheses, theirs.multilevel)
    assert mine.spec.data == theirs.spec.data
    assert mine.spec.estimation == theirs.spec.estimation
    own = {file for file in mine.sources if file.startswith("models/mine/")}
    assert own == {f"models/mine/{file}" for file in FILES if file != "README.md"}


def test_comments_of_the_parent_are_kept(project: Path) -> None:
    main(["new", "mine", "--from", "smartcity"])
    theirs = (project / "models/smartcity/study.yaml").read_text(encoding="utf-8")
    mine = (project / "models/mine/study.yaml").read_text(encoding="utf-8")
    comments = [line for line in theirs.splitlines() if line.lstrip().startswith("#")]
    assert comments == [line for line in mine.splitlines() if line.lstrip().startswith("#")]


def test_a_study_can_extend_a_study_that_extends(project: Path) -> None:
    assert main(["new", "mine", "--from", "smartcity"]) == 0
    assert main(["new", "more", "--from", "mine"]) == 0
    more = load_study(project, "more")
    assert more.spec.parent == "mine"
    assert more.files["measurement"] == "models/smartcity/measurement.lav"
    assert more.files["structural"] == "models/more/structural.lav"


@pytest.mark.parametrize(
    ("name", "parent", "words"),
    [
        ("smartcity", "smartcity", "already there"),
        ("SmartCity", "smartcity", "models/smartcity is already there"),
        ("my study", "smartcity", "cannot be the name"),
        ("../outside", "smartcity", "cannot be the name"),
        ("étude", "smartcity", "cannot be the name"),
        ("con", "smartcity", "cannot be the name"),
        ("mine", "smartcty", "did you mean 'smartcity'?"),
    ],
)
def test_what_cannot_be_is_refused(
    project: Path, capsys: pytest.CaptureFixture[str], name: str, parent: str, words: str
) -> None:
    before = _listing(project)
    assert main(["new", name, "--from", parent]) == 2
    assert words in capsys.readouterr().err
    assert _listing(project) == before


def test_two_mistakes_are_told_together(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["new", "my study", "--from", "smartcty"]) == 2
    said = capsys.readouterr().err
    assert "my study" in said
    assert "smartcty" in said


def test_nothing_is_left_half_written(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = _listing(project)
    write = writing.write_text

    def full_disk(path: Path, text: str) -> None:
        if path.name == "multilevel.yaml":
            raise OutputError(Problem("cannot write: no space left", str(path)))
        write(path, text)

    monkeypatch.setattr(writing, "write_text", full_disk)
    assert main(["new", "mine", "--from", "smartcity"]) == 2
    assert _listing(project) == before


def test_a_parent_with_mistakes_is_no_start(project: Path, edit: Edit, capsys: pytest.CaptureFixture[str]) -> None:
    edit("models/smartcity/structural.lav", "=~ sat1", "=~ satt1")
    assert main(["new", "mine", "--from", "smartcity"]) == 2
    assert "satt1" in capsys.readouterr().err
    assert not (project / "models/mine").exists()


def test_the_five_steps_work_as_they_are_printed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["new", "mine", "--from", "smartcity"])
    folder = project / "models/mine"
    steps = (folder / "README.md").read_text(encoding="utf-8").partition("## Five next steps")[2]
    assert re.findall(r"^(\d)\. ", steps, flags=re.M) == ["1", "2", "3", "4", "5"]
    path, entry, *_ = re.findall(r"^```\w*\n(.*?)^```", steps, flags=re.M | re.S)
    for file, text in (("structural.lav", path), ("hypotheses.yaml", entry)):
        whole = (folder / file).read_text(encoding="utf-8") + text
        (folder / file).write_text(whole, encoding="utf-8")
    added = load_study(project, "mine").hypotheses[-1]
    assert added.id == yaml.safe_load(entry)[0]["id"]
    assert added.id not in {h.id for h in load_study(project, "smartcity").hypotheses}
    assert main(["check", "mine"]) == 0
    out = capsys.readouterr().out
    assert re.search(r"^structural +88 +299 +211 +yes$", out, flags=re.M)
    assert main(["freeze", "mine"]) == 0
    assert re.findall(r"^smartcity (\w+) mine$", steps, flags=re.M) == ["check", "freeze", "reproduce", "multiverse"]


def test_a_folder_that_was_left_half_made_is_no_study(project: Path) -> None:
    shutil.copytree(project / "models/smartcity", project / "models/.mine.x1y2")
    assert known_studies(project) == ("elsoc2016", "smartcity")


def test_a_parent_that_moved_is_one_mistake(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["new", "mine", "--from", "smartcity"])
    shutil.move(project / "models/smartcity", project / "models/metropolis")
    capsys.readouterr()
    assert main(["check", "mine"]) == 2
    said = capsys.readouterr().err
    assert "models/mine/study.yaml:3: the study 'smartcity', which this one extends, is not under models/" in said
    assert said.count("→") == 1


def test_files_outside_the_project_are_not_read(project: Path, edit: Edit, capsys: pytest.CaptureFixture[str]) -> None:
    main(["new", "mine", "--from", "smartcity"])
    edit("models/mine/study.yaml", "../smartcity/twolevel.lav", "../../../twolevel.lav")
    assert main(["check", "mine"]) == 2
    assert "lies outside the project" in capsys.readouterr().err


def test_the_parents_responses_are_not_drawn_anew(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    main(["new", "mine", "--from", "smartcity"])
    raw = (project / "data/smartcity/raw/responses.csv").read_bytes()
    assert main(["simulate", "mine"]) == 2
    assert "stay as they are" in capsys.readouterr().err
    assert (project / "data/smartcity/raw/responses.csv").read_bytes() == raw
