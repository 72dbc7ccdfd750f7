"""Standardised estimates with their inference against lavaan, and their Jacobian against differences."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
import pytest
from analysis import sem
from analysis.sem.estimate import estimate
from analysis.sem.implied import implied
from analysis.sem.partable import row_values
from analysis.sem.solution import Solution
from analysis.sem.standardise import standardised
from analysis.sem.standardised_solution import Kind, standardised_jacobian, standardised_solution
from numpy.typing import NDArray
from tests.references import load_case
from tests.sem.lavaan_cases import cases_with, key, solved
from tests.sem.models import THREE_FACTORS, WITH_COVARIATES, simulated

CASES = cases_with("standardized")


def test_there_are_cases() -> None:
    assert len(CASES) >= 5


@pytest.mark.parametrize("column", ["est_std", "se", "z", "pvalue", "ci_lower", "ci_upper"])
@pytest.mark.parametrize("name", CASES)
def test_standardised_solution_equals_lavaan(name: str, column: Literal["est_std"]) -> None:
    case = load_case(name)
    ours = {key(r.lhs, r.op, r.rhs, r.group, r.level): r for r in standardised_solution(solved(name)).estimates}
    theirs = {key(r["lhs"], r["op"], r["rhs"], r["group"], r.get("level", 1)): r for r in case.expected["standardized"]}
    assert set(ours) == set(theirs)
    for parameter, row in theirs.items():
        value = getattr(ours[parameter], column)
        if column != "est_std" and row["z"] is None:
            assert value is None
        else:
            # Tail probabilities magnify a relative error of z.
            size = {"pvalue": 1.0, "z": max(1.0, abs(row["z"] or 0.0))}.get(column, max(abs(row["est_std"]), 1e-2))
            assert value == pytest.approx(row[column], abs=case.tolerance["se"] * size), parameter


@pytest.mark.parametrize("kind", get_args(Kind))
@pytest.mark.parametrize("text", [THREE_FACTORS, WITH_COVARIATES, f"{THREE_FACTORS}x1 ~~ x4\nx2 ~ x9\n"])
def test_jacobian_equals_central_differences(text: str, kind: Kind) -> None:
    """To 1e-8 of the largest element: the differences' own error, with steps of 1e-6."""
    solution = estimate(text, simulated(300, 4), meanstructure=True)
    _, jacobian = standardised_jacobian(solution, kind)
    theta, step = solution.optimum.theta, 1e-6
    numerical = np.column_stack(
        [
            (_values(solution, theta + step * e, kind) - _values(solution, theta - step * e, kind)) / (2 * step)
            for e in np.eye(len(theta))
        ]
    )
    np.testing.assert_allclose(jacobian, numerical, rtol=0, atol=1e-8 * np.abs(jacobian).max())


def test_free_variances_of_exogenous_variables_are_one_without_error() -> None:
    rows = standardised_solution(estimate("f =~ x1 + x2 + x3", simulated(200, 1))).estimates
    (variance,) = [row for row in rows if row.lhs == row.rhs == "f"]
    assert variance.est_std == pytest.approx(1.0)
    assert variance.se is None


def _values(solution: Solution, theta: NDArray[np.float64], kind: Kind) -> NDArray[np.float64]:
    (part,) = solution.objective.parts
    both = standardised(part.structure, implied(part.structure, theta), row_values(solution.table, theta))
    return both[get_args(Kind).index(kind)]


def test_results_carry_the_errors_of_standardised_estimates() -> None:
    data = simulated(300, 5)
    result, full = sem.fit(THREE_FACTORS, data), standardised_solution(estimate(THREE_FACTORS, data)).estimates
    assert [row.std_all_se for row in result.estimates] == pytest.approx([row.se for row in full])
    assert [row.std_all_ci_upper for row in result.estimates] == pytest.approx([row.ci_upper for row in full])
    (marker,) = [row for row in result.estimates if row.rhs == "x1" and row.op == "=~"]
    assert marker.se is None
    assert marker.std_all_se is not None
    assert '"std_all_se"' in result.to_json()
