"""Mixed models by statsmodels: agreement where it is right, silence with a reason elsewhere, and the guard."""

from __future__ import annotations

import dataclasses

import numpy as np
import pandas as pd
import pytest
from analysis import multilevel
from analysis.crosscheck import statsmodels_check
from analysis.crosscheck.agreement import TOLERANCE
from statsmodels.regression.mixed_linear_model import MixedLM

FORMULA = "y ~ x + (1 + x | g)"


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(5)
    group = np.repeat(np.arange(20), rng.integers(6, 12, 20))
    x = rng.normal(size=len(group)) * 1000 + 5000
    effects = rng.normal(size=(20, 2))[group] * [1.0, 0.001]
    y = 2 + 0.0005 * x + effects[:, 0] + effects[:, 1] * x + rng.normal(size=len(group))
    return pd.DataFrame({"y": y, "x": x, "g": group, "h": group % 7, "w": 1.0 + group % 3})


@pytest.mark.parametrize("reml", [True, False])
def test_statsmodels_agrees(reml: bool, data: pd.DataFrame) -> None:
    result = multilevel.fit(FORMULA, data, reml=reml, name="slopes")
    agreement = statsmodels_check.refit(result, data)
    assert agreement.agrees is True
    assert agreement.engine.startswith("statsmodels 0")
    assert list(agreement.table["quantity"]) == [
        "est: (Intercept)", "est: x", "variance: (Intercept)", "variance: x", "covariance: (Intercept), x",
        "variance: Residual", "logLik",
    ]  # fmt: skip


def test_a_wrong_number_of_ours_is_found(data: pd.DataFrame) -> None:
    result = multilevel.fit(FORMULA, data)
    wrong = dataclasses.replace(result, loglik=result.loglik * (1 + 10 * TOLERANCE))
    agreement = statsmodels_check.refit(wrong, data)
    assert agreement.agrees is False
    assert list(agreement.table.query("not within")["quantity"]) == ["logLik"]


@pytest.mark.parametrize(
    ("formula", "weights", "words"),
    [
        ("y ~ x + (1 | g) + (1 | h)", None, "several random terms"),
        ("y ~ x + (1 | g)", "w", "weighted"),
        ("x ~ 1 + (1 | g)", None, "singular"),
    ],
)
def test_models_statsmodels_cannot_answer(formula: str, weights: str | None, words: str, data: pd.DataFrame) -> None:
    centred = data.assign(x=data["x"] - data.groupby("g")["x"].transform("mean"))
    agreement = statsmodels_check.refit(multilevel.fit(formula, centred, weights=weights), centred)
    assert agreement.agrees is None
    assert words in agreement.reason


def test_other_rows_are_not_compared(data: pd.DataFrame) -> None:
    agreement = statsmodels_check.refit(multilevel.fit("y ~ x + (1 | g)", data), data.iloc[:100])
    assert "100 rows are at hand" in agreement.reason


def test_infinite_likelihood_with_convergence_is_refused(data: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    """What lbfgs was seen to return: converged, fixed effects of zero, an infinite likelihood."""

    class Broken:
        llf, scale, converged = np.inf, 1.0, True
        fe_params, bse_fe, cov_re = np.zeros(2), np.ones(2), np.zeros((1, 1))

    monkeypatch.setattr(MixedLM, "fit", lambda self, **options: Broken())
    agreement = statsmodels_check.refit(multilevel.fit("y ~ x + (1 | g)", data), data)
    assert agreement.agrees is None
    assert "finite" in agreement.reason


def test_a_lone_optimiser_is_not_believed(data: pd.DataFrame, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(statsmodels_check, "OPTIMISERS", ("bfgs",))
    agreement = statsmodels_check.refit(multilevel.fit("y ~ x + (1 | g)", data), data)
    assert agreement.agrees is None
    assert "no two" in agreement.reason
