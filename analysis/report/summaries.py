"""Counts and means that describe the sample and the screening, from what cleaning leaves behind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

SAMPLE_COLUMNS = ["variable", "level", "n", "share", "mean", "sd", "min", "max"]


def sample_table(frame: pd.DataFrame, names: Mapping[str, str]) -> pd.DataFrame:
    """Describe the columns of ``frame`` in ``names`` (column → heading), in that order.

    A numeric column gives one row with n, mean, SD (N - 1), minimum and maximum; any other a row per level with n and
    its share of those who answered, the levels from the most to the least frequent.
    """
    rows: list[dict[str, object]] = []
    for column, heading in names.items():
        values = frame[column].dropna()
        if pd.api.types.is_numeric_dtype(values):
            spread = {"mean": values.mean(), "sd": values.std(), "min": values.min(), "max": values.max()}
            rows.append({"variable": heading, "level": "", "n": len(values), **spread})
            continue
        counts = values.astype(str).value_counts()
        for level, n in sorted(counts.items(), key=lambda pair: (-pair[1], str(pair[0]))):
            rows.append({"variable": heading, "level": str(level), "n": int(n), "share": n / len(values)})
    return pd.DataFrame(rows, columns=SAMPLE_COLUMNS)


def screening_table(ledger: pd.DataFrame, rules: Sequence[tuple[str, str, float | None]]) -> pd.DataFrame:
    """Count what each declared rule did; ``rules`` are (rule, action, threshold) in declared order.

    ``ledger`` has a row per raw response with ``rule`` (that excluded it, or '') and ``flags`` ('rule=value;…').
    """
    flags = ledger["flags"].fillna("").astype(str).str.split(";")
    rows = [
        {
            "rule": rule,
            "action": action,
            "threshold": threshold,
            "n_excluded": int((ledger["rule"] == rule).sum()),
            "n_flagged": sum(any(flag.partition("=")[0] == rule for flag in found) for found in flags),
        }
        for rule, action, threshold in rules
    ]
    return pd.DataFrame(rows, columns=["rule", "action", "threshold", "n_excluded", "n_flagged"])
