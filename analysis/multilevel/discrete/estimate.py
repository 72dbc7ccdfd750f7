"""Estimate a mixed model with logit link for a binary or ordinal outcome."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import EstimationError, ModelError, Problem
from analysis.multilevel.design import Design, build_design
from analysis.multilevel.discrete.maximise import pseudo_inverse
from analysis.multilevel.discrete.outcome import Family, Outcome, code_outcome, numeric_outcome
from analysis.multilevel.discrete.problem import Parameters, Rows, sorted_rows, unpack
from analysis.multilevel.discrete.quadrature import product_rule
from analysis.multilevel.discrete.search import Found, search
from analysis.multilevel.discrete.separation import separating_columns
from analysis.multilevel.discrete.units import good_units
from analysis.multilevel.formula import parse_formula

Array = NDArray[np.float64]
MOST_EVALUATIONS = 5_000_000  # rows times nodes: what an ordinary machine holds in memory
FAR_OUT = 12.0  # logits beyond which estimates that may not exist are looked for


@dataclass(frozen=True, slots=True)
class Estimates:
    """What a search found, in the units of the data. T thresholds, p fixed effects, q random effects, G groups.

    ``fixed_names`` (p,) name the columns of ``X`` (n, p): the fixed part, without intercept where thresholds take
    its place. ``parameters`` with the standard ``errors`` (T + p,) of thresholds and fixed effects.
    """

    design: Design
    outcome: Outcome
    family: Family
    quadrature: int
    fixed_names: tuple[str, ...]
    X: Array
    parameters: Parameters
    errors: Array
    found: Found

    @property
    def covariance(self) -> Array:
        """Covariance (q, q) of the random effects."""
        return self.parameters.factor @ self.parameters.factor.T

    @property
    def npar(self) -> int:
        """Thresholds, fixed effects and variances with covariances."""
        return len(self.found.best.vector)


def estimate(formula: str, data: pd.DataFrame, family: Family, quadrature: int) -> Estimates:
    """Estimate ``formula`` by maximum likelihood; the errors raised are those of ``fit``."""
    parsed = parse_formula(formula)
    coded = numeric_outcome(parsed, data, family)
    design = build_design(parsed, coded.data)
    outcome, block = code_outcome(parsed, design.y, coded, family), design.only_block
    _require_nodes(design, quadrature)
    ordinal = family == "cumulative"
    kept = _without_intercept(design) if ordinal else list(range(len(design.fixed_names)))
    names, X = tuple(design.fixed_names[j] for j in kept), design.X[:, kept]
    units = good_units(X, block.Z, len(outcome.levels) - 1 if ordinal else 0)
    rows = sorted_rows(outcome.codes, ordinal, units.X, units.Z, block.codes)
    found = search(rows, product_rule(quadrature, block.Z.shape[1]))
    if not found.converged or _far_out(found, rows):
        _require_overlap(sorted_rows(outcome.codes, ordinal, X, block.Z, block.codes), names, outcome)
    _require_convergence(found)
    spread = units.back @ pseudo_inverse(found.best.information) @ units.back.T
    return Estimates(
        design=design,
        outcome=outcome,
        family=family,
        quadrature=quadrature,
        fixed_names=names,
        X=X,
        parameters=unpack(units.back @ found.best.vector, rows),
        errors=np.sqrt(np.diag(spread))[: rows.free_thresholds + len(names)],
        found=found,
    )


def _require_nodes(design: Design, quadrature: int) -> None:
    laplace = "1 is the Laplace approximation"
    if quadrature < 1:
        raise ModelError(Problem("the quadrature needs one point or more", "quadrature", laplace))
    effects = design.only_block.Z.shape[1]
    if len(design.y) * float(quadrature) ** effects > MOST_EVALUATIONS:
        each = f"each of {effects} random effects" if effects > 1 else "the random effect"
        what = f"{quadrature} points for {each} are too many for {len(design.y)} rows"
        raise ModelError(Problem(what, "quadrature", f"take fewer points; {laplace}"))


def _without_intercept(design: Design) -> list[int]:
    """Columns of the fixed part but the intercept, whose place the thresholds take."""
    if "(Intercept)" not in design.fixed_names:
        what = "an ordinal model has thresholds, and its formula the intercept that they stand for"
        raise ModelError(Problem(what, "formula", "take out '0 +' or '- 1'"))
    return [j for j, name in enumerate(design.fixed_names) if name != "(Intercept)"]


def _far_out(found: Found, rows: Rows) -> bool:
    at = unpack(found.best.vector, rows)
    farthest = np.abs(np.concatenate([rows.X @ at.beta, at.thresholds])).max()
    return bool(farthest > FAR_OUT)


def _require_overlap(rows: Rows, names: tuple[str, ...], outcome: Outcome) -> None:
    """Refuse effects without a finite estimate."""
    terms = [names[j] for j in separating_columns(rows) if names[j] != "(Intercept)"]
    if terms:
        listed = ", ".join(f"'{term}'" for term in terms)
        what = f"the outcome '{outcome.name}' is separated by {listed}: no finite effect is the most likely"
        hint = "some values go with one answer alone; join categories or take the variable out"
        raise EstimationError(Problem(what, "mixed model", hint))


def _require_convergence(found: Found) -> None:
    if not found.converged:
        left, least = float(np.abs(found.best.gradient).max()), found.best.flattest
        what = f"the search for estimates did not converge (gradient {left:.2g}, least curvature {least:.2g})"
        raise EstimationError(Problem(what, "mixed model", "take fewer random effects or join sparse categories"))
