"""Two-level models: what their estimates must not depend on, what they share with mixed models, and their results."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from analysis import multilevel, sem
from analysis.report.terminal import sem_summary
from analysis.sem.estimate import estimate
from analysis.sem.optimise import minimise
from analysis.sem.partable import ParameterTable
from analysis.sem.syntax import parse_model
from analysis.sem.twolevel.measures import is_singular
from analysis.sem.twolevel.objective import two_level_objective
from analysis.sem.twolevel.sample import two_level_sample
from analysis.sem.twolevel.singular import em_step, singular_moments
from analysis.sem.twolevel.table import two_level_table
from analysis.sem.twolevel.unrestricted import (
    moments_theta,
    starting_moments,
    unrestricted_model,
)
from tests.sem.twolevel.clustered import CONTEXTUAL, clustered

PATH = "level: 1\ny ~ z\nlevel: 2\ny ~ w"
ITEMS = "level: 1\nfw =~ x1 + x2 + x3\nlevel: 2\nfb =~ x1 + x2 + x3"


def _columns(result: sem.SemResult, *names: str) -> pd.DataFrame:
    return result.tidy().set_index(["level", "lhs", "op", "rhs"])[list(names)]


def test_a_random_intercept_is_a_two_level_model() -> None:
    data = clustered(80, 2)
    ours = sem.fit(PATH, data, cluster="town")
    mixed = multilevel.fit("y ~ z + w + (1 | town)", data, reml=False)
    fixed = {row.term: row for row in mixed.fixed_effects}
    rows = {(row.level, row.lhs, row.op, row.rhs): row for row in ours.estimates}
    for key, term in (((1, "y", "~", "z"), "z"), ((2, "y", "~", "w"), "w"), ((2, "y", "~1", ""), "(Intercept)")):
        assert rows[key].est == pytest.approx(fixed[term].est, rel=1e-5)
    between, within = (row.vcov for row in mixed.random_effects)
    assert rows[1, "y", "~~", "y"].est == pytest.approx(within, rel=1e-5)
    assert rows[2, "y", "~~", "y"].est == pytest.approx(between, rel=1e-4)
    assert ours.fit_measures["logl"] == pytest.approx(mixed.loglik, abs=1e-6)


@pytest.mark.parametrize("estimator", ["ML", "MLR"])
def test_order_of_rows_and_names_of_clusters_do_not_matter(estimator: str) -> None:
    data = clustered(60, 1)
    shuffled = data.sample(frac=1.0, random_state=4).assign(town=lambda d: "T" + (97 - d["town"]).astype(str))
    one, other = (sem.fit(CONTEXTUAL, d, estimator=estimator, cluster="town") for d in (data, shuffled))
    np.testing.assert_allclose(_columns(one, "est", "se"), _columns(other, "est", "se"), rtol=1e-6, atol=1e-9)
    assert one.fit_measures["chisq"] == pytest.approx(other.fit_measures["chisq"], abs=1e-7)


def test_robust_errors_do_not_depend_on_the_origin_of_a_covariate() -> None:
    """In lavaan 0.6-14 they do: its scores leave out how covariates of level 1 move means."""
    data = clustered(60, 1)
    near, far = (
        sem.fit(CONTEXTUAL, data.assign(z=data["z"] + shift), estimator="MLR", cluster="town") for shift in (0.0, 40.0)
    )
    slopes = [("y", "~", "z"), ("y", "~", "fw")]
    one, other = (_columns(result, "se").loc[1] for result in (near, far))
    np.testing.assert_allclose(one.loc[slopes], other.loc[slopes], rtol=1e-6)
    for name in ("chisq_scaled", "chisq_scaling_factor", "cfi_robust"):
        assert near.fit_measures[name] == pytest.approx(far.fit_measures[name], rel=1e-6)


def test_levels_may_be_written_in_any_order_and_words() -> None:
    data = clustered(60, 1)
    within, between = ITEMS.replace("level: 1\n", "").split("level: 2\n")
    expected = _columns(sem.fit(ITEMS, data, cluster="town"), "est")
    for text in (
        f"level: 2\n{between}\nlevel: 1\n{within}",
        f"level: within\n{within}\nlevel: between\n{between}",
        f"level: resident\n{within}\nlevel: town\n{between}",
    ):
        pd.testing.assert_frame_equal(_columns(sem.fit(text, data, cluster="town"), "est"), expected)


def test_definitions_join_levels_and_labels_tie_them() -> None:
    result = sem.fit(CONTEXTUAL, clustered(60, 1), cluster="town")
    rows = {(row.level, row.lhs, row.op, row.rhs): row for row in result.estimates}
    assert rows[1, "fw", "=~", "x2"].est == rows[2, "fb", "=~", "x2"].est
    (effect,) = (row for row in result.estimates if row.op == ":=")
    difference = rows[2, "y", "~", "fb"].est - rows[1, "y", "~", "fw"].est
    assert effect.est == pytest.approx(difference, rel=1e-12)
    assert effect.se is not None
    assert {row.level for row in result.estimates if row.op != ":="} == {1, 2}
    assert all(row.group is None for row in result.estimates)


def test_constraints_hold_over_levels() -> None:
    data = clustered(60, 1)
    free, tied = "level: 1\ny ~ a*z\nlevel: 2\ny ~ b*w", "level: 1\ny ~ s*z\nlevel: 2\ny ~ s*w"
    constrained = sem.fit(f"{free}\na == b", data, cluster="town")
    same = sem.fit(tied, data, cluster="town")
    np.testing.assert_allclose(_columns(constrained, "est", "se"), _columns(same, "est", "se"), rtol=1e-6)
    assert constrained.fit_measures["df"] == same.fit_measures["df"] == 1


def test_unit_of_measurement_does_not_matter() -> None:
    data = clustered(60, 1)
    scaled = data.assign(x1=1000.0 * data["x1"], w=data["w"] / 1000.0)
    one, other = (sem.fit(CONTEXTUAL, d, cluster="town") for d in (data, scaled))
    np.testing.assert_allclose(_columns(one, "std_all"), _columns(other, "std_all"), rtol=1e-5, atol=1e-8)


def test_json_and_summary_say_what_is_of_which_level() -> None:
    result = sem.fit(CONTEXTUAL, clustered(60, 1), estimator="MLR", cluster="town")
    content = json.loads(result.to_json())
    assert content["nclusters"] == 60
    assert set(content["icc"]) == {"x1", "x2", "x3", "y", "z"}
    assert content["icc"]["z"] == 0.0
    assert {row["level"] for row in content["parameters"]} == {1, 2}
    text = sem_summary(result)
    for words in ("60 clusters", "Level 1 (within clusters)", "Level 2 (between clusters)", "contextual", "ICC"):
        assert words in text
    assert text.count("contextual :=") == 1


def test_moments_are_level_by_level() -> None:
    result = sem.fit(CONTEXTUAL, clustered(60, 1), cluster="town")
    residual = result.residual_correlation
    assert list(residual.index.get_level_values(0).unique()) == ["within", "between"]
    assert residual.notna().all(axis=None)
    assert (residual.loc["within", "w"] == 0).all()


def _hardly_between(seed: int) -> tuple[pd.DataFrame, ParameterTable]:
    """Four items that share one cause between few clusters, which leaves Sigma_B singular."""
    generator = np.random.default_rng(seed)
    town = np.repeat(np.arange(25), generator.integers(2, 30, 25))
    common = generator.standard_normal(25)[town]
    items = 0.4 * common[:, None] + generator.standard_normal((len(town), 4))
    model = "level: 1\nx1 ~~ x2 + x3 + x4\nlevel: 2\nx1 ~~ x2 + x3 + x4"
    data = pd.DataFrame(items, columns=["x1", "x2", "x3", "x4"]).assign(town=town)
    return data, two_level_table(parse_model(model), std_lv=False)


@pytest.mark.parametrize("seed", range(4))
def test_a_singular_matrix_between_clusters_is_the_best_that_is_one(seed: int) -> None:
    data, table = _hardly_between(seed)
    sample = two_level_sample(data, table, "town").moments
    found = unrestricted_model(sample, table)
    between = found.levels[1].covariance
    assert np.linalg.eigvalsh(between)[0] > -1e-12
    within, start, _ = starting_moments(sample, np.ones(4, dtype=bool))
    for _ in range(3000):
        within, start = em_step(sample, within, start)
    objective = two_level_objective(found.table, sample)
    levels = tuple(
        type(level)(level.names, matrix, level.mean, level.n_observations)
        for level, matrix in zip(found.levels, (within, start), strict=True)
    )
    theta = moments_theta(found.table, levels)
    # EM stays above the optimum and comes near it.
    gap = objective.value(theta) - found.deviance
    assert -1e-10 < gap < 1e-4


def test_newton_and_factor_find_the_same_optimum_inside() -> None:
    table = two_level_table(parse_model(ITEMS), std_lv=False)
    sample = two_level_sample(clustered(80, 3), table, "town").moments
    found = unrestricted_model(sample, table)
    assert not is_singular(found.levels[1].covariance)
    within, between, _ = starting_moments(sample, np.ones(3, dtype=bool))
    moments = singular_moments(sample, found.table, within, between)
    np.testing.assert_allclose(moments[1], found.levels[1].covariance, rtol=1e-6)
    start = found.theta * 1.1
    again = minimise(two_level_objective(found.table, sample), start)
    np.testing.assert_allclose(again.theta, found.theta, rtol=1e-6)


def test_singular_matrix_is_remarked() -> None:
    data, _ = _hardly_between(0)
    items = "x1 + x2 + x3 + x4"
    nothing = "x1 ~~ 0*x1\nx2 ~~ 0*x2\nx3 ~~ 0*x3\nx4 ~~ 0*x4"
    model = f"level: 1\nx1 ~~ x2 + x3\nx4 ~~ x4\nlevel: 2\nfb =~ {items}\n{nothing}"
    result = sem.fit(model, data, cluster="town")
    assert any("singular" in warning for warning in result.warnings)
    assert estimate(model, data, cluster="town").n_observations == len(data)


def _sizes_of_their_own(seed: int) -> pd.DataFrame:
    """Three items in 14 clusters of 14 sizes; two of the items do not vary between clusters but by chance."""
    generator = np.random.default_rng(seed)
    town = np.repeat(np.arange(14), [2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 20, 40, 60, 90])
    items = generator.standard_normal((len(town), 1)) + generator.standard_normal((len(town), 3))
    items[:, 0] += 0.6 * generator.standard_normal(14)[town]
    return pd.DataFrame(items, columns=["x1", "x2", "x3"]).assign(town=town)


@pytest.mark.parametrize("seed", [0, 7, 54])
def test_items_that_hardly_vary_between_clusters_leave_tests_defined(seed: int) -> None:
    """Variances of the baseline run off below zero here, and the unrestricted ones to zero, in 7 almost."""
    model = "level: 1\nfw =~ x1 + x2 + x3\nlevel: 2\nx1 ~~ x1\nx2 ~~ 0*x2\nx3 ~~ 0*x3"
    result = sem.fit(model, _sizes_of_their_own(seed), cluster="town")
    assert 0 < result.fit_measures["chisq"] < 20  # type: ignore[operator]
    assert result.fit_measures["baseline_chisq"] > 100  # type: ignore[operator]
    assert 0.9 < result.fit_measures["cfi"] <= 1  # type: ignore[operator]


def test_clusters_that_differ_less_than_by_chance_have_no_variance_between_them() -> None:
    generator = np.random.default_rng(9)
    town = np.repeat(np.arange(40), generator.integers(3, 8, 40))
    data = pd.DataFrame(generator.standard_normal((len(town), 3)), columns=["x1", "x2", "x3"]).assign(town=town)
    names = ["x1", "x2", "x3"]
    data[names] -= 0.7 * data.groupby("town")[names].transform("mean")
    alone = "x1 ~~ x1\nx2 ~~ x2\nx3 ~~ x3"
    table = two_level_table(parse_model(f"level: 1\n{alone}\nlevel: 2\n{alone}"), std_lv=False)
    found = unrestricted_model(two_level_sample(data, table, "town").moments, table)
    np.testing.assert_allclose(found.levels[1].covariance, 0.0, atol=1e-12)
    # All rows are then independent, and their moments are the estimates.
    np.testing.assert_allclose(found.levels[0].covariance, np.cov(data[names].T, bias=True), rtol=1e-7, atol=1e-9)
    result = sem.fit(f"level: 1\n{alone}\nlevel: 2\n{alone.replace('~~ ', '~~ 0*')}", data, cluster="town")
    assert result.fit_measures["srmr_within"] is not None
    assert result.fit_measures["srmr"] is None
    assert "no correlation" in result.undefined["srmr"]
    assert any("singular" in warning for warning in result.warnings)
    assert "SRMR" in sem_summary(result)
