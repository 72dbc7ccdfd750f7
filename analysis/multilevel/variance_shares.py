"""Where a mixed model places the variance of its outcome, within and between groups.

Rights & Sterba (2019), Psychological Methods 24(3), 309-338: the variance that a model implies is the sum of five
parts, and every R² of a multilevel model is a share of some of them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.multilevel.random_blocks import RandomBlock

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class VarianceShares:
    """Variances, in squared units of the outcome: by fixed effects within groups (f1) and between them (f2), by what
    random slopes do within groups (v) and random effects between them (m), and the residual.
    """

    fixed_within: float
    fixed_between: float
    slopes: float
    intercepts: float
    residual: float

    @property
    def total(self) -> float:
        """All five."""
        return self.fixed_within + self.fixed_between + self.slopes + self.intercepts + self.residual

    @property
    def marginal(self) -> float:
        """R² of the fixed effects (Nakagawa & Schielzeth 2013), f in Rights & Sterba."""
        return (self.fixed_within + self.fixed_between) / self.total

    @property
    def conditional(self) -> float:
        """R² of fixed and random effects (Johnson 2014 with random slopes), fvm in Rights & Sterba."""
        return 1.0 - self.residual / self.total

    @property
    def within(self) -> float | None:
        """Share of the variance within groups that fixed effects explain; None where there is none."""
        return _share(self.fixed_within, self.fixed_within + self.slopes + self.residual)

    @property
    def within_with_slopes(self) -> float | None:
        """Share of the variance within groups that fixed effects and random slopes explain."""
        return _share(self.fixed_within + self.slopes, self.fixed_within + self.slopes + self.residual)

    @property
    def between(self) -> float | None:
        """Share of the variance between groups that fixed effects explain; None where there is none."""
        return _share(self.fixed_between, self.fixed_between + self.intercepts)


def variance_shares(
    X: Array, beta: Array, blocks: Sequence[RandomBlock], covariances: Sequence[Array], sigma2: float
) -> VarianceShares:
    """Shares at ``beta`` (p,) of the columns of X (n, p) and the ``covariances`` (q, q) of each random block; groups
    are those of the coarsest grouping factor, and "within" and "between" mean something where it is the only one.

    With bars for means of groups, f1 and f2 are the sums of squares of (x - xbar)'b and of xbar'b about its mean over
    n - 1; v is the mean over rows of (z - zbar)' T (z - zbar), m that of zbar' T zbar. Where predictors are centred
    within groups these are the paper's parts (its eqs. 8 to 12), and f1 + f2 and v + m are Nakagawa's and Johnson's
    (2014, Methods in Ecology and Evolution 5, 944-946) for any centring.
    """
    n = len(X)
    group = min(blocks, key=lambda block: block.n_groups).codes
    # Columns are centred first: the variance of an intercept alone is then exactly zero.
    fitted = (X - X.mean(axis=0)) @ beta
    between = group_means(fitted, group)
    slopes = intercepts = 0.0
    for block, covariance in zip(blocks, covariances, strict=True):
        centre = group_means(block.Z, group)
        slopes += _mean_quadratic(block.Z - centre, covariance)
        intercepts += _mean_quadratic(centre, covariance)
    return VarianceShares(
        fixed_within=float(np.sum((fitted - between) ** 2)) / (n - 1),
        fixed_between=float(np.sum((between - between.mean()) ** 2)) / (n - 1),
        slopes=slopes,
        intercepts=intercepts,
        residual=sigma2,
    )


def group_means(values: Array, group: NDArray[np.intp]) -> Array:
    """Mean of each row's group, in the shape of ``values`` (n,) or (n, q)."""
    counts = np.bincount(group)
    if values.ndim == 1:
        return np.asarray((np.bincount(group, weights=values) / counts)[group])
    return np.column_stack([group_means(column, group) for column in values.T])


def _mean_quadratic(Z: Array, covariance: Array) -> float:
    return float(((Z @ covariance) * Z).sum()) / len(Z)


def _share(part: float, whole: float) -> float | None:
    return part / whole if whole > 0 else None
