"""Structural-equation models refitted by semopy, in the subset where semopy 2.3 is right.

That is: ML, complete rows, no observed exogenous covariates, no equality constraints, no means. Within it the
estimates, standard errors from expected information, chi-square, df, CFI and TLI are compared; semopy's AIC, BIC
and log-likelihood are those of the discrepancy and its GFI is the NFI, so these are not.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import numpy as np
import pandas as pd

from analysis.crosscheck.agreement import Agreement, compare, not_comparable
from analysis.sem import Estimate, SemResult

OPTIMISER = {"ftol": 1e-14, "maxiter": 10_000}  # its default stops three digits earlier
SCALE_RATIO = 10.0  # above this ratio of standard deviations its baseline model stops early
MATRIX_ROWS = ("=~", "~", "~~")


def refit(result: SemResult, data: pd.DataFrame) -> Agreement:
    """Fit the model of ``result`` anew by semopy to the complete rows of ``data`` and compare."""
    engine = f"semopy {version('semopy')}"
    rows = data.reindex(columns=list(result.observed)).dropna()
    reason = _why_not(result, rows)
    if reason:
        return not_comparable(result.name, engine, reason)
    import semopy

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        try:
            model = semopy.Model(semopy_syntax(result))
            fitted = model.fit(rows.astype(float), options=dict(OPTIMISER))
            if len(model.param_vals) != result.npar:
                difference = f"semopy estimates {len(model.param_vals)} parameters, we {result.npar}"
                return not_comparable(result.name, engine, difference)
            if not fitted.success:
                return not_comparable(result.name, engine, f"semopy stopped: {fitted.message}")
            estimates, statistics = model.inspect(), semopy.calc_stats(model)
        except Exception as error:  # semopy raises bare Exceptions, and many sorts of them
            return not_comparable(result.name, engine, f"semopy failed: {error}")
    deviations = rows.std()
    badly_scaled = deviations.max() > SCALE_RATIO * deviations.min()
    left_out = f"CFI and TLI left out: standard deviations differ by more than {SCALE_RATIO:g} times"
    pairs = [*_estimate_pairs(result, estimates), *_fit_pairs(result, statistics, baseline=not badly_scaled)]
    return compare(result.name, engine, pairs, left_out if badly_scaled else "")


def semopy_syntax(result: SemResult) -> str:
    """The model with every parameter on a line, fixed ones by their value. Defined effects are left out."""
    rows = (row for row in result.estimates if row.op in MATRIX_ROWS)
    return "\n".join(f"{row.lhs} {row.op} {'' if row.free else f'{row.est!r}*'}{row.rhs}" for row in rows)


def _why_not(result: SemResult, rows: pd.DataFrame) -> str:
    """Why semopy cannot be asked; empty where it can."""
    free = [row for row in result.estimates if row.free and row.op != ":="]
    reasons = {
        "the estimator is not ML": result.estimator != "ML",
        "rows with missing values are used": result.missing != "listwise",
        "our own fit did not converge": not result.converged,
        "observed exogenous covariates: semopy counts their moments wrongly": bool(result.exogenous),
        "a factor has no fixed loading, semopy would fix one": not _scaled_by_loadings(result),
        "means are estimated": any(row.op == "~1" for row in result.estimates),
        "several groups or levels": any(row.group is not None or row.level > 1 for row in result.estimates),
        "parameters are constrained": len(free) != result.npar,
        f"{len(rows)} complete rows are at hand, {result.nobs} were fitted": len(rows) != result.nobs,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _scaled_by_loadings(result: SemResult) -> bool:
    loadings = [row for row in result.estimates if row.op == "=~"]
    return {row.lhs for row in loadings} == {row.lhs for row in loadings if not row.free and row.est}


def _estimate_pairs(result: SemResult, theirs: pd.DataFrame) -> Iterator[tuple[str, float | None, float]]:
    ours = {_in_semopy(row): row for row in result.estimates if row.op in MATRIX_ROWS and row.free}
    estimates = pd.to_numeric(theirs["Estimate"], errors="coerce")
    errors = pd.to_numeric(theirs["Std. Err"], errors="coerce")
    for left, op, right, est, se in zip(theirs["lval"], theirs["op"], theirs["rval"], estimates, errors, strict=True):
        row = ours.get((left, op, right)) or ours.get((right, op, left))
        if row is not None:
            name = f"{row.lhs} {row.op} {row.rhs}"
            yield f"est: {name}", row.est, float(est)
            yield f"se: {name}", row.se, float(se)


def _in_semopy(row: Estimate) -> tuple[str, str, str]:
    """semopy lists a loading as the regression of the item on the factor."""
    return (row.rhs, "~", row.lhs) if row.op == "=~" else (row.lhs, row.op, row.rhs)


def _fit_pairs(result: SemResult, theirs: Any, *, baseline: bool) -> Iterator[tuple[str, float | None, float]]:
    names = {"chisq": "chi2", "df": "DoF"} | ({"cfi": "CFI", "tli": "TLI"} if baseline else {})
    for ours, name in names.items():
        value = float(theirs[name].iloc[0])
        # CFI is a share: lavaan, and we, stop at 1; semopy goes on.
        yield ours, result.fit_measures.get(ours), min(value, 1.0) if ours == "cfi" else value
