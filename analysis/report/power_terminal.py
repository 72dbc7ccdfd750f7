"""Power as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from analysis.report.columns import aligned, remarks
from analysis.report.rounding import NONE, Kind, show


def power_summary(sizes: pd.DataFrame, table: pd.DataFrame, notes: Sequence[str] = ()) -> str:
    """Convergence by sample size (``sizes``), then performance, one table a sample size (``table``), then notes."""
    lines = ["Replications", *_sizes(sizes)]
    for n, of_size in table.groupby("n", sort=False):
        lines += ["", f"n = {n}", *_performance(shown(of_size))]
    lines += ["", "In brackets: Monte Carlo standard errors. Power: two-sided p < .05; + and − with that sign."]
    return "\n".join(lines + remarks(notes))


def shown(table: pd.DataFrame) -> pd.DataFrame:
    """What hypotheses are about: paths, labelled parameters, defined effects, terms; all rows where there are none."""
    named = (table["label"] != "") | table["parameter"].str.contains(r" ~ (?!1)", regex=True)
    return table[named] if named.any() else table


def _sizes(sizes: pd.DataFrame) -> list[str]:
    rows = [
        [
            f"n = {row['n']}",
            f"{row['done']} of {row['requested']}",
            show(row["convergence"], Kind.PERCENT),
            show(row["improper"], Kind.COUNT),
            show(row["chisq"], Kind.NUMBER),
        ]
        for row in sizes.to_dict("records")
    ]
    return aligned(["", "done", "converged", "improper", "mean χ²"], rows)


def _performance(table: pd.DataFrame) -> list[str]:
    header = ["", "truth", "power", "+", "−", "bias", "relative", "coverage", "SE / SD"]
    rows = [
        [
            _name(row),
            show(row["truth"], Kind.ESTIMATE),
            _with_error(row, "power", Kind.BOUNDED),
            show(row["power_positive"], Kind.BOUNDED),
            show(row["power_negative"], Kind.BOUNDED),
            _with_error(row, "bias", Kind.ESTIMATE),
            _with_error(row, "relative_bias", Kind.PERCENT),
            _with_error(row, "coverage", Kind.BOUNDED),
            _with_error(row, "se_ratio", Kind.NUMBER),
        ]
        for row in table.to_dict("records")
    ]
    return aligned(header, rows)


def _name(row: Mapping[Any, Any]) -> str:
    label = row["label"]
    return str(row["parameter"]) + (f" ({label})" if label not in {"", row["parameter"]} else "")


def _with_error(row: Mapping[Any, Any], name: str, kind: Kind) -> str:
    value = show(row[name], kind)
    error = show(row[f"{name}_mcse"], kind)
    return value if value == NONE else f"{value} ({error})"
