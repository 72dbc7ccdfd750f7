"""Correlations of many resamples at once: a resample is how often each respondent is in it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from analysis.sem.bootstrap.draws import Scheme
from analysis.sem.ordinal.coding import CodedAnswers
from analysis.sem.ordinal.normal import FAR
from analysis.sem.ordinal.polychoric import fit_polychoric, padded_thresholds

Array = NDArray[np.float64]
Indicators = NDArray[np.float32]  # products of them are counts, exact up to 2^24, in half the memory and time

_BATCH = 100  # resamples at a time, so that memory does not grow with their number


class Correlations(Protocol):
    """What gives the correlations of resamples."""

    @property
    def n(self) -> int:
        """Number of respondents."""
        ...

    def of_resamples(self, counts: Array) -> Array:
        """Correlations (r, p, p) of resamples that hold respondent i ``counts`` (r, n) times."""
        ...


@dataclass(frozen=True, slots=True)
class PearsonCorrelations:
    """Pearson correlations of n complete rows; ``products`` (n, p(p + 3) / 2) are values and their products."""

    n: int
    p: int
    products: Array

    def of_resamples(self, counts: Array) -> Array:
        """Moments of all resamples by one product of matrices; NaN where an item does not vary in a resample."""
        p = self.p
        first, second = np.triu_indices(p)
        moments = counts @ self.products / counts.sum(axis=1, keepdims=True)
        mean = moments[:, :p]
        covariance = np.empty((len(counts), p, p))
        covariance[:, first, second] = moments[:, p:] - mean[:, first] * mean[:, second]
        covariance[:, second, first] = covariance[:, first, second]
        variance = np.diagonal(covariance, axis1=1, axis2=2)
        deviation = np.sqrt(np.where(variance > 1e-12, variance, np.nan))  # the whole sample's variance is 1
        result: Array = covariance / (deviation[:, :, None] * deviation[:, None, :])
        return result


def pearson_correlations(rows: Array) -> PearsonCorrelations:
    """Of complete ``rows`` (n, p) in which every column varies."""
    standardised = (rows - rows.mean(axis=0)) / rows.std(axis=0)
    first, second = np.triu_indices(rows.shape[1])
    products = np.hstack([standardised, standardised[:, first] * standardised[:, second]])
    return PearsonCorrelations(len(rows), rows.shape[1], products)


@dataclass(frozen=True, slots=True)
class PolychoricCorrelations:
    """Polychoric correlations of n respondents to p items with up to K categories.

    ``single`` (n, p K) and ``joint`` (n, m K K) say in which category of each item, and in which cell of each of the
    m pairs of items, a respondent is.
    """

    n: int
    p: int
    single: Indicators
    joint: Indicators

    def of_resamples(self, counts: Array) -> Array:
        """Thresholds and correlations of each resample; a 2 × 2 table with an empty cell keeps it."""
        p, r = self.p, len(counts)
        first, second = np.triu_indices(p, 1)
        k = self.single.shape[1] // p
        times = counts.astype(np.float32)
        margins = (times @ self.single).astype(float).reshape(r * p, k)
        tables = (times @ self.joint).astype(float).reshape(r * len(first), k, k)
        cuts = np.clip(padded_thresholds(margins), -FAR, FAR).reshape(r, p, k - 1)
        pairs = (cuts[:, side].reshape(len(tables), k - 1) for side in (first, second))
        rho = fit_polychoric(tables, *pairs).rho.reshape(r, len(first))
        correlation = np.tile(np.eye(p), (r, 1, 1))
        correlation[:, first, second] = correlation[:, second, first] = rho
        return correlation


def polychoric_correlations(answers: CodedAnswers) -> PolychoricCorrelations:
    """Of coded answers without a missing one."""
    p, n = answers.codes.shape
    k = answers.n_codes
    first, second = np.triu_indices(p, 1)
    cells = answers.codes[first] * k + answers.codes[second]
    single = (answers.codes.T[:, :, None] == np.arange(k)).reshape(n, p * k)
    joint = (cells.T[:, :, None] == np.arange(k * k)).reshape(n, len(first) * k * k)
    return PolychoricCorrelations(n, p, single.astype(np.float32), joint.astype(np.float32))


def resample(correlations: Correlations, scheme: Scheme, indices: Iterable[int]) -> Iterable[Array]:
    """Correlations (r, p, p) of the resamples of ``scheme`` with these ``indices``, batch by batch."""
    batch: list[Array] = []
    for index in indices:
        batch.append(scheme.counts([correlations.n], index)[0].astype(float))
        if len(batch) == _BATCH:
            yield correlations.of_resamples(np.array(batch))
            batch = []
    if batch:
        yield correlations.of_resamples(np.array(batch))
