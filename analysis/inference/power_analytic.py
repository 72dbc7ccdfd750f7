"""Power without simulation: of the test of fit by RMSEA, and of one parameter by Satorra and Saris."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from analysis.errors import SmartCityError
from analysis.inference.population_draw import Sampler
from analysis.inference.power_fits import written_statistic
from analysis.inference.power_models import MomentModel
from analysis.inference.power_truth import population_samples
from analysis.sem import chi_square
from analysis.sem.moment_fits import free_rows, moment_solution
from analysis.sem.partable import ParameterTable, number_free

Array = NDArray[np.float64]

LEVEL = 0.05
_LARGEST = 10**7

# Tests of fit by MacCallum, Browne & Sugawara (1996), table 2: RMSEA under the null hypothesis and in truth.
RMSEA_TESTS = (("exact", 0.0, 0.05), ("close", 0.05, 0.08), ("not close", 0.05, 0.01))


@dataclass(frozen=True, slots=True)
class FitPower:
    """Power of a test that RMSEA is ``null`` where it is ``alternative``, at one n; ``n_target`` is the smallest n with
    the target power, None where none is found below ten million.
    """

    test: str
    null: float
    alternative: float
    df: int
    n: int
    power: float
    n_target: int | None


def rmsea_power(df: int, n: float, null: float, alternative: float, level: float = LEVEL) -> float:
    """Power of a test of fit: MacCallum, Browne & Sugawara (1996), Psychological Methods 1(2), 130-149.

    Chi-square is non-central with (n - 1) df RMSEA². Where the alternative fits worse than the null hypothesis, large
    values reject it; where it fits better, small ones.
    """
    at_null, at_alternative = ((n - 1.0) * df * value**2 for value in (null, alternative))
    if alternative > null:
        critical = _noncentral_quantile(1.0 - level, df, at_null)
        return 1.0 - chi_square.noncentral_cdf(critical, df, at_alternative)
    return chi_square.noncentral_cdf(_noncentral_quantile(level, df, at_null), df, at_alternative)


def rmsea_powers(df: int, sizes: Sequence[int], target: float) -> tuple[FitPower, ...]:
    """The tests RMSEA_TESTS at every n; none for a model without degrees of freedom."""
    found = []
    for name, null, alternative in RMSEA_TESTS if df > 0 else ():
        smallest = _smallest_n(lambda n, a=null, b=alternative: rmsea_power(df, n, a, b), target)  # type: ignore[misc]
        found += [
            FitPower(name, null, alternative, df, n, rmsea_power(df, n, null, alternative), smallest) for n in sizes
        ]
    return tuple(found)


def satorra_saris(model: MomentModel, sampler: Sampler, sizes: Sequence[int], target: float) -> pd.DataFrame:
    """Power of the test that a path, or a labelled parameter, is zero, for independent complete rows.

    The model with the parameter at zero, fitted to the moments of the population, leaves F; chi-square with one degree
    of freedom and non-centrality n F gives the power: Satorra & Saris (1985), Psychometrika 50(1), 83-90. One row a
    parameter and n: parameter, n, noncentrality, power, n_target (NaN where the power stays below the target).
    """
    samples = population_samples(sampler, model.table.observed, ())
    rows = []
    for at, i in enumerate(free_rows(model.table)):
        row = model.table.parameters[i]
        if row.op != "~" and not row.label:
            continue
        try:
            value = moment_solution(_without(model.table, row.free), samples, "restricted model").optimum.value
        except (SmartCityError, np.linalg.LinAlgError):
            continue
        misfit = max(value - (model.target.discrepancy or 0.0), 0.0)
        name = written_statistic(model.target.statistics[at])
        smallest = _smallest_n(lambda n, f=misfit: _one_df(n * f), target)  # type: ignore[misc]
        rows += [(name, n, n * misfit, _one_df(n * misfit), np.nan if smallest is None else smallest) for n in sizes]
    return pd.DataFrame(rows, columns=["parameter", "n", "noncentrality", "power", "n_target"])


def _without(table: ParameterTable, free: int) -> ParameterTable:
    """The table with one free parameter, in all rows that hold it, fixed to zero."""
    rows = [replace(r, free=0, fixed=0.0, tie="") if r.free == free else r for r in table.parameters]
    return replace(table, parameters=tuple(number_free(rows)))


def _one_df(noncentrality: float) -> float:
    return 1.0 - chi_square.noncentral_cdf(chi_square.quantile(1.0 - LEVEL, 1), 1, noncentrality)


def _noncentral_quantile(probability: float, df: int, noncentrality: float) -> float:
    if noncentrality == 0:
        return chi_square.quantile(probability, df)
    return float(special.chndtrix(probability, df, noncentrality))


def _smallest_n(power: Callable[[int], float], target: float) -> int | None:
    """The smallest n with ``power`` at ``target``, by bisection; power grows with n. None where ten million are few."""
    low, high = 2, 4
    while power(high) < target:
        low, high = high, 2 * high
        if high > _LARGEST:
            return None
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if power(middle) >= target else (middle, high)
    return high
