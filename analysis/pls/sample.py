"""Responses in, standardised rows out: complete rows of the items, and their correlations."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, ModelError, Problem, nearest
from analysis.pls.design import Design

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Sample:
    """Complete rows. ``values`` (n, p) as answered, ``rows`` (n, p) standardised by N, ``correlations`` (p, p);
    ``positions`` (n,) rows of the frame, ``n_dropped`` rows left out for a missing answer.
    """

    values: Array
    rows: Array
    correlations: Array
    positions: NDArray[np.int64]
    n_dropped: int


def sample_of(data: pd.DataFrame, design: Design, name: str) -> Sample:
    """Complete rows of the items of ``design``.

    Raises ModelError for unknown columns, DataError for text, constant items and too few rows.
    """
    items, columns = design.items, [str(column) for column in data.columns]
    if unknown := [item for item in items if item not in columns]:
        no_items = "'{}' has no items in the model, and is no column of the data"
        whats = [(no_items if item in design.constructs else "'{}' is no column of the data") for item in unknown]
        raise ModelError(
            Problem(what.format(item), name, nearest(item, columns)) for what, item in zip(whats, unknown, strict=True)
        )
    numbers = {item: pd.to_numeric(data[item], errors="coerce") for item in items}
    if text := [item for item in items if (numbers[item].isna() & data[item].notna()).any()]:
        raise DataError(Problem(f"'{item}' holds text, not numbers", "data", "code the answers") for item in text)
    values = np.column_stack([numbers[item].to_numpy(dtype=np.float64, na_value=np.nan) for item in items])
    complete = np.isfinite(values).all(axis=1)
    kept = values[complete]
    if len(kept) <= len(items):
        what = f"{len(kept)} complete rows are too few for {len(items)} items"
        raise DataError(Problem(what, "data", "check missing values; rows with one are left out (listwise)"))
    spread = kept.std(axis=0)
    if constant := [item for item, own in zip(items, spread, strict=True) if own <= 1e-12]:
        what = "'{}' has the same value in all complete rows"
        raise DataError(Problem(what.format(item), "data", "leave the item out of the model") for item in constant)
    rows = standardised(kept)
    return Sample(kept, rows, rows.T @ rows / len(rows), np.flatnonzero(complete), int((~complete).sum()))


def standardised(values: Array) -> Array:
    """Columns of ``values`` (n, p) with mean 0 and variance 1 by N."""
    return np.asarray((values - values.mean(axis=0)) / values.std(axis=0))


def correlations_of(covariances: Array) -> Array:
    """Correlations (..., p, p) from covariances; NaN beside a variance that is zero."""
    variance = np.diagonal(covariances, axis1=-2, axis2=-1)
    scale = np.sqrt(np.where(variance > 1e-12, variance, np.nan))
    return np.asarray(covariances / (scale[..., :, None] * scale[..., None, :]))
