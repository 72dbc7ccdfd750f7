"""Starts of latent variances and covariances, and of residual variances, from weighted sums of items."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from analysis.sem.moments import SampleMoments
from analysis.sem.optimise import is_positive_definite
from analysis.sem.parameter import Parameter
from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]

# A sample gives rough moments: correlations are drawn towards zero, and no share of an item's variance is extreme.
_SHRINKAGE = (0.9, 0.5, 0.0)
_LEAST, _MOST = 0.1, 0.9


@dataclass(frozen=True, slots=True)
class _Layout:
    """One group's latents that have two items or more, all of them theirs alone.

    Loadings stand at ``item`` and ``latent``: ``theta[free]`` unless ``free`` is -1, else ``fixed``. ``moment`` lists
    free parameters that are (co)variances of the latents ``first`` and ``second``, ``residual`` those that are residual
    variances of the items ``of``.
    """

    item: IntArray
    latent: IntArray
    free: IntArray
    fixed: Array
    moment: IntArray
    first: IntArray
    second: IntArray
    residual: IntArray
    of: IntArray


def with_composites(table: ParameterTable, samples: Sequence[SampleMoments], theta: Array) -> Array:
    """``theta`` (n_free,) with the moments of latents whose items load on nothing else, given its loadings.

    A sum of items with weights w has common part (w'lambda)^2 phi, so that phi is the sum's covariance with another
    over their w'lambda, and for one latent what is left of the sum's variance without the items' own.
    """
    theta = theta.copy()
    for group, sample in enumerate(samples):
        layout = _layout(table, group)
        if not len(layout.item):
            continue
        loadings = np.zeros((len(table.observed), int(layout.latent.max()) + 1))
        loadings[layout.item, layout.latent] = np.where(layout.free < 0, layout.fixed, theta[layout.free])
        if not loadings[layout.item, layout.latent].all():
            continue
        own = sample.covariance.diagonal()
        covariance = _latent_covariance(sample.covariance, loadings)
        theta[layout.moment] = covariance[layout.first, layout.second]
        left = own - ((loadings @ covariance) * loadings).sum(axis=1)
        theta[layout.residual] = np.clip(left, _LEAST * own, own)[layout.of]
    return theta


def _latent_covariance(sample: Array, loadings: Array) -> Array:
    """Covariance (m, m) of the latents, positive definite."""
    # A variable that has no variance here, as at the other level of a two-level model, has no loading either.
    own = sample.diagonal()
    variances = np.where(own > 0, own, np.inf)[:, None]
    weights = loadings / variances
    share = weights * loadings
    sums, common = weights.T @ sample @ weights, share.sum(axis=0)
    variance = (sums.diagonal() - common) / (common**2 - (share**2).sum(axis=0))
    # Each variance leaves its items a share of their own: it stays below the least of own / loading^2.
    room = 1.0 / share.max(axis=0)
    covariance = sums / np.outer(common, common)
    for shrinkage in _SHRINKAGE:
        shrunk = shrinkage * covariance
        shrunk.flat[:: len(shrunk) + 1] = np.clip(variance, _LEAST * room, _MOST * room)
        if is_positive_definite(shrunk, 0.05):
            break
    return np.asarray(shrunk)


@lru_cache(maxsize=64)  # many fits of one model share its table
def _layout(table: ParameterTable, group: int) -> _Layout:
    rows = [row for row in table.parameters if row.group == group]
    items = {name: i for i, name in enumerate(table.observed)}
    loadings = [row for row in rows if row.op == "=~" and row.rhs in items and (row.free or row.fixed)]
    loads_on = Counter(row.rhs for row in loadings)
    counts = Counter(row.lhs for row in loadings)
    shared = {row.lhs for row in loadings if loads_on[row.rhs] > 1}
    names = [name for name in table.latent if counts[name] > 1 and name not in shared]
    latents = {name: j for j, name in enumerate(names)}
    loadings = [row for row in loadings if row.lhs in latents]
    theirs = {row.rhs for row in loadings}
    open_rows = [row for row in rows if row.free and row.start is None and row.op == "~~"]
    moments = [row for row in open_rows if row.lhs in latents and row.rhs in latents]
    residuals = [row for row in open_rows if row.is_variance and row.lhs in theirs]
    return _Layout(
        item=_indices([items[row.rhs] for row in loadings]),
        latent=_indices([latents[row.lhs] for row in loadings]),
        free=_free(loadings),
        fixed=np.array([row.fixed or 0.0 for row in loadings]),
        moment=_free(moments),
        first=_indices([latents[row.lhs] for row in moments]),
        second=_indices([latents[row.rhs] for row in moments]),
        residual=_free(residuals),
        of=_indices([items[row.lhs] for row in residuals]),
    )


def _free(rows: Sequence[Parameter]) -> IntArray:
    return _indices([row.free - 1 for row in rows])


def _indices(values: list[int]) -> IntArray:
    return np.array(values, dtype=np.int64)
