"""Modification indices: what chi-square would fall by, and what a parameter would become, were it set free."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.errors import EstimationError, Problem
from analysis.sem.candidates import candidates
from analysis.sem.implied import Implied, Structure, derivatives, structure_of
from analysis.sem.one_level import require_one_level
from analysis.sem.parameter import Parameter
from analysis.sem.partable import ParameterTable
from analysis.sem.result import ModificationIndex, SemResult
from analysis.sem.solution import Solution
from analysis.sem.standardise import scale_factors

Array = NDArray[np.float64]

# Share of a candidate's information that the model's own parameters may not take up: below, freeing it would leave
# the model unidentified, as freeing the marker of a latent variable does.
_LEFT = 1e-8


def modification_indices(solution: Solution) -> tuple[ModificationIndex, ...]:
    """Modification indices of all fixed and absent parameters, group by group; none where freeing is unidentified.

    With s the score and V the information of a parameter that the free ones do not take up (both of one
    observation, expected information), mi = N s^2 / V and epc = s / V: Soerbom (1989), Model modification,
    Psychometrika 54(3), 371-384. As in lavaan they are not scaled under robust estimators, and equality constraints
    stay in force. Raises EstimationError where the model's own information is singular, and ModelError for models of
    two levels.
    """
    require_one_level(solution, "modification indices", "free parameters one at a time and compare the fits")
    fitted = solution.fitted
    own = fitted.inverse("expected")
    if own is None:
        what = f"no modification indices: the data barely tell apart {', '.join(solution.flat)}"
        raise EstimationError(Problem(what, "model", "simplify the model first"))
    table = replace(solution.table, parameters=(*solution.table.parameters, *candidates(solution.table)))
    found: list[ModificationIndex] = []
    for group in range(len(solution.implied)):
        found += _of_group(solution, table, group, own)
    return tuple(found)


def with_modification_indices(result: SemResult, solution: Solution) -> SemResult:
    """``result`` with the modification indices of the ``solution`` it presents, the largest first."""
    return replace(result, modindices=tuple(sorted(modification_indices(solution), key=lambda index: -index.mi)))


def tidy(indices: Iterable[ModificationIndex]) -> pd.DataFrame:
    """One row an index, the largest first."""
    columns = list(ModificationIndex.__dataclass_fields__)
    frame = pd.DataFrame([asdict(index) for index in indices], columns=columns)
    frame = frame.astype(dict.fromkeys(["mi", "epc", "sepc_lv", "sepc_all"], float))
    return frame.sort_values("mi", ascending=False, kind="stable", ignore_index=True)


def _of_group(solution: Solution, table: ParameterTable, group: int, own: Array) -> list[ModificationIndex]:
    part, structure = solution.objective.parts[group], structure_of(table, group)
    rows = [table.parameters[i] for i in structure.rows]
    tested = np.array([i for i, row in enumerate(rows) if _can_be_freed(row, table)], dtype=np.int64)
    at = solution.implied[group]
    d = derivatives(structure, at)
    gradient, curvature = part.discrepancy.scoring(at, d)
    score = -0.5 * solution.score_share(group) * gradient[tested]
    information = 0.5 * part.share * curvature[tested]
    joint = information @ structure.collect.T
    alone = information[np.arange(len(tested)), tested]
    left = alone - np.einsum("ci,ij,cj->c", joint, own, joint)
    with np.errstate(divide="ignore", invalid="ignore"):
        mi, epc = solution.n_observations * score**2 / left, score / left
    by_lv, by_all = _standardised_changes(
        structure, solution.described[group], structure.values(solution.optimum.theta), tested, epc
    )
    label = table.groups[group] if len(table.groups) > 1 else None
    return [
        ModificationIndex(
            rows[i].lhs, rows[i].op, rows[i].rhs, label,
            float(mi[k]), float(epc[k]), _known(by_lv[k]), _known(by_all[k]),
        )
        for k, i in enumerate(tested)
        if left[k] > _LEFT * alone[k]
    ]  # fmt: skip


def _can_be_freed(row: Parameter, table: ParameterTable) -> bool:
    """Neither free already, nor a moment of fixed covariates, nor a residual variance that ordinal data fix."""
    return row.free == 0 and not row.exogenous and not (row.is_variance and row.lhs in table.ordinal)


def _standardised_changes(
    structure: Structure, at: Implied, values: Array, tested: Sequence[int] | NDArray[np.int64], epc: Array
) -> tuple[Array, Array]:
    """Changes by latent variables alone and by all variables. For a variance lavaan gives the standardised estimate
    with the sign of its change.
    """
    diagonal = structure.s[structure.s_first == structure.s_second]
    change = np.where(np.isin(tested, diagonal), np.sign(epc) * np.abs(values[tested]), epc)
    with np.errstate(divide="ignore", invalid="ignore"):
        by_lv = scale_factors(structure, at, values, observed=False)[tested]
        by_all = scale_factors(structure, at, values, observed=True)[tested]
        return change * by_lv, change * by_all


def _known(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
