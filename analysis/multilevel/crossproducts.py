"""The normal equations of a mixed model, cut along its grouping factors.

Random effects are eliminated from the normal equations level by level. Grouping factors that nest in each other
are levels of their own, finest first: their blocks are per group, so that eliminating them costs as much as there
are groups. Factors that cross these, and each other, are joined in one level with a single group, whose columns are
their effects spread over groups. The fixed effects and the outcome are what is left at the top. Each level keeps the
products of its columns with themselves and with the columns of all later levels, which is all that the likelihood
needs to know of the rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Codes = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Block:
    """A random term: ``Z`` (n, q) and the ``codes`` (n,), 0 … n_groups - 1, of its groups ``group``."""

    Z: Array
    codes: Codes
    group: str
    n_groups: int

    @property
    def n_theta(self) -> int:
        """Elements of the lower triangle of its relative covariance factor."""
        q = int(self.Z.shape[1])
        return q * (q + 1) // 2


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the effects of block ``block`` stand: columns ``offset`` + j of group ``rank`` [code] in a chain level;
    column ``offset`` + code · q + j of the level of crossed factors, where ``rank`` is None.
    """

    block: int
    offset: int
    rank: Codes | None

    def own(self, q: int, n_groups: int) -> Codes:
        """Columns (n_groups, q) of the q effects of each group."""
        shift = np.zeros(n_groups, dtype=np.intp) if self.rank is not None else q * np.arange(n_groups)
        return np.asarray(self.offset + shift[:, None] + np.arange(q))


@dataclass(frozen=True, slots=True)
class Level:
    """One step of the elimination: G groups with q columns each, and the r columns that come after.

    ``products`` (G, q, q + r) is Z'[Z, rest] by group. ``starts[j]`` (G_j,) is the first of its groups within each
    group of the j-th later level. Λ[``rows``, ``columns``] = θ[``theta``] places the parameters in the relative
    covariance factor (q, q).
    """

    products: Array
    starts: tuple[Codes, ...]
    placements: tuple[Placement, ...]
    rows: Codes
    columns: Codes
    theta: Codes

    @property
    def width(self) -> int:
        """Number q of its columns."""
        return int(self.products.shape[1])


@dataclass(frozen=True, slots=True)
class NormalEquations:
    """All levels, and at the ``top`` (p + 1, p + 1) the products of W = [X y]; n rows, ``n_theta`` parameters."""

    levels: tuple[Level, ...]
    top: Array
    n: int
    n_theta: int

    @property
    def p(self) -> int:
        """Number of fixed effects."""
        return len(self.top) - 1


def normal_equations(y: Array, X: Array, blocks: Sequence[Block]) -> NormalEquations:
    """Products of outcome (n,), fixed (n, p) and random design by level."""
    W = np.column_stack([X, y])
    first = np.cumsum([0, *(block.n_theta for block in blocks)])
    nested, crossed = _chain_of(blocks)
    chain = _ranked(nested, blocks)
    levels = [_chain_level(k, chain, crossed, blocks, W, first) for k in range(len(chain))]
    if crossed:
        levels.append(_crossed_level(crossed, blocks, W, first))
    return NormalEquations(tuple(levels), W.T @ W, len(y), int(first[-1]))


@dataclass(frozen=True, slots=True)
class _Factor:
    """A grouping factor of the chain: its blocks, and its codes in an order that keeps parents together."""

    members: tuple[int, ...]
    Z: Array
    codes: Codes
    rank: Codes
    n_groups: int


def _chain_of(blocks: Sequence[Block]) -> tuple[list[list[int]], list[int]]:
    """Blocks by factor of the longest chain that starts with the factor of most groups, and the other blocks."""
    by_group: dict[str, list[int]] = {}
    for b in sorted(range(len(blocks)), key=lambda b: -blocks[b].n_groups):
        by_group.setdefault(blocks[b].group, []).append(b)
    chain: list[list[int]] = []
    crossed: list[int] = []
    for members in by_group.values():
        if not chain or _parents(blocks[chain[-1][0]], blocks[members[0]]) is not None:
            chain.append(members)
        else:
            crossed += members
    return chain, crossed


def _parents(inner: Block, outer: Block) -> Codes | None:
    """The outer group (G_inner,) of each inner group, None where an inner group is in several."""
    parent = np.zeros(inner.n_groups, dtype=np.intp)
    parent[inner.codes] = outer.codes
    return parent if bool((parent[inner.codes] == outer.codes).all()) else None


def _ranked(nested: Sequence[Sequence[int]], blocks: Sequence[Block]) -> list[_Factor]:
    """The factors of the chain, finest first, groups in the order of their parents."""
    factors: list[_Factor] = []
    outer: tuple[Block, Codes] | None = None
    for members in reversed(nested):
        block = blocks[members[0]]
        rank = np.arange(block.n_groups)
        if outer is not None:
            parent = _parents(block, outer[0])
            assert parent is not None
            rank[np.argsort(outer[1][parent], kind="stable")] = np.arange(block.n_groups)
        Z = np.concatenate([blocks[b].Z for b in members], axis=1) if len(members) > 1 else block.Z
        factors.insert(0, _Factor(tuple(members), Z, rank[block.codes], rank, block.n_groups))
        outer = (block, rank)
    return factors


def _chain_level(
    k: int, chain: Sequence[_Factor], crossed: Sequence[int], blocks: Sequence[Block], W: Array, first: Codes
) -> Level:
    own, later = chain[k], chain[k + 1 :]
    parts = [grouped_products(own.codes, own.n_groups, own.Z, factor.Z) for factor in (own, *later)]
    parts += [_spread_products(own, blocks[b]) for b in crossed]
    parts.append(grouped_products(own.codes, own.n_groups, own.Z, W))
    starts = [_starts(own, factor) for factor in later]
    starts += [np.zeros(1, dtype=np.intp)] * (2 if crossed else 1)
    placements, places, offset = [], [], 0
    for b in own.members:
        q = blocks[b].Z.shape[1]
        placements.append(Placement(b, offset, own.rank))
        places.append(_triangle(q, first[b]) + np.array([[offset], [offset], [0]]))
        offset += q
    rows, columns, theta = np.concatenate(places, axis=1)
    return Level(np.concatenate(parts, axis=2), tuple(starts), tuple(placements), rows, columns, theta)


def _starts(own: _Factor, outer: _Factor) -> Codes:
    parent = np.zeros(own.n_groups, dtype=np.intp)
    parent[own.codes] = outer.codes
    return np.flatnonzero(np.diff(parent, prepend=-1))


def _crossed_level(crossed: Sequence[int], blocks: Sequence[Block], W: Array, first: Codes) -> Level:
    placements, places, offset = [], [], 0
    for b in crossed:
        q, n_groups = blocks[b].Z.shape[1], blocks[b].n_groups
        placements.append(Placement(b, offset, None))
        shift = offset + q * np.repeat(np.arange(n_groups), blocks[b].n_theta)
        triangle = np.tile(_triangle(q, first[b]), n_groups)
        places.append(triangle + np.stack([shift, shift, np.zeros_like(shift)]))
        offset += q * n_groups
    by_block = [
        np.concatenate([*(_crossed_products(blocks[a], blocks[b]) for b in crossed), _by_effect(blocks[a], W)], axis=1)
        for a in crossed
    ]
    rows, columns, theta = np.concatenate(places, axis=1)
    products = np.concatenate(by_block, axis=0)[None]
    return Level(products, (np.zeros(1, dtype=np.intp),), tuple(placements), rows, columns, theta)


def _triangle(q: int, first: int) -> Codes:
    """Rows, columns and parameters (3, q(q + 1)/2) of a lower triangle, column by column as in lme4."""
    columns, rows = np.triu_indices(q)
    return np.stack([rows, columns, first + np.arange(len(rows))])


def grouped_products(codes: Codes, n_groups: int, left: Array, right: Array) -> Array:
    """Left'right by group: (n, q) and (n, r) to (n_groups, q, r)."""
    out = np.empty((n_groups, left.shape[1], right.shape[1]))
    for a in range(left.shape[1]):
        for b in range(right.shape[1]):
            out[:, a, b] = np.bincount(codes, left[:, a] * right[:, b], n_groups)
    return out


def _spread_products(own: _Factor, other: Block) -> Array:
    """Products of a chain factor's columns with the effects of a crossed block: (G, q, G_other · q_other)."""
    pair = own.codes * other.n_groups + other.codes
    cells = grouped_products(pair, own.n_groups * other.n_groups, own.Z, other.Z)
    q, r = own.Z.shape[1], other.Z.shape[1]
    cells = cells.reshape(own.n_groups, other.n_groups, q, r).transpose(0, 2, 1, 3)
    return cells.reshape(own.n_groups, q, other.n_groups * r)


def _crossed_products(one: Block, other: Block) -> Array:
    """Products of the spread effects of two crossed blocks: (G_one · q_one, G_other · q_other)."""
    pair = one.codes * other.n_groups + other.codes
    q, r = one.Z.shape[1], other.Z.shape[1]
    cells = grouped_products(pair, one.n_groups * other.n_groups, one.Z, other.Z)
    cells = cells.reshape(one.n_groups, other.n_groups, q, r).transpose(0, 2, 1, 3)
    return cells.reshape(one.n_groups * q, other.n_groups * r)


def _by_effect(block: Block, W: Array) -> Array:
    """Products of the spread effects of a crossed block with W: (G · q, p + 1)."""
    products = grouped_products(block.codes, block.n_groups, block.Z, W)
    return products.reshape(-1, W.shape[1])
