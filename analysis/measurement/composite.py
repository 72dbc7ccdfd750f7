"""Reliability and validity of a scale from a fitted measurement model."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem import SemResult

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Loadings:
    """Standardised loadings (k,) of a construct on ``items``, item SDs (k,) and residual covariances (k, k).

    Standard deviations and residual covariances are in the units of the items.
    """

    items: tuple[str, ...]
    standardised: Array
    deviations: Array
    residual: Array


def loadings_of(model: SemResult, construct: str) -> Loadings | None:
    """What ``model`` says of ``construct``; None where the model does not measure it."""
    rows = [row for row in model.estimates if row.op == "=~" and row.lhs == construct]
    if not rows:
        return None
    items = tuple(row.rhs for row in rows)
    variances = dict(zip(model.observed, np.diag(model.implied_covariance.to_numpy(dtype=float)), strict=True))
    return Loadings(
        items=items,
        standardised=np.array([np.nan if row.std_all is None else row.std_all for row in rows]),
        deviations=np.sqrt([variances.get(item, np.nan) for item in items]),
        residual=_residual_covariance(model, items),
    )


def _residual_covariance(model: SemResult, items: tuple[str, ...]) -> Array:
    position = {item: i for i, item in enumerate(items)}
    residual = np.zeros((len(items), len(items)))
    for row in model.estimates:
        if row.op == "~~" and row.lhs in position and row.rhs in position:
            i, j = position[row.lhs], position[row.rhs]
            residual[i, j] = residual[j, i] = row.est
    return residual


def composite_reliability(loadings: Array) -> float:
    """CR = (Σλ)² / ((Σλ)² + Σ(1 − λ²)) of standardised loadings (k,) (Fornell & Larcker 1981).

    The reliability of the sum of standardised items whose errors are uncorrelated.
    """
    common = float(loadings.sum()) ** 2
    return common / (common + float((1.0 - loadings**2).sum()))


def average_variance_extracted(loadings: Array) -> float:
    """AVE = mean of λ² over standardised loadings (k,) (Fornell & Larcker 1981)."""
    return float((loadings**2).mean())


def omega(loadings: Loadings) -> float:
    """ω = (Σλ)² ψ / ((Σλ)² ψ + ΣΣ θ), loadings, factor variance and residual covariances in item units.

    The reliability of the sum of items as they are answered (McDonald 1999, Test Theory, chapter 6),
    with residual covariances in the error (Raykov 2001, British Journal of Mathematical and Statistical
    Psychology 54, 315-323).
    With equal item variances and no residual covariance it equals CR.
    """
    common = float((loadings.standardised * loadings.deviations).sum()) ** 2
    return common / (common + float(loadings.residual.sum()))
