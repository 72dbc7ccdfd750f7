"""Fixtures that several rooms share."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from analysis import pipeline
from analysis.run import open_run
from analysis.study import load_study
from tests.references import REPOSITORY, shared_data


def pytest_report_header() -> str:
    """Say which reference data this run has, instead of leaving a part of the suite out without a word."""
    if shared_data() is None:
        return "reference data: none (SMARTCITY_DATA not set); cases on those rows run from stored moments only"
    return "reference data: rows and moments"


@pytest.fixture(scope="session")
def study_responses(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    """The clean responses of the study smartcity, cleaned anew."""
    run = open_run(load_study(REPOSITORY, "smartcity"), None, {})
    return pipeline.write_clean(run, tmp_path_factory.mktemp("study") / "clean").responses


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the studies and their data in an empty folder, which becomes the working folder."""
    for folder in ("models", "data"):
        shutil.copytree(REPOSITORY / folder, tmp_path / folder)
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SMARTCITY_DATA", raising=False)
    return tmp_path


@pytest.fixture
def edit(project: Path) -> Callable[[str, str, str], None]:
    """Replace words of a file of the project; the words must be there."""

    def replace(file: str, old: str, new: str) -> None:
        path = project / file
        text = path.read_bytes().decode("cp1252" if file.endswith(".csv") else "utf-8")
        assert old in text
        path.write_bytes(text.replace(old, new).encode("cp1252" if file.endswith(".csv") else "utf-8"))

    return replace
