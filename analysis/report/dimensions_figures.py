"""Figures of the dimensions of a scale, each with its caption and words for those who do not see it."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from analysis.report.figures import factor_loadings, scree
from analysis.report.figures.canvas import Drawing
from analysis.report.rounding import Kind, show

if TYPE_CHECKING:
    from analysis.measurement.dimensions import Dimensions
    from analysis.measurement.exploratory import FactorSolution
    from analysis.measurement.parallel_analysis import Eigenvalues, ParallelAnalysis


SCREE, LOADINGS = "parallel_analysis", "factor_loadings"


def drawings(found: Dimensions) -> list[Drawing]:
    """Scree of the parallel analysis, and loadings where there are factors."""
    loadings = [] if found.solution is None else [_loadings(found.solution)]
    return [_scree(found.parallel), *loadings]


def _scree(parallel: ParallelAnalysis) -> Drawing:
    panels = {"Factors": _frame(parallel.factors), "Principal components": _frame(parallel.components)}
    percent = f"{parallel.percent:g}th"
    counts = (
        f"{parallel.factors.n_percentile} eigenvalues of factors and {parallel.components.n_percentile} of components"
    )
    return Drawing(
        SCREE,
        f"Parallel analysis, {parallel.replicates} sets of unrelated answers.",
        f"Scree plot: {counts} exceed the {percent} percentile of those of unrelated answers",
        partial(scree.draw, panels, percent),
    )


def _frame(values: Eigenvalues) -> pd.DataFrame:
    return pd.DataFrame({"observed": values.observed, "mean": values.mean, "percentile": values.percentile})


def _loadings(solution: FactorSolution) -> Drawing:
    table = solution.tidy().set_index("item")[list(solution.loadings.columns)]
    place = table.abs().to_numpy().argmax(axis=1)
    words = "; ".join(
        f"{item} on {table.columns[k]} {show(table.iloc[i, k], Kind.CORRELATION)}"
        for i, (item, k) in enumerate(zip(table.index, place, strict=True))
    )
    return Drawing(
        LOADINGS,
        f"Loadings on {solution.n_factors} factors ({solution.extraction}, {solution.rotation}).",
        f"Heat map of loadings; the largest of each item: {words}",
        partial(factor_loadings.draw, table),
    )
