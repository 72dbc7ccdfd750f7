"""First stage given covariates: each variable alone on fixed x, by ordered probit or by linear regression.

A latent response is y* = x'b + e with e of unit variance, cut at thresholds; a continuous variable is y = m + x'b + e.
Both by maximum likelihood (Muthen 1984, Psychometrika 49, 115-132, eq. 6 to 10). Rows are respondents.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.errors import EstimationError, Problem
from analysis.sem.ordinal.normal import FAR

Array = NDArray[np.float64]
Integers = NDArray[np.intp]

_STEPS = 100
_ROUNDING = 1e-13  # of a sum of log probabilities: near the maximum the likelihood cannot tell a good step from a bad
_NO_INFORMATION = 1e-9  # per respondent, of a parameter in units of standard deviations


@dataclass(frozen=True, slots=True)
class ProbitMargin:
    """Thresholds (k,) and slopes (c,) of one ordinal variable; ``lower`` and ``upper`` (n,) enclose each residual
    latent response; ``scores`` (n, k + c) are derivatives of each respondent's log-likelihood. ``codes`` (n,) and
    ``covariates`` (n, c) are what it was estimated from.
    """

    thresholds: Array
    slopes: Array
    lower: Array
    upper: Array
    scores: Array
    codes: Integers
    covariates: Array


@dataclass(frozen=True, slots=True)
class LinearMargin:
    """Intercept, slopes (c,) and residual variance (divisor n) of one continuous variable; ``z`` (n,) are its
    standardised residuals, ``scores`` (n, 1 + c + 1) by intercept, slopes and variance, ``covariates`` (n, c) the x.
    """

    intercept: float
    slopes: Array
    variance: float
    z: Array
    scores: Array
    covariates: Array


def probit_margin(codes: Integers, covariates: Array, start: Array, name: str) -> ProbitMargin:
    """Ordered probit of ``codes`` (n,), 0 to k, on ``covariates`` (n, c), from thresholds ``start`` (k,).

    Newton's steps, halved until thresholds ascend and the likelihood, which is concave, rises. Raises
    EstimationError where the covariates separate the categories, so that there is no maximum.
    """
    k = len(start)
    theta = np.concatenate([start, np.zeros(covariates.shape[1])])
    loglik, margin = _probit_at(theta, k, codes, covariates)
    for _ in range(_STEPS):
        total = margin.scores.sum(axis=0)
        step = np.linalg.lstsq(_information(margin), total, rcond=None)[0]
        if float(total @ step) < 1e-18 * len(codes):
            break
        size = 1.0
        while size > 1e-8:
            proposed, moved = _probit_at(theta + size * step, k, codes, covariates)
            if proposed >= loglik - _ROUNDING * abs(loglik):
                break
            size *= 0.5
        else:
            break
        theta, loglik, margin = theta + size * step, proposed, moved
    else:
        raise _no_maximum(name)
    # Where covariates separate categories the slopes run off and leave no information behind.
    scale = np.concatenate([np.ones(k), covariates.std(axis=0)])
    scaled = margin.scores / scale
    if np.linalg.eigvalsh(scaled.T @ scaled)[0] < _NO_INFORMATION * len(codes):
        raise _no_maximum(name)
    return margin


def _no_maximum(name: str) -> EstimationError:
    what = f"the regression of '{name}' on the covariates has no maximum"
    return EstimationError(Problem(what, "data", "look for a covariate that is constant or separates its categories"))


def _probit_at(theta: Array, k: int, codes: Integers, covariates: Array) -> tuple[float, ProbitMargin]:
    cuts = np.concatenate([[-FAR], theta[:k], [FAR]])
    linear = covariates @ theta[k:]
    lower = np.where(codes == 0, -FAR, cuts[codes] - linear)
    upper = np.where(codes == k, FAR, cuts[codes + 1] - linear)
    probability = _between(lower, upper)
    if np.any(np.diff(theta[:k]) <= 0) or np.any(probability <= 0):
        none = np.zeros((len(codes), len(theta)))
        return -np.inf, ProbitMargin(theta[:k], theta[k:], lower, upper, none, codes, covariates)
    by_upper, by_lower = density(upper) / probability, -density(lower) / probability
    scores = bound_scores(by_lower, by_upper, codes, covariates, k)
    margin = ProbitMargin(theta[:k], theta[k:], lower, upper, scores, codes, covariates)
    return float(np.log(probability).sum()), margin


def _information(margin: ProbitMargin) -> Array:
    """Minus the second derivatives (k + c, k + c) of the log-likelihood.

    With a and b the densities at upper and lower bound over the probability between them, those of a respondent by the
    bounds are -(u a + a^2), l b - b^2 and a b.
    """
    upper, lower = margin.upper, margin.lower
    probability = _between(lower, upper)
    a, b = density(upper) / probability, density(lower) / probability
    one, none, k = np.ones_like(a), np.zeros_like(a), len(margin.thresholds)
    by_upper = bound_scores(none, one, margin.codes, margin.covariates, k)
    by_lower = bound_scores(one, none, margin.codes, margin.covariates, k)
    both = (by_upper * (a * b)[:, None]).T @ by_lower
    own = (by_upper * (upper * a + a**2)[:, None]).T @ by_upper + (by_lower * (b**2 - lower * b)[:, None]).T @ by_lower
    return np.asarray(own - both - both.T)


def _between(lower: Array, upper: Array) -> Array:
    """Normal probability between bounds; of small tails, which differ little, on the right side of zero the others."""
    return np.where(lower > 0, ndtr(-lower) - ndtr(-upper), ndtr(upper) - ndtr(lower))


def bound_scores(by_lower: Array, by_upper: Array, codes: Integers, covariates: Array, k: int) -> Array:
    """Derivatives by thresholds and slopes (n, k + c), from those by the lower and upper bounds (n,)."""
    scores = np.zeros((len(codes), k + covariates.shape[1]))
    rows = np.arange(len(codes))
    below, above = codes > 0, codes < k
    scores[rows[below], codes[below] - 1] = by_lower[below]
    scores[rows[above], codes[above]] = by_upper[above]
    scores[:, k:] = -(by_lower + by_upper)[:, None] * covariates
    return scores


def linear_margin(values: Array, covariates: Array) -> LinearMargin:
    """Least squares of ``values`` (n,) on ``covariates`` (n, c)."""
    design = np.column_stack([np.ones(len(values)), covariates])
    estimate = np.linalg.lstsq(design, values, rcond=None)[0]
    residual = values - design @ estimate
    variance = float(np.mean(residual**2))
    by_variance = 0.5 * (residual**2 / variance - 1.0) / variance
    scores = np.column_stack([design * (residual / variance)[:, None], by_variance])
    slopes = np.asarray(estimate[1:], dtype=np.float64)
    return LinearMargin(float(estimate[0]), slopes, variance, residual / np.sqrt(variance), scores, covariates)


def density(x: Array) -> Array:
    """Standard normal density."""
    result: Array = np.exp(-0.5 * x * x) / np.sqrt(2.0 * np.pi)
    return result
