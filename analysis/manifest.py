"""What a run was made of: hashes of inputs, code and outputs, and the versions of packages."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

PACKAGES = ("numpy", "scipy", "pandas", "statsmodels", "semopy", "pingouin", "matplotlib", "seaborn")
NAME = "manifest.json"
# Parts of a manifest that say what a run was made of, and what each of their entries is called.
_LABELS = {"versions": "package", "inputs": "input", "sources": "code"}


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


@cache
def code_digest() -> str:
    """One hash of all source files of this package and of the packages' versions."""
    return digest("\n".join(f"{k} {v}" for k, v in [*sources().items(), *versions().items()]).encode())


@cache
def sources() -> Mapping[str, str]:
    """Hash of every source file of this package, by its path in it."""
    package = Path(__file__).parent
    files = sorted(path for path in package.rglob("*") if path.suffix in {".py", ".jinja", ".css", ".js"})
    return {path.relative_to(package).as_posix(): digest(path.read_bytes()) for path in files}


@cache
def versions() -> Mapping[str, str]:
    """Python and the packages that numbers depend on."""
    return {"python": platform.python_version(), **{name: metadata.version(name) for name in PACKAGES}}


def describe(study: str, seed: int, inputs: Mapping[str, str], folder: Path) -> dict[str, Any]:
    """The manifest of a finished run whose outputs stand in ``folder``."""
    return {
        "study": study,
        "seed": seed,
        "code": code_digest(),
        "sources": dict(sources()),
        "versions": dict(versions()),
        "inputs": dict(inputs),
        "outputs": outputs(folder),
    }


def outputs(folder: Path) -> dict[str, str]:
    """Hash of every file below ``folder`` but the manifest itself."""
    files = sorted(path for path in folder.rglob("*") if path.is_file() and path.name != NAME)
    return {path.relative_to(folder).as_posix(): digest(path.read_bytes()) for path in files}


def read(folder: Path) -> Mapping[str, Any]:
    """The manifest of the run in ``folder``; empty where there is none that can be read."""
    try:
        found = json.loads((folder / NAME).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def written(folder: Path) -> frozenset[str]:
    """Names of the files that the run in ``folder`` wrote, the manifest among them."""
    return frozenset({NAME, *read(folder).get("outputs", ())})


def is_current(folder: Path, inputs: Mapping[str, str]) -> bool:
    """Whether ``folder`` holds a run of these inputs by this code, with every file as it was written."""
    found = read(folder)
    same_making = found.get("code") == code_digest() and found.get("inputs") == dict(inputs)
    return same_making and found.get("outputs") == outputs(folder)


def changes(before: Path, after: Path) -> Iterator[str]:
    """What differs between the making of two runs, in words: inputs, versions of packages, source files, seed."""
    old, new = read(before), read(after)
    if not old:
        yield f"the committed run has no {NAME} that can be read"
        return
    for part in _LABELS:
        yield from _differing(old, new, part)
    if old.get("seed") != new.get("seed"):
        yield f"seed: was {old.get('seed', 'absent')}, is {new.get('seed', 'absent')}"
    if "sources" not in old and old.get("code") != new.get("code"):
        yield "code: differs, or a package does; the committed run does not record its source files"


def _differing(old: Mapping[str, Any], new: Mapping[str, Any], part: str) -> Iterator[str]:
    """Names under ``part`` that differ; what only one of the runs records is not compared."""
    was, now = old.get(part), new.get(part)
    if not isinstance(was, dict) or not isinstance(now, dict):
        return
    for name in sorted({*was, *now}):
        if was.get(name) != now.get(name):
            yield f"{_LABELS[part]} {name}: was {_short(was.get(name))}, is {_short(now.get(name))}"


def _short(value: object) -> str:
    """A version, or the first digits of a hash."""
    return "absent" if value is None else str(value)[:12]
