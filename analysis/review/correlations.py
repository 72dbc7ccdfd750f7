"""A printed correlation matrix as a box of matrices, and certified ranges of what is computed from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.review.article import Table
from analysis.review.interval import Interval

Array = NDArray[np.float64]
STEPS = 200


@dataclass(frozen=True, slots=True)
class CorrelationBox:
    """All correlation matrices that would be printed so: ``centre`` ± ``radius``, both (p, p), ordered as ``names``.

    A correlation that is not printed has centre 0 and radius 1.
    """

    names: tuple[str, ...]
    centre: Array
    radius: Array

    def select(self, names: Sequence[str]) -> CorrelationBox | None:
        """The part of these variables; None where one of them, or one of their correlations, is not printed."""
        if not set(names) <= set(self.names):
            return None
        at = [self.names.index(name) for name in names]
        part = np.ix_(at, at)
        if (self.radius[part] >= 1).any():
            return None
        return CorrelationBox(tuple(names), self.centre[part], self.radius[part])

    def interval(self, i: int, j: int) -> Interval:
        """One correlation."""
        return Interval(self.centre[i, j] - self.radius[i, j], self.centre[i, j] + self.radius[i, j])


def matrix_of(table: Table) -> CorrelationBox:
    """The box of a table of kind 'correlations'; numbers on the diagonal are not correlations."""
    names = [record.word("variable") for record in table.records]
    p = len(names)
    centre, radius = np.eye(p), np.ones((p, p)) - np.eye(p)
    for row, cells in enumerate(table.grid):
        triangle = [cell for cell in cells if cell.column == "r"]
        for column, cell in enumerate(triangle[:row]):
            if cell.printed is None:
                continue
            found = cell.printed.interval.within(-1, 1)
            half = 0.0 if table.file.exact == "yes" else found.radius
            value = cell.printed.value if table.file.exact == "yes" else found.centre
            centre[row, column] = centre[column, row] = value
            radius[row, column] = radius[column, row] = half
    return CorrelationBox(tuple(names), centre, radius)


@dataclass(frozen=True, slots=True)
class Refit:
    """Ranges of a standardised regression over a box: ``paths`` by predictor, ``r2``, and the diagonal of the inverse
    of the predictors' correlations by predictor (variance inflation factors).
    """

    paths: dict[str, Interval]
    r2: Interval
    inflation: dict[str, Interval]


def refit(box: CorrelationBox, outcome: str, predictors: Sequence[str]) -> Refit | None:
    """β = A⁻¹b and R² = b'A⁻¹b over all A (predictors) and b (with the outcome) in the box.

    None where a correlation is not printed, or where the box is too wide for a bound (it may hold a singular A).
    """
    part = box.select([*predictors, outcome])
    if part is None:
        return None
    k = len(predictors)
    A, D = part.centre[:k, :k], part.radius[:k, :k]
    b, d = part.centre[:k, k], part.radius[:k, k]
    solved = solve_box(A, D, b, d)
    if solved is None:
        return None
    x, spread, error = solved
    # R² = (b + δ)'x̃ with x̃ = x + e, and b'e = x'(δ − Δx − Δe): linear terms exactly, the rest bounded by |e| ≤ error.
    pairs = np.abs(np.outer(x, x)) * D
    linear = 2 * float(d @ np.abs(x)) + float(pairs.sum())
    rest = float((np.abs(x) @ D + d) @ error)
    r2 = float(b @ x)
    inflation = {}
    for at, name in enumerate(predictors):
        unit = np.zeros(k)
        unit[at] = 1.0
        column = solve_box(A, D, unit, np.zeros(k))
        if column is None:
            return None
        inflation[name] = _around(float(column[0][at]), float(column[1][at])).within(1, np.inf)
    paths = {name: _around(float(x[i]), float(spread[i])) for i, name in enumerate(predictors)}
    return Refit(paths, _around(r2, linear + rest).within(0, np.inf), inflation)


def solve_box(A: Array, D: Array, b: Array, d: Array) -> tuple[Array, Array, Array] | None:
    """Solutions of (A + Δ)x̃ = b + δ for all symmetric |Δ| ≤ D with zero diagonal, and |δ| ≤ d.

    Returns the solution x at the centre, the radius of a certified range of every element of x̃, and the cruder bound
    of |x̃ − x|; None where the bound does not exist. With M = A⁻¹, x̃ − x = M(δ − Δx) − MΔ(x̃ − x): the first term is
    linear in the elements of Δ and δ, so that its range is the sum of their magnitudes (each pair of symmetric elements
    once); |x̃ − x| ≤ (I − |M|D)⁻¹|M|(D|x| + d) bounds the second. Rohn (1989), Linear Algebra and its Applications
    126, 39-78; Neumaier (1990), Interval Methods for Systems of Equations, section 4.1.
    """
    k = len(b)
    try:
        x = np.linalg.solve(A, b).astype(np.float64)
        M = np.linalg.solve(A, np.eye(k)).astype(np.float64)
    except np.linalg.LinAlgError:
        return None
    size = np.abs(M)
    contraction = size @ D
    if not np.isfinite(contraction).all() or np.abs(np.linalg.eigvals(contraction)).max() >= 0.9:
        return None
    crude = np.linalg.solve(np.eye(k) - contraction, size @ (D @ np.abs(x) + d)).astype(np.float64)
    upper = np.triu(D, 1)
    mixed = np.abs(M[:, :, None] * x[None, None, :] + M[:, None, :] * x[None, :, None])
    linear = size @ d + np.einsum("kij,ij->k", mixed, upper)
    spread = linear + contraction @ crude
    return x, spread, crude


def _around(value: float, radius: float) -> Interval:
    return Interval(value - radius, value + radius)


def any_completion(box: CorrelationBox) -> tuple[bool, float]:
    """Whether some matrix of the box can be a correlation matrix, and how far the best one tried is from it.

    Projects in turn on the positive semidefinite matrices and on the box (Dykstra's corrections; Higham 2002, IMA
    Journal of Numerical Analysis 22(3), 329-343). A vector v with v'Rv < 0 for every R of the box proves that none can;
    without proof the answer is yes. The second value is the smallest eigenvalue of the last matrix of the box.
    """
    lower, upper = box.centre - box.radius, box.centre + box.radius
    current, correction = box.centre, np.zeros_like(box.centre)
    smallest = 0.0
    for _ in range(STEPS):
        values, vectors = np.linalg.eigh(current)
        smallest = float(values[0])
        if smallest >= -1e-12:
            return True, smallest
        v = vectors[:, 0]
        outer = np.outer(v, v)
        highest = float((np.where(outer > 0, upper, lower) * outer).sum())
        if highest < -1e-12:
            return False, smallest
        shifted = current - correction
        values, vectors = np.linalg.eigh(shifted)
        projected = (vectors * np.clip(values, 0, None)) @ vectors.T
        correction = projected - shifted
        current = np.clip(projected, lower, upper)
    return True, smallest
