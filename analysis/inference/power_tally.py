"""Replications summed up: power, bias, coverage and their Monte Carlo errors, in memory that does not grow.

Performance measures and Monte Carlo standard errors: Morris, White & Crowther (2019), Using simulation studies to
evaluate statistical methods, Statistics in Medicine 38(11), 2074-2102, table 6.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.inference.power_fits import Fits, Target, written_statistic

Array = NDArray[np.float64]


@dataclass(slots=True)
class Tally:
    """Sums over replications of one sample size, deviations taken from ``origin`` (m,). ``sums`` has rows: counted,
    significant, significant and positive, covering, d, d², se², se⁴.
    """

    origin: Array
    sums: Array = field(init=False)
    n: int = 0
    n_improper: int = 0
    chisq: float = 0.0
    n_tested: int = 0
    failures: Counter[str] = field(default_factory=Counter)

    def __post_init__(self) -> None:
        self.sums = np.zeros((8, len(self.origin)))

    def add(self, fits: Fits) -> None:
        """Count in the replications of one block."""
        self.n += len(fits.failure)
        self.failures.update(reason for reason in fits.failure if reason)
        there = np.array([not reason for reason in fits.failure])
        self.n_improper += int(fits.improper[there].sum())
        tested = fits.chisq[there & np.isfinite(fits.chisq)]
        self.chisq, self.n_tested = self.chisq + float(tested.sum()), self.n_tested + len(tested)
        estimate, se, critical = fits.estimate[there], fits.se[there], fits.critical[there]
        usable = np.isfinite(estimate) & np.isfinite(se)
        with np.errstate(invalid="ignore"):
            significant = usable & (np.abs(estimate) > critical * se)
            covering = usable & (np.abs(estimate - self.origin) <= critical * se)
        d, square = np.where(usable, estimate - self.origin, 0.0), np.where(usable, se, 0.0) ** 2
        parts = (usable, significant, significant & (estimate > 0), covering, d, d**2, square, square**2)
        self.sums += np.array([part.sum(axis=0) for part in parts])

    @property
    def n_converged(self) -> int:
        """Replications that could be fitted."""
        return self.n - sum(self.failures.values())


def summary(target: Target, tally: Tally, sample_size: int) -> pd.DataFrame:
    """One row a statistic, columns with ``_mcse`` the Monte Carlo standard errors of those before them.

    ``power`` is the share of replications with two-sided p < .05, ``power_positive`` and ``power_negative`` those of
    them with that sign; ``se_ratio`` the root mean square of the standard errors over the standard deviation of the
    estimates. What needs a truth is NaN where none is known, and the relative bias of a true zero is NaN.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        measures = {**_shares(target, tally), **_deviations(target, tally)}
    return pd.DataFrame(
        {
            "parameter": [written_statistic(s) for s in target.statistics],
            "label": [s.label for s in target.statistics],
            "n": sample_size,
            "truth": target.truth,
            "replications": tally.sums[0].astype(int),
            **measures,
        }
    )


def _shares(target: Target, tally: Tally) -> dict[str, Array]:
    """Power and coverage, each share followed by its Monte Carlo error."""
    count, significant, positive, covering = tally.sums[:4]
    shares = {
        "power": significant / count,
        "power_positive": positive / count,
        "power_negative": (significant - positive) / count,
        "coverage": np.where(np.isfinite(target.truth), covering / count, np.nan),
    }
    errors = {f"{name}_mcse": np.sqrt(share * (1 - share) / count) for name, share in shares.items()}
    return {key: {**shares, **errors}[key] for name in shares for key in (name, f"{name}_mcse")}


def _deviations(target: Target, tally: Tally) -> dict[str, Array]:
    """Mean, bias and spread of the estimates, and what standard errors make of the spread."""
    count, (d, d2, se2, se4) = tally.sums[0], tally.sums[4:]
    known = np.isfinite(target.truth)
    nonzero = known & (np.abs(target.truth) > 0)
    mean = d / count
    sd = np.sqrt(np.maximum(d2 - count * mean**2, 0.0) / (count - 1))
    bias, bias_error = np.where(known, mean, np.nan), np.where(known, sd / np.sqrt(count), np.nan)
    model_se = np.sqrt(se2 / count)
    ratio = model_se / sd
    spread = np.maximum(se4 / count - (se2 / count) ** 2, 0.0)  # variance of the squared standard errors
    return {
        "mean": tally.origin + mean,
        "bias": bias,
        "bias_mcse": bias_error,
        "relative_bias": np.where(nonzero, bias / target.truth, np.nan),
        "relative_bias_mcse": np.where(nonzero, bias_error / np.abs(target.truth), np.nan),
        "sd": sd,
        "mean_se": model_se,
        "se_ratio": ratio,
        "se_ratio_mcse": ratio * np.sqrt(spread / (4 * count * model_se**4) + 1 / (2 * (count - 1))),
    }
