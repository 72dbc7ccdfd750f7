"""The result of a fit: estimates, tests, fit measures, and the optimiser's story, frozen."""

from __future__ import annotations

from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.json_text import json_text
from analysis.sem.bootstrap.result import BootstrapResult
from analysis.sem.slopes import JohnsonNeyman, SimpleSlopes

Array = NDArray[np.float64]

_NUMBERS = (
    "est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_lv", "std_all",
    "std_all_se", "std_all_ci_lower", "std_all_ci_upper",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Estimate:
    """One row of the solution, in lavaan's columns.

    ``se``, ``z``, ``pvalue`` and the 95 % interval are None for fixed parameters and wherever no standard error
    could be had; ``free`` tells the two apart. ``std_all_se`` and its interval are those of ``std_all``, by the delta
    method, None where it cannot vary.
    """

    lhs: str
    op: str
    rhs: str
    group: str | None
    level: int
    label: str
    free: bool
    user: bool
    est: float
    se: float | None
    z: float | None
    pvalue: float | None
    ci_lower: float | None
    ci_upper: float | None
    std_lv: float | None
    std_all: float | None
    std_all_se: float | None = None
    std_all_ci_lower: float | None = None
    std_all_ci_upper: float | None = None


@dataclass(frozen=True, slots=True)
class ModificationIndex:
    """One fixed or absent parameter in lavaan's columns.

    ``mi`` is the score statistic with one degree of freedom, ``epc`` the expected change of the parameter,
    ``sepc_lv`` and ``sepc_all`` that change standardised; None where a variance is not positive.
    """

    lhs: str
    op: str
    rhs: str
    group: str | None
    mi: float
    epc: float
    sepc_lv: float | None
    sepc_all: float | None


@dataclass(frozen=True, slots=True)
class SemResult:
    """A fitted structural-equation model.

    ``fit_measures`` maps lavaan's names to values, None where ``undefined`` gives the reason. Matrices, one a
    group, are in the order of ``observed``, in squared units of the items. ``theta`` and ``covariance`` (of the
    estimates) are in the order of ``free_names``. ``conventions`` say how the numbers are made, ``warnings`` what
    a reader must know before trusting them. ``bootstrap`` is there where inference is the bootstrap's,
    ``simple_slopes`` and ``johnson_neyman`` where a latent predictor is the product of two others. A two-level
    model has ``levels`` (their names), matrices one a level (zero for variables the level does not hold), the number
    of clusters ``n_clusters``, and ``icc``, the share of variance between clusters of each variable of level 1 in the
    unrestricted model; ``nobs`` counts its rows.
    """

    name: str
    model: str
    estimator: str
    missing: str
    nobs: int
    n_dropped: int
    npar: int
    converged: bool
    iterations: int
    optimiser: str
    gradient_norm: float
    warnings: tuple[str, ...]
    conventions: tuple[str, ...]
    observed: tuple[str, ...]
    latent: tuple[str, ...]
    exogenous: tuple[str, ...]
    groups: tuple[str, ...]
    estimates: tuple[Estimate, ...]
    fit_measures: dict[str, int | float | None]
    undefined: dict[str, str]
    r_squared: dict[str, float]
    free_names: tuple[str, ...]
    theta: Array
    covariance: Array | None
    sample_moments: tuple[Array, ...]
    implied_moments: tuple[Array, ...]
    bootstrap: BootstrapResult | None = None
    modindices: tuple[ModificationIndex, ...] | None = None
    simple_slopes: tuple[SimpleSlopes, ...] = ()
    johnson_neyman: tuple[JohnsonNeyman, ...] = ()
    levels: tuple[str, ...] = ()
    n_clusters: int | None = None
    icc: dict[str, float] | None = None

    def tidy(self) -> pd.DataFrame:
        """One row an estimate."""
        frame = pd.DataFrame([asdict(estimate) for estimate in self.estimates])
        return frame.astype(dict.fromkeys(_NUMBERS, float))

    def glance(self) -> pd.DataFrame:
        """One row for the model."""
        head = {
            "model": self.name,
            "estimator": self.estimator,
            "missing": self.missing,
            "converged": self.converged,
            "nobs": self.nobs,
        }
        return pd.DataFrame([{**head, **self.fit_measures}])

    @property
    def r2(self) -> pd.DataFrame:
        """Share of variance explained: columns variable (with its group or level where there are several), r2."""
        return pd.DataFrame(self.r_squared.items(), columns=["variable", "r2"])

    @property
    def sample_covariance(self) -> pd.DataFrame:
        """Sample covariance (divided by N) by name; of several groups, one below the other. Of levels, the unrestricted
        model's.
        """
        return self._by_name(self.sample_moments)

    @property
    def implied_covariance(self) -> pd.DataFrame:
        """Model-implied covariance by name; of several groups, one below the other."""
        return self._by_name(self.implied_moments)

    @property
    def residual_correlation(self) -> pd.DataFrame:
        """Sample less implied correlation by name: where the model misses the data."""
        pairs = zip(self.sample_moments, self.implied_moments, strict=True)
        return self._by_name(tuple(_correlation(sample) - _correlation(implied) for sample, implied in pairs))

    def _by_name(self, matrices: tuple[Array, ...]) -> pd.DataFrame:
        frames = [pd.DataFrame(matrix, index=self.observed, columns=self.observed) for matrix in matrices]
        return frames[0] if len(frames) == 1 else pd.concat(frames, keys=self.levels or self.groups)

    def to_json(self) -> str:
        """JSON with lavaan's names; undefined numbers are null."""
        keys = ("lhs", "op", "rhs", "group", "level", "label", *_NUMBERS)
        content: dict[str, object] = {
            "estimator": self.estimator,
            "missing": self.missing,
            "converged": self.converged,
            "iterations": self.iterations,
            "nobs": self.nobs,
            "npar": self.npar,
            "warnings": list(self.warnings),
            "parameters": [{key: getattr(estimate, key) for key in keys} for estimate in self.estimates],
            "fit": self.fit_measures,
            "r2": self.r_squared,
            "undefined": self.undefined,
            "conventions": list(self.conventions),
        }
        if self.icc is not None:
            content |= {"nclusters": self.n_clusters, "icc": self.icc}
        if self.bootstrap is not None:
            content["bootstrap"] = self.bootstrap.summary()
        if self.simple_slopes:
            content["simple_slopes"] = [asdict(found) for found in self.simple_slopes]
            content["johnson_neyman"] = [asdict(found) for found in self.johnson_neyman]
        if self.modindices is not None:
            shown = ("lhs", "op", "rhs", "group", "mi", "epc", "sepc_lv", "sepc_all")
            content["modindices"] = [{key: getattr(index, key) for key in shown} for index in self.modindices]
        return json_text(content)


def _correlation(covariance: Array) -> Array:
    """Correlations; zero for variables without variance, which a level may not hold, NaN where it is negative."""
    variances = np.diag(covariance)
    with np.errstate(invalid="ignore"):
        deviations = np.sqrt(np.where(variances == 0, 1.0, variances))
    return np.asarray(covariance / np.outer(deviations, deviations))
