"""Mixed models of one outcome side by side, fitted by ML to the same rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import ModelError
from analysis.multilevel.formula import parse_formula
from analysis.multilevel.likelihood_ratio import LikelihoodRatio, likelihood_ratio
from analysis.multilevel.solution import Solution, solve


@dataclass(frozen=True, slots=True)
class MixedComparison:
    """``table``: model, formula, nobs, npar, loglik, aic, bic, delta_aic, delta_bic, against (the model that it is
    tested against, empty where none is nested in it), chisq, df, mixture ("1", or "0:1" for an equal mixture), pvalue.
    """

    n_rows: int
    table: pd.DataFrame


def compare_mixed(formulas: Mapping[str, str], data: pd.DataFrame) -> MixedComparison:
    """Fit ``formulas`` by ML to the rows that are complete for all of them, and test each against the model before it
    that has the most parameters among those nested in it.

    Raises what ``analysis.multilevel.fit`` raises.
    """
    variables = {name for text in formulas.values() for name in parse_formula(text).variables}
    rows = data.dropna(subset=[name for name in data.columns if name in variables])
    solutions = {name: solve(text, rows, reml=False) for name, text in formulas.items()}
    records = []
    for index, (name, solution) in enumerate(solutions.items()):
        against, test = _tested(solution, dict(list(solutions.items())[:index]))
        n = len(solution.design.y)
        records.append(
            {
                "model": name,
                "formula": formulas[name],
                "nobs": n,
                "npar": solution.npar,
                "loglik": solution.loglik,
                "aic": -2.0 * solution.loglik + 2.0 * solution.npar,
                "bic": -2.0 * solution.loglik + float(np.log(n)) * solution.npar,
                "against": against,
                "chisq": np.nan if test is None else test.chisq,
                "df": np.nan if test is None else test.df,
                "mixture": "" if test is None else ":".join(str(k) for k in test.mixture),
                "pvalue": np.nan if test is None else test.pvalue,
            }
        )
    table = pd.DataFrame(records)
    table.insert(7, "delta_aic", table["aic"] - table["aic"].min())
    table.insert(8, "delta_bic", table["bic"] - table["bic"].min())
    return MixedComparison(len(rows), table)


def _tested(solution: Solution, earlier: Mapping[str, Solution]) -> tuple[str, LikelihoodRatio | None]:
    for name, other in sorted(earlier.items(), key=lambda pair: -pair[1].npar):
        try:
            return name, likelihood_ratio(other, solution)
        except ModelError:  # not nested: the next smaller one may be
            continue
    return "", None
