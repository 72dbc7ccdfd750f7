"""Conditional modes of the random effects, with their variances, and what the model says of each row."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.multilevel.crossproducts import NormalEquations
from analysis.multilevel.derivatives import real_elimination
from analysis.multilevel.likelihood import Elimination, adjoints, later_columns, of_parent
from analysis.multilevel.solution import Solution

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ConditionalModes:
    """Random effects of one term: ``modes`` (G, q) and their conditional covariances ``variances`` (G, q, q).

    ``label`` is lme4's name of the term, ``group`` of the grouping factor, whose ``levels`` (G,) the rows stand for;
    ``names`` (q,) are the effects. As lme4's ``condVar``, the variances take θ, σ and β as known.
    """

    label: str
    group: str
    levels: tuple[str, ...]
    names: tuple[str, ...]
    modes: Array
    variances: Array

    @property
    def table(self) -> pd.DataFrame:
        """One row per group and effect: group, level, term, est, se."""
        errors = np.sqrt(np.diagonal(self.variances, axis1=1, axis2=2))
        n_groups, q = self.modes.shape
        return pd.DataFrame(
            {
                "group": self.label,
                "level": np.repeat(np.array(self.levels, dtype=object), q),
                "term": np.tile(np.array(self.names, dtype=object), n_groups),
                "est": self.modes.ravel(),
                "se": errors.ravel(),
            }
        )


def conditional_modes(solution: Solution) -> tuple[ConditionalModes, ...]:
    """E(b | y) and var(b | y) of every random term at the estimates (Bates et al. 2015, section 2.2)."""
    whitened, equations, at = solution.whitened, solution.equations, solution.search.best.at
    gone, profile = real_elimination(equations, at.theta, solution.reml)
    effects = _effects(equations, gone, profile.beta[0])
    nothing = np.zeros_like(gone.top)
    spread = [by.products for by in adjoints(equations, gone, nothing, past=0)]
    found: list[ConditionalModes | None] = [None] * len(solution.design.blocks)
    for level, modes, variances in zip(equations.levels, effects, spread, strict=True):
        assert variances is not None
        for place in level.placements:
            block = solution.design.blocks[place.block]
            root = whitened.scale * np.linalg.inv(whitened.R_Z[place.block])
            own = place.own(len(block.names), block.n_groups)
            group = place.rank if place.rank is not None else np.zeros(block.n_groups, dtype=np.intp)
            b = modes[group[:, None], own]
            covariance = variances[0][group[:, None, None], own[:, :, None], own[:, None, :]]
            found[place.block] = ConditionalModes(
                label=block.label,
                group=block.group,
                levels=block.levels,
                names=block.names,
                modes=b @ root.T,
                variances=at.sigma2 * root @ covariance @ root.T,
            )
    return tuple(modes for modes in found if modes is not None)


def _effects(equations: NormalEquations, gone: Elimination, beta: Array) -> list[Array]:
    """Random effects (G, q) of each level in whitened units, from the last level eliminated to the first.

    b = H Z'(y − Xβ − Σ later effects), with Z'rest as the elimination left it.
    """
    known = [-np.append(beta, -1.0)[None]]
    effects: list[Array] = []
    for k in range(len(equations.levels) - 1, -1, -1):
        step, level = gone.levels[k], equations.levels[k]
        rest = step.products[0, :, :, level.width :]
        unexplained = np.zeros((len(rest), level.width))
        for (start, stop), starts, each in zip(later_columns(equations, k), level.starts, known, strict=True):
            own = of_parent(each[None], starts, len(rest))[0]
            unexplained += (rest[..., start:stop] @ own[..., None])[..., 0]
        b = (step.H[0] @ unexplained[..., None])[..., 0]
        effects.insert(0, b)
        known.insert(0, -b)
    return effects


def linear_predictor(solution: Solution, modes: tuple[ConditionalModes, ...] = ()) -> Array:
    """Xβ (n,) for the analysed rows, plus the random effects of ``modes``: with all of them, the fitted values."""
    design = solution.design
    predicted = design.X @ solution.beta
    for block in design.blocks:
        for term in modes:
            if term.label == block.label:
                predicted += (block.Z * term.modes[block.codes]).sum(axis=1)
    return np.asarray(predicted)


def residuals(solution: Solution) -> Array:
    """Outcome minus fitted values (n,)."""
    return solution.design.y - linear_predictor(solution, conditional_modes(solution))
