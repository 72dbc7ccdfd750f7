"""Normal-theory maximum likelihood for a whole stack of sample moments at once.

Refits of one model to many resamples start next to each other, at the estimates of the full sample, and share its
exact inverse Hessian. From there BFGS (Nocedal & Wright 2006, Numerical Optimization, eq. 6.17) needs one gradient
an iteration and no further matrix of second derivatives. Every array has the resample as its first axis, and every sum
is a product of matrices of one resample, so that results are the same bits in a stack of one and in one of a thousand.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.sem.implied import Structure

Array = NDArray[np.float64]
BoolArray = NDArray[np.bool_]
IntArray = NDArray[np.int64]

# What the next step promises (less than in ``optimise``, as steps of BFGS end less sharply than Newton's), and the
# fall of F that rounding hides.
_TOLERANCE = 1e-19
_ROUNDING = 1e-10
_NOISE = 1e-12
_MAX_ITERATIONS = 100
_SHORTEST = 1e-6


@dataclass(frozen=True, slots=True)
class MomentStack:
    """Moments of one group in b resamples: covariance (b, p, p) by N and its log-determinant (b,), mean (b, p), and
    the group's share of all observations (b,).
    """

    covariance: Array
    log_determinant: Array
    mean: Array
    share: Array

    @classmethod
    def of(cls, covariance: Array, mean: Array, share: Array) -> MomentStack:
        """From moments and shares."""
        return cls(covariance, np.asarray(np.linalg.slogdet(covariance)[1]), mean, share)

    def take(self, which: IntArray) -> MomentStack:
        """The resamples ``which``."""
        return MomentStack(self.covariance[which], self.log_determinant[which], self.mean[which], self.share[which])


@dataclass(frozen=True, slots=True)
class StackedImplied:
    """Implied moments of b resamples: the inverse E and the full covariance (b, k, k), the full mean (b, k)."""

    inverse: Array
    full_covariance: Array
    full_mean: Array


@dataclass(frozen=True, slots=True)
class BatchProblem:
    """A model and its resamples. ``fixed`` holds, by group, the fixed values of rows (b, n_rows): those of observed
    covariates differ by resample. ``stacks`` are the moments by group. ``projector`` (n_free, n_free) maps gradients on
    the directions that linear constraints leave free; None where there are none.
    """

    structures: tuple[Structure, ...]
    stacks: tuple[MomentStack, ...]
    fixed: tuple[Array, ...]
    meanstructure: bool
    projector: Array | None = None

    @property
    def n_resamples(self) -> int:
        """Length of the first axis."""
        return len(self.stacks[0].share)

    def take(self, which: IntArray) -> BatchProblem:
        """The resamples ``which``."""
        stacks = tuple(stack.take(which) for stack in self.stacks)
        return replace(self, stacks=stacks, fixed=tuple(fixed[which] for fixed in self.fixed))


@dataclass(frozen=True, slots=True)
class BatchOptimum:
    """Estimates (b, n_free), F at them (b,), and whether each resample converged."""

    theta: Array
    value: Array
    converged: BoolArray


@dataclass(frozen=True, slots=True)
class _Search:
    """The resamples ``index`` (b,) that are still searched: where they are, their inverse Hessians ``curved``, the step
    to try next and the part of it, ``scale``, that is taken.
    """

    index: IntArray
    problem: BatchProblem
    theta: Array
    value: Array
    gradient: Array
    curved: Array
    step: Array
    scale: Array

    def take(self, which: IntArray) -> _Search:
        """The resamples at the positions ``which``."""
        arrays = (self.theta, self.value, self.gradient, self.curved, self.step, self.scale)
        return _Search(self.index[which], self.problem.take(which), *(array[which] for array in arrays))

    def decrement(self) -> Array:
        """The fall of F that the whole step promises."""
        return -0.5 * _dot(self.gradient, self.step)

    def moved(self) -> _Search:
        """One step further where it lowers F; elsewhere a quarter of it comes next."""
        decrement, move = self.decrement(), self.scale[:, None] * self.step
        value, gradient = value_and_gradient(self.problem, self.theta + move)
        gain = self.value - value
        good = (gain > 1e-4 * self.scale * decrement) | ((decrement < _ROUNDING) & (gain > -_NOISE))
        kept = good[:, None]
        curved = _bfgs(self.curved, np.where(kept, move, 0.0), np.where(kept, gradient - self.gradient, 0.0))
        gradient = np.where(kept, gradient, self.gradient)
        return _Search(
            index=self.index,
            problem=self.problem,
            theta=np.where(kept, self.theta + move, self.theta),
            value=np.where(good, value, self.value),
            gradient=gradient,
            curved=curved,
            step=np.where(kept, -_times(curved, gradient), self.step),
            scale=np.where(good, 1.0, 0.25 * self.scale),
        )


def minimise_batch(problem: BatchProblem, start: Array, inverse_hessian: Array) -> BatchOptimum:
    """Minimise F for every resample from ``start`` (n_free,) with ``inverse_hessian`` (n_free, n_free) at it.

    Under linear constraints ``start`` meets them, the gradient is projected and so is ``inverse_hessian``, and no step
    leaves them. A resample stops when its next step promises next to nothing. One that no step of BFGS improves is left
    unconverged, for the caller to try by other means.
    """
    b = problem.n_resamples
    result = BatchOptimum(np.tile(start, (b, 1)), np.full(b, np.inf), np.zeros(b, dtype=np.bool_))
    curved = np.tile(inverse_hessian, (b, 1, 1))
    value, gradient = value_and_gradient(problem, result.theta)
    step = -_times(curved, gradient)
    search = _Search(np.arange(b), problem, result.theta.copy(), value, gradient, curved, step, np.ones(b))
    for _ in range(_MAX_ITERATIONS):
        decrement = search.decrement()
        stuck = ~np.isfinite(search.value + decrement) | (search.scale < _SHORTEST)
        finished = ~stuck & (decrement < _TOLERANCE) & (search.scale > 0.5)
        over = finished | stuck
        at = search.index[over]
        result.theta[at], result.value[at] = search.theta[over], search.value[over]
        result.converged[at] = finished[over]
        if over.all():
            break
        search = (search.take(np.flatnonzero(~over)) if over.any() else search).moved()
    return result


def value_and_gradient(problem: BatchProblem, theta: Array) -> tuple[Array, Array]:
    """F (b,) and its (projected) gradient (b, n_free) at ``theta`` (b, n_free); F is infinite where Sigma is not
    positive definite.

    Formulas as in ``discrepancy.normal``. With Q = W - W T W, G the observed rows of E and Phi = E S E', the
    gradient in A_ij is 2 (G' Q Phi)_ij and in S_ij 2 (G' Q G)_ij, once on the diagonal.
    """
    total, gradient = np.zeros(len(theta)), np.zeros(theta.shape)
    for structure, stack, fixed in zip(problem.structures, problem.stacks, problem.fixed, strict=True):
        p = structure.n_observed
        at = stacked_implied(structure, row_values_of(structure, fixed, theta))
        factor, valid = _cholesky(at.full_covariance[:, :p, :p])
        half = np.linalg.inv(factor)
        weight = half.transpose(0, 2, 1) @ half
        target, difference = stack.covariance, None
        if problem.meanstructure:
            difference = stack.mean - at.full_mean[:, :p]
            target = target + difference[:, :, None] * difference[:, None, :]
        product = weight @ target
        log_det = 2.0 * np.log(_diagonal(factor)).sum(axis=1)
        value = log_det + _diagonal(product).sum(axis=1) - p
        total += stack.share * np.where(valid, value - stack.log_determinant, np.inf)
        pull = None if difference is None else _times(weight, difference)
        by_row = _gradient_by_row(structure, at, weight - product @ weight, pull)
        gradient += stack.share[:, None] * _times(structure.collect, by_row)
    return total, gradient if problem.projector is None else _times(problem.projector, gradient)


def _gradient_by_row(structure: Structure, at: StackedImplied, q: Array, pull: Array | None) -> Array:
    p = structure.n_observed
    effect = at.inverse[:, :p]
    pulled = effect.transpose(0, 2, 1) @ q
    of_paths = pulled @ at.full_covariance[:, :p]
    of_moments = pulled @ effect
    out = np.zeros((len(q), len(structure.fixed)))
    i, j = structure.s_first, structure.s_second
    out[:, structure.a] = 2.0 * of_paths[:, structure.a_to, structure.a_from]
    out[:, structure.s] = np.where(i == j, 1.0, 2.0) * of_moments[:, i, j]
    if pull is not None:
        back = _times(effect.transpose(0, 2, 1), pull)
        out[:, structure.a] -= 2.0 * back[:, structure.a_to] * at.full_mean[:, structure.a_from]
        out[:, structure.m] = -2.0 * back[:, structure.m_at]
    return out


def row_values_of(structure: Structure, fixed: Array, theta: Array) -> Array:
    """Value of every row of one group, (b, n_rows), from ``fixed`` (b, n_rows) and ``theta`` (b, n_free)."""
    values = fixed.copy()
    is_free = structure.free >= 0
    values[:, is_free] = theta[:, structure.free[is_free]]
    return values


def stacked_implied(structure: Structure, values: Array) -> StackedImplied:
    """Implied moments of every resample from the values of all rows (b, n_rows)."""
    b, k = len(values), len(structure.names)
    directed, residual, intercepts = np.zeros((b, k, k)), np.zeros((b, k, k)), np.zeros((b, k))
    directed[:, structure.a_to, structure.a_from] = values[:, structure.a]
    residual[:, structure.s_first, structure.s_second] = values[:, structure.s]
    residual[:, structure.s_second, structure.s_first] = values[:, structure.s]
    intercepts[:, structure.m_at] = values[:, structure.m]
    inverse = _total_effects(directed, _longest_path(structure))
    full = inverse @ residual @ inverse.transpose(0, 2, 1)
    return StackedImplied(inverse, full, _times(inverse, intercepts))


def _total_effects(directed: Array, depth: int | None) -> Array:
    """(I - A)^-1: for paths without a loop it is the finite sum of powers of A, here as a product of (I + A^(2^j))."""
    identity = np.eye(directed.shape[1])
    if depth is None:
        return np.asarray(np.linalg.inv(identity - directed))
    total, power, covered = identity + directed, directed, 1
    while covered < depth:
        power = power @ power
        total = total @ (identity + power)
        covered = 2 * covered + 1
    return total


def _longest_path(structure: Structure) -> int | None:
    """Edges on the longest directed path; None where paths run in a loop."""
    edges = list(zip(structure.a_from.tolist(), structure.a_to.tolist(), strict=True))
    reach = [0] * len(structure.names)
    for _ in range(len(structure.names) + 1):
        before = list(reach)
        for start, end in edges:
            reach[end] = max(reach[end], reach[start] + 1)
        if reach == before:
            return max(reach)
    return None


def _bfgs(curved: Array, move: Array, change: Array) -> Array:
    """Update inverse Hessians (b, n, n) by moves and changes of the gradient (b, n); left alone where they disagree."""
    product = _dot(move, change)
    usable = product > 1e-30
    safe = np.where(usable, product, 1.0)
    image = _times(curved, change)
    along = np.where(usable, (1.0 + _dot(change, image) / safe) / safe, 0.0)
    across = np.where(usable, 1.0 / safe, 0.0)
    mixed = (across[:, None] * image - 0.5 * along[:, None] * move)[:, :, None] * move[:, None, :]
    return curved - mixed - mixed.transpose(0, 2, 1)


def _cholesky(stack: Array) -> tuple[Array, BoolArray]:
    """Lower factors, the identity in place of those that do not exist, and which do."""
    try:
        return np.asarray(np.linalg.cholesky(stack), dtype=np.float64), np.ones(len(stack), dtype=np.bool_)
    except np.linalg.LinAlgError:
        factors, valid = np.tile(np.eye(stack.shape[1]), (len(stack), 1, 1)), np.zeros(len(stack), dtype=np.bool_)
    for i, matrix in enumerate(stack):
        try:
            factors[i], valid[i] = np.linalg.cholesky(matrix), True
        except np.linalg.LinAlgError:
            valid[i] = False
    return factors, valid


def positive_definite(stack: Array) -> BoolArray:
    """Which matrices of a stack (b, p, p) are positive definite in double precision, whatever their units."""
    deviations = np.sqrt(np.maximum(_diagonal(stack), 0.0))
    scaled = stack / np.maximum(deviations[:, :, None] * deviations[:, None, :], 1e-300)
    return np.asarray((deviations > 0).all(axis=1) & (np.linalg.eigvalsh(scaled)[:, 0] > 1e-10))


def _diagonal(stack: Array) -> Array:
    return np.ascontiguousarray(np.diagonal(stack, axis1=1, axis2=2))


def _times(matrices: Array, vectors: Array) -> Array:
    """Each matrix times its vector, (b, n, m) or (n, m) by (b, m), one product a resample."""
    return np.asarray((matrices @ vectors[:, :, None])[:, :, 0])


def _dot(left: Array, right: Array) -> Array:
    return np.asarray((left[:, None, :] @ right[:, :, None])[:, 0, 0])
