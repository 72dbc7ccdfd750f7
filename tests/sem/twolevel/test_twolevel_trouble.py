"""What two levels cannot be fitted to is refused, all of it at once, with a remedy."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.errors import DataError, EstimationError, ModelError, SmartCityError
from analysis.sem.estimate import estimate
from analysis.sem.solution import Solution
from tests.sem.twolevel.clustered import CONTEXTUAL, clustered

ITEMS = "level: 1\nfw =~ x1 + x2 + x3\nlevel: 2\nfb =~ x1 + x2 + x3"


@pytest.mark.parametrize(
    ("model", "change", "error", "words"),
    [
        ("level: 1\ny ~ z\nlevel: 2\ny ~ x1", {}, DataError, "'x1' stands in level 2 alone, but it varies"),
        ("level: 1\ny ~ w\nlevel: 2\ny ~~ y", {}, DataError, "'w' stands in level 1, but it does not vary"),
        (ITEMS, {"town": 1}, DataError, "1 clusters are too few for the 3 variables of level 2"),
        (ITEMS, {"town": lambda d: np.arange(len(d))}, DataError, "say too little of differences within"),
        (ITEMS, {"x2": 3.0}, DataError, "'x2' is constant"),
        (ITEMS, {"x2": "often"}, DataError, "'x2' does not hold numbers"),
        ("level: 1\nfw =~ x1 + x2 + x3", {}, ModelError, "two levels are estimated"),
        (f"{ITEMS}\nlevel: 3\nx1 ~~ x2", {}, ModelError, "two levels are estimated"),
        (f"y ~ z\n{ITEMS}", {}, ModelError, "'y ~ z' stands outside of both levels"),
        (f"group: a\n{ITEMS}", {}, ModelError, "groups and levels are not estimated together"),
        (f"{ITEMS}\nx1 | t1", {}, ModelError, "'|' is not estimated in two levels"),
        (ITEMS.replace("x2", "c(1, 2)*x2"), {}, ModelError, "values for several groups"),
        (ITEMS.replace(" + x3", ""), {}, ModelError, "not identified"),
        (f"{ITEMS}\na == 1", {}, ModelError, "no parameter carries"),
        (ITEMS.replace("x3", "nowhere"), {}, ModelError, "'nowhere', which the data do not have"),
        (ITEMS, {"fw": 1.0}, ModelError, "'fw' is a latent variable of the model and a column"),
    ],
)
def test_faults_are_named_with_a_remedy(
    model: str, change: dict[str, object], error: type[SmartCityError], words: str
) -> None:
    with pytest.raises(error) as caught:
        sem.fit(model, clustered(60, 1).assign(**change), cluster="town")  # type: ignore[arg-type]
    assert any(words in problem.what for problem in caught.value.problems)
    assert all(problem.hint for problem in caught.value.problems)


def test_clusters_must_be_named_and_there() -> None:
    with pytest.raises(ModelError, match="needs clusters") as caught:
        sem.fit(ITEMS, clustered(60, 1))
    assert "--cluster" in caught.value.problems[0].hint
    with pytest.raises(ModelError, match=r"'twn'.*\n.*did you mean 'town'"):
        sem.fit(ITEMS, clustered(60, 1), cluster="twn")


def test_all_options_that_do_not_go_with_levels_are_named_at_once() -> None:
    with pytest.raises(ModelError) as caught:
        sem.fit(
            ITEMS, clustered(60, 1), cluster="town", estimator="WLSMV", missing="fiml", ordered="all", group="w",
            group_equal=["loadings"], weights="z",
        )  # fmt: skip
    places = {problem.where for problem in caught.value.problems}
    assert places == {"--estimator", "--missing", "--ordered", "--group", "--group-equal", "--weights"}
    with pytest.raises(ModelError, match="needs responses"):
        sem.fit(ITEMS, cov=clustered(60, 1).cov(), nobs=300, cluster="town")


def test_rows_that_lack_a_variable_or_a_cluster_are_left_out() -> None:
    data = clustered(60, 1)
    data.loc[3, "x1"] = np.nan
    data["town"] = data["town"].astype(float)
    data.loc[9, "town"] = np.nan
    result = sem.fit(ITEMS, data, cluster="town")
    assert result.nobs == len(data) - 2
    assert any("2 rows with missing values were left out" in warning for warning in result.warnings)


def test_fewer_clusters_than_parameters_between_them_is_remarked() -> None:
    alone = "x1 ~~ x1\nx2 ~~ x2\nx3 ~~ x3"
    result = sem.fit(f"level: 1\n{alone}\nlevel: 2\n{alone}", clustered(5, 1, largest=30), cluster="town")
    assert any("5 clusters are fewer than the 6 parameters of level 2" in warning for warning in result.warnings)


@pytest.mark.parametrize(
    "ask",
    [
        sem.modification_indices,
        sem.residuals,
        sem.score_tests,
        sem.factor_scores,
    ],
)
def test_what_is_of_one_level_is_refused(ask: Callable[[Solution], object]) -> None:
    solution = estimate(CONTEXTUAL, clustered(60, 1), cluster="town")
    with pytest.raises(ModelError, match="not computed for two-level models") as caught:
        ask(solution)
    assert caught.value.problems[0].hint


def test_bootstrap_is_refused() -> None:
    with pytest.raises(ModelError, match="bootstrap standard errors are not computed for two-level models"):
        sem.fit(CONTEXTUAL, clustered(60, 1), cluster="town", se="bootstrap", bootstrap=10)


def test_items_that_determine_each_other_end_in_an_error() -> None:
    data = clustered(60, 1).assign(x3=lambda d: d["x1"], u=lambda d: 2.0 * d["w"])
    with pytest.raises(EstimationError, match="determine each other: x1, x3") as caught:
        sem.fit(ITEMS, data, cluster="town")
    assert caught.value.problems[0].hint
    with pytest.raises(EstimationError, match="determine each other: w, u"):
        sem.fit("level: 1\ny ~ z\nlevel: 2\ny ~ w + u", data, cluster="town")


def test_clusters_of_words_and_numbers_are_the_same() -> None:
    data = clustered(60, 1)
    words = data.assign(town=pd.Categorical("T" + data["town"].astype(str)))
    one, other = (sem.fit(ITEMS, d, cluster="town") for d in (data, words))
    assert one.fit_measures["chisq"] == pytest.approx(other.fit_measures["chisq"], abs=1e-9)


def test_a_variance_that_runs_off_is_named_with_how_to_fix_it() -> None:
    """Clusters of a size that no other has leave the likelihood without bound once variances may be negative."""
    generator = np.random.default_rng(5)
    town = np.repeat(np.arange(12), np.arange(3, 15) ** 2)
    common, noise = generator.standard_normal((len(town), 1)), generator.standard_normal((len(town), 4))
    between = 0.1 * generator.standard_normal((12, 1))[town]
    data = pd.DataFrame(common + between + noise, columns=["x1", "x2", "x3", "x4"]).assign(town=town)
    model = "level: 1\nfw =~ x1 + x2 + x3 + x4\nlevel: 2\nfb =~ x1 + x2 + x3 + x4\n"
    with pytest.raises(EstimationError, match="no minimum was reached") as caught:
        sem.fit(model, data, cluster="town")
    assert "~~ 0*x" in caught.value.problems[0].hint
    fixed = "x1 ~~ 0*x1\nx2 ~~ 0*x2\nx3 ~~ 0*x3\nx4 ~~ 0*x4"
    assert sem.fit(model + fixed, data, cluster="town").converged


def test_models_of_other_levels_and_other_tests_are_not_compared() -> None:
    data = clustered(60, 1)
    paths = "level: 1\nx1 ~ {a}*x2\nx4 ~~ x4\nlevel: 2\nx1 ~ {b}*x2"
    full, restricted, other = (
        estimate(text, data, estimator="MLR", cluster="town")
        for text in (paths.format(a="a", b="b"), paths.format(a="a", b="a"), f"{paths.format(a='a', b='a')}\nx4 ~~ x4")
    )
    assert sem.compare(full, restricted).test.df_diff == 1
    with pytest.raises(ModelError, match="different levels"):
        sem.compare(full, other)
    with pytest.raises(ModelError, match=r"satorra\.2000 does not go with MLR and two levels"):
        sem.compare(full, restricted, method="satorra.2000")
