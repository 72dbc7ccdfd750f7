"""What a report says of a mixed model beside its estimates: robust errors, intervals, contrasts, assumptions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from analysis.errors import ModelError
from analysis.multilevel.cluster_robust import cluster_robust
from analysis.multilevel.contrasts import Moderation, contextual_effects, moderations
from analysis.multilevel.modes import conditional_modes, linear_predictor
from analysis.multilevel.profile_intervals import ProfileInterval, icc_interval, variance_intervals
from analysis.multilevel.result import FixedEffect
from analysis.multilevel.solution import Solution, solve


@dataclass(frozen=True, slots=True)
class MixedEvidence:
    """CR2 inference of the fixed effects (none where ``robust_absent`` says why), profile intervals of the variance
    components, contextual effects and moderations of one model.
    """

    robust: tuple[FixedEffect, ...]
    robust_absent: str
    profile: tuple[ProfileInterval, ...]
    contextual: tuple[FixedEffect, ...]
    moderations: tuple[Moderation, ...]


@dataclass(frozen=True, slots=True)
class Assumptions:
    """``rows``: fitted, residual, one row an analysed respondent. ``modes``: group, level, term, est, se."""

    rows: pd.DataFrame
    modes: pd.DataFrame


def evidence(formula: str, data: pd.DataFrame) -> MixedEvidence:
    """Everything of a model by REML. Raises what ``analysis.multilevel.fit`` raises."""
    solution = solve(formula, data)
    robust, absent = _robust(solution)
    return MixedEvidence(
        robust=robust,
        robust_absent=absent,
        profile=variance_intervals(solution),
        contextual=contextual_effects(solution),
        moderations=moderations(solution),
    )


def _robust(solution: Solution) -> tuple[tuple[FixedEffect, ...], str]:
    try:
        return cluster_robust(solution).fixed_effects, ""
    except ModelError as error:
        return (), "; ".join(problem.what for problem in error.problems)


def icc(formula: str, data: pd.DataFrame) -> ProfileInterval:
    """The intraclass correlation of a null model with its profile interval."""
    return icc_interval(solve(formula, data))


def assumptions(solution: Solution) -> Assumptions:
    """What is plotted to judge a model's assumptions."""
    modes = conditional_modes(solution)
    fitted = linear_predictor(solution, modes)
    rows = pd.DataFrame({"fitted": fitted, "residual": solution.design.y - fitted})
    return Assumptions(rows, pd.concat([part.table for part in modes], ignore_index=True))


def expected_quantiles(values: np.ndarray) -> np.ndarray:
    """Standard normal quantiles (n,) of the ranks of ``values``, (i - 3/8) / (n + 1/4): Blom (1958), chapter 6."""
    from scipy import special

    ranks = np.argsort(np.argsort(values, kind="stable"), kind="stable") + 1.0
    return np.asarray(special.ndtri((ranks - 0.375) / (len(values) + 0.25)))
