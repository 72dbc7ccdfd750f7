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
