"""Fits on the boundary: a variance of zero, or effects that determine each other."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.multilevel.optimise import factors_of
from analysis.multilevel.random_blocks import RandomBlock
from analysis.multilevel.solution import Solution

SINGULAR = 1e-4  # lme4's isSingular(): a diagonal of the relative covariance factor below this is zero


def is_singular(solution: Solution) -> bool:
    """Whether a diagonal element of a relative covariance factor is (near) zero, as lme4 judges it."""
    return any(_on_boundary(factor) for factor in _factors(solution))


def explain_singularity(solution: Solution) -> str:
    """Which random effects are on the boundary, in words."""
    spread = float(np.std(solution.design.y))
    causes = [
        _cause(block, covariance, spread)
        for block, covariance, factor in zip(
            solution.design.blocks, solution.covariances, _factors(solution), strict=True
        )
        if _on_boundary(factor)
    ]
    return f"singular fit: {'; '.join(causes)}; the data do not support this random part"


def _factors(solution: Solution) -> list[NDArray[np.float64]]:
    return list(factors_of(solution.theta, [len(block.names) for block in solution.design.blocks]))


def _on_boundary(factor: NDArray[np.float64]) -> bool:
    return bool((np.diag(factor) < SINGULAR).any())


def _cause(block: RandomBlock, covariance: NDArray[np.float64], spread: float) -> str:
    sd = np.sqrt(np.diag(covariance))
    small = sd * np.sqrt((block.Z**2).mean(axis=0)) < SINGULAR * spread
    zero = [term for term, is_zero in zip(block.names, small, strict=True) if is_zero]
    if zero:
        effects = ", ".join(f"'{term}'" for term in zero)
        return f"the variance of {effects} between groups of '{block.group}' is estimated as zero"
    if len(sd) == 2:
        sign = "+1" if covariance[0, 1] > 0 else "-1"
        return f"the random effects of '{block.group}' are estimated as correlated by {sign}"
    return f"some random effects of '{block.group}' are estimated as determined by the others"
