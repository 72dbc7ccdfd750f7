"""Moments of the saturated model under missing values, by expectation and maximisation."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.errors import EstimationError, Problem
from analysis.sem.discrepancy.missing import deviance
from analysis.sem.discrepancy.normal import log_determinant
from analysis.sem.patterns import Patterns

Array = NDArray[np.float64]

_TOLERANCE = 1e-13
_MAX_ITERATIONS = 20_000


@dataclass(frozen=True, slots=True)
class Saturated:
    """Maximum-likelihood mean (p,) and covariance (p, p), the deviance of an average row, and EM's iterations."""

    mean: Array
    covariance: Array
    deviance: float
    iterations: int


def saturated_moments(patterns: Patterns) -> Saturated:
    """EM for the multivariate normal (Little & Rubin 2002, Statistical Analysis with Missing Data, section 11.2).

    All patterns take each step together. Squared extrapolation (Varadhan & Roland 2008, Scandinavian Journal of
    Statistics 35(2), 335-353, scheme S3) is applied where it lowers the deviance. Raises EstimationError where EM
    does not settle, as when two variables are never observed together.
    """
    if patterns.observed.all():  # complete rows are one pattern
        mean, covariance = patterns.mean[0], patterns.covariance[0]
        return Saturated(mean, covariance, log_determinant(covariance) + len(mean), 0)
    mean, covariance = _start(patterns)
    current = deviance(patterns, mean, covariance)
    for iteration in range(1, _MAX_ITERATIONS):
        first = _step(patterns, mean, covariance)
        second = _step(patterns, *first)
        mean, covariance, fresh = _extrapolated(patterns, (mean, covariance), first, second)
        if current - fresh < _TOLERANCE * max(1.0, abs(fresh)):
            return Saturated(mean, covariance, fresh, iteration)
        current = fresh
    what = "the moments of the incomplete data do not settle: some variables are hardly ever observed together"
    raise EstimationError(Problem(what, "data", "leave out variables with few answers, or use complete rows"))


def _start(patterns: Patterns) -> tuple[Array, Array]:
    """Means over what is observed; variances likewise, and no covariances: always positive definite."""
    share = patterns.share[:, None] * patterns.observed
    mean = (share * patterns.mean).sum(axis=0) / share.sum(axis=0)
    _, second = patterns.about(mean)
    variances = (share * np.diagonal(second, axis1=1, axis2=2)).sum(axis=0) / share.sum(axis=0)
    return mean, np.diag(variances)


def _step(patterns: Patterns, mean: Array, covariance: Array) -> tuple[Array, Array]:
    """One step of EM: expected first and second moments given what is observed, averaged over rows."""
    weight, _ = patterns.inverse_and_log_determinant(covariance)
    fill = covariance @ weight  # (k, p, p): regression of all variables on the observed ones
    difference, second = patterns.about(mean)
    shift = patterns.share @ np.einsum("kij,kj->ki", fill, difference)
    expected = fill @ second @ fill.transpose(0, 2, 1) + covariance - fill @ covariance
    total = np.einsum("k,kij->ij", patterns.share, expected) - np.outer(shift, shift)
    return mean + shift, (total + total.T) / 2.0


def _extrapolated(
    patterns: Patterns, start: tuple[Array, Array], first: tuple[Array, Array], second: tuple[Array, Array]
) -> tuple[Array, Array, float]:
    """The squared step if it lowers the deviance below that of two plain steps, else those."""
    plain = deviance(patterns, *second)
    r = [a - b for a, b in zip(first, start, strict=True)]
    v = [c - 2.0 * b + a for c, b, a in zip(second, first, start, strict=True)]
    length = sum(float((x**2).sum()) for x in v)
    if length > 0:
        alpha = -np.sqrt(sum(float((x**2).sum()) for x in r) / length)
        if alpha < -1.0:
            mean, covariance = (a - 2.0 * alpha * x + alpha**2 * y for a, x, y in zip(start, r, v, strict=True))
            try:
                mean, covariance = _step(patterns, mean, covariance)
                candidate = deviance(patterns, mean, covariance)
            except np.linalg.LinAlgError:
                candidate = np.inf
            if candidate < plain:
                return mean, covariance, candidate
    return *second, plain
