"""The estimates of a mixed model for a categorical outcome, in good units: starts, boundary, second thoughts."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.multilevel.discrete.likelihood import Evaluation, evaluate
from analysis.multilevel.discrete.maximise import FLAT, Maximum, maximise
from analysis.multilevel.discrete.modes import Modes
from analysis.multilevel.discrete.problem import Parameters, Rows, pack, unpack
from analysis.multilevel.discrete.quadrature import Rule

Array = NDArray[np.float64]
SMALL_START, LARGE_START = 0.5, 1.5  # standard deviations of the random effects, on the logit scale
BOUNDARY_LOSS = 1e-7  # a variance is 0 when setting it to 0 costs less log-likelihood than this
ROUNDING = 1e-12  # an element of Λ below this is 0
CONVERGED = 1e-8  # twice the log-likelihood that a last Newton step may promise


@dataclass(frozen=True, slots=True)
class Found:
    """The maximum, the modes there, whether Λ lost rank, and whether gradient and Hessian say it is a maximum."""

    best: Maximum
    modes: Modes
    singular: bool
    converged: bool


def search(rows: Rows, rule: Rule) -> Found:
    """The highest maximum from a start with small random effects and, where that ends singular, from a larger one."""
    found = _from(SMALL_START, rows, rule)
    if found.singular or not found.converged:
        other = _from(LARGE_START, rows, rule)
        if other.best.loglik > found.best.loglik + BOUNDARY_LOSS or other.converged > found.converged:
            found = other
    return found


def _from(size: float, rows: Rows, rule: Rule) -> Found:
    objective = _Objective(rows, rule)
    best = maximise(objective, _start(size, rows))
    inward = _inward(objective, best, rows)
    if inward is not None:
        best = inward
    at = objective.at(best.vector)
    assert at is not None
    # On the boundary, directions that only turn random effects without variance are flat.
    least = FLAT if inward is None else -FLAT
    return Found(best, at.modes, inward is not None, best.flattest > least and best.decrement < CONVERGED)


class _Objective:
    """The log-likelihood, which starts each search for the modes where the last one ended."""

    def __init__(self, rows: Rows, rule: Rule) -> None:
        self._rows, self._rule = rows, rule
        self._u = np.zeros((rows.n_groups, rows.Z.shape[1]))

    def __call__(self, vector: Array) -> tuple[float, Array] | None:
        """Log-likelihood and gradient; None where thresholds are out of order."""
        at = self.at(vector)
        return None if at is None else (at.loglik, at.gradient)

    def at(self, vector: Array) -> Evaluation | None:
        """All there is to know at a vector."""
        at = evaluate(vector, self._rows, self._rule, self._u)
        if at is not None:
            self._u = at.modes.u
        return at


def _start(size: float, rows: Rows) -> Array:
    """The logits of the cumulative shares, no effects, independent random effects of standard deviation ``size``."""
    q, p = rows.Z.shape[1], rows.X.shape[1]
    shares = np.cumsum(np.bincount(rows.lower))[: rows.free_thresholds] / len(rows.lower)
    return pack(Parameters(np.log(shares / (1.0 - shares)), np.zeros(p), size * np.eye(q)))


def _inward(objective: _Objective, best: Maximum, rows: Rows) -> Maximum | None:
    """A maximum of the lowest rank of Λ that loses no likelihood worth the name; None when none does.

    Rank is taken away from the smallest eigenvalue of Λ Λ' upwards.
    """
    end = unpack(best.vector, rows)
    values, vectors = np.linalg.eigh(end.factor @ end.factor.T)
    found = None
    for rank_lost in range(1, len(values) + 1):
        values[:rank_lost] = 0.0
        root = vectors * np.sqrt(np.maximum(values, 0.0))
        triangle = np.linalg.qr(root.T)[1].T
        triangle = np.where(np.abs(triangle) < ROUNDING, 0.0, triangle)
        signs = np.where(np.diag(triangle) < 0, -1.0, 1.0)
        reduced = pack(Parameters(end.thresholds, end.beta, triangle * signs))
        at = objective(reduced)
        if at is None or at[0] < best.loglik - BOUNDARY_LOSS:
            break
        found = reduced
    return None if found is None else maximise(objective, found)
