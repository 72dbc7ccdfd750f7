"""Estimate a model: syntax → parameter table → moments → solution."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import TypedDict

import pandas as pd

from analysis.errors import ModelError, Problem
from analysis.sem.defaults import Roles, roles_of
from analysis.sem.estimators import Estimator, choose
from analysis.sem.groups import GroupRows, Selection, group_labels, rows_of_groups
from analysis.sem.interaction import expand_products
from analysis.sem.least_squares import solve_least_squares
from analysis.sem.moments import SampleMoments, moments_given
from analysis.sem.partable import ParameterTable, TableOptions, bind_exogenous, build_table
from analysis.sem.solution import Solution, solve
from analysis.sem.statistics import (
    continuous_statistics,
    ordinal_categories,
    ordinal_groups,
    require_fit_for_ordinal,
)
from analysis.sem.syntax import ParsedModel, parse_model
from analysis.sem.twolevel.estimate import estimate_two_level
from analysis.sem.twolevel.levels import has_levels


class FitOptions(TypedDict, total=False):
    """Options of ``estimate``, the command line's with underscores."""

    estimator: str | None
    missing: str
    ordered: str | Sequence[str]
    group: str | None
    group_equal: Sequence[str]
    group_partial: Sequence[str]
    cluster: str | None
    weights: str | None
    cov: pd.DataFrame | None
    nobs: int | None
    means: pd.Series | None
    std_lv: bool
    meanstructure: bool


def estimate(
    model: str,
    data: pd.DataFrame | None = None,
    *,
    estimator: str | None = None,
    missing: str = "listwise",
    ordered: str | Sequence[str] = (),
    group: str | None = None,
    group_equal: Sequence[str] = (),
    group_partial: Sequence[str] = (),
    cluster: str | None = None,
    weights: str | None = None,
    cov: pd.DataFrame | None = None,
    nobs: int | None = None,
    means: pd.Series | None = None,
    std_lv: bool = False,
    meanstructure: bool = False,
    name: str = "model",
) -> Solution:
    """Estimate lavaan syntax on ``data``, or on a covariance matrix and its N.

    ``estimator`` is ML (the default), MLR, MLM, GLS or ULS for continuous variables, WLSMV (the default) or DWLS where
    ``ordered`` names ordinal ones ("all": every one that is explained). ``missing`` is listwise or fiml. ``group``,
    ``cluster`` and ``weights`` name columns; ``group_equal`` the kinds of parameters that groups share, but for those
    in ``group_partial``. ``cov`` is as printed (divided by N - 1). A model with blocks of levels (``level: 1``,
    ``level: 2``) is fitted to both levels of ``cluster`` by ML or MLR. Raises SpecificationError for faulty syntax,
    ModelError for unknown variables and models that are not identified, DataError for data that cannot be used and
    EstimationError where the sample covariance is singular or no minimum was reached.
    """
    parsed = _parsed(model, name)
    if has_levels(parsed):
        others: dict[str, object] = {
            "estimator": estimator, "missing": missing, "ordered": ordered, "group": group, "weights": weights,
            "group_equal": group_equal, "group_partial": group_partial, "cov": cov, "nobs": nobs, "means": means,
            "std_lv": std_lv,
        }  # fmt: skip
        solution = estimate_two_level(parsed, data, cluster, others)
        _require_no_collision(solution.table, data)
        return solution
    chosen = choose(
        estimator, missing, ordinal=bool(ordered), clustered=cluster is not None, weighted=weights is not None
    )
    model, data = expand_products(model, data)
    roles = _roles(model, name)
    selection = Selection(missing, group, weights, cluster)
    categories = {} if data is None else ordinal_categories(data, roles, ordered, selection)
    options = TableOptions(
        std_lv=std_lv,
        meanstructure=meanstructure or means is not None or missing == "fiml" or cluster is not None,
        groups=("",) if group is None or data is None else group_labels(data, group),
        group_equal=tuple(group_equal),
        group_partial=tuple(group_partial),
        thresholds=tuple((variable, len(codes) - 1) for variable, codes in categories.items()),
    )
    table = _table(model, name, options)
    _require_no_collision(table, data if data is not None else cov)
    if data is None:
        if chosen.robust or missing == "fiml" or ordered:
            what = f"{chosen.name} with {missing} needs responses, not moments alone"
            raise ModelError(Problem(what, name, "use ML"))
        return _solve(table, [_given(table, cov, nobs, means, name)], None, chosen, name)
    rows = rows_of_groups(data, table.observed, table.exogenous, table.groups, selection)
    if categories:
        require_fit_for_ordinal(table, roles.predictors)
        solution = solve_least_squares(table, ordinal_groups(table, rows, categories), chosen, name)
        return replace(solution, rows=tuple(rows))
    return _solve(table, [part.moments for part in rows], rows, chosen, name)


# Many fits of one model (resamples, rivals, simulations) read it once: a table is made of text and options alone.
@lru_cache(maxsize=64)
def _parsed(model: str, name: str) -> ParsedModel:
    return parse_model(model, name)


@lru_cache(maxsize=64)
def _roles(model: str, name: str) -> Roles:
    return roles_of(_parsed(model, name).statements)


@lru_cache(maxsize=64)
def _table(model: str, name: str, options: TableOptions) -> ParameterTable:
    return build_table(_parsed(model, name), options)


def _solve(
    table: ParameterTable,
    samples: Sequence[SampleMoments],
    rows: Sequence[GroupRows] | None,
    estimator: Estimator,
    name: str,
) -> Solution:
    """Fix exogenous moments to the sample's and minimise the estimator's discrepancy."""
    if estimator.least_squares:
        groups = [continuous_statistics(table, sample, estimator.name) for sample in samples]
        table = bind_exogenous(table, [(group.sample.covariance, group.sample.mean) for group in groups])
        solution = solve_least_squares(table, groups, estimator, name)
        return replace(solution, rows=None if rows is None else tuple(rows))
    table = bind_exogenous(table, [(sample.covariance, sample.mean) for sample in samples])
    return solve(table, samples, rows, estimator, name)


def _given(
    table: ParameterTable, cov: pd.DataFrame | None, nobs: int | None, means: pd.Series | None, name: str
) -> SampleMoments:
    if cov is None or nobs is None:
        raise ModelError(Problem("nothing to fit to", name, "give data, or a covariance matrix and its N"))
    if table.meanstructure and means is None:
        raise ModelError(Problem("the model has intercepts, but no means are given", name, "give means"))
    return moments_given(cov, nobs, table.observed, means)


def _require_no_collision(table: ParameterTable, data: pd.DataFrame | None) -> None:
    if data is not None and (both := [name for name in table.latent if name in data.columns]):
        raise ModelError(
            Problem(f"'{name}' is a latent variable of the model and a column of the data", "model", "rename one")
            for name in both
        )
