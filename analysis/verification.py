"""Does a rerun give the committed tables? Compared cell by cell: counts and words exactly, estimates numerically."""

from __future__ import annotations

import csv
import math
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from analysis import manifest, pipeline
from analysis.errors import DataError, Problem
from analysis.run import Run

# Optimisers stop within a millionth of a standard error; libraries and platforms differ by less than this.
RELATIVE, ABSOLUTE = 1e-6, 1e-8
# Where other programs stop depends on the processor; what the table says is that they stop near our numbers.
OTHERS, OTHERS_TOLERANCE = {"theirs", "abs_diff", "rel_diff"}, 1e-4
# What a run was made of is no result: where it differs, the manifests say so.
MADE_OF = {"version", "sha256", "code_sha256", "data_sha256"}

MOST = 20
SAME_MAKING = "Inputs, code and package versions are those of the committed run."


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a comparison found: number of tables and cells compared, and each difference in words.

    ``changed``: which inputs, source files and packages differ from those of the committed run, whether or not a cell
    does.
    """

    n_tables: int
    n_cells: int
    differences: tuple[str, ...]
    changed: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether every table is the same."""
        return not self.differences

    def text(self) -> str:
        """The outcome in words."""
        head = f"{self.n_tables} tables, {self.n_cells} cells compared with the committed run: "
        verdict = "all the same." if self.same else f"{len(self.differences)} differ."
        made = "Made differently from the committed run:" if self.changed else SAME_MAKING
        return "\n".join([head + verdict, *_first(self.differences), made, *_first(self.changed)])


def _first(lines: Sequence[str]) -> Iterator[str]:
    yield from (f"  {line}" for line in lines[:MOST])
    if len(lines) > MOST:
        yield f"  … and {len(lines) - MOST} more"


def verify(run: Run, reference: Path, progress: Callable[[str], None] = lambda _: None) -> Outcome:
    """Rerun in a temporary folder and compare every table with those in ``reference``.

    Raises DataError where there is no committed run to compare with.
    """
    if not (reference / "tables").is_dir():
        hint = "run 'smartcity reproduce' and commit what it writes"
        raise DataError(Problem("there is no committed run to compare with", str(reference), hint))
    with tempfile.TemporaryDirectory() as temporary:
        fresh = Path(temporary) / "run"
        pipeline.reproduce(run, fresh, progress, cache=Path(temporary) / "cache")
        changed = tuple(manifest.changes(reference, fresh))
        return compare(reference / "tables", fresh / "tables", changed)


def compare(reference: Path, fresh: Path, changed: tuple[str, ...] = ()) -> Outcome:
    """Compare the CSV files of two folders."""
    names = sorted({path.name for folder in (reference, fresh) for path in folder.glob("*.csv")})
    differences: list[str] = []
    n_cells = 0
    for name in names:
        if not (reference / name).is_file() or not (fresh / name).is_file():
            differences.append(f"{name}: only in {'the rerun' if (fresh / name).is_file() else 'the committed run'}")
            continue
        before, after = _read(reference / name), _read(fresh / name)
        n_cells += sum(column not in MADE_OF for row in after[1:] for column, _ in zip(after[0], row, strict=False))
        differences += [f"{name}: {difference}" for difference in _differences(before, after)]
    return Outcome(len(names), n_cells, tuple(differences), changed)


def _read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _differences(before: list[list[str]], after: list[list[str]]) -> Iterator[str]:
    if before[:1] != after[:1]:
        was, now = ("; ".join(lines[0]) if lines else "none" for lines in (before, after))
        yield f"columns were {was}, are {now}"
        return
    if len(before) != len(after):
        yield f"had {len(before) - 1} rows, has {len(after) - 1}"
        return
    header = after[0] if after else []
    for number, (old, new) in enumerate(zip(before[1:], after[1:], strict=True), start=1):
        if len(old) != len(new):
            yield f"row {number} had {len(old)} cells, has {len(new)}"
            continue
        for column, a, b in zip(header, old, new, strict=True):
            if column not in MADE_OF and not same_cell(a, b, OTHERS_TOLERANCE if column in OTHERS else ABSOLUTE):
                yield f"row {number}, {column}: was {a or 'empty'}, is {b or 'empty'}"


def same_cell(before: str, after: str, absolute: float = ABSOLUTE) -> bool:
    """Whether two cells say the same: words and whole numbers exactly, others within rounding or ``absolute``."""
    if before == after:
        return True
    try:
        a, b = float(before), float(after)
    except ValueError:
        return False
    if "." not in before + after and "e" not in (before + after).lower():
        return False
    return math.isclose(a, b, rel_tol=RELATIVE, abs_tol=absolute)
