"""Difference tests of nested models, plain and scaled: kernels on chi-squares, degrees of freedom and traces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem import chi_square
from analysis.sem.optimise import null_space

Array = NDArray[np.float64]

NO_DISTRIBUTION = "the chi-square of unweighted least squares has no known distribution"


@dataclass(frozen=True, slots=True)
class DifferenceTest:
    """Chi-square difference with its df and p-value. ``method`` says how it is made, ``scaling`` what the plain
    difference was divided by and ``shift`` what was added then (None: nothing); numbers are None where ``reason`` says
    why.
    """

    chisq_diff: float | None
    df_diff: int
    pvalue: float | None
    method: str
    scaling: float | None = None
    shift: float | None = None
    reason: str = ""


@dataclass(frozen=True, slots=True)
class ScaledTest:
    """A model's plain chi-square, its df, and the scaling factor of its test (None: not scaled, or df 0)."""

    chisq: float
    df: int
    scaling: float | None

    @property
    def mean(self) -> float:
        """The expectation of the plain chi-square under the model: scaling times df."""
        return 0.0 if self.df == 0 else (self.scaling or np.nan) * self.df


def plain(restricted: ScaledTest, full: ScaledTest) -> DifferenceTest:
    """The likelihood-ratio test (Wilks 1938), or the difference of least-squares chi-squares."""
    return _test(restricted.chisq - full.chisq, restricted.df - full.df, "standard", None)


def satorra_bentler_2001(restricted: ScaledTest, full: ScaledTest) -> DifferenceTest:
    """The difference over (c0 df0 - c1 df1) / (df0 - df1), c the scaling factors: Satorra & Bentler (2001), A scaled
    difference chi-square test statistic for moment structure analysis, Psychometrika 66(4), 507-514.

    That factor can be negative; the test is then undefined.
    """
    df = restricted.df - full.df
    factor = (restricted.mean - full.mean) / df
    return _test(restricted.chisq - full.chisq, df, "satorra.bentler.2001", factor)


def satorra_bentler_2010(restricted: ScaledTest, full: ScaledTest, mean_at_restricted: float | None) -> DifferenceTest:
    """As of 2001, but the expectation of the full model's chi-square is taken at the restricted model's moments
    (``mean_at_restricted``), which keeps the factor positive where the model holds: Satorra & Bentler (2010),
    Ensuring positiveness of the scaled difference chi-square test statistic, Psychometrika 75(2), 243-248.
    """
    df = restricted.df - full.df
    factor = np.nan if mean_at_restricted is None else (restricted.mean - mean_at_restricted) / df
    return _test(restricted.chisq - full.chisq, df, "satorra.bentler.2010", factor)


@dataclass(frozen=True, slots=True)
class LocalModels:
    """The full model near its optimum and the restriction in it.

    ``information`` (k, k) and ``meat`` (k, k), the covariance of the score, of the full model's free directions;
    ``slopes`` (q, k) and ``restricted_slopes`` (q, k0) derivatives of the moments by both models' free directions.
    """

    information: Array
    meat: Array
    slopes: Array
    restricted_slopes: Array

    def product(self) -> Array:
        """U Gamma of the difference, as a matrix of the restriction's size (m, m).

        With H the restricted directions in terms of the full model's, A their orthogonal complement, P the
        information and B the meat: (A P^-1 A')^-1 A P^-1 B P^-1 A'.
        """
        h = np.linalg.lstsq(self.slopes, self.restricted_slopes, rcond=None)[0]
        a = null_space(np.asarray(h.T, dtype=np.float64)).T
        through = np.linalg.solve(self.information, a.T)
        return np.asarray(np.linalg.solve(a @ through, through.T @ self.meat @ through))


def satorra_2000(restricted: ScaledTest, full: ScaledTest, local: LocalModels) -> DifferenceTest:
    """The difference scaled and shifted to the mean and variance of chi-square with its df.

    Satorra (2000), Scaled and adjusted restricted tests in multi-sample analysis of moment structures, in Heijmans,
    Pollock & Satorra (eds.), Innovations in Multivariate Statistical Analysis, 233-247, in the variant of Asparouhov
    & Muthen (2010), which lavaan takes too: a T + b with a = sqrt(df / tr((U Gamma)^2)), b = df - a tr(U Gamma).
    """
    product = local.product()
    df = restricted.df - full.df
    a = np.sqrt(df / float(np.sum(product * product.T)))
    shift = float(df - a * np.trace(product))
    statistic = float(a * (restricted.chisq - full.chisq) + shift)
    return DifferenceTest(
        statistic, df, chi_square.upper_tail(statistic, df), "satorra.2000", scaling=float(1.0 / a), shift=shift
    )


def _test(difference: float, df: int, method: str, factor: float | None) -> DifferenceTest:
    if factor is not None and not factor > 0:
        known = bool(np.isfinite(factor))
        why = "the scaling factor of the difference is not positive" if known else "a scaling factor cannot be computed"
        return DifferenceTest(None, df, None, method, float(factor) if known else None, reason=why)
    statistic = difference if factor is None else difference / factor
    scaling = None if factor is None else float(factor)
    return DifferenceTest(float(statistic), df, chi_square.upper_tail(statistic, df), method, scaling)
