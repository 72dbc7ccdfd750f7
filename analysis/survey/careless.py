"""Indices of careless responding, one function each: arrays in, one number per respondent out.

Answers are an array of shape (n, p), respondents by items, with NaN for a missing answer. "Raw" answers are
codes as they were given; "turned" answers have the reversed items turned. A number that is not defined for a
respondent is NaN. Overview: Curran (2016), Methods for the detection of carelessly invalid responses in
survey data, Journal of Experimental Social Psychology 66, 4-19.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Positions = NDArray[np.intp]

MINIMUM_PAIRS = 3  # a correlation over two pairs is -1, 1 or undefined


def completion_share(raw: Floats) -> Floats:
    """Share of items answered, shape (n,), from 0 to 1."""
    return np.asarray((~np.isnan(raw)).sum(axis=1) / raw.shape[1], dtype=np.float64)


def longest_run(raw: Floats) -> Floats:
    """Longest run of identical raw answers in the order of the questionnaire, shape (n,), in items.

    A missing answer ends a run. Johnson (2005), Ascertaining the validity of individual protocols from
    Web-based personality inventories, Journal of Research in Personality 39(1), 103-129.
    """
    run = longest = np.zeros(len(raw))
    before = np.full(len(raw), np.nan)
    for answers in raw.T:
        run = np.where(answers == before, run + 1, np.where(np.isnan(answers), 0, 1))
        longest = np.maximum(longest, run)
        before = answers
    return longest


def individual_variability(raw: Floats) -> Floats:
    """Standard deviation (n - 1) of a respondent's raw answers, shape (n,), in scale points.

    Dunn, Heggestad, Shanock & Theilgard (2018), Intra-individual response variability as an indicator of
    insufficient effort responding, Journal of Business and Psychology 33(1), 105-121.
    NaN with fewer than two answers.
    """
    answered = ~np.isnan(raw)
    count = answered.sum(axis=1)
    safe = np.maximum(count, 1)
    mean = np.where(answered, raw, 0.0).sum(axis=1) / safe
    squares = np.where(answered, (raw - mean[:, None]) ** 2, 0.0).sum(axis=1)
    return np.where(count > 1, np.sqrt(squares / np.maximum(count - 1, 1)), np.nan)


def even_odd(turned: Floats, scales: Sequence[Positions]) -> Floats:
    """Even-odd consistency, shape (n,), from -1 to 1.

    Within each scale the mean of the odd and of the even items; over scales the correlation r of the two,
    stepped up by Spearman-Brown, 2r / (1 + r), and not below -1. Johnson (2005), as in ``longest_run``.
    NaN with fewer than three scales that have both halves, or where a half does not vary.
    """
    split = [scale for scale in scales if len(scale) > 1]
    if not split:
        return np.full(len(turned), np.nan)
    odd = np.column_stack([_row_means(turned[:, scale[0::2]]) for scale in split])
    even = np.column_stack([_row_means(turned[:, scale[1::2]]) for scale in split])
    r = row_correlations(odd, even)
    with np.errstate(divide="ignore", invalid="ignore"):
        stepped = 2 * r / (1 + r)
    return np.maximum(np.where(r <= -1, -1.0, stepped), -1.0)


def squared_distance(turned: Floats) -> tuple[Floats, Floats]:
    """Mahalanobis D² of complete answer vectors, shape (n,), and its p under chi-square with p df.

    D² = (x - m)' S⁻¹ (x - m), with mean m and covariance S (n - 1) of the complete rows. NaN for the others.
    Mahalanobis (1936), On the generalised distance in statistics, Proceedings of the National Institute of
    Sciences of India 2(1), 49-55; for survey data Meade & Craig (2012), as in ``synonym_consistency``.
    Raises LinAlgError when S is singular or there are no more complete rows than items.
    """
    from scipy.stats import chi2

    complete = ~np.isnan(turned).any(axis=1)
    answers = turned[complete]
    n, p = answers.shape
    if n <= p:
        raise np.linalg.LinAlgError(f"{n} complete rows for {p} items")
    centred = answers - answers.mean(axis=0)
    covariance = centred.T @ centred / (n - 1)
    if np.linalg.matrix_rank(covariance, hermitian=True) < p:
        raise np.linalg.LinAlgError("an item is constant or a sum of others")
    distance = np.full(len(turned), np.nan)
    distance[complete] = np.sum(centred * np.linalg.solve(covariance, centred.T).T, axis=1)
    return distance, chi2.sf(distance, p)


def synonym_pairs(turned: Floats, correlation: float) -> tuple[Positions, Positions]:
    """Positions of the item pairs that correlate at least ``correlation`` over respondents."""
    p = turned.shape[1]
    first, second = np.triu_indices(p, k=1)
    r = column_correlations(turned)[first, second]
    chosen = r >= correlation
    return first[chosen], second[chosen]


def synonym_consistency(turned: Floats, pairs: tuple[Positions, Positions]) -> Floats:
    """Correlation of a respondent's answers over pairs of synonyms, shape (n,), from -1 to 1.

    Meade & Craig (2012), Identifying careless responses in survey data, Psychological Methods 17(3), 437-455.
    NaN with fewer than three answered pairs, or where one side does not vary.
    """
    first, second = pairs
    return row_correlations(turned[:, first], turned[:, second])


def row_correlations(x: Floats, y: Floats) -> Floats:
    """Correlation of each row of ``x`` with the same row of ``y`` over the columns where both are there."""
    both = ~(np.isnan(x) | np.isnan(y))
    count = both.sum(axis=1)
    safe = np.maximum(count, 1)
    dx = np.where(both, x - (np.where(both, x, 0.0).sum(axis=1) / safe)[:, None], 0.0)
    dy = np.where(both, y - (np.where(both, y, 0.0).sum(axis=1) / safe)[:, None], 0.0)
    spread = np.sqrt((dx**2).sum(axis=1) * (dy**2).sum(axis=1))
    defined = (count >= MINIMUM_PAIRS) & (spread > 1e-12)
    r = (dx * dy).sum(axis=1) / np.where(defined, spread, 1.0)
    return np.where(defined, np.clip(r, -1.0, 1.0), np.nan)


def column_correlations(answers: Floats) -> Floats:
    """Pairwise-complete correlations of the columns, shape (p, p); NaN where one does not vary.

    From cross-products of the zero-filled answers and of the answered cells, so that rows are read once.
    """
    answered = ~np.isnan(answers)
    there = answered.astype(float)
    centred = np.where(answered, answers - _column_means(answers), 0.0)
    count = there.T @ there
    sum_first = centred.T @ there
    squares = (centred**2).T @ there
    with np.errstate(divide="ignore", invalid="ignore"):
        covariance = centred.T @ centred - sum_first * sum_first.T / count
        variance = squares - sum_first**2 / count
        spread = np.sqrt(variance * variance.T)
        return np.where(spread > 1e-12, covariance / spread, np.nan)


def _row_means(answers: Floats) -> Floats:
    answered = ~np.isnan(answers)
    count = answered.sum(axis=1)
    total = np.where(answered, answers, 0.0).sum(axis=1)
    return np.where(count > 0, total / np.maximum(count, 1), np.nan)


def _column_means(answers: Floats) -> Floats:
    return _row_means(answers.T)
