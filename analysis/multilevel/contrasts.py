"""What combinations of fixed effects say: contextual effects, simple slopes, and where these are significant."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.moderation import Region, johnson_neyman_region
from analysis.multilevel.result import FixedEffect
from analysis.multilevel.satterthwaite import VarianceUncertainty, f_test, variance_uncertainty
from analysis.multilevel.solution import Solution

Array = NDArray[np.float64]
AT = (-1.0, 0.0, 1.0)
LEVEL = 0.05


@dataclass(frozen=True, slots=True)
class SlopeAt:
    """The slope at ``at`` standard deviations of the moderator from its mean, which is ``moderator`` in its units."""

    at: float
    moderator: float
    effect: FixedEffect


@dataclass(frozen=True, slots=True)
class Moderation:
    """How the slope on ``predictor`` moves with ``moderator``.

    ``mean``, ``sd``, ``least``, ``most`` are the moderator's, over groups where it is constant within them. The slope
    at w is ``estimates`` (2,) times (1, w), with ``covariance`` (2, 2) and ``df``, and significant at ``level`` on the
    side of ``lower`` and ``upper`` that ``region`` says.
    """

    predictor: str
    moderator: str
    mean: float
    sd: float
    least: float
    most: float
    estimates: Array
    covariance: Array
    df: float
    level: float
    lower: float | None
    upper: float | None
    region: Region
    slopes: tuple[SlopeAt, ...]


def contextual_effects(solution: Solution) -> tuple[FixedEffect, ...]:
    """Between minus within, for every variable that stands in the fixed part both ways.

    The difference is what the group's mean adds to a resident's own value (Raudenbush & Bryk 2002, Hierarchical Linear
    Models, section 5.4); zero where the slope is the same at both levels.
    """
    names, uncertainty = solution.design.fixed_names, variance_uncertainty(solution)
    found = []
    for j, name in enumerate(names):
        twin = re.sub(r"^between\(", "within(", name)
        if twin != name and twin in names:
            L = np.zeros(len(names))
            L[j], L[names.index(twin)] = 1.0, -1.0
            found.append(contrast(f"{name} - {twin}", solution, uncertainty, L))
    return tuple(found)


def contrast(name: str, solution: Solution, uncertainty: VarianceUncertainty, L: Array) -> FixedEffect:
    """L'beta (p,) with its t test on Satterthwaite's degrees of freedom and its 95 % interval."""
    est = float(L @ solution.beta)
    se = float(np.sqrt(L @ solution.cov_beta @ L))
    df = f_test(uncertainty, solution.beta, L[None]).den_df
    half = float(special.stdtrit(df, 0.975)) * se
    pvalue = float(2.0 * special.stdtr(df, -abs(est / se)))
    return FixedEffect(name, est, se, df, est / se, pvalue, est - half, est + half)


def moderations(solution: Solution) -> tuple[Moderation, ...]:
    """Simple slopes at one standard deviation below, at and above the mean of the moderator, and the Johnson-Neyman
    region, for every product of two variables whose main effects are in the model.

    The moderator is the variable that is constant within the groups, if one is, else the second; its standard
    deviation is taken as known (Bauer & Curran 2005, Multivariate Behavioral Research 40(3), 373-400). Bounds use the
    degrees of freedom of the product.
    """
    names, uncertainty = solution.design.fixed_names, variance_uncertainty(solution)
    return tuple(
        _moderation(solution, uncertainty, product, *_roles(solution, parts))
        for product, parts in _products(names)
        if all(part in names for part in parts)
    )


def _products(names: tuple[str, ...]) -> Iterator[tuple[str, tuple[str, str]]]:
    for name in names:
        parts = name.split(":")
        if len(parts) == 2:
            yield name, (parts[0], parts[1])


def _roles(solution: Solution, parts: tuple[str, str]) -> tuple[str, str]:
    """Predictor and moderator."""
    first, second = parts
    return (second, first) if _is_shared(solution, first) and not _is_shared(solution, second) else (first, second)


def _is_shared(solution: Solution, name: str) -> bool:
    """Whether a column is constant within the groups of the coarsest factor."""
    column, codes, first = _column(solution, name), *_groups(solution)
    return bool(np.allclose(column, column[first[codes]], rtol=1e-9, atol=1e-12))


def _groups(solution: Solution) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Codes (n,) of the coarsest factor, and the first row (G,) of each of its groups."""
    codes = min(solution.design.blocks, key=lambda block: block.n_groups).codes
    return codes, np.unique(codes, return_index=True)[1]


def _column(solution: Solution, name: str) -> Array:
    return np.asarray(solution.design.X[:, solution.design.fixed_names.index(name)])


def _moderation(
    solution: Solution, uncertainty: VarianceUncertainty, product: str, predictor: str, moderator: str
) -> Moderation:
    names = solution.design.fixed_names
    own, both = names.index(predictor), names.index(product)
    values = _column(solution, moderator)
    if _is_shared(solution, moderator):
        values = values[_groups(solution)[1]]
    mean, sd = float(values.mean()), float(values.std(ddof=1))
    slopes = []
    for at in AT:
        L = np.zeros(len(names))
        L[own], L[both] = 1.0, mean + at * sd
        slopes.append(SlopeAt(at, mean + at * sd, contrast(predictor, solution, uncertainty, L)))
    estimates, covariance = solution.beta[[own, both]], solution.cov_beta[np.ix_([own, both], [own, both])]
    df = contrast(product, solution, uncertainty, np.eye(len(names))[both]).df
    critical = float(special.stdtrit(df, 1.0 - LEVEL / 2.0))
    return Moderation(
        predictor, moderator, mean, sd, float(values.min()), float(values.max()), estimates, covariance, df, LEVEL,
        *johnson_neyman_region(estimates, covariance, critical), tuple(slopes),
    )  # fmt: skip
