"""Intervals from the profile of the likelihood, for variance components and fixed effects.

A value lies in the interval when the best model that has this value is not worse than the best model by more than
the quantile of chi-square with one degree of freedom allows (Bates, Mächler, Bolker & Walker 2015, section 5.1). The
likelihood is that of ML, as in lme4.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import NonlinearConstraint, brentq, minimize

from analysis.multilevel.derivatives import real_elimination
from analysis.multilevel.solution import Solution, solve_design
from analysis.multilevel.variance_surface import Parameter, deviance, intraclass, optimum, parameters

Array = NDArray[np.float64]
Rise = Callable[[float], float]
"""By how much the deviance rises when the parameter is held at a value."""

_DOUBLINGS = 40


@dataclass(frozen=True, slots=True)
class ProfileInterval:
    """A parameter under lme4's name, its ML estimate, and its limits, None where the likelihood does not end them."""

    parameter: str
    est: float
    lower: float | None
    upper: float | None


@dataclass(frozen=True, slots=True)
class ProfileIntervals:
    """All parameters in lme4's order: random terms, ``sigma``, fixed effects; ``level`` is that of the intervals."""

    level: float
    intervals: tuple[ProfileInterval, ...]

    def tidy(self) -> pd.DataFrame:
        """One row a parameter."""
        return pd.DataFrame(list(self.intervals)).astype({"lower": float, "upper": float})


def profile_intervals(solution: Solution, level: float = 0.95) -> ProfileIntervals:
    """Profile every parameter of a mixed model. Raises EstimationError where the model has no ML solution."""
    best = _by_ml(solution)
    found = [_variance_interval(best, parameter, level) for parameter in parameters(best)]
    found += [_fixed_interval(best, j, level) for j in range(len(best.beta))]
    return ProfileIntervals(level, tuple(found))


def variance_intervals(solution: Solution, level: float = 0.95) -> tuple[ProfileInterval, ...]:
    """Those of the standard deviations and correlations alone."""
    best = _by_ml(solution)
    return tuple(_variance_interval(best, parameter, level) for parameter in parameters(best))


def icc_interval(solution: Solution, level: float = 0.95) -> ProfileInterval:
    """The interval of the intraclass correlation of a null model with random intercept, from its ML profile."""
    best = _by_ml(solution)
    return _variance_interval(best, intraclass(best), level)


def _by_ml(solution: Solution) -> Solution:
    return solution if not solution.reml else solve_design(solution.formula, solution.design, reml=False)


def _variance_interval(best: Solution, parameter: Parameter, level: float) -> ProfileInterval:
    phi = optimum(best)
    lowest, _ = deviance(best, phi)
    ends: dict[float, Array] = {parameter.estimate: phi}

    def rise(value: float) -> float:
        nearest = min(ends, key=lambda known: abs(known - value))
        ends[value] = _held(best, parameter, value, ends[nearest])
        return deviance(best, ends[value])[0] - lowest

    width = _width(best, parameter)
    # Bounds themselves are corners of the likelihood; values this near to them stand for them.
    edge = 1e-6 * (width if np.isinf(parameter.most) else 1.0)
    least, most = parameter.least + edge, parameter.most - edge
    lower = _limit(rise, parameter.estimate, -width, least, level)
    upper = _limit(rise, parameter.estimate, width, most, level)
    return ProfileInterval(
        parameter.name,
        parameter.estimate,
        parameter.least if lower is None else lower,
        upper if upper is not None or np.isinf(parameter.most) else parameter.most,
    )


def _held(best: Solution, parameter: Parameter, value: float, start: Array) -> Array:
    """φ (t + 1,) of lowest deviance with the parameter at ``value``, by sequential quadratic programming."""
    unit = max(abs(parameter.estimate), 1e-3)
    held = NonlinearConstraint(
        lambda phi: np.array([(parameter.measure(phi)[0] - value) / unit]),
        0.0,
        0.0,
        jac=lambda phi: parameter.measure(phi)[1] / unit,
    )
    found = minimize(
        partial(deviance, best), _off_zero(start), jac=True, method="SLSQP", constraints=held,
        options={"ftol": 1e-11, "maxiter": 200},
    )  # fmt: skip
    return np.asarray(found.x)


def _off_zero(phi: Array) -> Array:
    """A start at which no variance is zero, where standard deviations have no gradient."""
    moved = phi.copy()
    moved[:-1] = np.where(np.abs(phi[:-1]) < 1e-4, 1e-4, phi[:-1])
    return moved


def _width(best: Solution, parameter: Parameter) -> float:
    """A first guess of the distance to a limit."""
    count = int(sum(block.n_groups for block in best.design.blocks))
    sigma = parameter.name == "sigma"
    share = 2.0 / np.sqrt(2.0 * (len(best.design.y) if sigma else count))
    if parameter.most == 1.0:
        return float(min(0.3, 2.0 * share))
    slope = float(np.sqrt(best.sigma2 / len(best.design.y) * count))
    return float(max(parameter.estimate, 0.1 * slope) * share)


def _fixed_interval(best: Solution, j: int, level: float) -> ProfileInterval:
    """Hold a coefficient; θ is found anew, β and σ² follow.

    At a given θ the residual sum of squares grows by (held - estimate)² / u with u the coefficient's unscaled
    variance, so that the deviance grows by n log(1 + that share of r²).
    """
    whitened, equations = best.whitened, best.equations
    direction = np.linalg.solve(whitened.R_X.T, np.eye(len(best.beta))[j])  # β_j in whitened coefficients
    optimal = best.search.best.at

    def rise(value: float) -> float:
        wanted = (value - whitened.ols[j]) / whitened.scale

        def held(theta: Array) -> float:
            _, at = real_elimination(equations, theta, reml=False)
            miss = wanted - float(direction @ at.beta[0])
            share = miss**2 / float(direction @ at.unscaled[0] @ direction) / float(at.rss[0])
            return float(at.deviance[0]) + equations.n * float(np.log1p(share))

        found = minimize(held, optimal.theta, method="BFGS", jac="3-point", options={"gtol": 1e-6})
        return float(found.fun) - optimal.deviance

    estimate, step = float(best.beta[j]), 2.0 * float(np.sqrt(best.cov_beta[j, j]))
    limits = (_limit(rise, estimate, sign * step, sign * np.inf, level) for sign in (-1.0, 1.0))
    return ProfileInterval(best.design.fixed_names[j], estimate, *limits)


def _limit(rise: Rise, estimate: float, step: float, bound: float, level: float) -> float | None:
    """Where the deviance has risen by the quantile, in the direction of ``step``; None where the bound comes first."""
    quantile = float(special.chdtri(1, 1.0 - level))

    def excess(value: float) -> float:
        # The root of the rise is nearly linear in the parameter, which the root finder likes.
        return float(np.sqrt(max(rise(value), 0.0)) - np.sqrt(quantile))

    inside, outside = estimate, estimate + step
    for _ in range(_DOUBLINGS):
        beyond = outside <= bound if step < 0 else outside >= bound
        outside = bound if beyond else outside
        if excess(outside) > 0:
            return float(brentq(excess, inside, outside, xtol=1e-8 * max(1.0, abs(estimate)), rtol=1e-9))
        if beyond:
            return None
        inside, outside = outside, outside + step
        step *= 2.0
    return None
