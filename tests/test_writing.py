from __future__ import annotations

from pathlib import Path

import pytest
from analysis import writing
from analysis.errors import OutputError


def test_a_folder_takes_its_place_whole(tmp_path: Path) -> None:
    place = tmp_path / "out"
    for content in ("first", "second"):
        with writing.whole_folder(place) as folder:
            (folder / "file").write_text(content)
        assert [path.name for path in tmp_path.iterdir()] == ["out"]
        assert (place / "file").read_text() == content


def test_an_error_leaves_what_stood_there_before(tmp_path: Path) -> None:
    place = tmp_path / "out"
    with writing.whole_folder(place) as folder:
        (folder / "file").write_text("before")
    with pytest.raises(KeyboardInterrupt), writing.whole_folder(place) as folder:  # noqa: PT012
        (folder / "file").write_text("half")
        raise KeyboardInterrupt
    assert (place / "file").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(OutputError, match="cannot write"):
        writing.write_text(tmp_path / "file" / "below.txt", "text")
    with pytest.raises(OutputError, match="cannot write"), writing.whole_folder(tmp_path / "file" / "out"):
        pass


def test_a_folder_with_files_of_others_is_not_replaced(tmp_path: Path) -> None:
    place = tmp_path / "out"
    (place / "tables").mkdir(parents=True)
    (place / "tables" / "fit.csv").write_text("ours")
    (place / ".DS_Store").write_text("the desktop's")
    writing.require_only(place, {"tables/fit.csv"})
    (place / "notes.txt").write_text("somebody's")
    with pytest.raises(OutputError, match=r"notes\.txt"):
        writing.require_only(place, {"tables/fit.csv"})
    with pytest.raises(OutputError, match="this is a file"):
        writing.require_only(place / "notes.txt", ())
    writing.require_only(tmp_path / "not there yet", ())


def test_the_working_folder_can_be_the_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "out").mkdir()
    monkeypatch.chdir(tmp_path / "out")
    with writing.whole_folder(Path()) as folder:
        (folder / "file").write_text("new")
    assert (tmp_path / "out" / "file").read_text() == "new"


def test_a_folder_that_cannot_be_replaced_stays(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "out"
    with writing.whole_folder(place) as folder:
        (folder / "file").write_text("before")
    rename = Path.rename

    def refuse(path: Path, target: Path) -> Path:
        if target == place and not path.name.endswith(".old"):
            raise PermissionError(13, "Permission denied")
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(OutputError, match="cannot replace"), writing.whole_folder(place) as folder:
        (folder / "file").write_text("after")
    assert (place / "file").read_text() == "before"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
