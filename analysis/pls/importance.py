"""Importance and performance of the constructs behind one outcome.

Ringle & Sarstedt (2016), Gain more insight from your PLS-SEM results: the importance-performance map analysis,
Industrial Management & Data Systems 116(9), 1865-1886.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem, nearest
from analysis.pls.result import PlsResult

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ImportanceMap:
    """Of each construct that acts on ``target``: the unstandardised total effect, and its mean on a scale 0 to 100."""

    target: str
    constructs: tuple[str, ...]
    importance: Array
    performance: Array

    def tidy(self) -> pd.DataFrame:
        """One row a construct."""
        columns = {"construct": self.constructs, "importance": self.importance, "performance": self.performance}
        return pd.DataFrame(columns)


def importance_map(
    result: PlsResult, data: pd.DataFrame, target: str, limits: Mapping[str, tuple[float, float]] | None = None
) -> ImportanceMap:
    """Importance and performance for ``target``, on the rows ``result`` was fitted to.

    Items are rescaled to 0-100 by ``limits`` (lowest and highest answer possible; what is observed where an item has
    none), and weighted by unstandardised weights that sum to one. Raises ModelError for a target that nothing
    explains, limits that answers exceed, and negative weights, for which a share of 100 has no meaning.
    """
    design, names = result.design, result.design.constructs
    endogenous = [names[j] for j in design.predictors]
    if target not in endogenous:
        raise ModelError(Problem(f"'{target}' is no outcome of the model", result.name, nearest(target, endogenous)))
    if (result.estimates.weights < 0).any():
        negative = [design.items[i] for i in np.flatnonzero((result.estimates.weights < 0).any(axis=1))]
        what = f"weights of {', '.join(negative)} are negative: performance would not be a share of 100"
        raise ModelError(Problem(what, result.name, "recode the items, or leave them out"))
    values = data[list(design.items)].apply(pd.to_numeric, errors="coerce").dropna().to_numpy(dtype=np.float64)
    low, high = _limits(values, design.items, limits or {})
    rescaled = 100.0 * (values - low) / (high - low)
    weights = result.estimates.weights / rescaled.std(axis=0)[:, None]
    scores = rescaled @ (weights / weights.sum(axis=0))
    at = names.index(target)
    effect = result.estimates.totals[at] * scores[:, at].std() / scores.std(axis=0)
    sources = np.flatnonzero(result.estimates.totals[at] != 0)
    return ImportanceMap(target, tuple(names[i] for i in sources), effect[sources], scores.mean(axis=0)[sources])


def _limits(values: Array, items: tuple[str, ...], given: Mapping[str, tuple[float, float]]) -> tuple[Array, Array]:
    low, high = values.min(axis=0), values.max(axis=0)
    outside = [
        item
        for item, lowest, highest in zip(items, low, high, strict=True)
        if item in given and not given[item][0] <= lowest <= highest <= given[item][1]
    ]
    if outside:
        raise ModelError(Problem(f"answers to '{item}' exceed its limits", "limits", "widen them") for item in outside)
    bounds = np.array([given.get(item, (low[k], high[k])) for k, item in enumerate(items)], dtype=np.float64)
    return bounds[:, 0], bounds[:, 1]
