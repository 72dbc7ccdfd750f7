"""Residuals against lavaan, and what must hold of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from analysis.errors import ModelError
from analysis.sem.estimate import estimate
from analysis.sem.residuals import KINDS, Kind, residuals
from tests.references import load_case
from tests.sem.lavaan_cases import cases_with, solved
from tests.sem.models import WITH_COVARIATES, simulated

CASES = cases_with("residuals")
_LAVAAN = {"cor": "correlation"}


def test_there_are_cases() -> None:
    assert len(CASES) >= 5


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", CASES)
def test_residuals_equal_lavaan(name: str, kind: Kind) -> None:
    case, ours = load_case(name), residuals(solved(name), kind)
    expected = case.expected["residuals"][_LAVAAN.get(kind, kind)]
    by_group: dict[str, Any] = expected if len(ours.groups) > 1 else {"": expected}
    assert set(by_group) == {group.group for group in ours.groups}
    # lavaan leaves residuals below 1e-5 as they are, whatever the kind.
    size = 1e-5 if kind in {"raw", "cor"} else 1e-3
    for g, group in enumerate(ours.groups):
        theirs, ratio = by_group[group.group], _lavaan_error_ratio(name, kind, g)
        order = [group.names.index(v) for v in theirs["cov"]["rows"]]
        np.testing.assert_allclose(
            group.covariance[np.ix_(order, order)] * ratio,
            theirs["cov"]["values"],
            rtol=case.tolerance["se"],
            atol=size,
        )
        assert (group.mean is not None) == ("mean" in theirs)
        if group.mean is not None:
            # The means of latent responses are no statistics of ordinal variables.
            numbers = [v for v in group.names if v not in solved(name).table.ordinal]
            mean = {v: m for v, m in zip(group.names, group.mean, strict=True) if v in numbers}
            expected_mean = {v: theirs["mean"][v] for v in numbers}
            assert mean == pytest.approx(expected_mean, rel=case.tolerance["se"], abs=size)
        names = [f"{variable}|{threshold}" for variable, threshold in group.thresholds]
        thresholds = dict(zip(names, group.threshold * ratio, strict=True))
        assert thresholds == pytest.approx(theirs.get("th", {}), rel=case.tolerance["se"], abs=size)


def _lavaan_error_ratio(name: str, kind: Kind, group: int) -> float:
    """lavaan divides the sampling covariance of a group's ordinal statistics by all observations, not the group's."""
    solution = solved(name)
    if solution.gamma is None or kind in {"raw", "cor"}:
        return 1.0
    return float(np.sqrt(solution.n_observations / solution.samples[group].n_observations))


@pytest.mark.parametrize("kind", KINDS)
def test_a_saturated_model_has_none(kind: Kind) -> None:
    solution = estimate("x1 ~ x2 + x3\nx2 ~~ x2\nx3 ~~ x3\nx2 ~~ x3", simulated(200, 3), meanstructure=True)
    found = residuals(solution, kind)
    assert found.tidy()["residual"].abs().max() < 1e-6


@pytest.mark.parametrize("estimator", ["ML", "MLR", "MLM"])
def test_standardised_residuals_do_not_depend_on_units(estimator: str) -> None:
    data = simulated(300, 4)
    plain = residuals(estimate(WITH_COVARIATES, data, estimator=estimator), "standardized")
    scaled = residuals(estimate(WITH_COVARIATES, data * 100.0, estimator=estimator), "standardized")
    np.testing.assert_allclose(plain.groups[0].covariance, scaled.groups[0].covariance, rtol=1e-5, atol=1e-6)


def test_standardised_residuals_have_unit_variance_where_the_model_holds() -> None:
    """Over draws from a model that holds: variance one for every residual that is not fitted exactly."""
    draws = []
    for seed in range(150):
        generator = np.random.default_rng(seed)
        items = generator.standard_normal((200, 1)) + generator.standard_normal((200, 4))
        frame = simulated(200, 0).iloc[:, :4] * 0.0 + items
        draws.append(residuals(estimate("f =~ x1 + x2 + x3 + x4", frame), "standardized").groups[0].covariance)
    spread = np.var(draws, axis=0)
    off = ~np.eye(4, dtype=bool)
    assert spread[off].mean() == pytest.approx(1.0, abs=0.15)


def test_tidy_names_moments() -> None:
    frame = residuals(estimate("f =~ x1 + x2 + x3 + x4", simulated(200, 3), meanstructure=True), "cor").tidy()
    assert len(frame) == 10 + 4
    assert list(frame.columns) == ["group", "lhs", "op", "rhs", "residual"]


def test_unknown_kind_is_an_error() -> None:
    with pytest.raises(ModelError, match="no residuals of kind 'normalised'"):
        residuals(estimate("f =~ x1 + x2 + x3", simulated(100, 1)), "normalised")  # type: ignore[arg-type]
