"""Fit a model and present it: estimates, tests and fit measures, with the standard errors that are asked for."""

from __future__ import annotations

from typing import Literal, Unpack

import pandas as pd

from analysis.errors import ModelError, Problem, nearest
from analysis.sem.bootstrap.bollen_stine import with_bollen_stine
from analysis.sem.bootstrap.draws import Kind
from analysis.sem.bootstrap.intervals import IntervalType
from analysis.sem.bootstrap.resample import BootstrapPlan, Executor, bootstrap_solution, with_bootstrap
from analysis.sem.estimate import FitOptions, estimate
from analysis.sem.modification import with_modification_indices
from analysis.sem.present import present
from analysis.sem.result import SemResult
from analysis.sem.simple_slopes import with_simple_slopes

StandardErrors = Literal["standard", "robust", "bootstrap"]
ModelTest = Literal["standard", "bollen.stine"]
_KINDS: tuple[StandardErrors, ...] = ("standard", "robust", "bootstrap")
_TESTS: tuple[ModelTest, ...] = ("standard", "bollen.stine")


def fit(
    model: str,
    data: pd.DataFrame | None = None,
    *,
    name: str = "model",
    se: StandardErrors = "standard",
    bootstrap: int = 1000,
    seed: int = 1,
    boot_ci: IntervalType = "perc",
    test: ModelTest = "standard",
    executor: Executor | None = None,
    modindices: bool = False,
    **options: Unpack[FitOptions],
) -> SemResult:
    """Fit lavaan syntax and present the solution; ``options`` and errors are those of ``estimate``.

    ``se``: "standard" is the estimator's own, "robust" makes MLR of ML, "bootstrap" takes ``bootstrap`` resamples of
    rows, or of clusters where ``cluster`` names them, from ``seed``, with intervals ``boot_ci`` ("perc", "bc" or
    "bca"); ``executor`` maps over chunks of resamples. ``test`` "bollen.stine" adds the p-value of the Bollen-Stine
    bootstrap to the fit measures, from as many resamples. ``modindices`` adds modification indices.
    """
    if test not in _TESTS:
        raise ModelError(Problem(f"there is no test '{test}'", "--test", nearest(test, _TESTS)))
    if se not in _KINDS:
        raise ModelError(Problem(f"there are no standard errors '{se}'", "--se", nearest(se, _KINDS)))
    if se == "robust" and options.get("estimator") in {None, "ML"} and not options.get("ordered"):
        options["estimator"] = "MLR"
    solution = estimate(model, data, name=name, **options)
    result = present(model, name, options.get("missing", "listwise"), solution)
    if modindices:
        result = with_modification_indices(result, solution)
    if test == "bollen.stine":
        moved = BootstrapPlan(bootstrap, seed, "bollen_stine")
        result = with_bollen_stine(result, bootstrap_solution(solution, moved, executor))
    if se != "bootstrap":
        return with_simple_slopes(result)
    kind: Kind = "nonparametric" if options.get("cluster") is None else "cluster"
    plan = BootstrapPlan(bootstrap, seed, kind, boot_ci)
    return with_simple_slopes(with_bootstrap(result, bootstrap_solution(solution, plan, executor)))
