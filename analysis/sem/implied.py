"""Implied moments and their derivatives, in reticular action notation.

All variables v, observed first, then latent, obey v = m + A v + u with cov(u) = S. So, with E = (I - A)^-1
and the rows of observed variables alone, Sigma = (E S E')_oo and mu = (E m)_o: McArdle & McDonald (1984), Some
algebraic properties of the Reticular Action Model, British Journal of Mathematical and Statistical Psychology
37(2), 234-251. Every parameter changes Sigma by a symmetric matrix of rank two, dSigma = L R' + R L', so
derivatives are kept as their two factors and never as p x p arrays.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Structure:
    """Where each row of one group's part of the parameter table stands in A, S and m.

    ``rows`` are their positions in the whole table. ``fixed`` (n_rows,) holds fixed values and ``free`` (n_rows,)
    the position in theta, -1 where fixed; ``free_rows`` lists the rows that are not. ``a``, ``s``, ``m``, ``delta`` and
    ``threshold`` list rows; names that begin with them their places, ``s_share`` is a half on the diagonal of S, else
    1. ``collect`` (n_free, n_rows) adds up rows that share a free parameter; ``single`` (n_free,) holds the row of each
    where every free parameter has exactly one, else it is None. ``longest_path`` counts the longest chain of directed
    paths, None where some go round in a circle. ``place`` (n_rows,) is where a row of A, S or m moves its first
    variable, and ``moves`` (n_rows,) 1 for A and S, else 0.
    """

    names: tuple[str, ...]
    n_observed: int
    rows: IntArray
    fixed: Array
    free: IntArray
    free_rows: IntArray
    a: IntArray
    a_to: IntArray
    a_from: IntArray
    s: IntArray
    s_first: IntArray
    s_second: IntArray
    s_share: Array
    m: IntArray
    m_at: IntArray
    delta: IntArray
    delta_at: IntArray
    threshold: IntArray
    threshold_at: IntArray
    collect: Array
    single: IntArray | None
    longest_path: int | None
    place: IntArray
    moves: Array

    def values(self, theta: Array) -> Array:
        """Value of every row, shape (n_rows,)."""
        values = self.fixed.copy()
        values[self.free_rows] = theta[self.free[self.free_rows]]
        return values


@dataclass(frozen=True)
class Implied:
    """Implied moments at one theta: covariance (p, p) and mean (p,) of observed variables, the inverse E (k, k), the
    covariance (k, k) and mean (k,) of observed and latent variables, the scale ``delta`` (p,) of latent responses
    (1 where it is no parameter) and the values of all rows (n_rows,). The precision is computed once, where it is
    asked for; that is why the class has no slots.
    """

    covariance: Array
    mean: Array
    inverse: Array
    full_covariance: Array
    full_mean: Array
    delta: Array
    row_values: Array

    @cached_property
    def precision(self) -> Array:
        """Sigma^-1 (p, p): it stands in every formula of the normal likelihood, whole."""
        return np.asarray(np.linalg.inv(self.covariance), dtype=np.float64)


@dataclass(frozen=True, slots=True)
class Derivatives:
    """Factors of dSigma_r = L_r R_r' + R_r L_r' for every row r of the table: left and right (p, n_rows);
    ``mean`` (p, n_rows) holds dmu_r. Rows of fixed parameters are there too and are left out by ``collect``.
    ``delta_row`` and ``delta_of`` list the rows that scale latent responses and their variables, ``path_row`` and
    ``path_from`` the directed paths and where they start.
    """

    left: Array
    right: Array
    mean: Array
    delta_row: IntArray
    delta_of: IntArray
    path_row: IntArray
    path_from: IntArray


@lru_cache(maxsize=64)  # many fits of one model share its table
def structure_of(table: ParameterTable, group: int = 0) -> Structure:
    """Place every row of ``group`` in A (directed paths), S (covariances) or m (intercepts)."""
    names = (*table.observed, *table.latent)
    at = {name: i for i, name in enumerate(names)}
    rows = [row for row in table.parameters if row.group == group]
    a = [i for i, row in enumerate(rows) if row.op in {"=~", "~"}]
    s = [i for i, row in enumerate(rows) if row.op == "~~"]
    m = [i for i, row in enumerate(rows) if row.op == "~1"]
    delta = [i for i, row in enumerate(rows) if row.op == "~*~"]
    threshold = [i for i, row in enumerate(rows) if row.op == "|"]
    # A loading points from the latent on its left to the item on its right, a regression the other way.
    a_to = [at[rows[i].rhs if rows[i].op == "=~" else rows[i].lhs] for i in a]
    a_from = [at[rows[i].lhs if rows[i].op == "=~" else rows[i].rhs] for i in a]
    free = np.array([row.free - 1 for row in rows], dtype=np.int64)
    collect = np.zeros((table.n_free, len(rows)))
    free_rows = np.flatnonzero(free >= 0).astype(np.int64)
    collect[free[free_rows], free_rows] = 1.0

    s_first, s_second = [at[rows[i].lhs] for i in s], [at[rows[i].rhs] for i in s]
    m_at = [at[rows[i].lhs] for i in m]
    place, moves = np.zeros(len(rows), dtype=np.int64), np.zeros(len(rows))
    place[[*a, *s, *m]] = [*a_to, *s_first, *m_at]
    moves[[*a, *s]] = 1.0

    def indices(values: list[int]) -> IntArray:
        return np.array(values, dtype=np.int64)

    return Structure(
        names=names,
        n_observed=len(table.observed),
        rows=indices([i for i, row in enumerate(table.parameters) if row.group == group]),
        fixed=np.array([0.0 if row.fixed is None else row.fixed for row in rows]),
        free=free,
        free_rows=free_rows,
        a=indices(a),
        a_to=indices(a_to),
        a_from=indices(a_from),
        s=indices(s),
        s_first=indices(s_first),
        s_second=indices(s_second),
        s_share=np.where(np.equal(s_first, s_second), 0.5, 1.0),
        m=indices(m),
        m_at=indices(m_at),
        delta=indices(delta),
        delta_at=indices([at[rows[i].lhs] for i in delta]),
        threshold=indices(threshold),
        threshold_at=indices([at[rows[i].lhs] for i in threshold]),
        collect=collect,
        single=collect.argmax(axis=1) if np.all(collect.sum(axis=1) == 1.0) else None,
        longest_path=_longest_path(a_to, a_from),
        place=place,
        moves=moves,
    )


def implied(structure: Structure, theta: Array) -> Implied:
    """Implied moments at ``theta`` (shape (n_free,)). Raises LinAlgError where I - A is singular."""
    values = structure.values(theta)
    k, p = len(structure.names), structure.n_observed
    directed = np.zeros((k, k))
    directed[structure.a_to, structure.a_from] = values[structure.a]
    residual = np.zeros((k, k))
    residual[structure.s_first, structure.s_second] = values[structure.s]
    residual[structure.s_second, structure.s_first] = values[structure.s]
    intercepts = np.zeros(k)
    intercepts[structure.m_at] = values[structure.m]
    inverse = _total_effects(directed, structure.longest_path)
    full = inverse @ residual @ inverse.T
    full_mean = inverse @ intercepts
    delta = np.ones(p)
    delta[structure.delta_at] = values[structure.delta]
    return Implied(full[:p, :p], full_mean[:p], inverse, full, full_mean, delta, values)


def _total_effects(directed: Array, longest_path: int | None) -> Array:
    """(I - A)^-1, which is I + A + A^2 + ... and ends where no path is longer; a cycle (None) takes a solve."""
    identity = np.eye(len(directed))
    if longest_path is None:
        return np.asarray(np.linalg.inv(identity - directed), dtype=np.float64)
    effects = identity + directed
    for _ in range(longest_path - 1):
        effects = identity + directed @ effects
    return effects


def _longest_path(a_to: list[int], a_from: list[int]) -> int | None:
    """Number of directed paths in the longest chain of them; None where some go round in a circle."""
    reach = dict.fromkeys((*a_to, *a_from), 0)
    for length in range(len(reach) + 1):
        further = {to for to, start in zip(a_to, a_from, strict=True) if reach[start] == length}
        if not further:
            return length
        reach.update(dict.fromkeys(further, length + 1))
    return None


def derivatives(structure: Structure, at: Implied) -> Derivatives:
    """Derivatives of the implied moments with respect to every row of the table.

    For A_ij: dSigma = E e_i (e_j' E S E') + transpose and dmu = E e_i (E m)_j; for S_ij: E e_i e_j' E' +
    transpose (once on the diagonal); for m_i: dmu = E e_i.
    """
    effect = at.inverse[: structure.n_observed]
    moved = effect[:, structure.place]
    right = np.zeros(moved.shape)
    right[:, structure.a] = at.full_covariance[: structure.n_observed, structure.a_from]
    right[:, structure.s] = effect[:, structure.s_second] * structure.s_share
    in_mean = np.zeros(moved.shape[1])
    in_mean[structure.m] = 1.0
    in_mean[structure.a] = at.full_mean[structure.a_from]
    return Derivatives(
        moved * structure.moves, right, moved * in_mean,
        structure.delta, structure.delta_at, structure.a, structure.a_from,
    )  # fmt: skip


def second_derivatives_of_covariance(structure: Structure, at: Implied, weight: Array) -> Array:
    """tr(weight d2Sigma_kl) for every pair of rows, shape (n_rows, n_rows); ``weight`` (p, p) is symmetric.

    With G the observed rows of E and Phi = E S E': for A_ij and A_kl the second derivative of Sigma is
    G e_k E_li (Phi e_j)' + G e_i (G e_k Phi_lj + Phi e_l E_jk)' + transpose, for A_ij and S_ab it is
    G e_i (G e_a E_jb + G e_b E_ja)' + transpose, and none for two elements of S.
    """
    p, n_rows = structure.n_observed, len(structure.fixed)
    pulled = at.inverse[:p].T @ weight
    g_g, g_phi = pulled @ at.inverse[:p], pulled @ at.full_covariance[:p]
    a, i, j = structure.a[:, None], structure.a_to[:, None], structure.a_from[:, None]
    out = np.zeros((n_rows, n_rows))
    # E[j_r, i_s] times G e_{i_r}' weight Phi e_{j_s}, for rows r and s.
    both = at.inverse[j, structure.a_to] * g_phi[i, structure.a_from]
    out[a, structure.a] = 2.0 * (both + both.T + g_g[i, structure.a_to] * at.full_covariance[j, structure.a_from])
    first, second = structure.s_first, structure.s_second
    mixed = g_g[i, first] * at.inverse[j, second] + g_g[i, second] * at.inverse[j, first]
    mixed *= np.where(first == second, 1.0, 2.0)
    out[a, structure.s] = mixed
    out[structure.s[:, None], structure.a] = mixed.T
    return out


def second_derivatives_of_mean(structure: Structure, at: Implied, weight: Array) -> Array:
    """weight' d2mu_kl for every pair of rows, shape (n_rows, n_rows); ``weight`` has shape (p,)."""
    n_rows = len(structure.fixed)
    pull = weight @ at.inverse[: structure.n_observed]
    out = np.zeros((n_rows, n_rows))
    i, j = structure.a_to, structure.a_from
    both = at.inverse[np.ix_(j, i)] * pull[i][:, None] * at.full_mean[j][None, :]
    out[np.ix_(structure.a, structure.a)] = both + both.T
    mixed = pull[i][:, None] * at.inverse[np.ix_(j, structure.m_at)]
    out[np.ix_(structure.a, structure.m)] = mixed
    out[np.ix_(structure.m, structure.a)] = mixed.T
    return out


def second_derivatives_of_effects(structure: Structure, at: Implied, weight: Array) -> Array:
    """tr(weight' d2E_kl) for every pair of rows, shape (n_rows, n_rows), with E the total effects of observed variables
    on observed ones and ``weight`` (p, p). For A_ij and A_kl: d2E = E e_i E_jk e_l' E + E e_k E_li e_j' E.
    """
    p = structure.n_observed
    out = np.zeros((len(structure.fixed), len(structure.fixed)))
    pulled = at.inverse[:p].T @ weight @ at.inverse[:, :p].T
    i, j = structure.a_to, structure.a_from
    both = at.inverse[np.ix_(j, i)] * pulled[np.ix_(i, j)]
    out[np.ix_(structure.a, structure.a)] = both + both.T
    return out
