"""Wilkinson-Rogers algebra: a part of a formula as a sum of terms, each a set of factors.

A term is the set of the positions of its factors; the empty term is the intercept. Rules are those of R's
``terms`` (Wilkinson & Rogers 1973, Applied Statistics 22; Chambers & Hastie 1992, section 2.4).
"""

from __future__ import annotations

from collections.abc import Iterable

Term = frozenset[int]
Terms = tuple[Term, ...]

INTERCEPT: Term = frozenset()


def joined(*sums: Iterable[Term]) -> Terms:
    """Terms of all sums, each once, in the order of their first appearance."""
    return tuple(dict.fromkeys(term for terms in sums for term in terms))


def without(terms: Iterable[Term], removed: Iterable[Term]) -> Terms:
    """Terms that are not ``removed``."""
    gone = set(removed)
    return tuple(term for term in terms if term not in gone)


def interaction(left: Terms, right: Terms) -> Terms:
    """``left:right``: every term of one with every term of the other."""
    return joined(one | other for one in left for other in right)


def crossing(left: Terms, right: Terms) -> Terms:
    """``left * right``: both and their interaction."""
    return joined(left, right, interaction(left, right))


def nesting(left: Terms, right: Terms) -> Terms:
    """``left / right``: left, and right within all factors of left."""
    return joined(left, interaction((frozenset().union(*left),), right))


def power(terms: Terms, exponent: int) -> Terms:
    """``terms ^ exponent``: crossed with itself, up to ``exponent`` factors of the sum in a term."""
    result = terms
    for _ in range(exponent - 1):
        result = crossing(result, terms)
    return result


def by_order(terms: Iterable[Term]) -> Terms:
    """Main effects first, then two-way interactions and so on, as R lists the terms of a model."""
    return tuple(sorted(terms, key=len))
