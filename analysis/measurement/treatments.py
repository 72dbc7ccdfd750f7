"""One model under three treatments of missing values: complete rows, full information, multiple imputation."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from analysis.errors import ModelError, Problem, SmartCityError
from analysis.measurement.chained_equations import impute
from analysis.measurement.pooling import Pooled, PooledChiSquare, pool, pool_chi_square
from analysis.sem import Estimate, SemResult, fit

CONVENTIONS = (
    "every treatment by ML with means",
    "imputation by chained equations of the model's variables: predictive mean matching, 5 donors, 10 cycles",
    "Rubin's rules (1987) with the df of Barnard & Rubin (1999) for N less the number of free parameters",
    "pooled chi-square: D2 of Li, Meng, Raghunathan & Rubin (1991), shown as D2 times df, its p from F",
)
MINIMUM = 2


@dataclass(frozen=True, slots=True)
class TreatedParameter:
    """A parameter under one treatment; ``se`` and ``pvalue`` are None for fixed ones, ``pooled`` but for imputation."""

    lhs: str
    op: str
    rhs: str
    est: float
    se: float | None
    pvalue: float | None
    pooled: Pooled | None = None


@dataclass(frozen=True, slots=True)
class Treatment:
    """The model under one treatment. Without a result ``nobs`` and the test are None and ``reason`` says why."""

    name: str
    nobs: int | None
    chisq: float | None
    df: int | None
    pvalue: float | None
    parameters: tuple[TreatedParameter, ...]
    warnings: tuple[str, ...] = ()
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Treatments:
    """All treatments; of ``n_imputations`` data sets ``n_failed`` gave no result, for ``reasons`` (reason → count).

    ``pooled_test`` is None where the chi-square has no degrees of freedom, or too few fits succeeded.
    """

    treatments: tuple[Treatment, ...]
    n_imputations: int
    n_failed: int
    seed: int
    reasons: dict[str, int]
    pooled_test: PooledChiSquare | None

    def tidy(self) -> pd.DataFrame:
        """One row a treatment and parameter."""
        rows = [
            {"treatment": treatment.name, **{k: v for k, v in asdict(row).items() if k != "pooled"}}
            for treatment in self.treatments
            for row in treatment.parameters
        ]
        return pd.DataFrame(rows, columns=["treatment", "lhs", "op", "rhs", "est", "se", "pvalue"])


def treatments(
    text: str, data: pd.DataFrame, variables: Sequence[str], *, n_imputations: int, seed: int, name: str = "model"
) -> Treatments:
    """Fit ``text`` to numeric ``variables`` of ``data`` under each treatment.

    A treatment that fails carries its reason. Raises ModelError for fewer than two imputations.
    """
    if n_imputations < MINIMUM:
        what = f"{n_imputations} imputations are too few for a variance between them"
        raise ModelError(Problem(what, "--impute", "take 20 or more"))
    listwise = _single("listwise", text, data, name)
    fiml = _single("fiml", text, data, name)
    try:
        fits, failures = _fits(text, imputed(data, variables, n_imputations, seed), name)
    except SmartCityError as error:
        why = _reason(error)
        three = (listwise, fiml, _failed("imputation", why))
        return Treatments(three, n_imputations, n_imputations, seed, {why: n_imputations}, None)
    pooled, test = pooled_treatment(fits)
    n_failed = sum(failures.values())
    return Treatments((listwise, fiml, pooled), n_imputations, n_failed, seed, dict(failures), test)


def imputed(data: pd.DataFrame, variables: Sequence[str], n_imputations: int, seed: int) -> list[pd.DataFrame]:
    """The ``variables`` of ``data`` filled ``n_imputations`` times, from seeds spawned from ``seed``; rows without any
    answer are left out. Raises ModelError naming variables that nobody answered.
    """
    answers = data[list(variables)].dropna(how="all").astype(float)
    empty = [name for name in variables if answers[name].isna().all()]
    if empty:
        raise ModelError(Problem(f"nobody answered '{name}'", "imputation", "take it out") for name in empty)
    values = answers.to_numpy()
    seeds = np.random.SeedSequence(seed).spawn(n_imputations)
    filled = (impute(values, np.random.default_rng(one)) for one in seeds)
    return [pd.DataFrame(one, index=answers.index, columns=list(variables)) for one in filled]


def _fits(text: str, data_sets: Sequence[pd.DataFrame], name: str) -> tuple[list[SemResult], Counter[str]]:
    fits, failures = [], Counter[str]()
    for data in data_sets:
        try:
            result = fit(text, data, name=name, estimator="ML", meanstructure=True)
        except SmartCityError as error:
            failures[_reason(error)] += 1
            continue
        if result.converged and result.covariance is not None:
            fits.append(result)
        else:
            failures["no convergence, or no standard errors"] += 1
    return fits, failures


def pooled_treatment(fits: Sequence[SemResult]) -> tuple[Treatment, PooledChiSquare | None]:
    """The fits of one model to imputed data sets as one treatment, and its pooled chi-square."""
    if len(fits) < MINIMUM:
        return _failed("imputation", f"{len(fits)} imputed data sets gave a result: two are needed"), None
    df = int(fits[0].fit_measures["df"] or 0)
    chisq = [one.fit_measures["chisq"] for one in fits]
    known = np.array([value for value in chisq if value is not None], dtype=float)
    test = pool_chi_square(known, df) if df > 0 and len(known) == len(fits) else None
    df_complete = float(fits[0].nobs - fits[0].npar)
    rows = zip(*(one.estimates for one in fits), strict=True)
    return Treatment(
        name="imputation",
        nobs=fits[0].nobs,
        chisq=test.d2 * df if test else None,
        df=df,
        pvalue=test.pvalue if test else None,
        parameters=tuple(_pooled_row(row, df_complete) for row in rows),
        warnings=tuple(dict.fromkeys(warning for one in fits for warning in one.warnings)),
    ), test


def _pooled_row(rows: Sequence[Estimate], df_complete: float) -> TreatedParameter:
    first = rows[0]
    errors = [row.se for row in rows if row.se is not None]
    estimates = np.array([row.est for row in rows])
    if len(errors) < len(rows):
        return TreatedParameter(first.lhs, first.op, first.rhs, float(estimates.mean()), None, None)
    found = pool(estimates, np.array(errors) ** 2, df_complete)
    se = float(np.sqrt(found.total))
    return TreatedParameter(first.lhs, first.op, first.rhs, found.estimate, se, found.pvalue, found)


def _single(missing: str, text: str, data: pd.DataFrame, name: str) -> Treatment:
    try:
        result = fit(text, data, name=name, estimator="ML", missing=missing, meanstructure=True)
    except SmartCityError as error:
        return _failed(missing, _reason(error))
    df, chisq = result.fit_measures["df"], result.fit_measures["chisq"]
    return Treatment(
        name=missing,
        nobs=result.nobs,
        chisq=chisq,
        df=None if df is None else int(df),
        pvalue=result.fit_measures["pvalue"],
        parameters=tuple(TreatedParameter(r.lhs, r.op, r.rhs, r.est, r.se, r.pvalue) for r in result.estimates),
        warnings=result.warnings,
    )


def _reason(error: SmartCityError) -> str:
    return "; ".join(problem.what for problem in error.problems)


def _failed(name: str, reason: str) -> Treatment:
    return Treatment(name, None, None, None, None, (), (), reason)
