"""Rotation of factors: gradient projection from several starts, and promax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.measurement.rotation_criteria import geomin, quartimin, varimax

Array = NDArray[np.float64]
Criterion = Callable[[Array], tuple[float, Array]]
Name = Literal["oblimin", "promax", "varimax", "geomin", "none"]
ROTATIONS: tuple[Name, ...] = ("oblimin", "promax", "varimax", "geomin", "none")

N_STARTS = 20  # random starts beside the unrotated factors
_ROUGH, _FINE = 1e-5, 1e-8  # norm of the projected gradient: to tell minima apart, and at the end
_CONVERGED = 1e-6
_ROUNDING = 2e-15  # of criterion values: near the minimum gains are smaller than it
_MAX_STEPS = 5000
_SAME = 1e-6  # relative distance of criterion values that count as one minimum
_POWER = 4  # of promax


@dataclass(frozen=True, slots=True)
class Rotation:
    """``loadings`` (p, k) = A T'⁻¹ and correlations of factors ``phi`` (k, k) = T'T.

    ``value`` of the criterion (None for promax, which has none of its own); ``n_minima``: different local minima found
    from ``n_starts``; ``converged``: the projected gradient is below 1e-6.
    """

    loadings: Array
    phi: Array
    value: float | None
    n_starts: int
    n_minima: int
    converged: bool


@dataclass(frozen=True, slots=True)
class _End:
    """Where a search ended: transformation (k, k), value and norm of the projected gradient."""

    transformation: Array
    value: float
    norm: float


def rotate(loadings: Array, name: Name, seed: int = 1, n_starts: int = N_STARTS) -> Rotation:
    """Rotate ``loadings`` (p, k) on orthogonal factors, with psych::fa's conventions.

    "oblimin" (quartimin) and "geomin" are oblique and take loadings as they are; "varimax" takes rows of unit length
    (Kaiser's normalisation); "promax" raises varimax loadings of unit rows to the fourth power (Hendrickson & White
    1964, British Journal of Statistical Psychology 17, 65-70). The lowest of the minima found from ``n_starts`` random
    transformations (from ``seed``) and from none is taken. Factors are ordered by the variance they account for and
    point to where their loadings sum to more than zero.
    """
    k = loadings.shape[1]
    if name == "none" or k == 1:
        return Rotation(loadings, np.eye(k), None, 0, 0, converged=True)
    lengths = np.sqrt((loadings**2).sum(axis=1, keepdims=True))
    unit = loadings / np.where(lengths > 0, lengths, 1.0)
    starts = _starts(k, n_starts, seed)
    if name in {"varimax", "promax"}:
        end, n_minima = _lowest(unit, varimax, starts, oblique=False)
        turned = unit @ end.transformation
        phi = np.eye(k)
        if name == "promax":
            turned, phi = _promax(turned)
        turned = turned * lengths
    else:
        end, n_minima = _lowest(loadings, quartimin if name == "oblimin" else geomin, starts, oblique=True)
        turned = _oblique(loadings, end.transformation)
        phi = end.transformation.T @ end.transformation
    turned, phi = _in_order(turned, phi)
    value = None if name == "promax" else end.value
    return Rotation(turned, phi, value, len(starts), n_minima, converged=end.norm < _CONVERGED)


def _starts(k: int, n: int, seed: int) -> list[Array]:
    """The identity and ``n`` random orthogonal matrices (k, k)."""
    generator = np.random.default_rng(np.random.SeedSequence(seed))
    return [np.eye(k), *(np.linalg.qr(generator.standard_normal((k, k)))[0] for _ in range(n))]


def _lowest(loadings: Array, criterion: Criterion, starts: list[Array], *, oblique: bool) -> tuple[_End, int]:
    """The lowest end of the searches, refined, and how many different minima there are."""
    ends = [_project(loadings, criterion, start, _ROUGH, oblique=oblique) for start in starts]
    values = np.sort([end.value for end in ends])
    n_minima = 1 + int((np.diff(values) > _SAME * np.maximum(np.abs(values[1:]), _SAME)).sum())
    best = min(ends, key=lambda end: end.value)
    return _project(loadings, criterion, best.transformation, _FINE, oblique=oblique), n_minima


def _project(loadings: Array, criterion: Criterion, start: Array, tolerance: float, *, oblique: bool) -> _End:
    """Gradient projection: Jennrich (2001, Psychometrika 66, 289-306) for orthogonal and (2002, Psychometrika 67,
    7-19) for oblique rotation; step lengths as in Bernaards & Jennrich (2005, Educational and Psychological
    Measurement 65, 676-696), except that a step without a gain ends the search.
    """
    turn, tangent, retract = _GEOMETRY[oblique]
    T: Array = start
    step = 1.0
    value, slope = criterion(turn(loadings, T))
    norm = np.inf
    for _ in range(_MAX_STEPS):
        direction = tangent(loadings, T, slope)
        norm = float(np.linalg.norm(direction))
        if norm < tolerance:
            break
        step *= 2.0
        for _ in range(40):
            trial = retract(T - step * direction)
            there, slope_there = criterion(turn(loadings, trial))
            if there < value - 0.5 * norm**2 * step + _ROUNDING * abs(value):
                break
            step *= 0.5
        else:
            break
        T, value, slope = trial, there, slope_there
    return _End(T, value, norm)


def _oblique(loadings: Array, T: Array) -> Array:
    """A T'⁻¹."""
    return np.asarray(np.linalg.solve(T, loadings.T).T, dtype=float)


def _oblique_tangent(loadings: Array, T: Array, slope: Array) -> Array:
    """Gradient in T of the criterion, less its part along the columns of T, whose lengths are fixed."""
    gradient = -np.linalg.solve(T.T, slope.T @ _oblique(loadings, T))
    result: Array = gradient - T * (T * gradient).sum(axis=0)
    return result


def _orthogonal(loadings: Array, T: Array) -> Array:
    turned: Array = loadings @ T
    return turned


def _orthogonal_tangent(loadings: Array, T: Array, slope: Array) -> Array:
    gradient = loadings.T @ slope
    inside = T.T @ gradient
    result: Array = gradient - T @ (0.5 * (inside + inside.T))
    return result


def _unit_columns(matrix: Array) -> Array:
    result: Array = matrix / np.sqrt((matrix**2).sum(axis=0))
    return result


def _nearest_orthogonal(matrix: Array) -> Array:
    left, _, right = np.linalg.svd(matrix)
    result: Array = left @ right
    return result


_GEOMETRY = {
    True: (_oblique, _oblique_tangent, _unit_columns),
    False: (_orthogonal, _orthogonal_tangent, _nearest_orthogonal),
}


def _promax(loadings: Array) -> tuple[Array, Array]:
    """Least-squares turn of varimax ``loadings`` towards their powers, and the correlations of the factors."""
    target = np.sign(loadings) * np.abs(loadings) ** _POWER
    U = np.linalg.lstsq(loadings, target, rcond=None)[0]
    U = U * np.sqrt(np.diag(np.linalg.inv(U.T @ U)))
    inverse = np.linalg.inv(U)
    return loadings @ U, inverse @ inverse.T


def _in_order(loadings: Array, phi: Array) -> tuple[Array, Array]:
    """Factors by falling diag(Φ Λ'Λ), signs by the sum of their loadings."""
    sign = np.where(loadings.sum(axis=0) < 0, -1.0, 1.0)
    loadings, phi = loadings * sign, phi * np.outer(sign, sign)
    order = np.argsort(-np.diag(phi @ loadings.T @ loadings), kind="stable")
    return loadings[:, order], phi[np.ix_(order, order)]
