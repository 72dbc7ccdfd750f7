"""Influence of each cell of a two-way table on its polychoric correlation, thresholds estimated from the margins.

Batches of tables as in :mod:`analysis.sem.ordinal.polychoric`: ``counts`` (m, K, K), thresholds (m, K - 1).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from analysis.sem.ordinal.normal import FAR
from analysis.sem.ordinal.polychoric import cell_derivatives, cell_probabilities, heights

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CellScores:
    """Derivatives of the log-probability of each cell with respect to its correlation and thresholds.

    ``rho`` (m, K, K). Threshold ``k`` of the row variable enters rows ``k`` and ``k + 1`` alone: ``first_below`` and
    ``first_above`` (m, K - 1, K) hold those two rows; ``second_below`` and ``second_above`` (m, K, K - 1) likewise for
    columns.
    """

    rho: Array
    first_below: Array
    first_above: Array
    second_below: Array
    second_above: Array


def cell_scores(first: Array, second: Array, rho: Array) -> CellScores:
    """Scores of each cell at ``rho`` (Olsson 1979, eq. 6 to 12)."""
    probability = cell_probabilities(first, second, rho)
    slope, _ = cell_derivatives(first, second, rho)
    by_first = _strip_densities(first, second, rho)
    by_second = _strip_densities(second, first, rho).transpose(0, 2, 1)
    return CellScores(
        slope / probability,
        by_first / probability[:, :-1],
        -by_first / probability[:, 1:],
        by_second / probability[:, :, :-1],
        -by_second / probability[:, :, 1:],
    )


def _strip_densities(own: Array, other: Array, rho: Array) -> Array:
    """Density of one variable at its thresholds times the other's category given it: (m, K - 1, K)."""
    r = rho[:, None, None]
    given = ndtr((other[:, None, :] - r * own[:, :, None]) / np.sqrt(1.0 - r * r))
    below = np.zeros((*given.shape[:2], given.shape[2] + 2))
    below[..., 1:-1] = given
    below[..., -1] = 1.0
    result: Array = heights(own)[:, :, None] * (below[..., 1:] - below[..., :-1])
    return result


def polychoric_influence(
    counts: Array, thresholds: tuple[Array, Array], rho: Array, threshold_influence: tuple[Array, Array], total: float
) -> Array:
    """Influence (m, K + 1, K + 1) of a respondent in each cell on the two-step correlations.

    The last row and column are for answers that are missing: then the thresholds of the other variable alone matter.
    N times the asymptotic variance is the mean square over respondents (Muthén 1984, Jöreskog 1994).
    ``threshold_influence`` are the influences (m, K - 1, K) of each category on each threshold of the row and of the
    column variable. The information of the correlation, and its cross terms with the thresholds, are sums of
    products of scores over the observed ``counts``; ``total`` is N.
    """
    scores = cell_scores(*thresholds, rho)
    weighted = counts * scores.rho
    information = (weighted * scores.rho).sum(axis=(1, 2))
    by_first = (weighted[:, :-1] * scores.first_below + weighted[:, 1:] * scores.first_above).sum(axis=2)
    by_second = (weighted[:, :, :-1] * scores.second_below + weighted[:, :, 1:] * scores.second_above).sum(axis=1)
    out = np.zeros((len(rho), counts.shape[1] + 1, counts.shape[2] + 1))
    out[:, :-1, :-1] = total * scores.rho
    out[:, :-1] -= (by_first[:, None, :] @ threshold_influence[0]).transpose(0, 2, 1)
    out[:, :, :-1] -= by_second[:, None, :] @ threshold_influence[1]
    # Without information the correlation is unknown; the least positive number keeps that finite.
    out /= np.maximum(information, np.finfo(float).tiny)[:, None, None]
    return out


def threshold_influence(margins: Array, thresholds: Array, total: float) -> Array:
    """Influence (p, K - 1, K) of an answer in each category on each threshold; 0 where a threshold is padding.

    A threshold is the normal quantile of a share, so its influence is (1{y <= k} - share) / density at it.
    """
    below = np.cumsum(margins, axis=1)
    n = below[:, -1:]
    inside = thresholds < FAR
    share = (below[:, :-1] / n)[:, :, None]
    categories = margins.shape[1]
    up_to = np.arange(categories)[None, :] <= np.arange(categories - 1)[:, None]
    scale = (total / n) * np.divide(1.0, heights(thresholds), out=np.zeros_like(thresholds), where=inside)
    result: Array = (up_to[None] - share) * scale[:, :, None]
    return result
