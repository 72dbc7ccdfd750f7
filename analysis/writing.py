"""Files appear whole or not at all: written beside their place, then moved into it."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path

from analysis.errors import OutputError, Problem

# What desktops leave in any folder that was looked at.
DESKTOP_FILES = frozenset({".DS_Store", "Thumbs.db", "desktop.ini"})


def write_text(path: Path, text: str) -> None:
    """Write ``text`` to ``path`` (UTF-8, line ends as given). Raises OutputError where that is not possible."""
    write_bytes(path, text.encode("utf-8"))


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path``. Raises OutputError where that is not possible."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
            Path(name).chmod(0o644)  # a temporary file is for its owner alone
            Path(name).replace(path)
        finally:
            Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(Problem(f"cannot write: {error.strerror}", str(path), "choose another place")) from None


def require_only(place: Path, ours: Collection[str]) -> None:
    """Raise OutputError where ``place`` is a file, or a folder that holds more than the files ``ours`` below it.

    A folder is replaced as a whole, so that anything else in it would be lost.
    """
    if place.exists() and not place.is_dir():
        raise OutputError(Problem("this is a file", str(place), "choose a folder"))
    found = (path.relative_to(place).as_posix() for path in place.rglob("*") if path.is_file())
    foreign = sorted(name for name in found if name not in ours and Path(name).name not in DESKTOP_FILES)
    if foreign:
        shown = ", ".join(foreign[:5]) + (", …" if len(foreign) > 5 else "")
        hint = "move them elsewhere, or choose another folder"
        raise OutputError(Problem(f"the folder holds files that a run does not write: {shown}", str(place), hint))


@contextmanager
def whole_folder(place: Path) -> Iterator[Path]:
    """An empty folder to write to, which takes the place of ``place`` when the block ends without an error.

    What stood at ``place`` stays untouched until then. Raises OutputError where the folder cannot be written.
    """
    place = place.resolve()  # "." has no name, and what a link points to is replaced, not the link
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
    try:
        if place.exists():
            place.rename(old)
        fresh.rename(place)
    except OSError as error:
        if old.exists() and not place.exists():
            old.rename(place)
        hint = "close the files of it that are open elsewhere, and run again"
        raise OutputError(Problem(f"cannot replace the folder: {error.strerror}", str(place), hint)) from None
    shutil.rmtree(old, ignore_errors=True)
