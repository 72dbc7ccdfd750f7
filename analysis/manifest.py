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


def digest(content: bytes) -> str:
    """SHA-256 in hexadecimal."""
    return hashlib.sha256(content).hexdigest()


@cache
def code_digest() -> str:
    """One hash of all source files of this package and of the packages' versions."""
    package = Path(__file__).parent
    files = sorted(path for path in package.rglob("*") if path.suffix in {".py", ".jinja", ".css", ".js"})
    parts = [f"{path.relative_to(package).as_posix()} {digest(path.read_bytes())}" for path in files]
    return digest("\n".join([*parts, *(f"{k} {v}" for k, v in versions().items())]).encode())


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
    """What differs between the making of two runs, in words."""
    old, new = read(before), read(after)
    if not old:
        yield f"the committed run has no {NAME} that can be read"
        return
    if old.get("code") != new["code"]:
        yield "the code or a package version differs from that of the committed run"
    for part in ("inputs", "versions"):
        was, now = old.get(part, {}), new[part]
        for name in sorted({*was, *now}):
            if was.get(name) != now.get(name):
                yield f"{part[:-1]} {name}: was {was.get(name, 'absent')}, is {now.get(name, 'absent')}"
