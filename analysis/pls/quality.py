"""Quality of measurement and fit of a path model, from correlations and its estimates. NaN: not defined."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.pls.design import Design
from analysis.pls.estimates import Estimator, PathEstimates
from analysis.pls.structure import implied_correlations

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Reliability:
    """Of each construct (J,): standardised alpha, rho_A, rho_C and AVE; NaN for mode B and for one item.

    rho_A is NaN too where its formula gives no positive number.
    """

    alpha: Array
    rho_a: Array
    rho_c: Array
    ave: Array


def reliability(correlations: Array, estimates: PathEstimates, design: Design) -> Reliability:
    """alpha = k/(k-1) (1 - k/sum R) (Cronbach 1951); rho_C, AVE: Fornell & Larcker (1981), eqs 10 and 11."""
    alpha, rho_c, ave = (np.full(len(design.constructs), np.nan) for _ in range(3))
    scales = ~(design.formative | design.single)
    for j in np.flatnonzero(scales):
        rows = design.members[j]
        k, loadings = len(rows), estimates.loadings[rows, j]
        alpha[j] = k / (k - 1) * (1.0 - k / correlations[np.ix_(rows, rows)].sum())
        ave[j] = (loadings**2).mean()
        common = loadings.sum() ** 2
        rho_c[j] = common / (common + (1.0 - loadings**2).sum())
    defined = scales & (estimates.rho_a > 0)
    return Reliability(alpha, np.where(defined, estimates.rho_a, np.nan), rho_c, ave)


def htmt(correlations: Array, design: Design) -> Array:
    """Heterotrait-monotrait ratios (J, J): mean correlation across over the geometric mean of those within.

    Henseler, Ringle & Sarstedt (2015), JAMS 43, 115-135, eq. 6. NaN where a construct is of mode B or of one item, or
    where its items do not correlate positively on average.
    """
    n_constructs = len(design.constructs)
    within = np.full(n_constructs, np.nan)
    for j in np.flatnonzero(~(design.formative | design.single)):
        own = correlations[np.ix_(design.members[j], design.members[j])]
        within[j] = own[~np.eye(len(own), dtype=bool)].mean()
    sizes = design.block.sum(axis=0)
    across = design.block.T @ correlations @ design.block / np.outer(sizes, sizes)
    positive = np.where(within > 0, within, np.nan)
    ratios = across / np.sqrt(np.outer(positive, positive))
    ratios[np.eye(n_constructs, dtype=bool)] = np.nan
    return np.asarray(ratios)


def cross_loadings(correlations: Array, weights: Array) -> Array:
    """Correlations of all items with all scores (p, J)."""
    return np.asarray(correlations @ weights)


def outer_vif(correlations: Array, design: Design) -> Array:
    """Variance inflation factor of each item within its block (p,); infinite where a block is singular."""
    factors = np.ones(len(design.items))
    for rows in design.members:
        within = correlations[np.ix_(rows, rows)]
        regular = np.linalg.cond(within) < 1e12
        factors[rows] = np.diag(np.linalg.inv(within)) if regular else np.inf
    return factors


def adjusted_r_squared(r_squared: Array, design: Design, n: int) -> Array:
    """1 - (1 - R2) (n - 1)/(n - k - 1) (J,), k predictors; NaN for exogenous constructs (Wherry 1931)."""
    k = design.path.sum(axis=1)
    return np.where(k > 0, 1.0 - (1.0 - r_squared) * (n - 1) / (n - k - 1), np.nan)


def srmr(
    correlations: Array, estimates: PathEstimates, design: Design, estimator: Estimator, saturated: bool = False
) -> float:
    """Root mean square of residual correlations of items, over all p(p+1)/2 of them.

    Henseler et al. (2014), Organizational Research Methods 17(2), 182-209, p. 194. Items of different constructs are
    implied to correlate by loading * correlation of constructs * loading. Within a block a composite implies what is
    observed; a common factor (PLSc, mode A) loading * loading. ``saturated``: constructs correlate as they do, else as
    the paths imply.
    """
    between = estimates.correlations
    if not saturated:
        between = implied_correlations(between, estimates.paths, design)
    implied = estimates.loadings @ between @ estimates.loadings.T
    factors = ~(design.formative | design.single) if estimator == "PLSc" else np.zeros(len(between), dtype=bool)
    composite = design.block[:, ~factors].astype(np.float64)
    implied = np.where(composite @ composite.T > 0, correlations, implied)
    rows, columns = np.tril_indices(len(correlations), -1)
    residuals = (correlations - implied)[rows, columns]
    p = len(correlations)
    return float(np.sqrt((residuals**2).sum() / (p * (p + 1) / 2)))
