"""Starting values: rough, on the scale of the data, and always with a positive-definite implied covariance."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.moments import SampleMoments
from analysis.sem.partable import Parameter, ParameterTable

Array = NDArray[np.float64]


def starting_values(table: ParameterTable, sample: SampleMoments) -> Array:
    """Theta to start from, shape (n_free,); values written in the model (``start()``) come first.

    A loading starts at the item's summed covariance with the other items of its factor, over the same sum of
    the factor's first item; residual variances at half the sample's; latent variances at the share of the
    marker's variance its factor explains; paths and covariances at 0; intercepts at the sample mean.
    """
    at = {name: i for i, name in enumerate(sample.names)}
    factors = {name: _factor_start(name, table, sample, at) for name in table.latent}
    theta = np.zeros(table.n_free)
    for row in reversed(table.parameters):
        if row.free:
            theta[row.free - 1] = _start(row, sample, at, factors)
    return theta


def _factor_start(
    latent: str, table: ParameterTable, sample: SampleMoments, at: dict[str, int]
) -> tuple[dict[str, float], float]:
    """Loadings by item and variance of one latent in the metric in which the table identifies it."""
    loadings = [row for row in table.parameters if row.op == "=~" and row.lhs == latent]
    items = [row.rhs for row in loadings if row.rhs in at]
    identified_by_variance = any(
        row.op == "~~" and row.lhs == row.rhs == latent and row.fixed == 1.0 for row in table.parameters
    )
    if not items:
        return {}, 1.0 if identified_by_variance else 0.3
    index = np.array([at[item] for item in items])
    block = sample.covariance[np.ix_(index, index)]
    sums = block.sum(axis=0) - np.diag(block)
    deviations = np.sqrt(np.diag(block))
    marker = next((i for i, row in enumerate(loadings) if row.fixed is not None), None)
    first = 0 if marker is None or loadings[marker].rhs not in at else items.index(loadings[marker].rhs)
    if len(items) < 2 or abs(sums[first]) < 0.05 * deviations[first] * deviations.sum():
        sums = deviations  # no common part to see: every item loads alike
    if identified_by_variance or marker is None or loadings[marker].rhs not in at:
        signs = np.where(sums * sums[first] < 0, -1.0, 1.0)
        return dict(zip(items, 0.7 * signs * deviations, strict=True)), 1.0
    scale = loadings[marker].fixed or 1.0
    # No loading may start beyond three times what equal reliability would give it.
    bound = 3.0 * abs(scale) * deviations / deviations[first]
    ratios = np.clip(scale * sums / sums[first], -bound, bound)
    return dict(zip(items, ratios, strict=True)), 0.5 * float(block[first, first]) / scale**2


def _start(
    row: Parameter,
    sample: SampleMoments,
    at: dict[str, int],
    factors: dict[str, tuple[dict[str, float], float]],
) -> float:
    if row.start is not None:
        return row.start
    if row.op == "=~":
        return factors[row.lhs][0].get(row.rhs, 1.0)
    if row.op == "~~" and row.lhs == row.rhs:
        return 0.5 * float(sample.covariance[at[row.lhs], at[row.lhs]]) if row.lhs in at else factors[row.lhs][1]
    if row.op == "~1" and row.lhs in at:
        return float(sample.mean[at[row.lhs]])
    return 0.0
