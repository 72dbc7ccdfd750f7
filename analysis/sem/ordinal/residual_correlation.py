"""Second stage given covariates: the residual correlation of two ordinal variables, each respondent with bounds of
their own (Muthen 1984, Psychometrika 49, 115-132, eq. 11 to 13).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.sem.ordinal.normal import bivariate_cdf, bivariate_density
from analysis.sem.ordinal.regression import ProbitMargin

Array = NDArray[np.float64]

_BOUND = 0.9999
_STEPS = 200
_TOLERANCE = 1e-10
_SIGNS = np.array([[1.0, -1.0], [-1.0, 1.0]])


def residual_polychoric(first: ProbitMargin, second: ProbitMargin) -> float:
    """Correlation of the residuals of two latent responses by maximum likelihood, margins given.

    Steps by the sum of squared scores, kept inside the bounds. It stands at the bound where the likelihood rises to it.
    """
    rho = 0.0
    for _ in range(_STEPS):
        scores = correlation_scores(first, second, rho)
        moved = float(np.clip(rho + scores.sum() / (scores @ scores), -_BOUND, _BOUND))
        if abs(moved - rho) < _TOLERANCE:
            return moved
        rho = moved
    return rho


def correlation_scores(first: ProbitMargin, second: ProbitMargin, rho: float) -> Array:
    """Derivatives of each respondent's log-likelihood by the correlation (n,): the density summed over the corners
    of the rectangle, over its probability.
    """
    rows = np.column_stack([first.lower, first.upper])
    columns = np.column_stack([second.lower, second.upper])
    each = np.full(len(rows), rho)
    slope, _ = bivariate_density(rows, columns, each)
    probability = (bivariate_cdf(rows, columns, each) * _SIGNS).sum(axis=(1, 2))
    return np.asarray((slope * _SIGNS).sum(axis=(1, 2)) / np.maximum(probability, np.finfo(float).tiny))
