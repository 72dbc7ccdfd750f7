"""Equivalent models: each that is listed fits the same, and models that differ are not listed."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis.inference.equivalent import MAXIMUM, equivalent_models, refit

MEASURES = "f =~ a + b + c\ng =~ d + e + h\nk =~ l + m + n\n"
MODELS = {
    "chain": f"{MEASURES}g ~ f\nk ~ g",
    "mediation": f"{MEASURES}g ~ p*f\nk ~ q*g + r*f\nindirect := p*q",
    "two causes": f"{MEASURES}k ~ f + g",
    "residuals": f"{MEASURES}g ~ f\nk ~ f\ng ~~ k",
    "single cause": f"{MEASURES}f ~~ 0*g\nk ~ f + g",
    "observed covariate": f"{MEASURES}g ~ f + x\nk ~ g + f + x",
    "second order": f"{MEASURES}o =~ u + v + w\ntop =~ f + g + k\no ~ top",
    "tied": f"{MEASURES}g ~ p*f\nk ~ p*f + g",
    "constrained": f"{MEASURES}g ~ p*f\nk ~ q*f + g\np == 2*q",
}


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(11)
    x = rng.normal(size=300)
    f = rng.normal(size=300)
    g = 0.6 * f + 0.3 * x + rng.normal(size=300)
    k = 0.3 * f + 0.5 * g + rng.normal(size=300)
    o = 0.5 * (f + g + k) + rng.normal(size=300)
    sources = {"abc": f, "deh": g, "lmn": k, "uvw": o}
    columns = {name: v + rng.normal(0, 0.8, 300) for letters, v in sources.items() for name in letters}
    return pd.DataFrame({**columns, "x": x})


@pytest.mark.parametrize("name", MODELS)
def test_each_listed_model_fits_the_same(name: str, data: pd.DataFrame) -> None:
    found = equivalent_models(MODELS[name])
    table = refit(MODELS[name], found, data)
    assert len(table) == len(found)
    assert table["equivalent"].all(), table[["replaced", "by", "chisq", "base_chisq", "note"]]
    np.testing.assert_allclose(table["chisq"], table["base_chisq"], rtol=1e-6)


def _listed(name: str) -> set[tuple[str, str]]:
    return {(found.replaced, found.by) for found in equivalent_models(MODELS[name])}


def test_a_chain_can_be_turned_round_at_its_start() -> None:
    # f -> g -> k implies what f <- g -> k does, but not what f -> g <- k does
    assert _listed("chain") == {("g ~ f", "f ~ g"), ("g ~ f", "f ~~ g")}


def test_full_mediation_freed_is_saturated_and_every_path_turns() -> None:
    listed = _listed("mediation")
    assert ("k ~ g", "g ~ k") in listed
    assert ("k ~ g", "g ~~ k") in listed
    assert ("k ~ f", "f ~~ k") in listed


def test_a_residual_covariance_gives_way_to_a_path_either_way() -> None:
    assert {("g ~~ k", "k ~ g"), ("g ~~ k", "g ~ k")} <= _listed("residuals")


def test_exogenous_variables_that_do_not_covary_are_left_alone() -> None:
    assert _listed("single cause") == set()


def test_paths_that_something_ties_are_left_alone() -> None:
    for name in ("tied", "constrained"):
        assert _listed(name) == set()


def test_a_circle_has_none() -> None:
    assert equivalent_models(f"{MEASURES}f ~ g + x\ng ~ f + z") == ()


def test_the_list_is_bounded() -> None:
    letters = "abcdefghijklmno"
    factors = "".join(f"F{x} =~ {x}1 + {x}2 + {x}3\n" for x in letters)
    causes = " + ".join(f"F{x}" for x in letters[1:])
    assert len(equivalent_models(f"{factors}Fa ~ {causes}")) == MAXIMUM


def test_a_model_that_cannot_be_fitted_says_why(data: pd.DataFrame) -> None:
    found = equivalent_models(MODELS["chain"])
    table = refit(MODELS["chain"], [type(f)(f.replaced, f.by, f.model + "g =~ absent\n") for f in found], data)
    assert not table["equivalent"].any()
    assert table["note"].str.contains("absent").all()
