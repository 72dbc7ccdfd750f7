"""lavaan, or another package, in an R process of its own, asked for one timed fit after the other."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import DataclassInstance

HOW_TO_INSTALL = (
    "lavaan is not here, so our own times stand alone. On Debian or Ubuntu: sudo apt install r-base r-cran-lavaan"
)


@dataclass(frozen=True, slots=True)
class Request:
    """One fit as lavaan takes it: its names of estimator and of what is done about missing values, the ``calls`` to
    take the mean of, the column of clusters ("none" for none), and the files.
    """

    estimator: str
    missing: str
    ordered: str
    bootstrap: int
    calls: int
    cluster: str
    model: Path
    data: Path


@dataclass(frozen=True, slots=True)
class Lavaan:
    """A running R process; ``version`` is what it says of itself."""

    process: subprocess.Popen[str]
    version: str

    def seconds(self, request: DataclassInstance) -> tuple[float, float]:
        """Elapsed seconds of a call, and the chi-square or log-likelihood that was found.

        ``request`` holds the fields that the R script reads. Raises RuntimeError where R has stopped.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write("\t".join(str(field) for field in astuple(request)) + "\n")
        self.process.stdin.flush()
        answer = self.process.stdout.readline().split()
        if not answer:
            raise RuntimeError("R has stopped; its own words stand above")
        return float(answer[0]), float(answer[-1])


@contextmanager
def open_r(script_name: str, package: str) -> Iterator[Lavaan | None]:
    """An R script of this folder ready for requests, or None where R or the package is not installed."""
    program = shutil.which("Rscript")
    if program is None or not _has_package(program, package):
        yield None
        return
    script = Path(__file__).with_name(script_name)
    process = subprocess.Popen(
        [program, "--vanilla", str(script)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        yield Lavaan(process, process.stdout.readline().strip())


def _has_package(program: str, package: str) -> bool:
    question = [program, "--vanilla", "-e", f"library({package})"]
    return subprocess.run(question, capture_output=True, check=False).returncode == 0
