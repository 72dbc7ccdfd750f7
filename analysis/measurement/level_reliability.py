"""Reliability of a scale within and between clusters."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import DataError, ModelError, Problem, nearest
from analysis.measurement.item_statistics import alpha_of_covariance
from analysis.sem import SemResult, fit

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

LEVELS = ("within", "between")


@dataclass(frozen=True, slots=True)
class LevelCovariances:
    """Covariances (p, p) of respondents about the mean of their cluster, and of cluster means free of sampling error.

    ``n_within`` and ``n_between`` are the degrees of freedom behind them, ``size`` the cluster size that stands for
    all in the estimate of ``between``.
    """

    within: Array
    between: Array
    n_within: int
    n_between: int
    size: float


@dataclass(frozen=True, slots=True)
class LevelReliability:
    """Alpha and omega of the sum of a construct's items at one level; ``alpha`` None where no covariance is given."""

    construct: str
    level: str
    n_items: int
    omega: float
    alpha: float | None


def level_covariances(rows: Array, clusters: IntArray) -> LevelCovariances:
    """Split the covariance of complete ``rows`` (n, p) by ``clusters`` (n,), numbered from 0.

    Within: S_W, pooled, divided by n - G. Between: (S_B - S_W) / c, with S_B that of the cluster means weighted by
    size, divided by G - 1, and c = (n - Σ n_g² / n) / (G - 1): Muthén (1994), Multilevel covariance structure
    analysis, Sociological Methods & Research 22(3), 376-398, eqs. 17-21. The between matrix need not be positive
    definite.
    """
    n, n_clusters = len(rows), int(clusters.max()) + 1
    sizes = np.bincount(clusters, minlength=n_clusters).astype(float)
    sums = np.zeros((n_clusters, rows.shape[1]))
    np.add.at(sums, clusters, rows)
    means = sums / sizes[:, None]
    inside = rows - means[clusters]
    apart = (means - rows.mean(axis=0)) * np.sqrt(sizes)[:, None]
    within = inside.T @ inside / (n - n_clusters)
    size = (n - (sizes**2).sum() / n) / (n_clusters - 1)
    between = (apart.T @ apart / (n_clusters - 1) - within) / size
    return LevelCovariances(within, between, n - n_clusters, n_clusters - 1, float(size))


def level_reliability(
    model: SemResult, construct: str, level: str, *, block: int = 1, covariance: pd.DataFrame | None = None
) -> LevelReliability:
    """Omega, and alpha of ``covariance`` (by name), of ``construct`` at ``level`` of a model.

    ω = (Σλ)² ψ / ((Σλ)² ψ + ΣΣθ) with the loadings, variance and residual covariances of that level alone: Geldhof,
    Preacher & Zyphur (2014), Reliability estimation in a multilevel confirmatory factor analysis framework,
    Psychological Methods 19(1), 72-91. ``block`` is the level's number in ``model``: 1 in a model of one
    level; a model of two has 1 for within and 2 for between. Raises ModelError where ``model`` does not measure
    the construct there by two items, or its variance is not positive.
    """
    rows = [row for row in model.estimates if row.level == block]
    loadings = {row.rhs: row.std_lv for row in rows if row.op == "=~" and row.lhs == construct}
    values = np.array([np.nan if value is None else value for value in loadings.values()])
    if len(values) < 2 or not np.isfinite(values).all():
        what = f"'{construct}' has no omega {level} clusters"
        raise ModelError(Problem(what, model.name, "it needs two items and a positive variance at that level"))
    common = float(values.sum()) ** 2
    residual = sum(
        row.est * (1 if row.lhs == row.rhs else 2)
        for row in rows
        if row.op == "~~" and row.lhs in loadings and row.rhs in loadings
    )
    items = list(loadings)
    alpha = None if covariance is None else alpha_of_covariance(covariance.loc[items, items].to_numpy(dtype=float))
    return LevelReliability(construct, level, len(items), common / (common + residual), alpha)


def level_reliabilities(
    text: str, data: pd.DataFrame, cluster: str, items: Sequence[str], constructs: Sequence[str]
) -> tuple[LevelReliability, ...]:
    """Both coefficients of ``constructs`` at both levels: the measurement model ``text`` fitted to each covariance.

    Rows with a missing item or cluster are left out. Raises DataError for an unknown column of clusters, for clusters
    that leave no covariance between or within, and where one of the two covariances is not positive definite; and what
    ``fit`` and ``level_reliability`` do.
    """
    if cluster not in data.columns:
        what = f"the column of clusters '{cluster}' is not in the data"
        raise DataError(Problem(what, "clusters", nearest(cluster, map(str, data.columns))))
    names = list(items)
    used = data[[*names, cluster]].dropna()
    numbers, known = pd.factorize(used[cluster])
    if not 1 < len(known) < len(used):
        what = f"{len(used)} complete rows in {len(known)} clusters have no covariance both within and between them"
        raise DataError(Problem(what, f"clusters '{cluster}'", "name a column with several rows a cluster"))
    parts = level_covariances(used[names].to_numpy(dtype=float), numbers.astype(np.int64))
    found = []
    for level, matrix, n in zip(LEVELS, (parts.within, parts.between), (parts.n_within, parts.n_between), strict=True):
        covariance = pd.DataFrame(matrix, index=names, columns=names)
        if not np.linalg.eigvalsh(matrix)[0] > 0:
            what = f"{level} clusters the covariance matrix of the items is not positive definite"
            hint = "the items differ too little there to tell reliability: take other items, or more clusters"
            raise DataError(Problem(what, f"clusters '{cluster}'", hint))
        model = fit(text, cov=covariance, nobs=n + 1, name=f"{level} clusters")
        found += [level_reliability(model, construct, level, covariance=covariance) for construct in constructs]
    return tuple(found)
