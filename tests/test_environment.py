"""What is installed, and what no file of the project may hold."""

from __future__ import annotations

import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name
from packaging.version import Version
from tests.references import REPOSITORY

PROJECT: dict[str, Any] = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))
REQUIRED = [
    *PROJECT["project"]["dependencies"],
    *PROJECT["dependency-groups"]["dev"],
    *PROJECT["build-system"]["requires"],
]
LOCK = (REPOSITORY / "requirements.lock").read_text(encoding="utf-8")
PINNED = re.compile(r"([\w.-]+)==(\S+?)( ; .+?)?((?: \\\n    --hash=sha256:[0-9a-f]{64})+)\n")


def _locked() -> dict[str, list[Version]]:
    versions: dict[str, list[Version]] = {}
    for name, version, _, _ in PINNED.findall(LOCK):
        versions.setdefault(canonicalize_name(name), []).append(Version(version))
    return versions


def test_every_line_of_the_lock_is_a_pin_with_hashes() -> None:
    assert PINNED.sub("", LOCK) == ""


@pytest.mark.parametrize("required", REQUIRED)
def test_every_dependency_is_locked_at_a_version_that_suits(required: str) -> None:
    requirement = Requirement(required)
    versions = _locked()[canonicalize_name(requirement.name)]
    assert all(requirement.specifier.contains(version) for version in versions)


def test_the_lock_is_for_every_python_that_is_allowed() -> None:
    allowed = SpecifierSet(PROJECT["project"]["requires-python"])
    oldest = min(Version(spec.version) for spec in allowed)
    for _, _, marker, _ in PINNED.findall(LOCK):
        for bound in re.findall(r"python_full_version < '([\d.]+)'", marker):
            assert Version(bound) > oldest


def test_conda_installs_the_lock_under_a_python_that_is_allowed() -> None:
    environment = yaml.safe_load((REPOSITORY / "environment.yml").read_text(encoding="utf-8"))
    plain = [entry for entry in environment["dependencies"] if isinstance(entry, str)]
    (python,) = [entry.partition("=")[2] for entry in plain if entry.startswith("python=")]
    assert SpecifierSet(PROJECT["project"]["requires-python"]).contains(python)
    # Every other package comes from the lock, so that conda users have the same versions as others.
    assert set(plain) == {f"python={python}", "pip"}
    (pip,) = [entry["pip"] for entry in environment["dependencies"] if isinstance(entry, dict)]
    assert pip == ["--requirement requirements.lock"]


def test_no_file_of_the_set_up_names_a_package_index() -> None:
    for name in ("requirements.lock", "pyproject.toml", "environment.yml", "Makefile", ".ci/run"):
        text = (REPOSITORY / name).read_text(encoding="utf-8")
        assert not re.search(r"(index|find|trusted)-(url|links|host)|https?://|file://", text), name


def _tracked() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True).stdout
    return [path for name in listed.decode().split("\0") if name and (path := REPOSITORY / name).is_file()]


def test_no_file_holds_the_path_of_one_machine() -> None:
    places = "|".join(("home", "root", "work", "Users", "tmp"))
    absolute = re.compile(rf"(?<![\w.~)/$}}…-])/(?:{places})/\w|\b[A-Z]:\\\w".encode())
    found = {
        path.relative_to(REPOSITORY).as_posix(): match.group().decode()
        for path in _tracked()
        if path.suffix not in {".png", ".parquet", ".sav", ".dta", ".xlsx"}
        and (match := absolute.search(path.read_bytes()))
    }
    assert found == {}
