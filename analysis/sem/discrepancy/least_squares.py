"""Least squares on a vector of sample statistics: GLS, ULS, DWLS.

F = (s - sigma)' W (s - sigma) over thresholds, means, variances and covariances. GLS takes the normal-theory weight
of the sample (Browne 1974, South African Statistical Journal 8, 1-24), ULS none, DWLS the inverse variances of the
statistics (Muthen, du Toit & Spisic 1997; Joereskog & Soerbom 1996). Ordinal variables are cut from latent
responses of unit variance (delta parameterisation, Muthen & Asparouhov 2002), scaled by the delta of their group.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from analysis.sem.implied import (
    Derivatives,
    Implied,
    Structure,
    second_derivatives_of_covariance,
    second_derivatives_of_effects,
    second_derivatives_of_mean,
)

Array = NDArray[np.float64]
IntArray = NDArray[np.int64]


def _none() -> IntArray:
    return np.zeros(0, dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Statistics:
    """Which statistics are fitted, in the order of their vector (q,).

    ``threshold`` lists positions of thresholds, ``threshold_of`` their variable and ``threshold_row`` their row among
    the group's; ``mean`` positions of means, ``mean_of`` their variable, ``mean_sign`` -1 where the statistic is minus
    the mean; ``covariance`` positions of variances and covariances, ``first`` and ``second`` their variables.
    Given covariates, ``slope`` lists positions of slopes of the variables ``slope_of`` on the covariates ``slope_on``;
    the model's fixed moments of covariates are then 0, so that the others are moments given x, and means are at x = 0.
    """

    q: int
    threshold: IntArray
    threshold_of: IntArray
    threshold_row: IntArray
    mean: IntArray
    mean_of: IntArray
    mean_sign: Array
    covariance: IntArray
    first: IntArray
    second: IntArray
    slope: IntArray = field(default_factory=_none)
    slope_of: IntArray = field(default_factory=_none)
    slope_on: IntArray = field(default_factory=_none)


@dataclass(frozen=True, slots=True)
class LeastSquares:
    """One group's discrepancy from ``observed`` (q,); ``weight`` is (q, q), or (q,) where it is diagonal."""

    observed: Array
    weight: Array
    statistics: Statistics

    def value(self, implied: Implied) -> float:
        """F at the implied moments; infinity where a variance is not positive.

        Variances of ordinal variables are no statistics: their residuals are whatever takes the response to its unit,
        so that what the factors explain may well be negative.
        """
        chosen = self.statistics
        variance = chosen.first == chosen.second
        if np.any(implied.covariance[chosen.first[variance], chosen.first[variance]] <= 0):
            return np.inf
        return self.length(self.observed - self.fitted(implied))

    def scoring(self, implied: Implied, d: Derivatives) -> tuple[Array, Array]:
        """Gradient -2 Delta' W (s - sigma) by row, and 2 Delta' W Delta by pairs of rows."""
        slopes = self.slopes(implied, d)
        weighted = self._weighted(slopes)
        return -2.0 * weighted.T @ (self.observed - self.fitted(implied)), 2.0 * slopes.T @ weighted

    def newton(self, structure: Structure, implied: Implied, d: Derivatives) -> tuple[Array, Array]:
        """Gradient, and the curvature less 2 (s - sigma)' W times second derivatives.

        Where deltas are estimated their own second derivatives are left out: steps near the optimum are then
        Gauss-Newton's.
        """
        gradient, curvature = self.scoring(implied, d)
        if len(structure.delta) and np.any(structure.free[structure.delta] >= 0):
            return gradient, curvature
        chosen = self.statistics
        pull = self._weighted(self.observed - self.fitted(implied))
        p = structure.n_observed
        matrix, means = np.zeros((p, p)), np.zeros(p)
        halves = pull[chosen.covariance] / np.where(chosen.first == chosen.second, 1.0, 2.0)
        matrix[chosen.first, chosen.second] = halves
        matrix[chosen.second, chosen.first] = halves
        np.add.at(means, chosen.mean_of, chosen.mean_sign * pull[chosen.mean])
        np.add.at(means, chosen.threshold_of, -pull[chosen.threshold])
        curvature -= 2.0 * second_derivatives_of_covariance(structure, implied, matrix)
        if len(chosen.slope):
            effects = np.zeros((p, p))
            effects[chosen.slope_of, chosen.slope_on] = pull[chosen.slope]
            curvature -= 2.0 * second_derivatives_of_effects(structure, implied, effects)
        return gradient, curvature - 2.0 * second_derivatives_of_mean(structure, implied, means)

    def fitted(self, implied: Implied) -> Array:
        """The statistics that the model implies (q,)."""
        chosen, delta = self.statistics, implied.delta
        out = np.empty(chosen.q)
        centred = implied.row_values[chosen.threshold_row] - implied.mean[chosen.threshold_of]
        out[chosen.threshold] = delta[chosen.threshold_of] * centred
        out[chosen.mean] = chosen.mean_sign * implied.mean[chosen.mean_of]
        scale = delta[chosen.first] * delta[chosen.second]
        out[chosen.covariance] = scale * implied.covariance[chosen.first, chosen.second]
        out[chosen.slope] = delta[chosen.slope_of] * implied.inverse[chosen.slope_of, chosen.slope_on]
        return out

    def slopes(self, implied: Implied, d: Derivatives) -> Array:
        """Their derivatives by row of the group's table (q, n_rows)."""
        chosen, delta = self.statistics, implied.delta
        n_rows = d.left.shape[1]
        out = np.zeros((chosen.q, n_rows))
        of, i, j = chosen.threshold_of, chosen.first, chosen.second
        out[chosen.threshold] = -delta[of][:, None] * d.mean[of]
        out[chosen.threshold, chosen.threshold_row] += delta[of]
        out[chosen.mean] = chosen.mean_sign[:, None] * d.mean[chosen.mean_of]
        scale = (delta[i] * delta[j])[:, None]
        out[chosen.covariance] = scale * (d.left[i] * d.right[j] + d.right[i] * d.left[j])
        of_slope = delta[chosen.slope_of][:, None] * d.left[np.ix_(chosen.slope_of, d.path_row)]
        out[np.ix_(chosen.slope, d.path_row)] = of_slope * implied.inverse[np.ix_(d.path_from, chosen.slope_on)].T
        for row, variable in zip(d.delta_row, d.delta_of, strict=True):
            centred = implied.row_values[chosen.threshold_row] - implied.mean[of]
            out[chosen.threshold, row] += np.where(of == variable, centred, 0.0)
            covariance = implied.covariance[i, j]
            both = np.where(i == variable, delta[j], 0.0) + np.where(j == variable, delta[i], 0.0)
            out[chosen.covariance, row] += covariance * both
            effect = implied.inverse[chosen.slope_of, chosen.slope_on]
            out[chosen.slope, row] += np.where(chosen.slope_of == variable, effect, 0.0)
        return out

    def length(self, vector: Array) -> float:
        """v'Wv of a vector of statistics (q,)."""
        return float(vector @ self._weighted(vector))

    def _weighted(self, vector: Array) -> Array:
        if self.weight.ndim == 2:
            return np.asarray(self.weight @ vector)
        return np.asarray((self.weight * vector.T).T)
