"""Power as text for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from analysis.report.columns import aligned
from analysis.report.rounding import NONE, Kind, show


def power_summary(sizes: pd.DataFrame, table: pd.DataFrame) -> str:
    """Convergence by sample size (``sizes``), then performance, one table a sample size (``table``)."""
    lines = ["Replications", *_sizes(sizes)]
    for n, of_size in table.groupby("n", sort=False):
        lines += ["", f"n = {n}", *_performance(shown(of_size))]
    lines += ["", "In brackets: Monte Carlo standard errors. Power: two-sided p < .05; + and − with that sign."]
    return "\n".join(lines)


def analytic_summary(fit: pd.DataFrame, single: pd.DataFrame) -> list[str]:
    """Power without simulation, at each n and the n for a power of .8: of tests of fit, and of single parameters."""
    lines: list[str] = []
    if len(fit):
        title = [f"{t} fit (RMSEA {show(a, Kind.FREE)} against {show(b, Kind.FREE)})" for t, a, b in _columns(fit)]
        lines += ["", "Power of tests of fit (MacCallum, Browne & Sugawara 1996)", *_by_n(fit.assign(name=title))]
    if len(single):
        named = single.assign(name=single["parameter"])
        lines += ["", "Power by Satorra & Saris (1985), independent complete rows", *_by_n(named)]
    return lines


def search_summary(found: Mapping[str, Any], visited: pd.DataFrame) -> list[str]:
    """The smallest n, and where replications were spent."""
    lower, upper = found["ci_lower"], found["ci_upper"]
    head = f"Smallest n with a power of {show(found['target'], Kind.FREE)} for {found['parameter']}: {found['n']}"
    how = "" if found["settled"] else "; the replications ended before the interval was within 5 %"
    rows = [
        [
            f"n = {row['n']}",
            show(row["replications"], Kind.COUNT),
            _with_error(row, "power", Kind.BOUNDED),
            show(row["fitted"], Kind.BOUNDED),
        ]
        for row in visited.to_dict("records")
    ]
    table = aligned(["", "replications", "power", "fitted"], rows)
    return [f"{head}, 95 % interval {lower} to {upper} ({found['replications']} replications{how})", "", *table]


def _columns(fit: pd.DataFrame) -> list[tuple[str, float, float]]:
    return list(zip(fit["test"], fit["null"], fit["alternative"], strict=True))


def _by_n(table: pd.DataFrame) -> list[str]:
    """One row a name, a column each n, then the n for the target."""
    sizes = list(dict.fromkeys(table["n"]))
    rows = []
    for name, of_name in table.groupby("name", sort=False):
        power = [show(value, Kind.BOUNDED) for value in of_name["power"]]
        rows.append([str(name), *power, show(of_name["n_target"].iloc[0], Kind.COUNT)])
    return aligned(["", *(f"n = {n}" for n in sizes), "n for .8"], rows)


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
