"""Predictions for new rows: held to lme4, and to the fitted values of the rows that were fitted."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis.errors import ModelError
from analysis.multilevel.modes import conditional_modes, linear_predictor
from analysis.multilevel.prediction import predict
from analysis.multilevel.solution import solve
from tests.references import case_names, load_case

PREDICTED = [name for name in case_names("mixed", "rows") if load_case(name).expected.get("predictions")]


def _new_rows(data: pd.DataFrame, groups: set[str]) -> pd.DataFrame:
    """Every seventh row from the third on, eight in all, the last two of which get a group of their own."""
    new = data.iloc[2::7].head(8).copy()
    for group in groups:
        label = 1e6 if pd.api.types.is_numeric_dtype(new[group]) else "new"
        new[group] = [*new[group].tolist()[:6], label, label]
    return new


@pytest.mark.parametrize("name", PREDICTED)
def test_predictions_equal_lme4(name: str) -> None:
    case = load_case(name)
    data = case.frame()
    solution = solve(case.model, data, reml=not case.options["ml"])
    new = _new_rows(data, {variable for term in solution.formula.random for variable in term.group.variables})
    expected = case.table("predictions").astype(float)
    ours = predict(solution, data, new)
    np.testing.assert_allclose(ours, expected["with_effects"], rtol=1e-5)
    np.testing.assert_allclose(predict(solution, data, new, random_effects=False), expected["without"], rtol=1e-5)


@pytest.mark.parametrize(
    "formula",
    [
        "y ~ center(x) + scale(z) + (1 + center(x) | g)",
        "y ~ poly(x, 2) + factor(h) + (1 | g)",
        "y ~ within(x, g) + between(x, g) + log(z + 10) + (1 + within(x, g) | g)",
        "y ~ x * z - 1 + (1 | h/g)",
        "y ~ I(x^2) - x + (x || g)",
    ],
)
def test_rows_that_were_fitted_get_their_fitted_values(sleep_like: pd.DataFrame, formula: str) -> None:
    data = sleep_like.copy()
    data.loc[[3, 17], "x"] = np.nan
    solution = solve(formula, data)
    rows = solution.design.rows
    for effects, modes in ((True, conditional_modes(solution)), (False, ())):
        predicted = predict(solution, data, data, random_effects=effects)
        np.testing.assert_allclose(predicted[rows], linear_predictor(solution, modes), rtol=1e-9, atol=1e-9)
        assert np.isnan(predicted[~rows]).all()
    some = data.iloc[10:20]
    np.testing.assert_allclose(predict(solution, data, some), predict(solution, data, data)[10:20], rtol=1e-9)


def test_a_new_group_has_its_own_mean_and_no_random_effect(sleep_like: pd.DataFrame) -> None:
    solution = solve("y ~ between(x, g) + (1 | g)", sleep_like)
    new = pd.DataFrame({"x": [1.0, 3.0], "g": ["other", "other"]})
    intercept, slope = solution.beta
    np.testing.assert_allclose(predict(solution, sleep_like, new), intercept + 2.0 * slope)


def test_what_the_model_does_not_know_is_named(sleep_like: pd.DataFrame) -> None:
    data = sleep_like.assign(place=np.where(sleep_like["h"] < 5, "town", "country"))
    solution = solve("y ~ x + place + (1 | g)", data)
    with pytest.raises(ModelError, match="the new rows have no 'place'"):
        predict(solution, data, data[["x", "g"]])
    with pytest.raises(ModelError, match="levels that the model was not fitted to: sea"):
        predict(solution, data, data.assign(place="sea"))
