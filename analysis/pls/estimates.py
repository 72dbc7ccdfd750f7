"""All estimates of a path model from correlations of its items: of the sample, or of many resamples at once."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from analysis.pls.consistent import consistent_loadings, disattenuated, rho_a
from analysis.pls.design import Design, Scheme
from analysis.pls.structure import path_coefficients, r_squared, total_effects
from analysis.pls.weights import OuterWeights, outer_weights

Array = NDArray[np.float64]
Estimator = Literal["PLS", "PLSc"]
ESTIMATORS: tuple[Estimator, ...] = ("PLS", "PLSc")


@dataclass(frozen=True, slots=True)
class PathEstimates:
    """Estimates with any leading axes; p items, J constructs.

    ``weights`` and ``loadings`` (..., p, J), zero outside the blocks; ``correlations`` (..., J, J) of constructs,
    corrected under PLSc; ``paths`` and ``totals`` (..., J, J), row j on column i; ``r_squared`` and ``rho_a`` (..., J).
    """

    weights: Array
    loadings: Array
    correlations: Array
    paths: Array
    totals: Array
    r_squared: Array
    rho_a: Array

    @property
    def admissible(self) -> NDArray[np.bool_]:
        """Which (...) are finite, with every correlation of constructs below 1 in size and R2 from 0 to 1."""
        off = ~np.eye(self.correlations.shape[-1], dtype=bool)
        finite = np.isfinite(self.totals).all(axis=(-2, -1)) & np.isfinite(self.loadings).all(axis=(-2, -1))
        with np.errstate(invalid="ignore"):
            below = (np.abs(self.correlations[..., off]) < 1.0).all(axis=-1)
            within = (self.r_squared >= -1e-12) & (self.r_squared <= 1.0)
            return np.asarray(finite & below & within.all(axis=-1))

    def at(self, rows: NDArray[np.bool_]) -> PathEstimates:
        """Those of the first axis that ``rows`` picks."""
        return PathEstimates(*(getattr(self, field.name)[rows] for field in fields(self)))


def estimates(
    correlations: Array, design: Design, scheme: Scheme, estimator: Estimator
) -> tuple[PathEstimates, OuterWeights]:
    """Iterate the weights of ``correlations`` (..., p, p), and estimate what follows from them."""
    outer = outer_weights(correlations, design, scheme)
    return from_weights(correlations, outer.weights, design, estimator), outer


def from_weights(correlations: Array, weights: Array, design: Design, estimator: Estimator) -> PathEstimates:
    """Loadings, correlations of constructs, paths and effects that go with ``weights`` (..., p, J)."""
    with_scores = correlations @ weights
    scores = weights.swapaxes(-2, -1) @ with_scores
    loadings = np.where(design.block, with_scores, 0.0)
    reliability = rho_a(correlations, weights, design)
    if estimator == "PLSc":
        scores = disattenuated(scores, reliability)
        loadings = consistent_loadings(loadings, weights, reliability, design)
    paths = path_coefficients(scores, design)
    return PathEstimates(weights, loadings, scores, paths, total_effects(paths), r_squared(scores, paths), reliability)
