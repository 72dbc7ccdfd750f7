"""Files appear whole or not at all: written beside their place, then moved into it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis.errors import OutputError, Problem


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` (UTF-8, line ends as given). Raises OutputError where that is not possible."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``. Raises OutputError where that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(name).chmod(0o644)  # a temporary file is for its owner alone
        Path(name).replace(path)
    except OSError as error:
        raise OutputError(Problem(f"cannot write: {error.strerror}", str(path), "choose another place")) from None


@contextmanager
def whole_folder(place: Path) -> Iterator[Path]:
    """An empty folder to write to, which takes the place of ``place`` when the block ends without an error.

    What stood at ``place`` stays untouched until then. Raises OutputError where the folder cannot be written.
    """
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=place.parent, prefix=f".{place.name}."))
    except OSError as error:
        raise OutputError(Problem(f"cannot write: {error.strerror}", str(place), "choose another folder")) from None
    try:
        fresh.chmod(0o755)
        yield fresh
        _swap(fresh, place)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)


def _swap(fresh: Path, place: Path) -> None:
    old = fresh.with_name(f"{fresh.name}.old")
    if place.exists():
        place.rename(old)
    fresh.rename(place)
    shutil.rmtree(old, ignore_errors=True)
