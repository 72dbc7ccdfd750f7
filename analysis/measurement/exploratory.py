"""Exploratory factor analysis: factors extracted, rotated and judged."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import ModelError, Problem, nearest
from analysis.measurement.exploratory_fit import ExploratoryFit, exploratory_fit
from analysis.measurement.extraction import LEAST_UNIQUENESS, METHODS, Extraction, Method, extract
from analysis.measurement.item_correlations import ItemCorrelations
from analysis.measurement.rotation import ROTATIONS, Name, Rotation, rotate

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FactorSolution:
    """k factors of p items.

    ``loadings`` (p, k): pattern coefficients, items in rows by name, factors F1, F2, … in columns; ``unrotated`` those
    before rotation; ``factor_correlations`` (k, k); ``communality`` and ``uniqueness`` of the items, ``complexity`` how
    many factors an item takes; ``variance``: share of the items' variance by factor; ``heywood``: items whose
    uniqueness is at its least, 0.005, or below. ``undefined`` gives the reason of what is None.
    """

    n_factors: int
    extraction: str
    rotation: str
    nobs: float
    loadings: pd.DataFrame
    unrotated: pd.DataFrame
    factor_correlations: pd.DataFrame
    communality: pd.Series
    uniqueness: pd.Series
    complexity: pd.Series
    variance: pd.Series
    fit: ExploratoryFit
    heywood: tuple[str, ...]
    converged: bool
    n_starts: int
    n_minima: int
    undefined: dict[str, str]
    warnings: tuple[str, ...]

    def tidy(self) -> pd.DataFrame:
        """One row an item, sorted: by the factor it loads on most, then by the size of that loading."""
        table = self.loadings.assign(communality=self.communality, uniqueness=self.uniqueness)
        size = self.loadings.abs()
        place = size.to_numpy().argmax(axis=1)
        order = np.lexsort((-size.max(axis=1).to_numpy(), place))
        return table.assign(complexity=self.complexity).iloc[order].rename_axis("item").reset_index()

    def glance(self) -> pd.DataFrame:
        """One row: the fit of the solution."""
        head = {"n_factors": self.n_factors, "extraction": self.extraction, "rotation": self.rotation}
        return pd.DataFrame([{**head, "nobs": self.nobs, **self.fit.values()}])


def explore(
    items: ItemCorrelations,
    n_factors: int,
    *,
    extraction: Method = "minres",
    rotation: Name = "oblimin",
    seed: int = 1,
) -> FactorSolution:
    """Extract ``n_factors`` from ``items`` and rotate them; conventions are psych::fa's.

    Raises ModelError where there are more factors than the correlations can tell (no degrees of freedom are left),
    methods are unknown, or maximum likelihood meets correlations that are not positive definite.
    """
    _require(items, n_factors, extraction, rotation)
    extracted = extract(items.correlation, n_factors, extraction, starts=3)
    rotated = rotate(extracted.loadings, rotation, seed)
    names, factors = list(items.names), [f"F{i + 1}" for i in range(n_factors)]
    shared = (extracted.loadings**2).sum(axis=1)
    accounted = np.diag(rotated.phi @ rotated.loadings.T @ rotated.loadings) / len(names)
    heywood = tuple(n for n, b, h in zip(names, extracted.at_bound, shared, strict=True) if b or h >= 1.0)
    undefined: dict[str, str] = {}
    model = extracted.loadings @ extracted.loadings.T
    fit = exploratory_fit(items, model, n_factors, undefined)
    return FactorSolution(
        n_factors=n_factors,
        extraction=extraction,
        rotation=rotation if n_factors > 1 else "none",
        nobs=items.nobs,
        loadings=pd.DataFrame(rotated.loadings, names, factors),
        unrotated=pd.DataFrame(extracted.loadings, names, factors),
        factor_correlations=pd.DataFrame(rotated.phi, factors, factors),
        communality=pd.Series(shared, names),
        uniqueness=pd.Series(1.0 - shared, names),
        complexity=pd.Series(_complexity(rotated.loadings), names),
        variance=pd.Series(accounted, factors),
        fit=fit,
        heywood=heywood,
        converged=extracted.converged and rotated.converged,
        n_starts=rotated.n_starts,
        n_minima=rotated.n_minima,
        undefined=undefined,
        warnings=(*items.warnings, *_warnings(heywood, extracted, rotated)),
    )


def most_factors(n_items: int) -> int:
    """The largest number of factors of p items that leaves degrees of freedom: (p - k)² ≥ p + k."""
    p = n_items
    return int(np.floor((2 * p + 1 - np.sqrt(8 * p + 1)) / 2))


def _complexity(loadings: Array) -> Array:
    """(Σ λ²)² / Σ λ⁴ of each item (Hofmann 1978, Multivariate Behavioral Research 13, 247-250); NaN without loading."""
    squared = loadings**2
    with np.errstate(invalid="ignore"):
        result: Array = squared.sum(axis=1) ** 2 / (squared**2).sum(axis=1)
    return result


def _require(items: ItemCorrelations, n_factors: int, extraction: str, rotation: str) -> None:
    problems = []
    p = len(items.names)
    most = most_factors(p)
    if n_factors < 1:
        problems.append(Problem(f"{n_factors} factors are none", "--factors", "ask for 1 at least"))
    elif n_factors > max(most, 1) or p < 3:
        df = ((p - n_factors) ** 2 - p - n_factors) // 2
        what = f"{n_factors} factors of {p} items leave {df} degrees of freedom: the correlations cannot tell them"
        hint = f"ask for {most} at most, or add items" if most and p > 2 else "a factor takes three items at least"
        problems.append(Problem(what, "--factors", hint))
    for value, known, option in ((extraction, METHODS, "--extraction"), (rotation, ROTATIONS, "--rotation")):
        if value not in known:
            problems.append(Problem(f"there is no {option[2:]} '{value}'", option, nearest(value, known)))
    if extraction == "ml" and not items.positive_definite:
        what = "maximum likelihood takes correlations that are positive definite"
        problems.append(Problem(what, "--extraction", "take minres, or leave out items that repeat others"))
    if problems:
        raise ModelError(problems)


def _warnings(heywood: tuple[str, ...], extracted: Extraction, rotated: Rotation) -> list[str]:
    notes = [
        f"Heywood case: the factors explain all of {item} (its uniqueness is held at {LEAST_UNIQUENESS:g} or falls "
        "below); take fewer factors, or look for items that repeat it"
        for item in heywood
    ]
    if not extracted.converged:
        notes.append(f"extraction did not converge: a derivative of {extracted.gradient:.1g} is left")
    if not rotated.converged:
        notes.append("rotation did not converge: no simple structure stands out")
    if rotated.n_minima > 1:
        notes.append(
            f"rotation has {rotated.n_minima} local minima from {rotated.n_starts} starts; the lowest is shown"
        )
    return notes
