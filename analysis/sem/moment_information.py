"""Information about the moments of the saturated model: means, then the lower triangle column by column."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.casewise import crossproduct, lower_triangle, saturated_scores, standardised_residuals
from analysis.sem.groups import GroupRows
from analysis.sem.patterns import Patterns
from analysis.sem.robust import saturated_information

Array = NDArray[np.float64]


def expected_information(patterns: Patterns | None, covariance: Array) -> Array:
    """Expected information of one row (q, q) at ``covariance`` (p, p); ``patterns`` None stands for complete rows.

    The mean over patterns of W for means and of D'(W x W)D / 2 for covariances, with W the inverse of the observed
    block and D the duplication matrix: Magnus & Neudecker (1999), Matrix Differential Calculus, chapter 15.
    """
    p = len(covariance)
    share, weight = np.ones(1), np.linalg.inv(covariance)[None]
    if patterns is not None:
        share, weight = patterns.share, patterns.inverse_and_log_determinant(covariance)[0]
    i, j = lower_triangle(p)
    twice = np.where(i == j, 0.5, 1.0)
    block = np.zeros((len(i), len(i)))
    for part, w in zip(share, weight, strict=True):
        block += part * (w[np.ix_(i, i)] * w[np.ix_(j, j)] + w[np.ix_(i, j)] * w[np.ix_(j, i)])
    block *= np.outer(twice, twice) * 2.0 * 0.5
    means = np.einsum("k,kij->ij", share, weight)
    return np.block([[means, np.zeros((p, len(i)))], [np.zeros((len(i), p)), block]])


def observed_information(patterns: Patterns, mean: Array, covariance: Array) -> Array:
    """Observed information of one row (q, q) at the given moments."""
    return saturated_information(patterns, mean, covariance)


def score_crossproduct(group: GroupRows) -> Array:
    """Mean crossproduct of casewise scores (q, q) at the saturated moments, over clusters where there are any."""
    mean, covariance = group.saturated.mean, group.saturated.covariance
    pulled, weight = standardised_residuals(group.patterns, group.values, mean, covariance)
    return crossproduct(saturated_scores(group.patterns, pulled, weight), group.weights, group.clusters)
