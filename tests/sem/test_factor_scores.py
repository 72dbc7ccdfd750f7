"""Factor scores against lavaan, and what must hold of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from analysis.errors import ModelError
from analysis.sem.estimate import estimate
from analysis.sem.factor_scores import METHODS, Method, factor_scores
from tests.references import case_names, load_case
from tests.sem.lavaan_cases import cases_with, solved
from tests.sem.models import THREE_FACTORS, WITH_COVARIATES, simulated

CASES = [name for name in cases_with("scores") if name in case_names("sem", "rows")]


def test_there_are_cases() -> None:
    assert len(CASES) >= 3


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("name", CASES)
def test_scores_equal_lavaan(name: str, method: Method) -> None:
    """The first ten rows of each group. lavaan scores a second-order factor by Bartlett's method as its mean, where
    nothing is known: here it is NaN.
    """
    case, groups = load_case(name), factor_scores(solved(name), method)
    expected = case.expected["scores"][method]
    by_group: dict[str, Any] = expected if len(groups) > 1 else {"": expected}
    for group in groups:
        theirs = by_group[group.group]
        measured = [k for k, latent in enumerate(theirs["columns"]) if np.isfinite(group.frame()[latent]).all()]
        assert measured
        ours = group.frame()[[theirs["columns"][k] for k in measured]].head(10)
        values = np.array(theirs["values"])[:, measured]
        tolerance = case.tolerance["estimates"]
        np.testing.assert_allclose(ours, values, rtol=tolerance, atol=tolerance * np.abs(values).max())


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("text", [THREE_FACTORS, WITH_COVARIATES])
def test_scores_average_to_the_latent_means(text: str, method: Method) -> None:
    solution = estimate(text, simulated(300, 2), meanstructure=True)
    (found,) = factor_scores(solution, method)
    latent_means = solution.implied[0].full_mean[len(solution.table.observed) :]
    np.testing.assert_allclose(found.scores.mean(axis=0), latent_means, atol=1e-8)


def test_bartlett_scores_are_unbiased_and_regression_scores_shrink() -> None:
    """Regressed on the scores' own factor, Bartlett's have slope 1; regression scores have less variance."""
    data = simulated(500, 3)
    solution = estimate(THREE_FACTORS, data)
    regression, bartlett = (factor_scores(solution, method)[0].scores for method in METHODS)
    variance = np.diag(solution.implied[0].full_covariance)[len(solution.table.observed) :]
    assert (regression.var(axis=0) < variance).all()
    assert (bartlett.var(axis=0) > variance).all()


@pytest.mark.parametrize("method", METHODS)
def test_rows_that_were_dropped_have_no_score_and_incomplete_ones_do(method: Method) -> None:
    data = simulated(300, 4)
    data.loc[10, "x1"] = np.nan
    (listwise,) = factor_scores(estimate(THREE_FACTORS, data), method)
    (full,) = factor_scores(estimate(THREE_FACTORS, data, missing="fiml"), method)
    assert 10 not in listwise.rows
    assert len(listwise.rows) == 299
    assert list(full.rows) == list(range(300))
    assert np.isfinite(full.scores).all()


def test_bartlett_knows_nothing_of_a_factor_whose_items_are_all_missing() -> None:
    data = simulated(300, 4)
    data.loc[7, ["x4", "x5", "x6"]] = np.nan
    solution = estimate(THREE_FACTORS, data, missing="fiml")
    bartlett, regression = (factor_scores(solution, method)[0].frame() for method in ("bartlett", "regression"))
    assert np.isnan(bartlett.loc[7, "f2"])
    assert np.isfinite(bartlett.loc[7, ["f1", "f3"]]).all()
    assert np.isfinite(regression.loc[7]).all()


def test_scores_of_groups_are_those_of_each_row() -> None:
    data = simulated(400, 5)
    data["half"] = np.where(np.arange(400) % 2 == 0, "even", "odd")
    even, odd = factor_scores(estimate("f =~ x1 + x2 + x3 + x4", data, group="half"))
    assert set(even.rows) == set(range(0, 400, 2))
    alone = factor_scores(estimate("f =~ x1 + x2 + x3 + x4", data[data["half"] == "odd"], meanstructure=True))[0]
    np.testing.assert_allclose(odd.scores, alone.scores, atol=1e-7)


def test_what_cannot_be_scored_is_an_error() -> None:
    data = simulated(100, 1)
    from_moments = estimate("f =~ x1 + x2 + x3", cov=data.cov(), nobs=100)
    with pytest.raises(ModelError, match="need responses"):
        factor_scores(from_moments)
    with pytest.raises(ModelError, match="no latent variable"):
        factor_scores(estimate("x1 ~ x2", data))
    with pytest.raises(ModelError, match="by 'Bartlett'"):
        factor_scores(estimate("f =~ x1 + x2 + x3", data), "Bartlett")  # type: ignore[arg-type]
    codes = data.apply(lambda column: (column > column.median()).astype(float))
    with pytest.raises(ModelError, match="ordinal variables give no factor scores"):
        factor_scores(estimate("f =~ x1 + x2 + x3 + x4", codes, ordered="all"))
