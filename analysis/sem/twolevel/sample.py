"""The data of a two-level model: rows chosen and checked, sorted into clusters, and their sufficient statistics."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, Problem
from analysis.sem.discrepancy.twolevel import SizeMoments
from analysis.sem.groups import label_of
from analysis.sem.moments import SampleMoments, require_columns, require_numbers, require_regular, require_variance
from analysis.sem.partable import ParameterTable
from analysis.sem.patterns import IntArray

Array = NDArray[np.float64]

# Deviations this small, in standard deviations of the variable, are rounding of a cluster's mean.
_CONSTANT = 1e-10


@dataclass(frozen=True, slots=True)
class TwoLevelSample:
    """Complete rows in clusters: ``deviations`` (n, p) from cluster means, ``clusters`` (n,) as codes from 0, by
    cluster its ``means`` (J, p) and ``size`` (J,), which of ``moments.sizes`` that is (J,), and the moments by size.
    """

    names: tuple[str, ...]
    deviations: Array
    clusters: IntArray
    means: Array
    size: Array
    of_size: IntArray
    moments: SizeMoments
    n_dropped: int


def two_level_sample(data: pd.DataFrame, table: ParameterTable, cluster: str) -> TwoLevelSample:
    """Take the rows of ``data`` in which no variable of the model and no cluster is missing.

    Raises ModelError for columns the data lack and DataError, with every reason, for data that two levels cannot be
    fitted to: too few clusters, clusters of one row alone, a variable of level 2 alone that varies in clusters, one of
    level 1 that does not; EstimationError for variables that determine each other.
    """
    names = table.observed
    require_columns(data, [*names, cluster])
    values = require_numbers(data, names)
    kept = ~np.isnan(values).any(axis=1) & data[cluster].notna().to_numpy()
    values = values[kept]
    codes, labels = pd.factorize(data.loc[kept, cluster])
    _require_clusters(table, cluster, len(values), len(labels))
    require_variance(values, names)
    sample = _sorted(values, codes.astype(np.int64), table, int((~kept).sum()))
    if problems := [*_of_variation(sample, table, values.std(axis=0), labels)]:
        raise DataError(problems)
    _require_regular(sample, table)
    return sample


def _require_regular(sample: TwoLevelSample, table: ParameterTable) -> None:
    """Neither deviations from cluster means nor cluster means may determine each other."""
    matrices = (sample.moments.pooled, np.cov(sample.means, rowvar=False, bias=True).reshape(2 * (len(sample.names),)))
    for level, matrix in zip(table.levels, matrices, strict=True):
        held = [sample.names.index(name) for name in level.observed]
        block = matrix[np.ix_(held, held)]
        require_regular(SampleMoments(level.observed, block, np.zeros(len(held)), sample.moments.n_rows))


def _require_clusters(table: ParameterTable, cluster: str, n_rows: int, n_clusters: int) -> None:
    p = len(table.levels[1].observed)
    if n_clusters <= p:
        what = f"{n_clusters} clusters are too few for the {p} variables of level 2"
        raise DataError(Problem(what, f"data, column {cluster}", "leave variables out of level 2, or name clusters"))
    if n_rows - n_clusters <= len(table.levels[0].observed):
        what = f"{n_rows} rows in {n_clusters} clusters say too little of differences within clusters"
        raise DataError(Problem(what, f"data, column {cluster}", "two levels need clusters of several rows"))


def _sorted(values: Array, clusters: IntArray, table: ParameterTable, n_dropped: int) -> TwoLevelSample:
    """Sums by cluster, then by size of cluster."""
    size = np.bincount(clusters).astype(np.float64)
    means = _sums(values, clusters) / size[:, None]
    within = np.array([name in table.levels[0].observed for name in table.observed])
    deviations = values - means[clusters]
    pooled = deviations.T @ deviations / (len(values) - len(size))
    sizes, of_size = np.unique(size, return_inverse=True)
    of_size = of_size.reshape(-1).astype(np.int64)
    counts = np.bincount(of_size).astype(np.float64)
    mean = _sums(means, of_size) / counts[:, None]
    centred = means - mean[of_size]
    first, second = np.triu_indices(values.shape[1])
    products = _sums(centred[:, first] * centred[:, second], of_size) / counts[:, None]
    covariance = np.empty((len(sizes), values.shape[1], values.shape[1]))
    covariance[:, first, second] = covariance[:, second, first] = products
    moments = SizeMoments(
        within=within,
        n_rows=len(values),
        n_clusters=len(size),
        pooled=np.where(within[:, None] & within, pooled, 0.0),
        sizes=sizes,
        counts=counts,
        mean=mean,
        covariance=covariance,
    )
    return TwoLevelSample(table.observed, deviations, clusters, means, size, of_size, moments, n_dropped)


def _sums(values: Array, of_row: IntArray) -> Array:
    """Sums of the columns of ``values`` (n, q) over the rows that share a code from 0 in ``of_row`` (n,)."""
    return np.column_stack([np.bincount(of_row, weights=column) for column in values.T])


def _of_variation(sample: TwoLevelSample, table: ParameterTable, spread: Array, labels: pd.Index) -> Iterator[Problem]:
    largest = np.abs(sample.deviations).max(axis=0)
    for name, deviation, sd in zip(sample.names, largest, spread, strict=True):
        column = sample.names.index(name)
        varies = deviation > _CONSTANT * sd
        if name not in table.levels[0].observed and varies:
            cluster = label_of(labels[sample.clusters[np.abs(sample.deviations[:, column]).argmax()]])
            what = f"'{name}' stands in level 2 alone, but it varies within clusters, most of all in {cluster}"
            hint = f"name '{name}' in level 1 too (say {name} ~~ {name}), or take its cluster mean"
            yield Problem(what, "data", hint)
        if name in table.levels[0].observed and not varies:
            what = f"'{name}' stands in level 1, but it does not vary within clusters"
            yield Problem(what, "data", f"name '{name}' in level 2 alone")
