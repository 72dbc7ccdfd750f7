"""The references themselves: complete, small, from known versions, and read back as they were written."""

from __future__ import annotations

import numpy as np
import pytest
from tests.references import REFERENCE, case_names, load_case

# Tables of many small results, each with a script of its own name beside it; the others are cases.
TABLES = {"bootstrap", "hard_fits", "power"}
FOLDERS = sorted({path.name for path in REFERENCE.iterdir() if path.is_dir()} - TABLES)
WITH_MOMENTS_AND_ROWS = [
    name
    for name in case_names("sem", source="rows")
    if load_case(name).moments() and "weights" not in load_case(name).options
]


@pytest.mark.parametrize("name", FOLDERS)
def test_a_case_is_complete_small_and_says_its_versions(name: str) -> None:
    case = load_case(name)
    assert case.expected["versions"].keys() - {"R"}
    assert (case.folder / "expected.json").stat().st_size < 200_000
    assert {"estimates", "se"} <= case.tolerance.keys() or case.kind in {"polychoric", "pls"}


@pytest.mark.parametrize("name", FOLDERS)
def test_no_file_of_a_case_holds_a_path_of_a_machine(name: str) -> None:
    for path in (REFERENCE / name).iterdir():
        assert "/tmp" not in path.read_text(encoding="utf-8")
        assert "/home" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", WITH_MOMENTS_AND_ROWS)
def test_rows_give_the_stored_moments(name: str) -> None:
    case = load_case(name)
    group = case.options.get("group")
    frame = case.frame()
    for moments in case.moments():
        rows = frame if group is None else frame[frame[group] == moments.group]
        rows = rows[moments.cov.columns].dropna()
        assert len(rows) == moments.nobs
        np.testing.assert_allclose(rows.cov(ddof=0), moments.cov, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("name", case_names("mixed", source="rows"))
def test_rows_of_a_mixed_case_are_as_many_as_lme4_saw(name: str) -> None:
    case = load_case(name)
    used = [column for column in case.frame().columns if column in _words(case.model)]
    assert len(case.frame()[used].dropna()) == case.expected["nobs"]


def _words(formula: str) -> set[str]:
    return set("".join(c if c.isalnum() or c in "_." else " " for c in formula).split())
