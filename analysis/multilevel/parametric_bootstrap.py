"""Parametric bootstrap: outcomes drawn from a fitted mixed model, and the model fitted to each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import EstimationError, ModelError, Problem
from analysis.multilevel.solution import Solution, solve_design

Array = NDArray[np.float64]
Executor = Callable[[Callable[[Sequence[np.random.SeedSequence]], Array], Iterable[Sequence[np.random.SeedSequence]]],
                    Iterable[Array]]  # fmt: skip
"""Maps a function over chunks, as ``map`` does."""

_CHUNK = 50


@dataclass(frozen=True, slots=True)
class ParametricBootstrap:
    """Estimates of ``names`` (k,) in the data and in ``replicates`` (R, k), NaN where a fit failed (``n_failed``)."""

    names: tuple[str, ...]
    estimates: Array
    replicates: Array
    seed: int
    n_failed: int

    def tidy(self, level: float = 0.95) -> pd.DataFrame:
        """One row a parameter: est, bias, se, and the percentile interval (Davison & Hinkley 1997, section 5.2)."""
        tail = 100.0 * (1.0 - level) / 2.0
        lower, upper = np.nanpercentile(self.replicates, [tail, 100.0 - tail], axis=0)
        return pd.DataFrame(
            {
                "parameter": self.names,
                "est": self.estimates,
                "bias": np.nanmean(self.replicates, axis=0) - self.estimates,
                "se": np.nanstd(self.replicates, axis=0, ddof=1),
                "ci_lower": lower,
                "ci_upper": upper,
            }
        )


def parametric_bootstrap(
    solution: Solution, replicates: int = 1000, seed: int = 1, executor: Executor = map
) -> ParametricBootstrap:
    """Draw ``replicates`` outcomes from the model at its estimates and fit it to each (as lme4's bootMer).

    Every replicate has a seed of its own, so that the result does not depend on the ``executor``. Raises ModelError
    for fewer than two replicates.
    """
    if replicates < 2:
        raise ModelError(Problem(f"{replicates} replicates give no spread", "bootstrap", "ask for 1000"))
    seeds = np.random.SeedSequence(seed).spawn(replicates)
    chunks = [seeds[start : start + _CHUNK] for start in range(0, replicates, _CHUNK)]
    drawn = np.concatenate(list(executor(partial(_refitted, solution), chunks)))
    failed = int(np.isnan(drawn).any(axis=1).sum())
    return ParametricBootstrap(parameter_names(solution), estimates_of(solution), drawn, seed, failed)


def parameter_names(solution: Solution) -> tuple[str, ...]:
    """Fixed effects, standard deviations of random effects, residual standard deviation."""
    spreads = (f"sd_{term}|{block.group}" for block in solution.design.blocks for term in block.names)
    return (*solution.design.fixed_names, *spreads, "sigma")


def estimates_of(solution: Solution) -> Array:
    """Their estimates (k,)."""
    spreads = [np.sqrt(np.diag(covariance)) for covariance in solution.covariances]
    return np.concatenate([solution.beta, *spreads, [np.sqrt(solution.sigma2)]])


def simulated_outcome(solution: Solution, seed: np.random.SeedSequence) -> Array:
    """An outcome (n,) drawn from the model at its estimates, random effects drawn anew."""
    draw = np.random.default_rng(seed).standard_normal
    design = solution.design
    y = design.X @ solution.beta
    for block, covariance in zip(design.blocks, solution.covariances, strict=True):
        values, vectors = np.linalg.eigh(covariance)
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        effects = draw((block.n_groups, len(values))) @ root.T
        y = y + (block.Z * effects[block.codes]).sum(axis=1)
    noise = draw(len(y)) * np.sqrt(solution.sigma2)
    return np.asarray(y + (noise if design.weights is None else noise / np.sqrt(design.weights)))


def refits(solution: Solution, seeds: Sequence[np.random.SeedSequence]) -> Iterator[Solution | None]:
    """The model fitted to an outcome of each seed; None where no estimate can be trusted."""
    for seed in seeds:
        design = replace(solution.design, y=simulated_outcome(solution, seed))
        try:
            yield solve_design(solution.formula, design, reml=solution.reml)
        except EstimationError:
            yield None


def _refitted(solution: Solution, seeds: Sequence[np.random.SeedSequence]) -> Array:
    nothing = np.full(len(parameter_names(solution)), np.nan)
    return np.array([nothing if fit is None else estimates_of(fit) for fit in refits(solution, seeds)])
