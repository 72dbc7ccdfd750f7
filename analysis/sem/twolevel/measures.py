"""What two-level models are judged by beside tests: residuals by level, and intraclass correlations."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.measures import Measures
from analysis.sem.solution import Solution
from analysis.sem.twolevel.objective import TwoLevelObjective

Array = NDArray[np.float64]

# Of all variance, what counts as none.
_NONE = 1e-10


def level_measures(solution: Solution) -> Measures:
    """SRMR within and between clusters, and their sum, lavaan's SRMR of the whole.

    Each compares the correlations of the unrestricted model with the model's, the diagonal counted: Ryu & West (2009),
    Structural Equation Modeling 16(4), 583-601. Between clusters the model's matrix is first made positive definite.
    None where a variance between clusters is zero in the unrestricted model, which leaves no correlation.
    """
    total = np.diag(solution.samples[0].covariance) + np.diag(solution.samples[1].covariance)
    residuals: list[float | None] = []
    for level, (sample, at) in enumerate(zip(solution.samples, solution.implied, strict=True)):
        held = [solution.table.observed.index(name) for name in solution.table.levels[level].observed]
        of_sample, of_model = (matrix[np.ix_(held, held)] for matrix in (sample.covariance, at.covariance))
        defined = bool(np.all(np.diag(of_sample) > _NONE * total[held]))
        of_model = forced_definite(of_model) if level else of_model
        residuals.append(correlation_residual(of_sample, of_model) if defined else None)
    within, between = residuals
    both = None if within is None or between is None else within + between
    return {"srmr": both, "srmr_within": within, "srmr_between": between}


def correlation_residual(sample: Array, implied: Array) -> float:
    """Root mean square difference of two correlation matrices (p, p) over the lower triangle."""
    first, second = (m / np.sqrt(np.outer(np.diag(m), np.diag(m))) for m in (sample, implied))
    lower = np.tril_indices(len(sample))
    return float(np.sqrt(np.mean((first - second)[lower] ** 2)))


def forced_definite(matrix: Array, share: float = 1e-6) -> Array:
    """``matrix`` (p, p) with eigenvalues of at least ``share`` of the largest."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray((vectors * np.maximum(values, share * abs(values[-1]))) @ vectors.T)


def is_singular(covariance: Array) -> bool:
    """Whether a covariance matrix (p, p) has no inverse, in units that do not matter."""
    variances = np.diag(covariance)
    if np.any(variances <= 0):
        return True
    return bool(np.linalg.eigvalsh(covariance / np.sqrt(np.outer(variances, variances)))[0] < 1e-6)


def minimum(solution: Solution) -> float:
    """lavaan's minimum of the fit function: minus the log-likelihood of a row, covariates included, without the
    constants of 2 pi.
    """
    objective = solution.objective
    assert isinstance(objective, TwoLevelObjective)
    sample = objective.sample
    sizes = float(sample.counts @ np.log(sample.sizes)) * int(sample.within.sum()) / sample.n_rows
    return 0.5 * (solution.optimum.value + objective.saturated + sizes)


def intraclass_correlations(solution: Solution) -> dict[str, float]:
    """Share of the variance of each variable of level 1 that lies between clusters, in the unrestricted model; zero
    for those of level 1 alone.
    """
    within, between = (np.diag(sample.covariance) for sample in solution.samples)
    names = solution.table.observed
    held = solution.table.levels[0].observed
    return {name: float(between[i] / (within[i] + between[i])) for i, name in enumerate(names) if name in held}
