"""Writes a report into a folder: the page, every table as CSV, every figure as SVG and PNG."""

from __future__ import annotations

from pathlib import Path

from analysis.errors import OutputError, Problem
from analysis.report.content import ReportContent
from analysis.report.figures.canvas import picture
from analysis.report.page import page
from analysis.report.sections import outline
from analysis.report.table import to_csv


def write_report(content: ReportContent, folder: Path) -> None:
    """Write ``index.html``, ``tables/*.csv``, ``figures/*.svg`` and ``figures/*.png`` into ``folder``.

    The folder must exist and be empty. Everything is computed before the first byte is written, and the same content
    always gives the same bytes. Raises OutputError if the folder is absent, not empty, or cannot be written.
    """
    _check(folder)
    simulated = content.study.simulated
    plan = outline(content)
    pictures = [picture(drawing, simulated) for drawing in plan.drawings]
    files = {"index.html": page(content, plan, pictures).encode("utf-8")}
    files |= {f"tables/{table.id}.csv": to_csv(table.frame, simulated).encode("utf-8") for table in plan.tables}
    files |= {f"figures/{drawn.id}.svg": drawn.svg.encode("utf-8") for drawn in pictures}
    files |= {f"figures/{drawn.id}.png": drawn.png for drawn in pictures}
    _write(files, folder)


def _check(folder: Path) -> None:
    if not folder.is_dir():
        raise OutputError(Problem("the folder for the report does not exist", str(folder), "create it first"))
    if any(folder.iterdir()):
        raise OutputError(Problem("the folder for the report is not empty", str(folder), "choose an empty folder"))


def _write(files: dict[str, bytes], folder: Path) -> None:
    try:
        for name, content in files.items():
            path = folder / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(content)
    except OSError as error:
        raise OutputError(Problem(f"cannot write: {error.strerror}", str(error.filename or folder))) from None
