"""Who answered: counts of categories, moments of numbers."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd


def describe_sample(responses: pd.DataFrame, labels: Mapping[str, str]) -> pd.DataFrame:
    """One row per category, and one per numeric variable: variable, level, n, share, mean, sd, min, max.

    ``labels`` maps columns of ``responses`` to the words to show, in order. ``n`` counts answers; shares are of
    all respondents, so that those of a variable add up to 1 with the row "no answer".
    """
    rows: list[dict[str, object]] = []
    for column, label in labels.items():
        values = responses[column]
        if pd.api.types.is_numeric_dtype(values):
            rows.append(_numeric(values, label))
            continue
        counts = values.fillna("no answer").value_counts().sort_index()
        rows += [
            {"variable": label, "level": level, "n": int(n), "share": n / len(values)} for level, n in counts.items()
        ]
    columns = ["variable", "level", "n", "share", "mean", "sd", "min", "max"]
    frame = pd.DataFrame(rows).reindex(columns=columns)
    return frame.astype(dict.fromkeys(columns[3:], float))


def _numeric(values: pd.Series, label: str) -> dict[str, object]:
    return {
        "variable": label,
        "level": "",
        "n": int(values.notna().sum()),
        "mean": values.mean(),
        "sd": values.std(),
        "min": values.min(),
        "max": values.max(),
    }
