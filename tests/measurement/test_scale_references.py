"""Held to psych and semTools: alpha, omegas, greatest lower bound, items, AVE, HTMT, pairs of constructs, Mardia."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.measurement.construct_pairs import pair_tests
from analysis.measurement.htmt import heterotrait_monotrait, membership
from analysis.measurement.measurement_model import MeasurementModel, measurement_model
from analysis.measurement.moments import mardia
from analysis.measurement.reliability import Reliability, reliability
from analysis.measurement.scale_coefficients import ItemRow, item_rows, scale_coefficients
from analysis.sem.ordinal.moments import ordinal_moments
from tests.references import Case, case_names, load_case


@pytest.fixture(scope="module", params=case_names("reliability", "rows"))
def case(request: pytest.FixtureRequest) -> Case:
    return load_case(request.param)


@pytest.fixture(scope="module")
def measured(case: Case) -> MeasurementModel:
    return measurement_model(case.model, case.name)


@pytest.fixture(scope="module")
def rows(case: Case, measured: MeasurementModel) -> pd.DataFrame:
    return case.frame()[list(measured.items)].dropna()


@pytest.fixture(scope="module")
def model(case: Case, rows: pd.DataFrame) -> sem.SemResult:
    return sem.fit(case.model, rows, **case.options)


@pytest.fixture(scope="module")
def result(rows: pd.DataFrame, measured: MeasurementModel, model: sem.SemResult) -> Reliability:
    return reliability(rows, measured.scales, model)


@pytest.fixture(scope="module")
def scales(rows: pd.DataFrame, measured: MeasurementModel, model: sem.SemResult, result: Reliability) -> pd.DataFrame:
    """All coefficients, one row a construct."""
    table = result.table.set_index("construct")
    omega = {row.construct: row.omega for row in result.scales}
    more = [scale_coefficients(rows[list(measured.scales[c])], c, model, omega[c], {}) for c in measured.scales]
    return table.join(pd.DataFrame(more).set_index("construct").astype(float))


def expected(case: Case, key: str) -> pd.Series:
    return pd.DataFrame(case.expected["composites"][key]).set_index("construct")["value"]


def test_omega_of_each_kind_is_that_of_semtools(case: Case, scales: pd.DataFrame) -> None:
    for key in {"omega", "omega_observed", "alpha_ordinal", "omega_latent_response"} & set(case.expected["composites"]):
        theirs = expected(case, key)
        np.testing.assert_allclose(scales.loc[theirs.index, key], theirs, rtol=case.tolerance["estimates"], err_msg=key)


def test_alpha_is_that_of_semtools_and_psych(case: Case, scales: pd.DataFrame) -> None:
    theirs = case.table("alpha_feldt").set_index("construct")
    ours = scales.loc[theirs.index]
    np.testing.assert_allclose(ours["alpha"], theirs["alpha"], rtol=1e-10)
    np.testing.assert_allclose(ours["alpha_ci_lower"], theirs["ci_lower"], rtol=1e-8)
    np.testing.assert_allclose(ours["alpha_ci_upper"], theirs["ci_upper"], rtol=1e-8)
    if "alpha" in case.expected["composites"]:
        semtools = expected(case, "alpha")
        np.testing.assert_allclose(scales.loc[semtools.index, "alpha"], semtools, rtol=1e-10)


def test_the_greatest_lower_bound_is_that_of_psych(case: Case, scales: pd.DataFrame) -> None:
    """Rcsdp stops at a gap of about 1e-8."""
    theirs = case.table("glb").set_index("construct")["value"]
    np.testing.assert_allclose(scales.loc[theirs.index, "glb"], theirs, atol=1e-6)


def test_items_are_those_of_psych(
    case: Case, rows: pd.DataFrame, measured: MeasurementModel, model: sem.SemResult
) -> None:
    ours: list[ItemRow] = []
    for construct in dict.fromkeys(case.table("items")["construct"]):
        ours += item_rows(rows[list(measured.scales[construct])], construct, model, {})
    ours_by_name = pd.DataFrame(ours).set_index(["construct", "item"])
    theirs = case.table("items").set_index(["construct", "item"])
    for column in ("rest_correlation", "alpha_if_dropped"):
        ours_column = ours_by_name.loc[theirs.index, column].astype(float)
        np.testing.assert_allclose(ours_column, theirs[column].astype(float), rtol=1e-9, err_msg=column)


def test_latent_correlations(case: Case, result: Reliability) -> None:
    theirs = case.expected["latent_correlation"]
    matrix = pd.DataFrame(theirs["values"], theirs["rows"], theirs["columns"])
    names = list(result.fornell_larcker.index)
    ours = result.fornell_larcker.to_numpy(copy=True)
    known = ~np.isnan(ours)
    np.fill_diagonal(known, val=False)
    assert known.sum() == 2 * len(result.correlations) or len(names) < len(matrix)
    np.testing.assert_allclose(ours[known], matrix.loc[names, names].to_numpy()[known], rtol=1e-4, atol=1e-6)


def _with(part: str) -> list[str]:
    return [name for name in case_names("reliability", "rows") if part in load_case(name).definition["parts"]]


class Part:
    """A case that has a part of its own, with what the tests need of it."""

    def __init__(self, name: str) -> None:
        self.case = load_case(name)
        self.model = measurement_model(self.case.model, name)
        self.rows = self.case.frame()[list(self.model.items)].dropna()


@pytest.mark.parametrize("name", _with("ave"))
def test_weighted_ave_is_that_of_semtools(name: str) -> None:
    """semTools weighs items by their variance; ours is the mean squared standardised loading."""
    part = Part(name)
    fitted = sem.fit(part.case.model, part.rows, **part.case.options)
    theirs = part.case.table("ave").set_index("construct")["value"]
    for construct, value in theirs.items():
        answers = part.rows[list(part.model.scales[str(construct)])]
        ours = scale_coefficients(answers, str(construct), fitted, None, {}).ave_weighted
        assert ours == pytest.approx(value, rel=part.case.tolerance["estimates"])
        loadings = fitted.tidy().query("op == '=~' and lhs == @construct")["std_all"]
        plain = reliability(part.rows, {str(construct): list(answers)}, fitted).scales[0].ave
        assert plain == pytest.approx((loadings**2).mean(), rel=1e-12)


@pytest.mark.parametrize("name", _with("htmt"))
@pytest.mark.parametrize("geometric", [False, True])
def test_htmt_is_that_of_semtools(name: str, geometric: bool) -> None:
    part = Part(name)
    theirs = part.case.expected["htmt_geometric" if geometric else "htmt_arithmetic"]
    values = part.rows.to_numpy(dtype=float)
    items = list(part.rows)
    if "ordered" in part.case.options:
        correlation = ordinal_moments(values, np.ones(len(items), dtype=bool), items).covariance
    else:
        correlation = np.corrcoef(values, rowvar=False)
    members = membership([part.model.scales[construct] for construct in theirs["rows"]], items)
    ours = heterotrait_monotrait(correlation, members, geometric=geometric)
    np.testing.assert_allclose(ours, theirs["values"], rtol=1e-5)


@pytest.mark.parametrize("name", _with("pairs"))
def test_tests_of_pairs_are_those_of_semtools(name: str) -> None:
    part = Part(name)
    keys = ["construct", "other", "restriction"]
    theirs = part.case.table("pairs").set_index(keys)
    ours = pd.DataFrame(pair_tests(part.model, part.rows, **part.case.options)).set_index(keys).loc[theirs.index]
    for column in ("correlation", "chisq_diff", "pvalue"):
        left, right = ours[column].astype(float), theirs[column].astype(float)
        np.testing.assert_allclose(left, right, rtol=1e-3 if column == "pvalue" else 1e-4, atol=1e-12, err_msg=column)
    assert (ours["df_diff"].dropna() == theirs["df_diff"][ours["df_diff"].notna()]).all()
    assert list(ours["reason"] != "") == list(theirs["chisq_diff"].isna())


@pytest.mark.parametrize("name", _with("mardia"))
def test_mardia_is_that_of_psych(name: str) -> None:
    part = Part(name)
    ours = mardia(part.rows.to_numpy(dtype=float))
    theirs = part.case.expected["mardia"]
    assert ours.skew == pytest.approx(theirs["skew"], rel=1e-9)
    assert ours.skew_chisq == pytest.approx(theirs["skew_chisq"], rel=1e-9)
    assert ours.kurtosis == pytest.approx(theirs["kurtosis"], rel=1e-9)
    assert ours.kurtosis_z == pytest.approx(theirs["kurtosis_z"], rel=1e-8)


@pytest.mark.parametrize("name", [name for name in case_names("reliability", "rows") if "bifactor" in name])
def test_a_general_factor_has_a_hierarchical_omega(name: str) -> None:
    part = Part(name)
    fitted = sem.fit(part.case.model, part.rows, **part.case.options)
    omega = {row.construct: row.omega for row in reliability(part.rows, part.model.scales, fitted).scales}
    undefined: dict[str, str] = {}
    by_name = {
        construct: scale_coefficients(part.rows[list(items)], construct, fitted, omega[construct], undefined)
        for construct, items in part.model.scales.items()
    }
    theirs = expected(part.case, "omega")
    assert by_name["general"].omega_hierarchical == pytest.approx(theirs["general"], rel=1e-5)
    assert by_name["general"].omega_total == pytest.approx(expected(part.case, "omega_total")["total"], rel=1e-5)
    assert {c.omega_hierarchical for name, c in by_name.items() if name != "general"} == {None}
    assert all(f"{name}.omega_hierarchical" in undefined for name in by_name if name != "general")


@pytest.mark.parametrize("name", [name for name in case_names("reliability", "rows") if "higher_order" in name])
def test_a_higher_order_factor_has_a_hierarchical_omega(name: str) -> None:
    part = Part(name)
    construct = part.case.definition["higher"]
    fitted = sem.fit(part.case.model, part.rows, **part.case.options)
    items = part.rows[list(part.model.scales[construct])]
    omega = reliability(part.rows, {construct: list(items)}, fitted).scales[0].omega
    ours = scale_coefficients(items, construct, fitted, omega, {})
    rel = part.case.tolerance["estimates"]
    assert ours.omega_hierarchical == pytest.approx(expected(part.case, "omega_higher")[construct], rel=rel)
    assert ours.omega_observed == pytest.approx(expected(part.case, "omega_higher_observed")[construct], rel=rel)
    assert ours.omega_total == pytest.approx(expected(part.case, "omega_total")["total"], rel=rel)
    assert ours.ave_weighted is None
