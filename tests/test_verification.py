from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from analysis import manifest
from analysis.verification import SAME_MAKING, compare, same_cell
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


MADE: dict[str, Any] = {
    "seed": 1,
    "code": "aa" * 32,
    "versions": {"numpy": "2.4.5"},
    "inputs": {"models/x/study.yaml": "bb" * 32},
    "sources": {"sem/optimise.py": "cc" * 32, "sem/gone.py": "dd" * 32},
}


def _made(path: Path, **parts: Any) -> Path:
    path.mkdir()
    (path / "manifest.json").write_text(json.dumps({**MADE, **parts}), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({}, []),
        ({"versions": {"numpy": "2.4.6"}, "code": "ee" * 32}, ["package numpy: was 2.4.5, is 2.4.6"]),
        ({"inputs": {"models/x/study.yaml": "ff" * 32}}, [f"input models/x/study.yaml: was {'bb' * 6}, is {'ff' * 6}"]),
        (
            {"sources": {"sem/optimise.py": "ee" * 32}},
            [f"code sem/gone.py: was {'dd' * 6}, is absent", f"code sem/optimise.py: was {'cc' * 6}, is {'ee' * 6}"],
        ),
        ({"seed": 2}, ["seed: was 1, is 2"]),
    ],
)
def test_what_a_run_was_made_of_is_compared(tmp_path: Path, parts: Mapping[str, Any], expected: list[str]) -> None:
    assert list(manifest.changes(_made(tmp_path / "a"), _made(tmp_path / "b", **parts))) == expected


def test_a_committed_run_that_does_not_record_its_files_says_so(tmp_path: Path) -> None:
    before, after = _made(tmp_path / "a"), _made(tmp_path / "b", code="ee" * 32)
    (before / "manifest.json").write_text(json.dumps({k: v for k, v in MADE.items() if k != "sources"}))
    (change,) = manifest.changes(before, after)
    assert "does not record its source files" in change


def test_what_changed_is_said_where_all_cells_agree(tmp_path: Path) -> None:
    made = "package,version\nnumpy,2.4.5\n", "package,version\nnumpy,2.4.6\n"
    before = _folder(tmp_path / "a", versions=made[0], fit="x\n0.5\n", inputs="file,sha256\na.lav,aa\n")
    after = _folder(tmp_path / "b", versions=made[1], fit="x\n0.5\n", inputs="file,sha256\na.lav,bb\n")
    outcome = compare(before, after, ("package numpy: was 2.4.5, is 2.4.6",))
    assert outcome.same
    assert "all the same.\nMade differently from the committed run:\n  package numpy: was 2.4.5" in outcome.text()
    assert SAME_MAKING in compare(before, before).text()


def test_the_manifest_names_every_source_file() -> None:
    assert {"cli.py", "report/page.css", "report/review_page.js", "sem/estimate.py"} <= set(manifest.sources())
