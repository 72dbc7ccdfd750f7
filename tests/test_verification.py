from __future__ import annotations

from pathlib import Path

import pytest
from analysis import manifest
from analysis.verification import compare, same_cell
from hypothesis import given
from hypothesis import strategies as st


@given(st.floats(1e-3, 1e6), st.floats(-1e-7, 1e-7))
def test_numbers_within_rounding_are_the_same(value: float, noise: float) -> None:
    assert same_cell(repr(value), repr(value * (1 + noise)))


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("604", "604", True),
        ("604", "605", False),
        ("1000000", "1000001", False),
        ("0.1234", "0.1235", False),
        ("satisfaction", "satisfactions", False),
        ("", "0.0", False),
        ("nan", "0.5", False),
    ],
)
def test_counts_and_words_are_compared_exactly(before: str, after: str, same: bool) -> None:
    assert same_cell(before, after) is same


def test_the_noise_of_other_programs_is_no_difference(tmp_path: Path) -> None:
    before = _folder(tmp_path / "a", agreement="ours,theirs,abs_diff\n0.5,0.5000001,1e-7\n0.5,0.5,1e-9\n")
    after = _folder(tmp_path / "b", agreement="ours,theirs,abs_diff\n0.5,0.5000003,3e-7\n0.5001,0.6,1e-9\n")
    found = compare(before, after).differences
    assert [difference.split(":")[1] for difference in found] == [" row 2, ours", " row 2, theirs"]


def _folder(path: Path, **tables: str) -> Path:
    path.mkdir()
    for name, text in tables.items():
        (path / f"{name}.csv").write_text(text, encoding="utf-8")
    return path


def test_every_difference_is_named(tmp_path: Path) -> None:
    before = _folder(tmp_path / "a", fit="x,y\n1,0.5\n2,0.25\n", gone="x\n1\n", long="x\n1\n2\n", head="x\n1\n")
    after = _folder(tmp_path / "b", fit="x,y\n1,0.5000000001\n3,0.26\n", new="x\n1\n", long="x\n1\n", head="z\n1\n")
    outcome = compare(before, after)
    assert not outcome.same
    assert outcome.n_tables == 5
    found = "\n".join(outcome.differences)
    for expected in (
        "fit.csv: row 2, x: was 2, is 3",
        "row 2, y: was 0.25",
        "gone.csv",
        "new.csv",
        "had 2 rows",
        "columns",
    ):
        assert expected in found
    assert "row 1" not in found
    assert compare(before, before).same


def test_a_row_that_was_broken_by_hand_is_named(tmp_path: Path) -> None:
    before = _folder(tmp_path / "a", fit="x,y\n1,0.5,9\n")
    after = _folder(tmp_path / "b", fit="x,y\n1,0.5\n")
    assert compare(before, after).differences == ("fit.csv: row 1 had 3 cells, has 2",)


def test_a_committed_run_without_manifest_is_said_to_have_none(tmp_path: Path) -> None:
    (tmp_path / "manifest.json").write_text("no json", encoding="utf-8")
    assert "manifest" in "".join(manifest.changes(tmp_path, tmp_path))
