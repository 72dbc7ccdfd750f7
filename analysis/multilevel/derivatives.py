"""The deviance with its first and second derivatives in θ, in one pass over the groups."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.multilevel.crossproducts import NormalEquations
from analysis.multilevel.likelihood import Elimination, Profile, degrees, eliminate, gradient, profile

Array = NDArray[np.float64]
STEP = 1e-20  # of the complex step: without cancellation, smaller is better


@dataclass(frozen=True, slots=True)
class Derivatives:
    """At ``theta`` (t,): the ``deviance``, its ``gradient`` (t,) and ``hessian`` (t, t), and what θ determines.

    ``beta`` (p,), ``unscaled`` (X'V⁻¹X)⁻¹ (p, p) and ``rss``, with derivatives ``d_unscaled`` (t, p, p) and ``d_rss``
    (t,) by θ; ``sigma2`` is the profiled residual variance.
    """

    theta: Array
    deviance: float
    gradient: Array
    hessian: Array
    beta: Array
    unscaled: Array
    rss: float
    sigma2: float
    d_unscaled: Array
    d_rss: Array


def derivatives(equations: NormalEquations, theta: Array, reml: bool) -> Derivatives:
    """Deviance and derivatives at ``theta`` by a complex step along each parameter.

    Raises numpy.linalg.LinAlgError where the likelihood does not exist.
    """
    steps = theta + 1j * STEP * np.eye(len(theta))
    gone = eliminate(equations, steps)
    at = profile(equations, gone, reml)
    slope = gradient(equations, gone, at, reml)
    hessian = slope.imag / STEP
    return Derivatives(
        theta=theta,
        deviance=float(at.deviance[0]),
        gradient=np.ascontiguousarray(slope[0].real),
        hessian=0.5 * (hessian + hessian.T),
        beta=np.ascontiguousarray(at.beta[0].real),
        unscaled=np.ascontiguousarray(at.unscaled[0].real),
        rss=float(at.rss[0].real),
        sigma2=float(at.rss[0].real) / degrees(equations, reml),
        d_unscaled=at.unscaled.imag / STEP,
        d_rss=at.rss.imag / STEP,
    )


def deviance(equations: NormalEquations, theta: Array, reml: bool) -> float:
    """The deviance alone."""
    return float(deviances(equations, theta[None], reml)[0])


def deviances(equations: NormalEquations, thetas: Array, reml: bool) -> Array:
    """The deviances (d,) at ``thetas`` (d, t)."""
    return profile(equations, eliminate(equations, thetas), reml).deviance


def real_elimination(equations: NormalEquations, theta: Array, reml: bool) -> tuple[Elimination, Profile]:
    """The elimination and profile at one ``theta``."""
    gone = eliminate(equations, theta[None])
    return gone, profile(equations, gone, reml)
