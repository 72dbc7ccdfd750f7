"""Scores of clusters: the derivative of each cluster's log-likelihood, and what robust inference makes of them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.discrepancy.twolevel import inverse_within
from analysis.sem.implied import Derivatives, derivatives
from analysis.sem.objective import Objective
from analysis.sem.twolevel.sample import TwoLevelSample

Array = NDArray[np.float64]


def score_crossproduct(sample: TwoLevelSample, objective: Objective, theta: Array) -> Array:
    """Crossproduct of clusters' scores (n_free, n_free), divided by the number of rows.

    Clusters are independent, rows are not: Yuan & Bentler (2007), Sociological Methodology 37, 53-82, section 3.
    """
    scores = cluster_scores(sample, objective, theta)
    return np.asarray(scores.T @ scores / sample.moments.n_rows)


def cluster_scores(sample: TwoLevelSample, objective: Objective, theta: Array) -> Array:
    """Derivative of each cluster's log-likelihood by every free parameter (J, n_free).

    With A the crossproduct of a cluster's deviations, u = Omega_n^-1 (m - mu) and W = Sigma_W^-1, a row of level 1
    has -[(n - 1) tr(W dSigma) - tr(W dSigma W A) + (tr(Omega_n^-1 dSigma) - u'dSigma u) / n] / 2 + u'dmu, one of
    level 2 -[tr(Omega_n^-1 dSigma) - u'dSigma u] / 2 + u'dmu.
    """
    within, between = objective.implied(theta)
    sizes, of_size = sample.moments.sizes, sample.of_size
    inner = inverse_within(sample.moments, within.covariance)
    weight = np.asarray(np.linalg.inv(between.covariance + within.covariance / sizes[:, None, None]), dtype=np.float64)
    pull = np.einsum("jab,jb->ja", weight[of_size], sample.means - within.mean - between.mean)
    d_within, d_between = (
        derivatives(part.structure, at) for part, at in zip(objective.parts, (within, between), strict=True)
    )
    of_means = [_of_means(d, weight, pull, sample) for d in (d_within, d_between)]
    first = of_means[0] / sample.size[:, None] + _of_deviations(d_within, inner, sample)
    by_row = np.hstack([first + pull @ d_within.mean, of_means[1] + pull @ d_between.mean])
    return np.asarray(by_row @ np.hstack([part.structure.collect for part in objective.parts]).T)


def _of_means(d: Derivatives, weight: Array, pull: Array, sample: TwoLevelSample) -> Array:
    """[u'dSigma u - tr(Omega^-1 dSigma)] / 2 of each cluster (J, n_rows)."""
    traces = ((weight @ d.left) * d.right).sum(axis=1)
    return np.asarray((pull @ d.left) * (pull @ d.right) - traces[sample.of_size])


def _of_deviations(d: Derivatives, inner: Array, sample: TwoLevelSample) -> Array:
    """[tr(W dSigma W A) - (n - 1) tr(W dSigma)] / 2 of each cluster (J, n_rows)."""
    pulled = sample.deviations @ inner
    products = (pulled @ d.left) * (pulled @ d.right)
    sums = np.column_stack([np.bincount(sample.clusters, weights=column) for column in products.T])
    traces = ((inner @ d.left) * d.right).sum(axis=0)
    return np.asarray(sums - (sample.size - 1.0)[:, None] * traces)
