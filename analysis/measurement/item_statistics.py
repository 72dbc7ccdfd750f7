"""What each item adds to its scale: its correlation with the rest, and alpha without it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ItemStatistics:
    """Of each of k items: ``rest_correlation`` (k,) with the sum of the others, and ``alpha_if_dropped`` (k,).

    ``alpha_if_dropped`` is NaN for two items, of which one would be left.
    """

    rest_correlation: Array
    alpha_if_dropped: Array


def alpha_of_covariance(covariance: Array) -> float:
    """α = k / (k - 1) · (1 - tr Σ / 1'Σ1) of a covariance matrix (k, k), k ≥ 2 (Cronbach 1951, Psychometrika 16).

    Of polychoric correlations it is ordinal alpha (Zumbo, Gadermann & Zeisser 2007, Journal of Modern Applied
    Statistical Methods 6, 21-29): the reliability of the sum of the responses behind the categories, which nobody
    observes, and not of the answers as given.
    """
    k = len(covariance)
    return float(k / (k - 1) * (1.0 - np.trace(covariance) / covariance.sum()))


def item_statistics(covariance: Array) -> ItemStatistics:
    """Both statistics from the covariance (k, k) of k ≥ 2 items none of which is constant.

    With s_i the covariance of item i and the sum of all items, the rest has variance 1'Σ1 - 2 s_i + σ_ii and
    covariance s_i - σ_ii with the item (corrected item-total correlation, Nunnally & Bernstein 1994, Psychometric
    Theory, section 8; ``r.drop`` of psych::alpha). A rest that does not vary gives NaN.
    """
    k = len(covariance)
    variances, with_sum = np.diag(covariance), covariance.sum(axis=1)
    rest = covariance.sum() - 2.0 * with_sum + variances
    with np.errstate(invalid="ignore", divide="ignore"):
        correlation = (with_sum - variances) / np.sqrt(variances * rest)
        others = (k - 1) / (k - 2) if k > 2 else np.nan
        dropped = others * (1.0 - (variances.sum() - variances) / rest)
    return ItemStatistics(correlation, dropped)
