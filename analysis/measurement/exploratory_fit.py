"""How well factors reproduce correlations."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

from analysis.measurement.item_correlations import ItemCorrelations

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class ExploratoryFit:
    """Fit of k factors; None where it is not defined.

    ``chisq``: N less Bartlett's correction, times the likelihood discrepancy; ``rmsr``: root mean square residual
    correlation; ``rmsr_corrected`` per degree of freedom; ``bic`` = chisq - df log N.
    """

    chisq: float | None
    df: int
    pvalue: float | None
    rmsea: float | None
    tli: float | None
    bic: float | None
    rmsr: float
    rmsr_corrected: float | None

    def values(self) -> dict[str, float | int | None]:
        """Names and values."""
        return asdict(self)


def exploratory_fit(
    items: ItemCorrelations, common: Array, n_factors: int, undefined: dict[str, str]
) -> ExploratoryFit:
    """Fit of ``common`` (p, p), what the factors reproduce; reasons for what has no number go to ``undefined``.

    χ² = (N - 1 - (2p + 5) / 6 - 2k / 3) F with F = tr Σ⁻¹R - log |Σ⁻¹R| - p and Σ the model with unit diagonal
    (Bartlett 1951, Biometrika 38, 337-344), for minres too. TLI is Tucker & Lewis's (1973, Psychometrika 38, 1-10),
    with the null model's F over its degrees of freedom; RMSEA² = max(0, χ² / (df N) - 1 / (N - 1)). psych::fa.stats's
    conventions.
    """
    p, n = len(common), items.nobs
    residual = items.correlation - common
    apart = residual[np.triu_indices(p, 1)]
    df = ((p - n_factors) ** 2 - p - n_factors) // 2
    rmsr = float(np.sqrt(np.mean(apart**2)))
    corrected = float(np.sqrt((apart**2).sum() / df)) if df > 0 else None
    model = common + np.diag(1.0 - np.diag(common))
    discrepancy, why = _discrepancy(items, model)
    factor = n - 1.0 - (2.0 * p + 5.0) / 6.0 - 2.0 * n_factors / 3.0
    if discrepancy is None or factor <= 0:
        why = why or f"{n:g} respondents are too few for {p} items"
        undefined |= dict.fromkeys(("chisq", "pvalue", "rmsea", "tli", "bic"), why)
        return ExploratoryFit(None, df, None, None, None, None, rmsr, corrected)
    chisq = max(0.0, factor * discrepancy)
    if df == 0:
        why = "no degrees of freedom are left: the factors reproduce any correlations"
        undefined |= dict.fromkeys(("pvalue", "rmsea", "tli", "bic", "rmsr_corrected"), why)
        return ExploratoryFit(chisq, df, None, None, None, None, rmsr, corrected)
    null = -float(np.linalg.slogdet(items.correlation)[1]) / (p * (p - 1) / 2)
    tli = (null - discrepancy / df) / (null - 1.0 / factor) if null * factor > 1 else None
    if tli is None:
        undefined["tli"] = "the items do not correlate beyond chance: there is nothing to improve upon"
    rmsea = float(np.sqrt(max(0.0, chisq / (df * n) - 1.0 / (n - 1.0))))
    return ExploratoryFit(
        chisq, df, float(chi2.sf(chisq, df)), rmsea, tli, chisq - df * float(np.log(n)), rmsr, corrected
    )


def _discrepancy(items: ItemCorrelations, model: Array) -> tuple[float | None, str]:
    """Likelihood discrepancy of the correlations from ``model``, or why there is none."""
    if not items.positive_definite:
        return None, "the correlations are not positive definite"
    if np.linalg.eigvalsh(model)[0] <= 0:
        return None, "the correlations that the factors reproduce are not positive definite"
    ratio = np.linalg.solve(model, items.correlation)
    return float(np.trace(ratio) - np.linalg.slogdet(ratio)[1] - len(model)), ""
