"""Common method bias by a latent method factor on all items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Unpack

import numpy as np
import pandas as pd

from analysis.measurement.measurement_model import MeasurementModel, with_lines
from analysis.sem.estimate import FitOptions, estimate
from analysis.sem.nested import ComparedModel, compare, compared
from analysis.sem.present import present
from analysis.sem.result import SemResult


@dataclass(frozen=True, slots=True)
class MethodLoading:
    """Standardised loadings of one item on its construct and on the method factor."""

    item: str
    construct: str
    substantive: float | None
    method: float | None


@dataclass(frozen=True, slots=True)
class MethodFactor:
    """A model with a method factor beside the one without it.

    ``equal``: its unstandardised loadings are one number. ``substantive_share`` and ``method_share``: mean squared
    standardised loadings on constructs and on the method factor, the shares of the items' variance that each
    accounts for. ``test``: is the model without the factor worse? ``reason`` where it is not defined.
    """

    equal: bool
    models: tuple[ComparedModel, ...]
    loadings: tuple[MethodLoading, ...]
    substantive_share: float
    method_share: float
    chisq_diff: float | None
    df_diff: int
    pvalue: float | None
    method: str
    reason: str
    warnings: tuple[str, ...]


def method_factor(
    model: MeasurementModel, data: pd.DataFrame, *, equal: bool, **options: Unpack[FitOptions]
) -> MethodFactor:
    """Add a factor that every item measures, uncorrelated with the constructs, and compare.

    The unmeasured latent method construct of Podsakoff, MacKenzie, Lee & Podsakoff (2003, Journal of Applied
    Psychology 88, 879-903, p. 894); shares of variance as Williams, Cote & Buckley (1989, Journal of Applied
    Psychology 74, 462-468). Such a factor takes up all that items share, substance included (Richardson, Simmering &
    Sturman 2009, Organizational Research Methods 12, 762-800), so that the share is an upper bound of method
    variance at best. With free loadings it is often barely identified; ``equal`` ones are more stable, and suppose that
    items share one unit. Raises what ``estimate`` and ``compare`` do: not identified, no minimum reached.
    """
    name = _free_name(model, data)
    options = {**options, "std_lv": True}
    without = estimate(model.unit_text, data, name="without method factor", **options)
    text = with_lines(model.unit_text, *_method_lines(model, name, equal=equal))
    solution = estimate(text, data, name="with method factor", **options)
    result = present(text, "with method factor", options.get("missing", "listwise"), solution)
    loadings = _loadings(result, model, name)
    test = compare(solution, without, ("with", "without")).test
    return MethodFactor(
        equal=equal,
        models=(compared("without method factor", without), compared("with method factor", solution)),
        loadings=loadings,
        substantive_share=_mean_square([row.substantive for row in loadings]),
        method_share=_mean_square([row.method for row in loadings]),
        chisq_diff=test.chisq_diff,
        df_diff=test.df_diff,
        pvalue=test.pvalue,
        method=test.method,
        reason=test.reason,
        warnings=result.warnings,
    )


def _free_name(model: MeasurementModel, data: pd.DataFrame) -> str:
    """A name for the factor that neither the data nor the model have."""
    taken = {*map(str, data.columns), *model.scales}
    name = "method"
    while name in taken:
        name += "_"
    return name


def _method_lines(model: MeasurementModel, name: str, *, equal: bool) -> list[str]:
    terms = " + ".join(f"{name}.loading*{item}" if equal else item for item in model.items)
    return [f"{name} =~ {terms}", *(f"{name} ~~ 0*{construct}" for construct in model.tops)]


def _loadings(result: SemResult, model: MeasurementModel, name: str) -> tuple[MethodLoading, ...]:
    rows = [row for row in result.estimates if row.op == "=~" and row.rhs in model.items]
    of_method = {row.rhs: row.std_all for row in rows if row.lhs == name}
    return tuple(MethodLoading(row.rhs, row.lhs, row.std_all, of_method[row.rhs]) for row in rows if row.lhs != name)


def _mean_square(values: Sequence[float | None]) -> float:
    return float(np.mean([np.nan if value is None else value**2 for value in values]))
