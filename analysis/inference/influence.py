"""What a single group does to a mixed model: the model fitted without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import EstimationError, ModelError
from analysis.multilevel.design import Design
from analysis.multilevel.random_blocks import RandomBlock
from analysis.multilevel.solution import Solution, solve_design

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Influence:
    """Deletion of each of the G groups of ``group``.

    ``levels`` (G,) with ``sizes`` (G,) rows; ``changes`` (G, p) of the coefficients ``terms`` (p,), full less deleted,
    over their standard errors without the group (DFBETAS); ``cooks_distance`` (G,), change in squared standard errors
    per coefficient: d'V^-1 d / p. Both are NaN where the model can't be fitted without the group.
    """

    group: str
    levels: tuple[str, ...]
    sizes: NDArray[np.int64]
    terms: tuple[str, ...]
    changes: Array
    cooks_distance: Array

    def tidy(self) -> pd.DataFrame:
        """One row a group and coefficient: level, n, cooks_distance, term, dfbetas."""
        p = len(self.terms)
        return pd.DataFrame(
            {
                "level": np.repeat(np.array(self.levels, dtype=object), p),
                "n": np.repeat(self.sizes, p),
                "cooks_distance": np.repeat(self.cooks_distance, p),
                "term": np.tile(np.array(self.terms, dtype=object), len(self.levels)),
                "dfbetas": self.changes.ravel(),
            }
        )


def influence(solution: Solution) -> Influence:
    """Fit the model without each group of its coarsest grouping factor in turn.

    Cook (1977), Technometrics 19(1), 15-18; Belsley, Kuh & Welsch (1980), Regression Diagnostics, section 2.1; for
    groups of mixed models Nieuwenhuis, te Grotenhuis & Pelzer (2012), The R Journal 4(2), 38-47.
    """
    design = solution.design
    coarsest = min(design.blocks, key=lambda block: block.n_groups)
    p = len(solution.beta)
    changes, distances = np.full((coarsest.n_groups, p), np.nan), np.full(coarsest.n_groups, np.nan)
    for level, without in enumerate(_without_each(design, coarsest)):
        try:
            fitted = solve_design(solution.formula, without, reml=solution.reml)
        except (EstimationError, ModelError):
            continue
        difference = solution.beta - fitted.beta
        changes[level] = difference / np.sqrt(np.diag(fitted.cov_beta))
        distances[level] = difference @ np.linalg.solve(solution.cov_beta, difference) / p
    sizes = np.bincount(coarsest.codes, minlength=coarsest.n_groups).astype(np.int64)
    return Influence(coarsest.group, coarsest.levels, sizes, design.fixed_names, changes, distances)


def _without_each(design: Design, coarsest: RandomBlock) -> Iterator[Design]:
    for level in range(coarsest.n_groups):
        kept = coarsest.codes != level
        yield replace(
            design,
            y=design.y[kept],
            X=design.X[kept],
            weights=None if design.weights is None else design.weights[kept],
            blocks=tuple(_remaining(block, kept) for block in design.blocks),
        )


def _remaining(block: RandomBlock, kept: NDArray[np.bool_]) -> RandomBlock:
    """The rows ``kept`` (n,), groups numbered anew without gaps."""
    used, codes = np.unique(block.codes[kept], return_inverse=True)
    levels = tuple(block.levels[code] for code in used)
    return replace(block, Z=block.Z[kept], codes=codes.astype(np.intp), levels=levels)
