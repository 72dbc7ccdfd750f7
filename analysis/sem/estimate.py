"""Fit a model: syntax → parameter table → moments → solution → result."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from analysis.errors import ModelError, Problem
from analysis.sem.moments import SampleMoments, group_labels, moments_given, moments_of_frame, split_groups
from analysis.sem.partable import ParameterTable, TableOptions, bind_exogenous, build_table
from analysis.sem.present import present
from analysis.sem.result import SemResult
from analysis.sem.solution import solve
from analysis.sem.syntax import parse_model


def fit(
    model: str,
    data: pd.DataFrame | None = None,
    *,
    cov: pd.DataFrame | None = None,
    nobs: int | None = None,
    means: pd.Series | None = None,
    group: str | None = None,
    group_equal: Sequence[str] = (),
    group_partial: Sequence[str] = (),
    std_lv: bool = False,
    meanstructure: bool = False,
    name: str = "model",
) -> SemResult:
    """Fit lavaan syntax by normal-theory ML, to complete rows of ``data`` or to a covariance matrix and its N.

    ``cov`` is as printed (divided by N - 1). ``group`` names a column of ``data``; ``group_equal`` the kinds of
    parameters that its groups share, but for those in ``group_partial``. Raises SpecificationError for faulty
    syntax, ModelError for unknown variables and models that are not identified, DataError for data that cannot be
    used and EstimationError where the sample covariance is singular or no minimum was reached.
    """
    options = TableOptions(
        std_lv=std_lv,
        meanstructure=meanstructure or means is not None,
        groups=("",) if group is None or data is None else group_labels(data, group),
        group_equal=tuple(group_equal),
        group_partial=tuple(group_partial),
    )
    table = build_table(parse_model(model, name), options)
    _require_no_collision(table, data if data is not None else cov)
    samples = _samples(table, data, cov, nobs, means, group, name)
    table = bind_exogenous(table, [(sample.covariance, sample.mean) for sample in samples])
    return present(model, name, solve(table, samples, name))


def _samples(
    table: ParameterTable, data: pd.DataFrame | None, cov: pd.DataFrame | None, nobs: int | None,
    means: pd.Series | None, group: str | None, name: str,
) -> list[SampleMoments]:  # fmt: skip
    if data is not None:
        frames = [data] if group is None else split_groups(data, group, table.groups)
        return [moments_of_frame(frame, table.observed) for frame in frames]
    if cov is None or nobs is None:
        raise ModelError(Problem("nothing to fit to", name, "give data, or a covariance matrix and its N"))
    if table.meanstructure and means is None:
        raise ModelError(Problem("the model has intercepts, but no means are given", name, "give means"))
    return [moments_given(cov, nobs, table.observed, means)]


def _require_no_collision(table: ParameterTable, data: pd.DataFrame | None) -> None:
    columns = set() if data is None else set(data.columns)
    if both := [name for name in table.latent if name in columns]:
        raise ModelError(
            Problem(f"'{name}' is a latent variable of the model and a column of the data", "model", "rename one")
            for name in both
        )
