"""The likelihood as a function of all variance parameters, and what these parameters say in the units of the data."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from analysis.multilevel.derivatives import derivatives
from analysis.multilevel.optimise import factors_of
from analysis.multilevel.solution import Solution

Array = NDArray[np.float64]
Measured = Callable[[Array], tuple[float, Array]]
"""A quantity and its gradient at φ = (θ, log σ) (t + 1,)."""


@dataclass(frozen=True, slots=True)
class Parameter:
    """A quantity made of variance parameters, under lme4's name, with its estimate and the bounds of its range."""

    name: str
    measure: Measured
    estimate: float
    least: float
    most: float


def deviance(solution: Solution, phi: Array) -> tuple[float, Array]:
    """ML deviance log|V| + n log(2πσ²) + r²(θ)/σ² of the whitened data at φ (t + 1,), and its gradient.

    Bates, Mächler, Bolker & Walker (2015), equation 33: only the fixed effects are profiled out.
    """
    n, at = solution.equations.n, derivatives(solution.equations, phi[:-1], reml=False)
    sigma2 = float(np.exp(2.0 * phi[-1]))
    # The deviance of ``at`` has σ² profiled out; what is left without it is log|V|.
    log_det = at.deviance - n * (1.0 + np.log(2.0 * np.pi * at.rss / n))
    slope = at.gradient - n * at.d_rss / at.rss + at.d_rss / sigma2
    value = log_det + n * np.log(2.0 * np.pi * sigma2) + at.rss / sigma2
    return float(value), np.append(slope, 2.0 * n - 2.0 * at.rss / sigma2)


def optimum(solution: Solution) -> Array:
    """φ (t + 1,) of a solution by ML."""
    at = solution.search.best.at
    return np.append(at.theta, 0.5 * np.log(at.sigma2))


def parameters(solution: Solution) -> list[Parameter]:
    """Standard deviations and correlations of every random term as lme4 orders them, then that of the residual."""
    found: list[Parameter] = []
    for b, block in enumerate(solution.design.blocks):
        covariance = solution.covariances[b]
        sd = np.sqrt(np.diag(covariance))
        for j, term in enumerate(block.names):
            measure = partial(_standard_deviation, solution, b, j)
            found.append(Parameter(f"sd_{term}|{block.group}", measure, float(sd[j]), 0.0, np.inf))
            for i in range(j + 1, len(sd)):
                if sd[i] * sd[j] > 0:
                    correlation = float(covariance[i, j] / (sd[i] * sd[j]))
                    name = f"cor_{block.names[i]}.{term}|{block.group}"
                    found.append(Parameter(name, partial(_correlation, solution, b, i, j), correlation, -1.0, 1.0))
    found.append(Parameter("sigma", partial(_residual, solution), float(np.sqrt(solution.sigma2)), 0.0, np.inf))
    return found


def intraclass(solution: Solution) -> Parameter:
    """Share of the variance between groups, of a model whose only random effect is an intercept."""
    between = float(solution.covariances[0][0, 0])
    share = between / (between + solution.sigma2)
    return Parameter("icc", partial(_share, solution), share, 0.0, 1.0)


def _relative(solution: Solution, b: int, phi: Array) -> tuple[Array, Array]:
    """C = cov(b)/σ² (q, q) of a block in the units of the data over those of the residual, and its derivatives by φ."""
    R = solution.whitened.R_Z[b]
    widths = [len(each) for each in solution.whitened.R_Z]
    inverse = np.linalg.inv(R)
    L = inverse @ list(factors_of(phi[:-1], widths))[b]
    q = len(R)
    columns, rows = np.triu_indices(q)
    moved = inverse[:, rows].T[:, :, None] * L[:, columns].T[:, None, :]
    slopes = np.zeros((len(phi), q, q))
    first = sum(width * (width + 1) // 2 for width in widths[:b])
    slopes[first : first + len(rows)] = moved + moved.swapaxes(1, 2)
    return L @ L.T, slopes


def _standard_deviation(solution: Solution, b: int, j: int, phi: Array) -> tuple[float, Array]:
    C, slopes = _relative(solution, b, phi)
    unit = solution.whitened.scale * float(np.exp(phi[-1]))
    root = float(np.sqrt(max(C[j, j], 1e-300)))
    slope = unit * slopes[:, j, j] / (2.0 * root)
    slope[-1] = unit * root
    return unit * root, slope


def _correlation(solution: Solution, b: int, i: int, j: int, phi: Array) -> tuple[float, Array]:
    C, slopes = _relative(solution, b, phi)
    product = float(np.sqrt(max(C[i, i] * C[j, j], 1e-300)))
    value = float(C[i, j]) / product
    shrink = slopes[:, i, i] / max(C[i, i], 1e-300) + slopes[:, j, j] / max(C[j, j], 1e-300)
    return value, slopes[:, i, j] / product - 0.5 * value * shrink


def _residual(solution: Solution, phi: Array) -> tuple[float, Array]:
    value = solution.whitened.scale * float(np.exp(phi[-1]))
    slope = np.zeros(len(phi))
    slope[-1] = value
    return value, slope


def _share(solution: Solution, phi: Array) -> tuple[float, Array]:
    C, slopes = _relative(solution, 0, phi)
    return float(C[0, 0] / (1.0 + C[0, 0])), slopes[:, 0, 0] / (1.0 + C[0, 0]) ** 2
