"""Standardised solution: latent variables alone (std_lv), or all variables (std_all)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.implied import Implied, Structure

Array = NDArray[np.float64]


def standardised(structure: Structure, implied: Implied, values: Array) -> tuple[Array, Array]:
    """Standardised value of every row of one group: (std_lv, std_all), each of shape (n_rows,).

    Paths are multiplied by the SD of where they start and divided by that of where they end; a variance is
    divided by the total variance, a covariance by the SDs of the two (residual) terms it joins, an intercept or
    threshold by the SD. For std_lv the SD of every observed variable counts as 1 (Bollen 1989, pp. 123-126; lavaan's
    conventions for residual covariances). NaN where a variance is negative.
    """
    with np.errstate(invalid="ignore", divide="ignore"):
        return (
            values * scale_factors(structure, implied, values, observed=False),
            values * scale_factors(structure, implied, values, observed=True),
        )


def r_squared(structure: Structure, implied: Implied, values: Array) -> dict[str, float]:
    """Share of variance explained, by endogenous variable: 1 - residual variance / implied variance."""
    total, residual = np.diag(implied.full_covariance), residual_variances(structure, values)
    explained = sorted(set(structure.a_to.tolist()))
    return {structure.names[i]: float(1.0 - residual[i] / total[i]) for i in explained}


def residual_variances(structure: Structure, values: Array) -> Array:
    """Variance of each variable's own term in S: its residual where it is explained, its variance where not."""
    residual = np.zeros(len(structure.names))
    diagonal = structure.s_first == structure.s_second
    residual[structure.s_first[diagonal]] = values[structure.s[diagonal]]
    return residual


def scale_factors(structure: Structure, implied: Implied, values: Array, *, observed: bool) -> Array:
    """What each row (n_rows,) is multiplied by; unless ``observed``, the SD of observed variables counts as 1."""
    total = np.sqrt(np.diag(implied.full_covariance))
    residual = np.sqrt(residual_variances(structure, values))
    if not observed:
        total[: structure.n_observed] = residual[: structure.n_observed] = 1.0
    factors = np.ones(len(values))
    i, j = structure.s_first, structure.s_second
    factors[structure.a] = total[structure.a_from] / total[structure.a_to]
    factors[structure.m] = 1.0 / total[structure.m_at]
    factors[structure.threshold] = 1.0 / total[structure.threshold_at]
    if observed:  # the scale of a latent response is 1 over its SD, given covariates where there are some
        factors[structure.delta] = 1.0 / values[structure.delta]
    factors[structure.s] = 1.0 / np.where(i == j, total[i] ** 2, residual[i] * residual[j])
    return factors
