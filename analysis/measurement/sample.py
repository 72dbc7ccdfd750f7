"""Who answered: counts of categories, moments of numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

NO_ANSWER = "no answer"


def describe_sample(
    responses: pd.DataFrame, labels: Mapping[str, str], levels: Mapping[str, Sequence[str]]
) -> pd.DataFrame:
    """One row per category, and one per numeric variable: variable, level, n, share, mean, sd, min, max.

    ``labels`` maps columns of ``responses`` to the words to show, in order; ``levels`` those that hold categories
    to the categories in order. ``n`` counts answers; shares are of all respondents, so that those of a variable
    add up to 1 with the row "no answer".
    """
    rows: list[dict[str, object]] = []
    for column, label in labels.items():
        values = responses[column]
        if pd.api.types.is_numeric_dtype(values):
            rows.append(_numeric(values, label))
            continue
        counts = values.fillna(NO_ANSWER).value_counts()
        rows += [
            {"variable": label, "level": level, "n": int(counts[level]), "share": counts[level] / len(values)}
            for level in (*levels[column], NO_ANSWER)
            if level in counts
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
