"""Polyserial correlations of many pairs at once: a continuous variable and an ordinal one, margins given.

A batch is ``m`` pairs over ``n`` rows: ``z`` (m, n) the standardised continuous values, ``lower`` and ``upper`` (m, n)
the thresholds around each answer, ``both`` (m, n) 1 where both are observed. Source: Olsson, Drasgow and Dorans
(1982, Psychometrika 47, 337-347), two-step estimator.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.sem.ordinal.coding import CodedAnswers
from analysis.sem.ordinal.continuous import ContinuousData
from analysis.sem.ordinal.normal import FAR
from analysis.sem.ordinal.polychoric import CorrelationFit, heights, maximise
from analysis.sem.ordinal.tables import BLOCK

Array = NDArray[np.float64]
Integers = NDArray[np.intp]

# lavaan's: the bound of the search, and the least probability of an answer given the continuous value.
POLYSERIAL_BOUND = 0.995
ANSWER_FLOOR = float(np.finfo(float).eps)


@dataclass(frozen=True, slots=True)
class PolyserialData:
    """Pairs (m,) of a ``continuous`` and an ``ordinal`` variable by position, and what their likelihood needs.

    ``edges`` (o, K + 2): thresholds between -FAR and FAR, so that category ``k`` lies between edges k and k + 1.
    """

    continuous: Integers
    ordinal: Integers
    data: ContinuousData
    answers: CodedAnswers
    edges: Array

    def rows(self, chosen: Integers, rows: slice) -> tuple[Array, Array, Array, Array]:
        """``z``, ``lower``, ``upper`` and ``both`` (m, n) of the ``chosen`` pairs for some rows."""
        ordinal, continuous = self.ordinal[chosen], self.continuous[chosen]
        codes = self.answers.codes[:, rows]
        below = np.take_along_axis(self.edges, codes, axis=1)
        above = np.take_along_axis(self.edges, codes + 1, axis=1)
        answered = (codes < self.answers.n_codes).astype(float)
        both = answered[ordinal] * self.data.seen[continuous, rows]
        return self.data.z[continuous, rows], below[ordinal], above[ordinal], both


def polyserial_data(data: ContinuousData, answers: CodedAnswers, thresholds: Array) -> PolyserialData:
    """All pairs of a continuous and an ordinal variable; ``thresholds`` (o, K - 1) padded by FAR."""
    continuous, ordinal = np.divmod(np.arange(len(data.z) * len(thresholds)), max(len(thresholds), 1))
    ends = np.full((len(thresholds), 1), FAR)
    return PolyserialData(continuous, ordinal, data, answers, np.hstack([-ends, thresholds, ends, ends]))


def row_blocks(n: int) -> Iterator[slice]:
    """Consecutive blocks of rows, so that memory doesn't grow with them."""
    for start in range(0, n, BLOCK):
        yield slice(start, min(start + BLOCK, n))


def fit_polyserial(pairs: PolyserialData) -> CorrelationFit:
    """Maximum-likelihood correlations (m,) given means, variances and thresholds."""
    n = pairs.answers.codes.shape[1]

    def derivatives(rho: Array, chosen: Integers) -> tuple[Array, Array]:
        score, curvature = np.zeros_like(rho), np.zeros_like(rho)
        for rows in row_blocks(n):
            by_row = row_derivatives(*pairs.rows(chosen, rows), rho)
            score += by_row[0]
            curvature += by_row[1]
        return score, curvature

    return maximise(derivatives, _starting_polyserial(pairs), POLYSERIAL_BOUND)


def _starting_polyserial(pairs: PolyserialData) -> Array:
    """Covariance of z and category number over its derivative at independence."""
    n = pairs.answers.codes.shape[1]
    products = np.zeros((len(pairs.data.z), len(pairs.edges)))
    number = np.arange(pairs.answers.n_codes) @ pairs.answers.margins.T / pairs.answers.margins.sum(axis=1)
    for rows in row_blocks(n):
        codes = pairs.answers.codes[:, rows]
        centred = np.where(codes < pairs.answers.n_codes, codes - number[:, None], 0.0)
        products += pairs.data.z[:, rows] @ centred.T
    slopes = heights(pairs.edges).sum(axis=1)
    result: Array = (products / (n * slopes))[pairs.continuous, pairs.ordinal]
    return result


def row_derivatives(z: Array, lower: Array, upper: Array, both: Array, rho: Array) -> tuple[Array, Array]:
    """Score and second derivative (m,) of the log-likelihoods of the answers given ``z``."""
    r = rho[:, None]
    free = 1.0 - r * r
    probability, high, low = _answer(z, lower, upper, r)
    first, second = np.zeros_like(z), np.zeros_like(z)
    for edge, (standard, height), sign in ((upper, high, 1.0), (lower, low, -1.0)):
        slope = (r * edge - z) / free**1.5
        curve = edge / free**1.5 + 3.0 * r * slope / free
        first = first + sign * height * slope
        second = second + sign * height * (curve - standard * slope * slope)
    ratio = first / probability * both
    return ratio.sum(axis=1), (second / probability * both - ratio * ratio).sum(axis=1)


def _answer(z: Array, lower: Array, upper: Array, r: Array) -> tuple[Array, tuple[Array, Array], tuple[Array, Array]]:
    """Probability of the answer given ``z``; standardised upper and lower thresholds, with the density there."""
    root = np.sqrt(1.0 - r * r)
    high, low = (upper - r * z) / root, (lower - r * z) / root
    # In the upper tail the difference is taken of the small tails, which keep their digits.
    flip = np.where(low > 0, -1.0, 1.0)
    probability = np.abs(ndtr(flip * high) - ndtr(flip * low))
    return np.maximum(probability, ANSWER_FLOOR), (high, heights(high)), (low, heights(low))


@dataclass(frozen=True, slots=True)
class PolyserialScores:
    """Scores (m, n): correlation, mean and variance of the continuous variable, the thresholds around the answer."""

    rho: Array
    mean: Array
    variance: Array
    upper: Array
    lower: Array


def polyserial_scores(pairs: PolyserialData, rho: Array, rows: slice) -> PolyserialScores:
    """Derivatives of the joint log-likelihood of each pair for some rows, 0 where one of the two is missing."""
    variance = pairs.data.variance[pairs.continuous][:, None]
    return answer_scores(*pairs.rows(np.arange(len(rho)), rows), variance, rho)


def answer_scores(z: Array, lower: Array, upper: Array, both: Array, variance: Array, rho: Array) -> PolyserialScores:
    """The same from values and bounds (m, n), with the ``variance`` (m, 1) of the continuous variable."""
    r = rho[:, None]
    root = np.sqrt(1.0 - r * r)
    probability, (_, high), (_, low) = _answer(z, lower, upper, r)
    inverse = both / probability
    shift = r / root * (high - low) * inverse
    return PolyserialScores(
        inverse / root**3 * (high * (r * upper - z) - low * (r * lower - z)),
        (z * both + shift) / np.sqrt(variance),
        (z * z * both - both + z * shift) / (2.0 * variance),
        high / root * inverse,
        -low / root * inverse,
    )
