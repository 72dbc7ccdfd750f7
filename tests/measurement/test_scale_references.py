"""Held to psych and semTools: alpha with Feldt's interval, omega, latent correlations, Mardia."""

from __future__ import annotations

import numpy as np
import pytest
from analysis import sem
from analysis.measurement.moments import mardia
from analysis.measurement.reliability import Reliability, reliability
from tests.references import Case, case_names, load_case

CASES = case_names("reliability", "rows")


@pytest.fixture(scope="module", params=CASES)
def case(request: pytest.FixtureRequest) -> Case:
    return load_case(request.param)


@pytest.fixture(scope="module")
def scales(case: Case) -> dict[str, list[str]]:
    model = sem.fit(case.model, case.frame())
    found: dict[str, list[str]] = {}
    for row in model.estimates:
        if row.op == "=~":
            found.setdefault(row.lhs, []).append(row.rhs)
    return found


@pytest.fixture(scope="module")
def result(case: Case, scales: dict[str, list[str]]) -> Reliability:
    items = [item for members in scales.values() for item in members]
    complete = case.frame().dropna(subset=items)
    return reliability(complete, scales, sem.fit(case.model, complete))


def test_omega_is_that_of_semtools(case: Case, result: Reliability) -> None:
    expected = case.table("scales").set_index("construct")
    ours = result.table.set_index("construct").loc[expected.index]
    np.testing.assert_allclose(ours["omega"], expected["omega"], rtol=case.tolerance["estimates"])
    np.testing.assert_allclose(ours["alpha"], expected["alpha"], rtol=1e-10)


def test_alpha_interval_is_that_of_psych(case: Case, result: Reliability) -> None:
    expected = case.table("alpha_feldt").set_index("construct")
    ours = result.table.set_index("construct").loc[expected.index]
    np.testing.assert_allclose(ours["alpha_ci_lower"], expected["ci_lower"], rtol=1e-8)
    np.testing.assert_allclose(ours["alpha_ci_upper"], expected["ci_upper"], rtol=1e-8)


def test_latent_correlations(case: Case, result: Reliability) -> None:
    expected = case.expected["latent_correlation"]
    ours = result.fornell_larcker.loc[expected["rows"], expected["columns"]].to_numpy(copy=True)
    np.fill_diagonal(ours, 1.0)
    np.testing.assert_allclose(ours, expected["values"], rtol=case.tolerance["estimates"])


def test_ave_is_close_to_that_of_semtools(case: Case, result: Reliability) -> None:
    """semTools weighs items by their variance, we take standardised loadings: equal for items of equal variance."""
    expected = case.table("scales").set_index("construct")
    ours = result.table.set_index("construct").loc[expected.index]
    np.testing.assert_allclose(ours["ave"], expected["ave"], atol=0.02)


def test_mardia_is_that_of_psych(case: Case, scales: dict[str, list[str]]) -> None:
    items = [item for members in scales.values() for item in members]
    ours = mardia(case.frame()[items].dropna().to_numpy(dtype=float))
    expected = case.expected["mardia"]
    assert ours.skew == pytest.approx(expected["skew"], rel=1e-9)
    assert ours.skew_chisq == pytest.approx(expected["skew_chisq"], rel=1e-9)
    assert ours.kurtosis == pytest.approx(expected["kurtosis"], rel=1e-9)
    assert ours.kurtosis_z == pytest.approx(expected["kurtosis_z"], rel=1e-8)
