"""What goes wrong is said: by an error that names what is at fault and the remedy, or by a warning of the result."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.errors import DataError, EstimationError, ModelError, SmartCityError
from tests.sem.models import THREE_FACTORS, simulated

ONE_FACTOR = "f =~ x1 + x2 + x3 + x4"


def _said(result: sem.SemResult, words: str) -> bool:
    return any(words in warning for warning in result.warnings)


def _ordinal(n: int, seed: int) -> pd.DataFrame:
    """Four items of one factor with three categories each."""
    draw = np.random.default_rng(seed).standard_normal
    latent = draw((n, 1)) + 0.8 * draw((n, 4))
    return pd.DataFrame(np.digitize(latent, [-0.8, 0.8]) + 1, columns=["x1", "x2", "x3", "x4"])


def test_fewer_rows_than_parameters() -> None:
    assert _said(sem.fit(THREE_FACTORS, simulated(20, 1)), "20 rows are fewer than the 21 parameters")
    assert not _said(sem.fit(THREE_FACTORS, simulated(200, 1)), "fewer than")


def test_clusters_of_one_row_give_mlr() -> None:
    data = simulated(200, 2).assign(town=np.arange(200))
    result = sem.fit(ONE_FACTOR, data, cluster="town")
    assert _said(result, "every cluster has one row")
    robust = sem.fit(ONE_FACTOR, data, estimator="MLR", meanstructure=True)
    np.testing.assert_allclose(result.tidy()["se"], robust.tidy()["se"] * np.sqrt(200 / 199), rtol=1e-9)


def test_fewer_clusters_than_parameters() -> None:
    data = simulated(200, 3).assign(town=np.arange(200) % 6)
    assert _said(sem.fit(ONE_FACTOR, data, cluster="town"), "6 clusters are fewer than the 12 parameters")
    with pytest.raises(DataError, match="'town' has 1 cluster"):
        sem.fit(ONE_FACTOR, data.assign(town=1), cluster="town")


def test_pairs_hardly_or_never_observed_together() -> None:
    data = simulated(400, 4)
    data.loc[:199, "x1"] = np.nan
    data.loc[220:, "x2"] = np.nan
    assert _said(sem.fit(ONE_FACTOR, data, missing="fiml"), "hold both of: x1 and x2")
    data.loc[200:, "x2"] = np.nan
    with pytest.raises(DataError, match="never observed together: x1 and x2"):
        sem.fit(ONE_FACTOR, data, missing="fiml")


def test_groups_that_are_too_small_or_constant_are_named() -> None:
    data = simulated(100, 5).assign(town=["A"] * 97 + ["B"] * 3)
    with pytest.raises(DataError, match="group B: 3 rows are too few"):
        sem.fit(ONE_FACTOR, data, group="town")
    data = data.assign(town=["A"] * 50 + ["B"] * 50)
    data.loc[50:, "x3"] = 2.0
    with pytest.raises(DataError, match="group B: 'x3' is constant"):
        sem.fit(ONE_FACTOR, data, group="town")
    with pytest.raises(DataError, match="'town' has 1 group"):
        sem.fit(ONE_FACTOR, data.assign(town="A"), group="town")


@pytest.mark.parametrize("weight", [0.0, -1.0])
def test_weights_that_are_not_positive(weight: float) -> None:
    data = simulated(100, 6).assign(w=1.0)
    data.loc[3, "w"] = weight
    with pytest.raises(DataError, match="'w' holds weights that are not positive"):
        sem.fit(ONE_FACTOR, data, weights="w")


def test_categories_that_a_group_lacks_are_named() -> None:
    data = _ordinal(300, 7).assign(town=np.repeat(["A", "B"], 150))
    data.loc[150:, "x2"] = data.loc[150:, "x2"].clip(upper=2)
    with pytest.raises(DataError, match="nobody here answered 3 to 'x2'"):
        sem.fit(ONE_FACTOR, data, group="town", ordered="all")


def test_empty_cells_are_said() -> None:
    data = _ordinal(300, 8)
    data.loc[(data["x1"] == 1) & (data["x2"] == 3), "x2"] = 2
    assert _said(sem.fit(ONE_FACTOR, data, ordered="all"), "answers to: x1 and x2")


def test_moments_that_contradict_each_other_name_the_variables() -> None:
    matrix = pd.DataFrame(np.eye(4), list("abcd"), list("abcd"))
    matrix.loc["a", "b"] = matrix.loc["b", "a"] = 1.2
    with pytest.raises(DataError, match=r"not positive definite: see a, b\n") as caught:
        sem.fit("f =~ a + b + c + d", cov=matrix, nobs=100)
    assert caught.value.problems[0].hint


def test_variances_of_latents_that_cannot_be() -> None:
    covariance = pd.DataFrame([[1.0, 0.9, 0.9], [0.9, 1.0, 0.7], [0.9, 0.7, 1.0]], list("abc"), list("abc"))
    assert _said(sem.fit("f =~ a + b + c", cov=covariance, nobs=100), "negative variance (Heywood case): a")
    names = [f"x{i}" for i in range(1, 7)]
    across = np.where(np.equal.outer(np.arange(6) // 3, np.arange(6) // 3), 0.5, 0.55)
    np.fill_diagonal(across, 1.0)
    matrix = pd.DataFrame(across, names, names)
    result = sem.fit("f =~ x1 + x2 + x3\ng =~ x4 + x5 + x6", cov=matrix, nobs=300)
    assert _said(result, "covariance matrix of the latent variables is not positive definite")


@pytest.mark.parametrize("estimator", ["ML", "MLR", "MLM", "GLS"])
def test_variables_that_determine_each_other_are_named(estimator: str) -> None:
    data = simulated(100, 11).assign(x4=lambda d: d["x1"])
    with pytest.raises(EstimationError, match="determine each other: x1, x4"):
        sem.fit(ONE_FACTOR, data, estimator=estimator)


def test_bounds_that_no_start_meets_end_in_an_error() -> None:
    data = pd.DataFrame(np.random.default_rng(6).standard_normal((8, 3)), columns=["x1", "x2", "x3"])
    with pytest.raises(EstimationError, match="from any of 10 starts"):
        sem.fit("f =~ x1 + l*x2 + x3\nl > 2000\nf ~~ v*f\nv < -1000", data)


# lavaan 0.6 stops with an error here too, or warns that nothing it prints can be trusted.
@pytest.mark.parametrize(
    ("model", "change", "error"),
    [
        ("f =~ x1 + x2", {}, ModelError),
        ("f =~ x1 + x2 + x3 + nowhere", {}, ModelError),
        (ONE_FACTOR, {"x2": 1.0}, DataError),
        (ONE_FACTOR, {"x2": np.nan}, DataError),
        (ONE_FACTOR, {"x2": "often"}, DataError),
        (ONE_FACTOR + " + x5", {"x5": lambda d: d["x1"] - d["x2"]}, EstimationError),
        ("f =~ x1 + x2 + x3\nf ~ g\ng =~ x4 + x5", {"f": 1.0}, ModelError),
        (ONE_FACTOR + "\na == 1", {}, ModelError),
    ],
)
def test_what_lavaan_refuses_is_refused_with_a_remedy(
    model: str, change: dict[str, object], error: type[SmartCityError]
) -> None:
    with pytest.raises(error) as caught:
        sem.fit(model, simulated(100, 10).assign(**change))  # type: ignore[arg-type]
    assert all(problem.what and problem.hint for problem in caught.value.problems)


def test_a_correlation_matrix_is_remarked_and_its_standardised_errors_are_those_of_the_responses() -> None:
    data = simulated(300, 21)
    whole = sem.fit(THREE_FACTORS, data)
    given = sem.fit(THREE_FACTORS, cov=data.corr(), nobs=300)
    assert any("correlation matrix" in warning for warning in given.warnings)
    assert not any("correlation matrix" in warning for warning in whole.warnings)
    columns = ["std_all", "std_all_se"]
    np.testing.assert_allclose(given.tidy()[columns], whole.tidy()[columns], rtol=1e-6)


@pytest.mark.parametrize("option", ["weights", "cluster"])
def test_weights_and_clusters_of_ordinal_models_are_refused(option: str) -> None:
    data = _ordinal(200, 1).assign(c=np.tile(np.arange(1.0, 21.0), 10))
    with pytest.raises(ModelError, match="WLSMV is for complete, independent, unweighted rows"):
        sem.fit(ONE_FACTOR, data, ordered="all", **{option: "c"})
