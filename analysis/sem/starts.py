"""Starts of the search for a minimum, in a fixed order.

1. Item sums and composites: the values of ``starting_values``, with latent moments by ``with_composites``.
2. Item sums alone: latent variances at half the marker's, covariances at 0.
3. The same with latent covariances from the correlations of the factors' item sums.
4. Loadings that give every item the same share of common variance, signed by the items' first principal component.
5. Item sums with latent variances of a tenth, so that the items are nearly independent.
6. The same with loadings by instrumental variables, which weak markers upset less than item sums.
7. Four random changes of item sums, by fixed seeds.

Values written in the model by ``start()`` hold in the first six. Where the first leads to a minimum, it
counts; else the lowest minimum that any of the others leads to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from analysis.sem.composites import with_composites
from analysis.sem.constraints import minimise_constrained
from analysis.sem.moments import SampleMoments
from analysis.sem.optimise import Function, Optimum
from analysis.sem.parameter import Parameter
from analysis.sem.partable import ParameterTable, Relation
from analysis.sem.starting_values import starting_values

Array = NDArray[np.float64]

FIRST = "item sums and composites"
_PERTURBED = 4
_SAME = 1e-9
N_STARTS = 6 + _PERTURBED


def minimise_from_starts(
    table: ParameterTable, function: Function, samples: Sequence[SampleMoments]
) -> tuple[Optimum, tuple[Relation, ...]]:
    """Minimise from the first start; where that fails, from all others, of which the lowest minimum counts.

    ``Optimum.start`` says which start led there; after a failure of all, the optimum is that of the first.
    """
    found: list[tuple[Optimum, tuple[Relation, ...]]] = []
    for words, start in starts(table, samples):
        optimum, binding = minimise_constrained(table, function, start)
        found.append((replace(optimum, start=words), binding))
        if found[0][0].converged:
            break
    converged = [pair for pair in found if pair[0].converged]
    if not converged:
        return found[0]
    least = min(optimum.value for optimum, _ in converged)
    # Starts that lead to one minimum differ by rounding: the earliest of them is taken.
    return next(pair for pair in converged if pair[0].value <= least + _SAME)


def starts(table: ParameterTable, samples: Sequence[SampleMoments]) -> Iterator[tuple[str, Array]]:
    """All starts (n_free,) in their order, each with its name."""
    first = starting_values(table, samples)
    yield FIRST, with_composites(table, samples, first)
    yield "item sums", first
    yield "item sums with latent covariances", _with_latent_covariances(table, samples, first)
    yield "loadings alike", _with_loadings_alike(table, samples, first)
    small = _with_small_variances(table, first)
    yield "small latent variances", small
    yield "loadings by instruments", _with_instruments(table, samples, small)
    for seed in range(1, _PERTURBED + 1):
        noise = np.random.default_rng(seed).uniform(-1.0, 1.0, size=len(first))
        spread = np.where(first == 0, 0.3, 0.5 * np.abs(first))
        yield f"item sums, changed at random (seed {seed})", first + spread * noise


def _with_latent_covariances(table: ParameterTable, samples: Sequence[SampleMoments], first: Array) -> Array:
    """Free covariances of latents at 0.8 times the correlation of their signed item sums, in the latents' metric."""
    theta = first.copy()
    for row in table.parameters:
        is_covariance = row.op == "~~" and row.lhs != row.rhs and {row.lhs, row.rhs} <= set(table.latent)
        if row.free and row.start is None and is_covariance:
            a, b = (_signs(table, row.group, name, samples[row.group]) for name in (row.lhs, row.rhs))
            covariance = samples[row.group].covariance
            common = np.sqrt((a @ covariance @ a) * (b @ covariance @ b))
            size = np.sqrt(abs(_variance(table, row, row.lhs, first) * _variance(table, row, row.rhs, first)))
            theta[row.free - 1] = 0.8 * size * float(a @ covariance @ b) / common if common > 0 else 0.0
    return theta


def _with_loadings_alike(table: ParameterTable, samples: Sequence[SampleMoments], first: Array) -> Array:
    """Loadings in proportion to the items' standard deviations."""
    theta = first.copy()
    at = {name: i for i, name in enumerate(table.observed)}
    for row in table.parameters:
        if row.op != "=~" or not row.free or row.start is not None or row.rhs not in at:
            continue
        sample = samples[row.group]
        signs = _signs(table, row.group, row.lhs, sample)
        deviations = np.sqrt(np.diag(sample.covariance))
        unit, sign = 0.7, 1.0
        if marker := _marker(table, row, at):
            item, value = marker
            unit, sign = value / deviations[item], signs[item] * deviations[item]
            sign = 1.0 if sign == 0 else float(np.sign(sign))
        i = at[row.rhs]
        theta[row.free - 1] = unit * sign * float(np.sign(signs[i]) or 1.0) * deviations[i]
    return theta


def _with_small_variances(table: ParameterTable, first: Array) -> Array:
    """Latent variances of a tenth of their usual start."""
    theta = first.copy()
    for index in {row.free for row in table.parameters if row.is_variance and row.lhs in table.latent}:
        is_given = any(row.start is not None for row in table.parameters if row.free == index)
        if index and not is_given:
            theta[index - 1] *= 0.1
    return theta


def _with_instruments(table: ParameterTable, samples: Sequence[SampleMoments], base: Array) -> Array:
    """Loadings of item j on the marker m by the factor's other items k: sum s_jk s_mk / sum s_mk^2, times the marker's.

    Haegglund (1982), Factor analysis by instrumental variables methods, Psychometrika 47(2), 209-222 (FABIN 2). Factors
    with fewer than three items, or without a marker, keep what ``base`` has.
    """
    theta = base.copy()
    at = {name: i for i, name in enumerate(table.observed)}
    for row in table.parameters:
        marker = _marker(table, row, at) if row.op == "=~" else None
        if not row.free or row.start is not None or row.rhs not in at or marker is None:
            continue
        items = [at[other.rhs] for other in table.parameters
                 if (other.group, other.op, other.lhs) == (row.group, "=~", row.lhs) and other.rhs in at]  # fmt: skip
        j, (m, value) = at[row.rhs], marker
        others = [k for k in items if k not in {j, m}]
        covariance = samples[row.group].covariance
        with_marker = covariance[m, others]
        if others and with_marker.any():
            theta[row.free - 1] = value * float(covariance[j, others] @ with_marker / (with_marker @ with_marker))
    return theta


def _marker(table: ParameterTable, loading: Parameter, at: dict[str, int]) -> tuple[int, float] | None:
    """Position and value of the fixed loading that gives a latent its metric."""
    for row in table.parameters:
        if (row.group, row.op, row.lhs) == (loading.group, "=~", loading.lhs) and row.fixed and row.rhs in at:
            return at[row.rhs], row.fixed
    return None


def _signs(table: ParameterTable, group: int, latent: str, sample: SampleMoments) -> Array:
    """Weights (p,) of a latent's item sum: 1 / sd, turned where the item is keyed against the first component."""
    at = {name: i for i, name in enumerate(table.observed)}
    items = [at[row.rhs] for row in table.parameters
             if (row.group, row.op, row.lhs) == (group, "=~", latent) and row.rhs in at]  # fmt: skip
    weights = np.zeros(len(table.observed))
    if items:
        block = sample.covariance[np.ix_(items, items)]
        deviations = np.sqrt(np.diag(block))
        vector = np.linalg.eigh(block / np.outer(deviations, deviations))[1][:, -1]
        sign = np.where(vector * vector[0] < 0, -1.0, 1.0)
        weights[items] = sign / deviations
    return weights


def _variance(table: ParameterTable, covariance: Parameter, name: str, theta: Array) -> float:
    """Start of the variance of a latent in the group of ``covariance``."""
    row = next(r for r in table.parameters if r.group == covariance.group and r.is_variance and r.lhs == name)
    return float(theta[row.free - 1]) if row.free else float(row.fixed or 0.0)
