"""What an interaction means: slopes at values of the moderator, and where they are significant.

The slope of the outcome on the predictor is b1 + b3 w at the value w of the moderator, with variance
V11 + 2 w V13 + w^2 V33 (Aiken & West 1991, Multiple Regression, chapter 2).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem
from analysis.moderation import johnson_neyman_region
from analysis.sem import chi_square
from analysis.sem.result import Estimate, SemResult
from analysis.sem.slopes import JohnsonNeyman, SimpleSlopes, Slope

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Interaction:
    """Estimates (b1, b3), their covariance (2, 2), outcome and group, and the moderator's standard deviation."""

    outcome: str
    group: str | None
    estimates: Array
    covariance: Array
    sd: float


def with_simple_slopes(result: SemResult) -> SemResult:
    """``result`` with the slopes on ``a`` by values of ``b``, and where they are significant, for every path of a
    product of two latents ``a:b``. Where there can be none, a warning says why.
    """
    slopes, regions, warnings = [], [], []
    for row in result.estimates:
        predictor, _, moderator = row.rhs.partition(":")
        if row.op != "~" or predictor == moderator or not {predictor, moderator} <= set(result.latent):
            continue
        try:
            slopes.append(simple_slopes(result, predictor, moderator, outcome=row.lhs, group=row.group))
            regions.append(johnson_neyman(result, predictor, moderator, outcome=row.lhs, group=row.group))
        except ModelError as error:
            warnings += [f"no simple slopes of {row.lhs} by {row.rhs}: {problem.what}" for problem in error.problems]
    if not slopes and not warnings:
        return result
    return replace(
        result,
        simple_slopes=tuple(slopes),
        johnson_neyman=tuple(regions),
        warnings=(*result.warnings, *warnings),
    )


def simple_slopes(
    result: SemResult, predictor: str, moderator: str, at: Sequence[float] = (-1.0, 0.0, 1.0),
    *, outcome: str | None = None, group: str | None = None,
) -> SimpleSlopes:  # fmt: skip
    """Slopes of the outcome on ``predictor`` at ``at`` standard deviations of ``moderator``, each with a Wald test
    and a 95 % interval; the standard deviation is taken as known.

    ``outcome`` and ``group`` are needed where there are several. Raises ModelError where the model has no such
    interaction.
    """
    found = _interaction(result, predictor, moderator, outcome, group)
    half = chi_square.normal_quantile(0.975)
    slopes = []
    for value in at:
        direction = np.array([1.0, value * found.sd])
        est = float(direction @ found.estimates)
        se = float(np.sqrt(direction @ found.covariance @ direction))
        tail = chi_square.two_sided_normal(est / se)
        slopes.append(Slope(value, value * found.sd, est, se, est / se, tail, est - half * se, est + half * se))
    return SimpleSlopes(found.outcome, predictor, moderator, found.group, found.sd, tuple(slopes))


def johnson_neyman(
    result: SemResult, predictor: str, moderator: str, *, level: float = 0.05,
    outcome: str | None = None, group: str | None = None,
) -> JohnsonNeyman:  # fmt: skip
    """The values of ``moderator`` between or beyond which the slope on ``predictor`` is significant (two-sided).

    Bounds are those of ``moderation.johnson_neyman_region``; errors are those of ``simple_slopes``.
    """
    found = _interaction(result, predictor, moderator, outcome, group)
    critical = chi_square.normal_quantile(1.0 - level / 2.0)
    lower, upper, region = johnson_neyman_region(found.estimates, found.covariance, critical)
    return JohnsonNeyman(found.outcome, predictor, moderator, found.group, level, found.sd, lower, upper, region)


def _interaction(
    result: SemResult, predictor: str, moderator: str, outcome: str | None, group: str | None
) -> _Interaction:
    rows = [row for row in result.estimates if row.op == "~" and group in {None, row.group}]
    products = [
        row
        for row in rows
        if row.rhs in {f"{predictor}:{moderator}", f"{moderator}:{predictor}"} and outcome in {None, row.lhs}
    ]
    if len(products) != 1:
        what = f"{len(products)} paths of a product {predictor}:{moderator}"
        raise ModelError(
            Problem(what, result.name, "name the outcome and the group" if products else "write it: y ~ a:b")
        )
    product = products[0]
    main = [row for row in rows if (row.lhs, row.rhs, row.group) == (product.lhs, predictor, product.group)]
    if not main:
        what = f"no path from '{predictor}' to '{product.lhs}' beside the product"
        raise ModelError(Problem(what, result.name, f"write {product.lhs} ~ {predictor} + {moderator} + {product.rhs}"))
    if result.covariance is None:
        raise ModelError(Problem("the estimates have no covariance", result.name, "see the model's warnings"))
    both = (main[0], product)
    return _Interaction(
        product.lhs,
        product.group,
        np.array([row.est for row in both]),
        _covariance(result, result.covariance, both),
        _deviation(result, moderator, product.group),
    )


def _covariance(result: SemResult, covariance: Array, rows: Sequence[Estimate]) -> Array:
    """Sampling covariance of the estimates of ``rows``; zero for fixed ones."""
    placed = np.zeros((len(rows), len(covariance)))
    for i, row in enumerate(rows):
        if row.free:
            placed[i, result.free_names.index(_free_name(result, row))] = 1.0
    return np.asarray(placed @ covariance @ placed.T)


def _free_name(result: SemResult, row: Estimate) -> str:
    """The name under which the parameter of ``row`` is counted: that of the first row with its label."""
    tied = [other for other in result.estimates if row.label and other.label == row.label and other.op != ":="]
    names = [f"{r.lhs} {r.op} {r.rhs}" + ("" if r.group is None else f" [{r.group}]") for r in (row, *tied)]
    return next(name for name in names if name in result.free_names)


def _deviation(result: SemResult, moderator: str, group: str | None) -> float:
    """Model-implied standard deviation of a latent: what turns a loading into its latent-standardised value."""
    for row in result.estimates:
        if (row.lhs, row.op, row.group) == (moderator, "=~", group) and row.est and row.std_lv:
            return abs(row.std_lv / row.est)
    what = f"'{moderator}' is no latent variable of the model"
    raise ModelError(Problem(what, result.name, "name a latent moderator"))
