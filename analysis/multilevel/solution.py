"""A mixed model with its variances found: all that results, intervals and diagnostics are computed from."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import EstimationError, Problem
from analysis.multilevel.crossproducts import NormalEquations, normal_equations
from analysis.multilevel.design import Design, build_design
from analysis.multilevel.formula import Formula, parse_formula
from analysis.multilevel.optimise import EXACT, Search, factors_of, search, theta_of, triangular
from analysis.multilevel.whitening import Whitened, whiten

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Solution:
    """Estimates in the units of the data.

    ``beta`` (p,) with ``cov_beta`` (p, p); ``sigma2`` residual variance; ``covariances`` (q, q) of the effects of each
    random block; ``theta`` (t,) lme4's relative covariance factors; ``loglik`` restricted if ``reml``. ``equations``
    and ``search`` are in whitened units, which ``whitened`` leads back from.
    """

    formula: Formula
    design: Design
    whitened: Whitened
    equations: NormalEquations
    search: Search
    reml: bool
    beta: Array
    cov_beta: Array
    sigma2: float
    covariances: tuple[Array, ...]
    theta: Array
    loglik: float

    @property
    def npar(self) -> int:
        """Fixed effects, variance parameters and the residual variance."""
        return len(self.beta) + len(self.theta) + 1


def solve(formula: str, data: pd.DataFrame, *, reml: bool = True, weights: str | None = None) -> Solution:
    """Find the variances and fixed effects of ``formula``. Raises what ``analysis.multilevel.fit`` raises."""
    parsed = parse_formula(formula)
    return solve_design(parsed, build_design(parsed, data, weights), reml=reml)


def solve_design(formula: Formula, design: Design, *, reml: bool = True) -> Solution:
    """The same from a design."""
    whitened = whiten(design)
    equations = normal_equations(whitened.y, whitened.X, whitened.blocks)
    found = search(equations, whitened.blocks, reml)
    at = found.best.at
    if not at.sigma2 > EXACT:
        hint = "the outcome does not vary within the groups"
        raise EstimationError(Problem("the residual variance of the mixed model is zero", "data", hint))
    inverse = np.linalg.inv(whitened.R_X)
    sigma2 = whitened.scale**2 * at.sigma2
    cov_beta = sigma2 * inverse @ at.unscaled @ inverse.T
    if not (np.isfinite(cov_beta).all() and (np.diag(cov_beta) > 0).all()):
        raise EstimationError(Problem("a standard error is zero or not finite", "mixed model"))
    widths = [len(R) for R in whitened.R_Z]
    factors = [
        triangular(np.asarray(np.linalg.solve(R, factor), dtype=np.float64))
        for R, factor in zip(whitened.R_Z, factors_of(at.theta, widths), strict=True)
    ]
    return Solution(
        formula=formula,
        design=design,
        whitened=whitened,
        equations=equations,
        search=found,
        reml=reml,
        beta=whitened.ols + whitened.scale * inverse @ at.beta,
        cov_beta=cov_beta,
        sigma2=sigma2,
        covariances=tuple(sigma2 * factor @ factor.T for factor in factors),
        theta=theta_of(factors),
        loglik=-0.5 * (at.deviance + deviance_in_data_units(whitened, reml)),
    )


def deviance_in_data_units(whitened: Whitened, reml: bool) -> float:
    """What is added to the deviance of the whitened data for that of the data.

    Densities change by the Jacobian of the change of units: n log scale under ML; under REML, where the fixed
    effects are integrated out, (n − p) log scale + log|det R_X|. Weights add their own.
    """
    n, p = whitened.X.shape
    jacobian = (n - p if reml else n) * float(np.log(whitened.scale))
    if reml:
        jacobian += float(np.linalg.slogdet(whitened.R_X)[1])
    return float(2.0 * jacobian - whitened.log_weights)
