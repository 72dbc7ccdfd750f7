"""Cronbach's alpha with Feldt's interval."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import f

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Alpha:
    """Coefficient alpha with its 95 % interval."""

    alpha: float
    ci_lower: float
    ci_upper: float


def cronbach_alpha(scores: Array) -> Alpha:
    """Alpha of complete item scores (n, k), n ≥ 2, k ≥ 2, whose sum varies.

    α = k / (k − 1) · (1 − Σ var(item) / var(sum)) (Cronbach 1951, Psychometrika 16). Interval:
    1 − (1 − α) F quantiles with n − 1 and (n − 1)(k − 1) degrees of freedom (Feldt, Woodruff & Salih 1987,
    Applied Psychological Measurement 11, 93-103), as psych and pingouin give it.
    """
    n, k = scores.shape
    variances = scores.var(axis=0, ddof=1).sum()
    alpha = float(k / (k - 1) * (1.0 - variances / scores.sum(axis=1).var(ddof=1)))
    df1, df2 = n - 1, (n - 1) * (k - 1)
    return Alpha(
        alpha=alpha,
        ci_lower=float(1.0 - (1.0 - alpha) * f.isf(0.025, df1, df2)),
        ci_upper=float(1.0 - (1.0 - alpha) * f.isf(0.975, df1, df2)),
    )
