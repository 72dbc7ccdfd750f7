"""What a bootstrap leaves: replicates of every statistic, what failed and why, standard errors and intervals."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.json_text import json_text
from analysis.sem.bootstrap.draws import Kind
from analysis.sem.bootstrap.intervals import IntervalType, interval
from analysis.sem.bootstrap.measures import FIT_NAMES

Array = NDArray[np.float64]

# Standardised values that cannot vary differ by rounding error.
_CONSTANT = 1e-9


@dataclass(frozen=True, slots=True)
class Failure:
    """A resample, counted from 0, that could not be fitted, and the reason."""

    resample: int
    reason: str


@dataclass(frozen=True, slots=True)
class Statistic:
    """One row of the solution: ``varies`` is false for fixed parameters."""

    lhs: str
    op: str
    rhs: str
    group: str | None
    label: str
    varies: bool


@dataclass(frozen=True, slots=True)
class Inference:
    """What the replicates of m statistics say: standard errors and ends of the interval, each (m,)."""

    se: Array
    lower: Array
    upper: Array


@dataclass(frozen=True, slots=True)
class BootstrapResult:
    """Replicates over the r resamples that could be fitted, in the order of their indices.

    ``statistics`` are the rows of the parameter table, then its definitions; ``estimate`` and ``standardised`` (m,)
    are those of the sample, ``replicates`` and ``standardised_replicates`` (r, m) those of the resamples (std_all).
    ``theta`` (r, n_free) are the free parameters. ``chisq`` is the sample's,
    ``chisq_replicates`` (r,) the resamples'; ``fit`` (5,) and ``fit_replicates`` (r, 5) are the measures FIT_NAMES, NaN
    where a resample does not have them. ``acceleration`` and ``standardised_acceleration`` (m,) are there for BCa
    intervals alone. ``improper`` are the resamples, fitted and kept, whose solution has a negative variance or
    latent variables with a covariance matrix that is not positive definite.
    """

    kind: Kind
    seed: int
    interval: IntervalType
    level: float
    n_requested: int
    failures: tuple[Failure, ...]
    improper: tuple[int, ...]
    statistics: tuple[Statistic, ...]
    estimate: Array
    standardised: Array
    theta: Array
    replicates: Array
    standardised_replicates: Array
    chisq: float
    chisq_replicates: Array
    fit: Array
    fit_replicates: Array
    acceleration: Array | None = None
    standardised_acceleration: Array | None = None

    @property
    def n_succeeded(self) -> int:
        """Resamples that could be fitted."""
        return len(self.replicates)

    @property
    def failure_counts(self) -> dict[str, int]:
        """How many resamples failed for each reason."""
        return dict(Counter(failure.reason for failure in self.failures))

    @property
    def pvalue_bollen_stine(self) -> float | None:
        """Share of resamples from a population in which the model holds whose chi-square is above the sample's.

        Bollen & Stine (1992), Sociological Methods & Research 21(2), 205-229. None for other kinds of bootstrap.
        """
        return float((self.chisq_replicates > self.chisq).mean()) if self.kind == "bollen_stine" else None

    @property
    def plain(self) -> Inference:
        """Inference on the parameters and definitions."""
        varies = np.array([statistic.varies for statistic in self.statistics])
        return self._inference(self.replicates, self.estimate, self.acceleration, varies)

    @property
    def of_standardised(self) -> Inference:
        """Inference on the standardised solution (std_all), in which fixed parameters vary too, markers for one."""
        replicates = self.standardised_replicates
        varies = np.ptp(replicates, axis=0) > _CONSTANT
        return self._inference(replicates, self.standardised, self.standardised_acceleration, varies)

    @property
    def of_fit(self) -> dict[str, dict[str, float | int | None]]:
        """By fit measure: est, se and percentile interval, over the ``n`` resamples that have it.

        Percentiles whatever the interval of the estimates: measures pile up at their bounds (CFI at 1, RMSEA at 0),
        where nothing is left to correct.
        """
        tails = [(1.0 - self.level) / 2.0, (1.0 + self.level) / 2.0]
        found: dict[str, dict[str, float | int | None]] = {}
        for name, est, column in zip(FIT_NAMES, self.fit.tolist(), self.fit_replicates.T, strict=True):
            known = column[np.isfinite(column)]
            numbers: list[float | None] = [None, None, None]
            if len(known) > 1:
                numbers = [float(known.std(ddof=1)), *np.quantile(known, tails).tolist()]
            spread = dict(zip(("se", "ci_lower", "ci_upper"), numbers, strict=True))
            found[name] = {"est": est if np.isfinite(est) else None, "n": len(known), **spread}
        return found

    def _inference(
        self, replicates: Array, estimate: Array, acceleration: Array | None, varies: NDArray[np.bool_]
    ) -> Inference:
        lower, upper = interval(replicates, estimate, self.interval, self.level, acceleration)
        with np.errstate(invalid="ignore"):
            se = replicates.std(axis=0, ddof=1)
        return Inference(*(np.where(varies, column, np.nan) for column in (se, lower, upper)))

    def tidy(self) -> pd.DataFrame:
        """One row an estimate: bias (mean of the replicates less the estimate), SE and interval, plain and std_all."""
        plain, standardised = self.plain, self.of_standardised
        names = ("lhs", "op", "rhs", "group", "label")
        columns = {name: [getattr(statistic, name) for statistic in self.statistics] for name in names}
        return pd.DataFrame(
            {
                **columns,
                "est": self.estimate,
                "bias": self.replicates.mean(axis=0) - self.estimate,
                "se": plain.se,
                "ci_lower": plain.lower,
                "ci_upper": plain.upper,
                "std_all": self.standardised,
                "std_all_se": standardised.se,
                "std_all_ci_lower": standardised.lower,
                "std_all_ci_upper": standardised.upper,
            }
        )

    def glance(self) -> pd.DataFrame:
        """One row: what was asked for, what succeeded, what failed."""
        return pd.DataFrame([{key: value for key, value in self.summary().items() if key not in {"failures", "fit"}}])

    def summary(self) -> dict[str, object]:
        """Counts and choices, with the reasons of failures."""
        return {
            "kind": self.kind,
            "seed": self.seed,
            "interval": self.interval,
            "level": self.level,
            "n_requested": self.n_requested,
            "n_succeeded": self.n_succeeded,
            "n_improper": len(self.improper),
            "pvalue_bollen_stine": self.pvalue_bollen_stine,
            "failures": self.failure_counts,
            "fit": self.of_fit,
        }

    def to_json(self) -> str:
        """JSON: the summary, failed resamples, and one object an estimate; undefined numbers are null."""
        frame = self.tidy()
        rows = frame.astype(object).where(frame.notna() & ~frame.isin([np.inf, -np.inf]), None).to_dict("records")
        failed = [{"resample": failure.resample, "reason": failure.reason} for failure in self.failures]
        content = {**self.summary(), "failed": failed, "improper": list(self.improper), "parameters": rows}
        return json_text(content)
