"""Estimate a two-level model: syntax → parameter table → sufficient statistics → solution."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem
from analysis.sem.estimators import ESTIMATORS, Estimator
from analysis.sem.partable import CLUSTERS, ParameterTable, bind_exogenous, row_values
from analysis.sem.robust import Sandwich
from analysis.sem.solution import Solution, optimum_of
from analysis.sem.syntax import ParsedModel
from analysis.sem.twolevel.likelihood_tests import likelihood_tests
from analysis.sem.twolevel.objective import two_level_objective
from analysis.sem.twolevel.sample import TwoLevelSample, two_level_sample
from analysis.sem.twolevel.scores import score_crossproduct
from analysis.sem.twolevel.search import least_improper_minimum
from analysis.sem.twolevel.table import two_level_table
from analysis.sem.twolevel.unrestricted import unrestricted_model

Array = NDArray[np.float64]

_WORDS = (
    "two-level normal-theory maximum likelihood from the moments of clusters of each size",
    "baseline model: variances on each level only, covariances of fixed covariates free",
    "SRMR is the sum of that within and that between clusters, from the unrestricted model's correlations",
)
_ROBUST = "robust standard errors from scores of clusters (Huber-White); test scaled after Yuan and Bentler"
_REFUSED = {
    "group": "fit one group at a time",
    "group_equal": "equal labels in both levels make parameters equal",
    "group_partial": "equal labels in both levels make parameters equal",
    "ordered": "treat the answers as continuous",
    "weights": "leave the weights out",
    "cov": "give responses",
    "nobs": "give responses",
    "means": "give responses",
}


def estimate_two_level(
    model: ParsedModel, data: pd.DataFrame | None, cluster: str | None, options: Mapping[str, object]
) -> Solution:
    """Estimate ``model``, which has blocks of levels, on ``data`` with a column ``cluster``.

    ``options`` are the others of ``analysis.sem.estimate``: estimator ML (the default) or MLR, missing listwise, and
    std_lv; those of models of one level are refused. Raises ModelError, with every reason, for those and for models
    that cannot be estimated, DataError for data that cannot be used and EstimationError where no minimum is reached.
    """
    if problems := [*_of_options(data, cluster, options)]:
        raise ModelError(problems)
    assert data is not None
    assert cluster is not None
    table = two_level_table(model, std_lv=bool(options.get("std_lv")))
    sample = two_level_sample(data, table, cluster)
    return _solve(table, sample, two_level_estimator(str(options.get("estimator") or "ML")), model.filename)


def two_level_estimator(name: str) -> Estimator:
    """ML or MLR as two levels have it: information is the observed one, as in lavaan."""
    words = (*_WORDS[:1], _ROBUST, *_WORDS[1:]) if name == "MLR" else _WORDS
    return replace(ESTIMATORS[name], information="observed", words=words)


def _of_options(data: pd.DataFrame | None, cluster: str | None, options: Mapping[str, object]) -> Iterator[Problem]:
    if data is None:
        yield Problem("a two-level model needs responses, not moments", "model", "give data")
    if cluster is None:
        yield Problem("a model with blocks of levels needs clusters", "model", CLUSTERS)
    if (name := options.get("estimator")) not in {None, "ML", "MLR"}:
        yield Problem(f"two-level models are estimated by ML or MLR, not by {name}", "--estimator", "use MLR")
    if (missing := options.get("missing", "listwise")) != "listwise":
        what = f"two-level models take complete rows, not missing values by '{missing}'"
        yield Problem(what, "--missing", "use listwise")
    for option, hint in _REFUSED.items():
        if option == "cov" and data is None:
            continue
        value = options.get(option)
        if value is not None and not (isinstance(value, str | tuple | list) and not value):
            flag = "--" + option.replace("_", "-")
            yield Problem(f"two-level models do not go with {flag}", flag, hint)


def _remedy(table: ParameterTable, theta: Array) -> str:
    """What to do where no minimum is reached: mostly a residual variance between clusters runs off below zero."""
    rows = zip(table.parameters, row_values(table, theta), strict=True)
    names = [row.lhs for row, value in rows if row.group == 1 and row.free and row.is_variance and value <= 0]
    if not names:
        return "simplify level 2: clusters say less of it than rows of level 1, above all where items hardly vary"
    fixed = ", ".join(f"{name} ~~ 0*{name}" for name in names)
    return f"variances of level 2 ran below zero: fix them there, or some of them ({fixed})"


def _solve(table: ParameterTable, sample: TwoLevelSample, estimator: Estimator, name: str) -> Solution:
    unrestricted = unrestricted_model(sample.moments, table)
    levels = unrestricted.levels
    table = bind_exogenous(table, [(level.covariance, level.mean) for level in levels])
    objective = two_level_objective(table, sample.moments, unrestricted.deviance)
    optimum, binding, fitted = optimum_of(
        table, objective, levels, name, least_improper_minimum, partial(_remedy, table)
    )
    bread = fitted.inverse("observed")
    meat = score_crossproduct(sample, objective, fitted.theta) if estimator.robust else None
    sandwich = Sandwich(bread, meat)
    return Solution(
        table=table,
        estimator=estimator,
        samples=(replace(levels[0], n_dropped=sample.n_dropped), levels[1]),
        rows=None,
        objective=objective,
        optimum=optimum,
        implied=objective.implied(optimum.theta),
        values=row_values(table, optimum.theta),
        covariance=sandwich.covariance(objective.n_observations),
        flat=fitted.flat("observed"),
        binding=binding,
        npar=fitted.npar,
        test=likelihood_tests(fitted, unrestricted, sample, estimator, sandwich),
        two_level=sample,
    )
