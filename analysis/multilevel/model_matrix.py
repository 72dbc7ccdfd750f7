"""Model matrices as R builds them: treatment contrasts where a margin is in the model, R's names and order."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.multilevel.algebra import INTERCEPT, Term
from analysis.multilevel.expression import Array
from analysis.multilevel.terms import Algebra


@dataclass(frozen=True, slots=True)
class Factor:
    """A categorical variable: ``codes`` (n,) into ``levels``, -1 where it is missing."""

    codes: NDArray[np.intp]
    levels: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Basis:
    """A variable that stands for several columns: ``columns`` (n, k)."""

    columns: Array


Values = Array | Factor | Basis


@dataclass(frozen=True, slots=True)
class ModelMatrix:
    """``X`` (n, p), the names of its columns, and for each column the position of its term in the algebra."""

    X: Array
    names: tuple[str, ...]
    term: tuple[int, ...]


def model_matrix(algebra: Algebra, values: Sequence[Values], n: int, *, complete: bool = False) -> ModelMatrix:
    """Model matrix of ``algebra`` for n rows of its atoms' ``values``.

    ``complete`` gives every factor an indicator per level, which leaves columns that depend on each other.
    """
    columns: list[tuple[str, Array, int]] = []
    for position, term in enumerate(algebra.terms):
        full = _coded_in_full(algebra, values, position) if not complete else term
        columns += [(name, column, position) for name, column in _term_columns(term, full, algebra, values, n)]
    X = np.empty((n, len(columns)), order="F")
    for j, (_, column, _) in enumerate(columns):
        X[:, j] = column
    return ModelMatrix(X, tuple(name for name, _, _ in columns), tuple(position for _, _, position in columns))


def term_label(term: Term, algebra: Algebra) -> str:
    """A term as R names it: "x:w", "(Intercept)" for the empty one."""
    return ":".join(algebra.atoms[i].label for i in sorted(term)) or "(Intercept)"


def _coded_in_full(algebra: Algebra, values: Sequence[Values], position: int) -> Term:
    """The factors of a term that take an indicator for every level.

    R's rule: contrasts where the rest of the term is empty or part of an earlier term; but without an
    intercept, the first factor of the model is coded in full.
    """
    term, earlier = algebra.terms[position], algebra.terms[:position]
    factors = [i for i in sorted(term) if isinstance(values[i], Factor)]
    full = {i for i in factors if len(term) > 1 and not any(term - {i} <= other for other in earlier)}
    if factors and INTERCEPT not in algebra.terms:
        seen = frozenset().union(*earlier) if earlier else frozenset()
        if not any(isinstance(values[i], Factor) for i in seen):
            full.add(factors[0])
    return frozenset(full)


def _term_columns(
    term: Term, full: Term, algebra: Algebra, values: Sequence[Values], n: int
) -> Iterator[tuple[str, Array]]:
    """Names and columns of a term; the columns of its first factor vary fastest."""
    parts: list[tuple[str, Array | None]] = [("", None)]
    for i in sorted(term):
        more = list(_factor_columns(algebra.atoms[i].label, values[i], i in full))
        parts = [
            (f"{name}:{label}" if name else label, column if before is None else before * column)
            for label, column in more
            for name, before in parts
        ]
    for name, column in parts:
        yield (name or "(Intercept)", np.ones(n) if column is None else column)


def _factor_columns(label: str, values: Values, full: bool) -> Iterator[tuple[str, Array]]:
    match values:
        case Factor(codes, levels):
            for code in range(0 if full else 1, len(levels)):
                yield f"{label}{levels[code]}", (codes == code).astype(float)
        case Basis(columns):
            for j in range(columns.shape[1]):
                yield (label if columns.shape[1] == 1 else f"{label}{j + 1}"), columns[:, j]
        case _:
            yield label, values
