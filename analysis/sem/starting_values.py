"""Starting values: rough, on the scale of the data, and always with a positive-definite implied covariance."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from analysis.sem.moments import SampleMoments
from analysis.sem.parameter import Parameter
from analysis.sem.partable import ParameterTable

Array = NDArray[np.float64]

_FactorStart = tuple[dict[str, float], float]


def starting_values(table: ParameterTable, samples: Sequence[SampleMoments]) -> Array:
    """Theta to start from, shape (n_free,); values written in the model (``start()``) come first.

    A loading starts at the item's summed covariance with the other items of its factor, over the same sum of
    the factor's first item; residual variances at half the sample's; latent variances at half the marker's;
    paths and covariances at 0; intercepts at the sample mean. Each group starts from its own moments.
    """
    at = {name: i for i, name in enumerate(table.observed)}
    rows_of: dict[tuple[int, str], list[Parameter]] = defaultdict(list)
    for row in table.parameters:
        rows_of[row.group, row.lhs].append(row)
    factors = {
        (group, name): _factor_start(rows_of[group, name], sample, at)
        for group, sample in enumerate(samples)
        for name in table.latent
    }
    theta = np.zeros(table.n_free)
    for row in reversed(table.parameters):
        if row.free:
            theta[row.free - 1] = _start(row, samples[row.group], at, factors)
    return theta


def _factor_start(rows: Sequence[Parameter], sample: SampleMoments, at: dict[str, int]) -> _FactorStart:
    """Loadings by item and variance of one latent in the metric in which its ``rows`` identify it."""
    loadings = [row for row in rows if row.op == "=~"]
    items = [row.rhs for row in loadings if row.rhs in at]
    unit = any(row.is_variance and row.fixed == 1.0 for row in rows)
    if not items:
        return {}, 1.0 if unit else 0.3
    index = np.array([at[item] for item in items])
    block = sample.covariance[np.ix_(index, index)]
    sums = block.sum(axis=0) - np.diag(block)
    deviations = np.sqrt(np.diag(block))
    marker = next((row for row in loadings if row.fixed and row.rhs in at), None)
    first = 0 if marker is None else items.index(marker.rhs)
    if len(items) < 2 or abs(sums[first]) < 0.05 * deviations[first] * deviations.sum():
        sums = deviations  # no common part to see: every item loads alike
    if unit or marker is None or marker.fixed is None:
        signs = np.where(sums * sums[first] < 0, -1.0, 1.0)
        return dict(zip(items, 0.7 * signs * deviations, strict=True)), 1.0
    # No loading may start beyond three times what equal reliability would give it.
    bound = 3.0 * abs(marker.fixed) * deviations / deviations[first]
    ratios = np.clip(marker.fixed * sums / sums[first], -bound, bound)
    return dict(zip(items, ratios, strict=True)), 0.5 * float(block[first, first]) / marker.fixed**2


def _start(
    row: Parameter, sample: SampleMoments, at: dict[str, int], factors: dict[tuple[int, str], _FactorStart]
) -> float:
    if row.start is not None:
        return row.start
    if row.op == "=~":
        return factors[row.group, row.lhs][0].get(row.rhs, 1.0)
    if row.is_variance:
        if row.lhs in at:
            return 0.5 * float(sample.covariance[at[row.lhs], at[row.lhs]])
        return factors[row.group, row.lhs][1]
    if row.op == "|":
        return float(sample.thresholds[at[row.lhs]][int(row.rhs[1:]) - 1])
    if row.op == "~*~":
        return 1.0
    if row.op == "~1" and row.lhs in at:
        return float(sample.mean[at[row.lhs]])
    return 0.0
