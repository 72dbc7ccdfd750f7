"""What stands beside the estimates of a mixed model, held to the functions and models it comes from."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import multilevel, sem
from analysis.inference.levels import fit_levels
from analysis.inference.mixed_evidence import assumptions, evidence, icc
from analysis.multilevel.solution import solve
from tests.references import REFERENCE


@pytest.fixture
def communes() -> pd.DataFrame:
    """Thirty communes of 3 to 12 residents, with a variable of the commune."""
    rng = np.random.default_rng(4)
    codes = np.repeat(np.arange(30), 3 + np.arange(30) % 10)
    x, w = rng.normal(size=len(codes)), rng.normal(size=30)
    y = 0.5 * x + 0.4 * w[codes] + 0.3 * x * w[codes] + 0.6 * rng.normal(size=30)[codes] + rng.normal(size=len(codes))
    return pd.DataFrame({"y": y, "x": x, "w": w[codes], "g": [f"c{code:02d}" for code in codes]})


def test_every_part_is_there(communes: pd.DataFrame) -> None:
    found = evidence("y ~ within(x, g) + between(x, g) + x:w + w + (1 | g)", communes)
    assert len(found.robust) == 5
    assert [row.parameter for row in found.profile] == ["sd_(Intercept)|g", "sigma"]
    assert [effect.term for effect in found.contextual] == ["between(x, g) - within(x, g)"]
    assert found.moderations == ()
    (moderation,) = evidence("y ~ x * w + (1 | g)", communes).moderations
    assert (moderation.predictor, moderation.moderator) == ("x", "w")


def test_robust_errors_that_crossed_factors_have_not_carry_their_reason(communes: pd.DataFrame) -> None:
    found = evidence("y ~ x + (1 | g) + (1 | h)", communes.assign(h=np.arange(len(communes)) % 31))
    assert found.robust == ()
    assert "cross" in found.robust_absent


def test_an_intraclass_correlation_lies_in_its_interval(communes: pd.DataFrame) -> None:
    found = icc("y ~ 1 + (1 | g)", communes)
    assert found.est == pytest.approx(multilevel.fit("y ~ 1 + (1 | g)", communes, reml=False).icc, rel=1e-6)
    assert found.lower is not None
    assert found.upper is not None
    assert found.lower < found.est < found.upper


def test_residuals_and_fitted_values_add_up_to_the_outcome(communes: pd.DataFrame) -> None:
    found = assumptions(solve("y ~ x + (1 + x | g)", communes))
    np.testing.assert_allclose(found.rows["fitted"] + found.rows["residual"], communes["y"], rtol=1e-12)
    assert list(found.modes["term"].unique()) == ["(Intercept)", "x"]
    assert len(found.modes) == 60


def test_both_levels_are_fitted_and_a_failure_is_said() -> None:
    data = pd.read_csv(REFERENCE / "simulated.csv")
    model = (REFERENCE / "sim_twolevel_contextual" / "model.lav").read_text(encoding="utf-8")
    one = "f =~ c1 + c2 + c3"
    found = fit_levels(one, model, data, "cluster", "listwise")
    assert found.clustered.estimator == "MLR"
    assert found.two_level is not None
    expected = sem.fit(model, data, estimator="MLR", cluster="cluster")
    assert found.two_level.fit_measures["chisq"] == pytest.approx(expected.fit_measures["chisq"])
    failed = fit_levels(one, "level: 1\nf =~ c1 + c2\nlevel: 2\ng =~ c1 + c2", data, "cluster", "listwise")
    assert failed.two_level is None
    assert "identified" in failed.absent
    assert "no two-level model" in fit_levels(one, None, data, "cluster", "listwise").absent
