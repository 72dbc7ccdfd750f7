"""Comparison of two models of the same data: the restricted one tested against the other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Literal, Unpack

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem, nearest
from analysis.json_text import json_text
from analysis.sem.comparable import require_comparable
from analysis.sem.constraints import constraint_values
from analysis.sem.difference import (
    NO_DISTRIBUTION,
    DifferenceTest,
    LocalModels,
    ScaledTest,
    plain,
    satorra_2000,
    satorra_bentler_2001,
    satorra_bentler_2010,
)
from analysis.sem.discrepancy.least_squares import LeastSquares
from analysis.sem.estimate import FitOptions, estimate
from analysis.sem.estimators import ESTIMATORS
from analysis.sem.fit_measures import fit_measures
from analysis.sem.fitted import Fitted
from analysis.sem.model_tests import scaling_factor
from analysis.sem.nesting import nesting, statistic_names
from analysis.sem.optimise import null_space
from analysis.sem.residual_errors import statistic_slopes, statistics_of
from analysis.sem.robust import parameter_meat
from analysis.sem.solution import Solution

Array = NDArray[np.float64]
Method = Literal["default", "standard", "satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000"]
METHODS: tuple[Method, ...] = ("default", "standard", "satorra.bentler.2001", "satorra.bentler.2010", "satorra.2000")


@dataclass(frozen=True, slots=True)
class ComparedModel:
    """What a table of models shows; None where a measure is not defined."""

    name: str
    estimator: str
    nobs: int
    npar: int
    df: int
    chisq: float
    chisq_scaled: float | None
    cfi: float | None
    rmsea: float | None
    srmr: float | None
    aic: float | None
    bic: float | None


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two models of the same data, and the test of ``restricted`` against ``full``."""

    models: tuple[ComparedModel, ...]
    full: str
    restricted: str
    test: DifferenceTest

    def to_json(self) -> str:
        """JSON with the keys models and test; undefined numbers are null."""
        test = {**asdict(self.test), "full": self.full, "restricted": self.restricted}
        content = {"models": [asdict(model) for model in self.models], "test": test}
        return json_text(content)


def compare(a: Solution, b: Solution, names: tuple[str, str] = ("a", "b"), method: Method = "default") -> Comparison:
    """Test the model with more degrees of freedom against the other.

    "default" is the chi-square difference for plain tests, Satorra and Bentler's of 2001 for tests that are scaled,
    and Satorra's of 2000 for WLSMV: lavaan's choices. Raises ModelError, with every reason, where models are of
    different data or treat it differently, and where neither is nested in the other.
    """
    chosen = _method(method, a)
    require_comparable(a, b)
    models = tuple(compared(name, solution) for name, solution in zip(names, (a, b), strict=True))
    swapped = a.df > b.df
    full, restricted = (b, a) if swapped else (a, b)
    above, below = reversed(names) if swapped else names
    if full.df == restricted.df:
        what = f"{above} and {below} both have {full.df} degrees of freedom: neither restricts the other"
        raise ModelError(Problem(what, "compare", _by_criteria(models)))
    place = nesting(restricted, full)
    if not place.nested:
        what = f"{below} is not nested in {above}, which cannot reproduce its moments"
        raise ModelError(Problem(what, "compare", _by_criteria(models)))
    return Comparison(models, above, below, _test(chosen, restricted, full, place.theta))


def difference_test(restricted: Solution, full: Solution) -> DifferenceTest:
    """The default test of a model made by restricting another on the same data, so that nothing is to be checked.

    Where Satorra and Bentler's scaling factor of 2001 is not positive, theirs of 2010 takes its place.
    """
    test = _test(_method("default", full), restricted, full, full.optimum.theta)
    if test.reason and test.method == "satorra.bentler.2001":
        return _test("satorra.bentler.2010", restricted, full, nesting(restricted, full).theta)
    return test


def compare_models(
    a: str, b: str, data: pd.DataFrame | None = None, *, names: tuple[str, str] = ("a", "b"),
    method: Method = "default", **options: Unpack[FitOptions],
) -> Comparison:  # fmt: skip
    """Estimate two models in lavaan syntax with the same options and compare them; errors are those of both steps."""
    solutions = [estimate(text, data, name=name, **options) for text, name in zip((a, b), names, strict=True)]
    return compare(solutions[0], solutions[1], names, method)


def compared(name: str, solution: Solution) -> ComparedModel:
    """A model's line in a table of models."""
    measures = fit_measures(solution).values

    def measure(key: str) -> float | None:
        value = measures.get(key)
        return None if value is None or not np.isfinite(value) else float(value)

    return ComparedModel(
        name=name,
        estimator=solution.estimator.name,
        nobs=solution.n_observations,
        npar=solution.npar,
        df=solution.df,
        chisq=solution.test.chisq,
        **{key: measure(key) for key in ("chisq_scaled", "cfi", "rmsea", "srmr", "aic", "bic")},
    )


def _method(method: str, solution: Solution) -> str:
    """The method to use; raises ModelError for one that is unknown or does not suit the estimator."""
    scaling = solution.estimator.scaling
    suited: Sequence[str] = {None: ("standard",), "shifted": ("satorra.2000",)}.get(scaling, METHODS[2:])
    if solution.two_level is not None and scaling is not None:
        suited = ("satorra.bentler.2001",)
    if method not in METHODS:
        raise ModelError(Problem(f"there is no difference test '{method}'", "--method", nearest(method, METHODS)))
    if method == "default":
        return suited[0]
    if method not in suited:
        levels = " and two levels" if solution.two_level is not None else ""
        what = f"{method} does not go with {solution.estimator.name}{levels}"
        raise ModelError(Problem(what, "--method", f"take {' or '.join(suited)}"))
    return method


def _test(method: str, restricted: Solution, full: Solution, theta: Array) -> DifferenceTest:
    h0, h1 = (ScaledTest(s.test.chisq, s.test.df, s.test.scaling) for s in (restricted, full))
    if method == "standard":
        test = plain(h0, h1)
        return replace(test, pvalue=None, reason=NO_DISTRIBUTION) if full.estimator.name == "ULS" else test
    if method == "satorra.bentler.2001":
        return satorra_bentler_2001(h0, h1)
    if method == "satorra.bentler.2010":
        return satorra_bentler_2010(h0, h1, _mean_at(full, theta))
    local = _local_models(restricted, full)
    if local is None:
        why = "the information of the less restricted model is singular"
        return DifferenceTest(None, restricted.df - full.df, None, method, reason=why)
    return satorra_2000(h0, h1, local)


def _mean_at(full: Solution, theta: Array) -> float | None:
    """Expectation of the full model's chi-square with its parameters where the restricted model's moments are."""
    if full.df == 0:
        return 0.0
    _, jacobian = constraint_values(full.table, full.binding, theta)
    fitted = Fitted(full.table, full.objective, theta, jacobian)
    factor = scaling_factor(fitted, full.rows, full.estimator, full.df)
    return None if factor is None else factor * full.df


def _local_models(restricted: Solution, full: Solution) -> LocalModels | None:
    fitted = full.fitted
    free, restricted_free = null_space(fitted.jacobian), null_space(restricted.fitted.jacobian)
    kind = "observed" if full.patterns is not None else full.estimator.information
    information = free.T @ fitted.information(kind) @ free
    if not np.linalg.eigvalsh(information)[0] > 0:
        return None
    return LocalModels(
        information=information,
        meat=free.T @ _meat(full) @ free,
        slopes=np.vstack([statistic_slopes(full, g) for g in range(len(full.samples))]) @ free,
        restricted_slopes=np.vstack([_aligned(restricted, full, g) for g in range(len(full.samples))])
        @ restricted_free,
    )


def _meat(full: Solution) -> Array:
    """Covariance of the score (n_free, n_free): of the statistics' sampling covariance, or of casewise scores."""
    fitted = full.fitted
    if full.gamma is not None:
        total = np.zeros((full.table.n_free,) * 2)
        for group, (part, gamma) in enumerate(zip(full.objective.parts, full.gamma, strict=True)):
            assert isinstance(part.discrepancy, LeastSquares)
            weighted = part.discrepancy.weight[:, None] * statistic_slopes(full, group)
            total += part.share * weighted.T @ gamma @ weighted
        return total
    # Of complete rows moments are what varies, about the sample's own; of incomplete ones their likelihood.
    estimator = ESTIMATORS["MLM"] if full.patterns is None else full.estimator
    return parameter_meat(full.table, full.objective, full.rows or (), fitted.theta, estimator)


def _aligned(restricted: Solution, full: Solution, group: int) -> Array:
    """The restricted model's derivatives of statistics in the full model's order."""
    ours = statistic_names(statistics_of(full, group), full.table)
    theirs = statistic_names(statistics_of(restricted, group), restricted.table)
    order = [theirs.index(name) for name in ours]
    return statistic_slopes(restricted, group)[order]


def _by_criteria(models: Iterable[ComparedModel]) -> str:
    """How rivals that are not nested can be compared."""
    known = [f"{m.name} {m.aic:.2f} and {m.bic:.2f}" for m in models if m.aic is not None and m.bic is not None]
    if not known:
        return "compare them by their fit indices"
    return f"compare the rivals by AIC and BIC, where less is better: {', '.join(known)}"
