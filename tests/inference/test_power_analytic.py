"""Analytic power: tests of fit against semTools, Satorra and Saris against lavaan, both against simulation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis.inference.executor import InProcess
from analysis.inference.power import InMemory, compute, sum_up
from analysis.inference.power_analytic import rmsea_power, rmsea_powers, satorra_saris
from analysis.inference.power_models import MomentModel
from tests.inference.power_examples import job
from tests.references import REFERENCE

RMSEA = pd.read_csv(REFERENCE / "power" / "rmsea.csv")
PATHS = pd.read_csv(REFERENCE / "power" / "satorra_saris.csv")


@pytest.mark.parametrize(
    "row", RMSEA.to_dict("records"), ids=lambda row: f"{row['alternative']}-{row['df']}-{row['n']}"
)
def test_power_of_tests_of_fit_is_that_of_semtools(row: dict[str, float]) -> None:
    df, n = int(row["df"]), int(row["n"])
    assert rmsea_power(df, n, row["null"], row["alternative"]) == pytest.approx(row["power"], abs=1e-9)
    (found,) = [
        power
        for power in rmsea_powers(df, [n], 0.8)
        if (power.null, power.alternative) == (row["null"], row["alternative"])
    ]
    assert found.n_target == row["n_target"]


def test_noncentrality_is_lavaans() -> None:
    of = job()
    assert isinstance(of.model, MomentModel)
    found = satorra_saris(of.model, of.sampler, [300], 0.8).set_index("parameter")
    expected = PATHS.set_index("parameter")
    assert set(found.index) == set(expected.index)
    for name in expected.index:
        assert found.loc[name, "noncentrality"] == pytest.approx(expected.loc[name, "noncentrality"], rel=1e-5)
        assert found.loc[name, "power"] == pytest.approx(expected.loc[name, "power"], abs=1e-5)


def test_simulation_and_approximation_agree() -> None:
    of, store = job(), InMemory()
    assert isinstance(of.model, MomentModel)
    compute(of, of.blocks(400, 1000), InProcess(), store, bool)
    simulated = sum_up(of, [400], 1000, store).tidy().set_index("parameter")["power"]
    analytic = satorra_saris(of.model, of.sampler, [400], 0.8).set_index("parameter")["power"]
    # A likelihood ratio and a Wald test, at one n: close, not equal.
    np.testing.assert_allclose(analytic, simulated[analytic.index], atol=0.06)


def test_a_saturated_model_has_no_test_of_fit() -> None:
    assert rmsea_powers(0, [100], 0.8) == ()


def test_a_path_that_is_zero_never_reaches_the_target() -> None:
    of = job(population=job().sampler.population.text.replace("0.15*x", "0*x"))
    assert isinstance(of.model, MomentModel)
    found = satorra_saris(of.model, of.sampler, [300], 0.8).set_index("parameter")
    assert found.loc["y ~ x", "power"] == pytest.approx(0.05, abs=1e-6)
    assert np.isnan(found.loc["y ~ x", "n_target"])
