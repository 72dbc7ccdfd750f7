"""The files of a multiverse: specifications, choices and summary as CSV, a specification curve a hypothesis."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

import pandas as pd

from analysis.report.columns import aligned
from analysis.report.figures import specification_curve
from analysis.report.figures.canvas import Drawing, picture
from analysis.report.rounding import Kind, interval, show
from analysis.report.table import to_csv

Choices = Mapping[str, Sequence[str]]


def multiverse_files(
    table: pd.DataFrame, effects: pd.DataFrame, summed: pd.DataFrame, choices: Choices, simulated: bool
) -> dict[str, bytes]:
    """Name → content of every file: of ``table`` one row a specification and hypothesis, of ``effects`` one a level of
    a choice, of ``summed`` one a hypothesis.
    """
    frames = {"specifications": table, "choices": effects, "summary": summed}
    files = {f"{name}.csv": to_csv(frame, simulated).encode() for name, frame in frames.items()}
    for drawing in _curves(table, summed, choices):
        drawn = picture(drawing, simulated)
        files |= {f"{drawing.id}.svg": drawn.svg.encode(), f"{drawing.id}.png": drawn.png}
    return files


def _curves(table: pd.DataFrame, summed: pd.DataFrame, choices: Choices) -> Iterator[Drawing]:
    for row in summed.itertuples():
        rows = table.loc[table["id"] == row.id]
        if rows["est"].notna().any():
            words = f"Specification curve of {row.id}: from {show(row.lowest, Kind.NUMBER)} to "
            words += f"{show(row.highest, Kind.NUMBER)}, median {show(row.median, Kind.NUMBER)}."
            yield _curve(re.sub(r"\W+", "_", f"curve_{row.id}"), words, rows, choices)


def _curve(name: str, words: str, rows: pd.DataFrame, choices: Choices) -> Drawing:
    return Drawing(name, words, words, lambda: specification_curve.draw(rows, choices))


def multiverse_summary(summed: pd.DataFrame) -> list[str]:
    """The summary as text for a terminal."""
    header = ["", "own", "median", "range", "n", "same verdict", "supported", "failed", "moves most", "by"]
    rows = [
        [
            str(row.id),
            show(row.own, Kind.NUMBER),
            show(row.median, Kind.NUMBER),
            interval(row.lowest, row.highest, Kind.NUMBER),
            f"{show(row.nobs_min, Kind.COUNT)} to {show(row.nobs_max, Kind.COUNT)}",
            show(row.share_same_verdict, Kind.PERCENT),
            show(row.share_supported, Kind.PERCENT),
            f"{row.failed} of {row.specifications}",
            str(row.moves_most).replace("_", " "),
            show(row.by, Kind.NUMBER),
        ]
        for row in summed.itertuples()
    ]
    return aligned(header, rows)
