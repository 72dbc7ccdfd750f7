"""Signs of common method variance in correlations alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def single_factor_share(correlation: Array) -> float:
    """Harman's single factor: share of variance of the first principal component of correlations (p, p).

    Reported since readers look for it; a share below one half says nothing against method variance (Podsakoff,
    MacKenzie, Lee & Podsakoff 2003, Journal of Applied Psychology 88, 879-903, p. 889).
    """
    return float(np.linalg.eigvalsh(correlation)[-1]) / len(correlation)


def variance_inflation(correlation: Array) -> Array:
    """Variance inflation factors (c,): 1 / (1 - R²) of each of c variables on all others, the diagonal of R⁻¹.

    Of the scores of all constructs they are full collinearity VIFs; above 3.3 they point to common method variance
    (Kock 2015, International Journal of e-Collaboration 11(4), 1-10). Infinite where a variable is a combination of
    others.
    """
    values, vectors = np.linalg.eigh(correlation)
    with np.errstate(divide="ignore"):
        weights = np.where(values > 1e-12 * len(values), 1.0 / np.maximum(values, 0.0), np.inf)
    loaded = vectors**2
    terms = np.where(loaded > 1e-12, loaded, 0.0) * np.where(loaded > 1e-12, weights, 0.0)
    factors: Array = terms.sum(axis=1)
    return factors
