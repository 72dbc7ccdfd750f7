"""Fitted mixed models: closed forms, invariances, the boundary."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
from analysis import multilevel
from analysis.errors import EstimationError, ModelError
from analysis.multilevel import optimise
from analysis.multilevel.modes import conditional_modes, linear_predictor, residuals
from analysis.multilevel.result import MixedResult
from analysis.multilevel.solution import solve
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy.stats import multivariate_normal

SEEDS = st.integers(min_value=0, max_value=10_000)


def survey(seed: int, groups: int = 15, slope_sd: float = 0.6, intercept_sd: float = 0.8) -> pd.DataFrame:
    """Unbalanced groups with a random intercept and slope and a group variable w."""
    rng = np.random.default_rng(seed)
    group = np.repeat(np.arange(groups), rng.integers(4, 14, groups))
    x, w = rng.normal(size=len(group)), rng.normal(size=groups)
    intercept, slope = rng.normal(0, intercept_sd, groups), rng.normal(0, slope_sd, groups)
    y = 2 + 0.5 * x + 0.3 * w[group] + intercept[group] + slope[group] * x + rng.normal(size=len(group))
    return pd.DataFrame({"y": y, "x": x, "w": w[group], "g": [f"g{i:02d}" for i in group]})


def same(one: MixedResult, other: MixedResult, tolerance: float = 1e-3) -> None:
    np.testing.assert_allclose(one.fixed["est"], other.fixed["est"], rtol=tolerance, atol=1e-4)
    np.testing.assert_allclose(one.fixed["se"], other.fixed["se"], rtol=tolerance)
    np.testing.assert_allclose(one.random["vcov"], other.random["vcov"], rtol=10 * tolerance, atol=1e-3)
    assert one.loglik == pytest.approx(other.loglik, abs=1e-4)


@given(SEEDS)
@settings(max_examples=8, deadline=None)
def test_balanced_one_way_reml_equals_the_anova_estimator(seed: int) -> None:
    rng = np.random.default_rng(seed)
    G, m = 9, 6
    y = rng.normal(5, 1, (G, m)) + rng.normal(0, 1.0, (G, 1))
    data = pd.DataFrame({"y": y.ravel(), "g": np.repeat(np.arange(G), m)})
    result = multilevel.fit("y ~ 1 + (1 | g)", data)
    within = ((y - y.mean(1, keepdims=True)) ** 2).sum() / (G * (m - 1))
    between = (m * y.mean(1).var(ddof=1) - within) / m
    if between <= 0:
        assert result.singular
        assert result.random["vcov"].iloc[0] == pytest.approx(0, abs=1e-8)
        assert result.random["vcov"].iloc[1] == pytest.approx(y.var(ddof=1), rel=1e-9)
    else:
        np.testing.assert_allclose(result.random["vcov"], [between, within], rtol=1e-4)
        assert result.icc == pytest.approx(between / (between + within), rel=1e-4)
        assert result.fixed["se"].iloc[0] == pytest.approx(np.sqrt((between + within / m) / G), rel=1e-4)
    assert result.fixed["est"].iloc[0] == pytest.approx(y.mean())


@given(SEEDS)
@settings(max_examples=2, deadline=None)
def test_neither_row_order_nor_group_labels_matter(seed: int) -> None:
    data = survey(seed)
    formula = "y ~ x * w + (1 + x | g)"
    first = multilevel.fit(formula, data)
    same(first, multilevel.fit(formula, data.sample(frac=1, random_state=seed)))
    renamed = data.assign(g=data["g"].map({g: f"z{hash(g) % 997}-{g[::-1]}" for g in data["g"].unique()}))
    same(first, multilevel.fit(formula, renamed))


@given(SEEDS, st.floats(-1e4, 1e4), st.sampled_from([1e-3, 0.5, 100.0]))
@settings(max_examples=4, deadline=None)
def test_shift_and_scale_of_the_outcome(seed: int, shift: float, factor: float) -> None:
    data = survey(seed)
    one = multilevel.fit("y ~ x + (1 | g)", data)
    other = multilevel.fit("y ~ x + (1 | g)", data.assign(y=data["y"] * factor + shift))
    np.testing.assert_allclose(other.fixed["se"], one.fixed["se"] * factor, rtol=1e-4)
    np.testing.assert_allclose(other.random["vcov"], one.random["vcov"] * factor**2, rtol=1e-3)
    assert other.fixed["est"].iloc[1] == pytest.approx(one.fixed["est"].iloc[1] * factor, rel=1e-3, abs=1e-6)
    expected = one.loglik - (one.nobs - 2) * np.log(factor)
    assert other.loglik == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("reml", [True, False])
def test_loglik_is_the_density_of_the_data(reml: bool) -> None:
    data = survey(4)
    result = multilevel.fit("y ~ x + (1 + x | g)", data, reml=reml)
    X = np.column_stack([np.ones(len(data)), data["x"]])
    v1, v2, cov, sigma2 = result.random["vcov"]
    same_group = data["g"].to_numpy()[:, None] == data["g"].to_numpy()[None, :]
    V = same_group * (X @ np.array([[v1, cov], [cov, v2]]) @ X.T) + sigma2 * np.eye(len(data))
    beta = result.fixed["est"].to_numpy()
    information = X.T @ np.linalg.solve(V, X)
    loglik = multivariate_normal(X @ beta, V).logpdf(data["y"])
    if reml:
        loglik += np.log(2 * np.pi) - 0.5 * np.linalg.slogdet(information)[1]
    assert result.loglik == pytest.approx(loglik, abs=1e-7)
    np.testing.assert_allclose(beta, np.linalg.solve(information, X.T @ np.linalg.solve(V, data["y"])), rtol=1e-8)
    np.testing.assert_allclose(result.fixed["se"], np.sqrt(np.diag(np.linalg.inv(information))), rtol=1e-8)
    assert result.aic == pytest.approx(-2 * loglik + 12)
    assert result.bic == pytest.approx(-2 * loglik + 6 * np.log(len(data)))


def test_zero_variance_gives_least_squares_and_says_so() -> None:
    data = survey(5, slope_sd=0.0, intercept_sd=0.0)
    data["y"] -= data.groupby("g")["y"].transform("mean")
    result = multilevel.fit("y ~ x + (1 | g)", data)
    assert result.singular
    assert result.converged
    assert "the variance of '(Intercept)' between groups of 'g' is estimated as zero" in result.warnings[0]
    X = np.column_stack([np.ones(len(data)), data["x"]])
    beta, rss, *_ = np.linalg.lstsq(X, data["y"], rcond=None)
    np.testing.assert_allclose(result.fixed["est"], beta, atol=1e-10)
    assert result.random["vcov"].iloc[-1] == pytest.approx(float(rss[0]) / (len(data) - 2))


def test_perfect_correlation_is_said() -> None:
    data = survey(2, slope_sd=0.0, intercept_sd=0.0)
    effect = dict(zip(data["g"].unique(), np.linspace(-1, 1, 15), strict=True))
    data["y"] += data["g"].map(effect) * (1 + data["x"])
    result = multilevel.fit("y ~ x + (1 + x | g)", data)
    assert result.singular
    assert result.random["sdcor"].iloc[2] == pytest.approx(1.0, abs=1e-6)
    assert "correlated by +1" in result.warnings[0]


def test_correlation_with_a_zero_variance_is_undefined_with_reason() -> None:
    data = survey(8, slope_sd=0.0, intercept_sd=0.0)
    for _, rows in data.groupby("g").groups.items():
        own = np.column_stack([np.ones(len(rows)), data.loc[rows, "x"]])
        data.loc[rows, "y"] -= own @ np.linalg.lstsq(own, data.loc[rows, "y"].to_numpy(), rcond=None)[0]
    result = multilevel.fit("y ~ x + (1 + x | g)", data)
    assert result.singular
    assert np.isnan(result.random["sdcor"].iloc[2])
    assert "variance is zero" in result.undefined["sdcor"]
    assert json.loads(result.to_json())["random"][2]["sdcor"] is None


def test_explained_variance_adds_up() -> None:
    data = survey(9)
    result = multilevel.fit("y ~ x + w + (1 | g)", data)
    fixed = np.var(result.fixed["est"].to_numpy() @ np.array([np.ones(len(data)), data["x"], data["w"]]), ddof=1)
    random, residual = result.random["vcov"]
    assert result.r2_marginal == pytest.approx(fixed / (fixed + random + residual))
    assert result.r2_conditional == pytest.approx((fixed + random) / (fixed + random + residual))
    assert result.icc is None
    assert "intercept" in result.undefined["icc"]


def test_result_in_its_three_forms() -> None:
    data = survey(10)
    data.loc[3, "x"] = np.nan
    result = multilevel.fit(" y ~ x + (1 + x | g) ", data, reml=False, name="slopes")
    assert (result.nobs, result.n_dropped, result.npar) == (len(data) - 1, 1, 6)
    assert result.groups == {"g": 15}
    assert list(result.fixed.columns) == ["term", "est", "se", "df", "t", "pvalue", "ci_lower", "ci_upper", "std"]
    assert (result.fixed["df"] > 2).all()
    assert list(result.anova.columns) == ["term", "f", "num_df", "den_df", "pvalue"]
    assert result.anova["f"].item() == pytest.approx(result.fixed["t"].iloc[1] ** 2)
    assert result.anova["den_df"].item() == pytest.approx(result.fixed["df"].iloc[1])
    assert list(result.random["grp"]) == ["g", "g", "g", "Residual"]
    assert list(result.tidy()["term"]) == [
        "(Intercept)", "x", "sd__(Intercept)", "sd__x", "cor__(Intercept).x", "sd__Observation",
    ]  # fmt: skip
    glance = result.glance()
    assert len(glance) == 1
    assert glance["n_g"].item() == 15
    content = json.loads(result.to_json())
    assert content["formula"] == "y ~ x + (1 + x | g)"
    assert content["fixed"][1]["term"] == "x"
    assert content["fixed"][1]["df"] == result.fixed_effects[1].df
    assert content["anova"][0]["term"] == "x"
    assert content["random"][2]["var2"] == "x"
    assert content["random"][3] == {
        "grp": "Residual", "var1": None, "var2": None,
        "vcov": result.random_effects[3].vcov, "sdcor": result.random_effects[3].sdcor,
    }  # fmt: skip
    for key in ("reml", "nobs", "groups", "logLik", "aic", "bic", "converged", "singular", "icc", "r2_marginal"):
        assert key in content


def test_collinear_terms_are_named_in_the_warnings() -> None:
    data = survey(11).assign(z=lambda d: 3 * d["x"])
    result = multilevel.fit("y ~ x + z + (1 | g)", data)
    assert list(result.fixed["term"]) == ["(Intercept)", "x"]
    assert "'z'" in result.warnings[0]


def test_large_means_and_odd_units_do_no_harm() -> None:
    data = survey(12)
    one = multilevel.fit("y ~ x + (1 + x | g)", data)
    moved = data.assign(x=data["x"] * 1e5 + 3e7)
    other = multilevel.fit("y ~ x + (1 + x | g)", moved)
    assert other.fixed["est"].iloc[1] * 1e5 == pytest.approx(one.fixed["est"].iloc[1], rel=1e-5)
    assert other.random["sdcor"].iloc[1] * 1e5 == pytest.approx(one.random["sdcor"].iloc[1], rel=1e-3)


@pytest.mark.parametrize(
    ("formula", "words"),
    [("y ~ 0 + (1 | g)", "no fixed effect"), ("y ~ y + (1 | g)", "reproduce the outcome exactly")],
)
def test_fixed_parts_without_an_answer(formula: str, words: str) -> None:
    with pytest.raises(ModelError, match=words):
        multilevel.fit(formula, survey(13))


def test_outcome_constant_within_groups() -> None:
    with pytest.raises(ModelError, match="does not vary within the groups of 'g'"):
        multilevel.fit("w ~ 1 + (1 | g)", survey(14))


def test_outcome_that_groups_and_slopes_reproduce() -> None:
    data = survey(14)
    data["y"] = data["w"] * (1 + data["x"])
    with pytest.raises(EstimationError, match="residual variance"):
        multilevel.fit("y ~ x + (1 + x | g)", data)


@given(SEEDS, st.sampled_from(["y ~ x + (1 | g) + (1 | h)", "y ~ x + (x || g) + (1 | h)", "y ~ x + (1 | h/g)"]))
@settings(max_examples=6, deadline=None)
@example(1761, "y ~ x + (1 | h/g)")  # a minimum so near a variance of zero, and so flat, that later starts stop short
def test_several_factors_neither_order_nor_labels_matter(seed: int, formula: str) -> None:
    rng = np.random.default_rng(seed)
    data = survey(seed)
    data = data.assign(h=rng.integers(0, 6, len(data)))
    data["y"] += rng.normal(size=6)[data["h"]]
    one = multilevel.fit(formula, data)
    shuffled = data.sample(frac=1, random_state=seed)
    other = multilevel.fit(formula, shuffled.assign(h=shuffled["h"].map(lambda h: f"z{(h * 5) % 7}")))
    assert one.converged
    assert other.loglik == pytest.approx(one.loglik, abs=1e-6)
    np.testing.assert_allclose(other.fixed["est"], one.fixed["est"], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(other.fixed["df"], one.fixed["df"], rtol=1e-4)
    np.testing.assert_allclose(other.random["vcov"], one.random["vcov"], rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("reml", [True, False])
@pytest.mark.parametrize(
    "formula", ["y ~ x + (1 + x | g) + (1 | h)", "y ~ x + (1 + x | k/g)", "y ~ x + (x || g) + (0 + x | h)"]
)
def test_loglik_of_several_factors_is_the_density_of_the_data(formula: str, reml: bool) -> None:
    data = survey(4)
    rng = np.random.default_rng(4)
    data = data.assign(
        h=rng.integers(0, 5, len(data)), k=data["g"].str[2].astype(int), v=rng.uniform(0.5, 2, len(data))
    )
    solved = solve(formula, data, reml=reml, weights="v")
    V = np.diag(solved.sigma2 / data["v"].to_numpy())
    for block, covariance in zip(solved.design.blocks, solved.covariances, strict=True):
        V += (block.codes[:, None] == block.codes) * (block.Z @ covariance @ block.Z.T)
    X, y = solved.design.X, solved.design.y
    information = X.T @ np.linalg.solve(V, X)
    loglik = multivariate_normal(X @ solved.beta, V).logpdf(y)
    if reml:
        loglik += np.log(2 * np.pi) - 0.5 * np.linalg.slogdet(information)[1]
    assert solved.loglik == pytest.approx(loglik, abs=1e-7)
    np.testing.assert_allclose(solved.cov_beta, np.linalg.inv(information), rtol=1e-7)
    right = np.linalg.solve(V, y - X @ solved.beta)
    for term, block, covariance in zip(
        conditional_modes(solved), solved.design.blocks, solved.covariances, strict=True
    ):
        sums = np.stack([np.bincount(block.codes, column * right) for column in block.Z.T], axis=1)
        np.testing.assert_allclose(term.modes, sums @ covariance, atol=1e-8)


@given(SEEDS)
@settings(max_examples=5, deadline=None)
def test_the_unit_of_weights_is_that_of_the_residual_variance(seed: int) -> None:
    data = survey(seed, groups=8)
    double = multilevel.fit("y ~ x + (1 | g)", data.assign(v=2.0), weights="v")
    single = multilevel.fit("y ~ x + (1 | g)", data)
    np.testing.assert_allclose(double.fixed["est"], single.fixed["est"], rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(double.random["vcov"], single.random["vcov"] * [1, 2], rtol=1e-6, atol=1e-8)
    assert double.loglik == pytest.approx(single.loglik, abs=1e-7)
    assert double.weights == "v"


def test_residuals_and_fitted_values_add_up() -> None:
    data = survey(3)
    solved = solve("y ~ x + (1 + x | g)", data)
    fitted = linear_predictor(solved, conditional_modes(solved))
    np.testing.assert_allclose(fitted + residuals(solved), data["y"])
    table = conditional_modes(solved)[0].table
    assert list(table.columns) == ["group", "level", "term", "est", "se"]
    assert len(table) == 30
    assert (table["se"] > 0).all()


def test_starts_that_disagree_are_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(optimise, "STARTS", (1.0,))
    result = multilevel.fit("y ~ x + (1 | g)", survey(15))
    assert not result.converged
    assert "no two starts" in result.warnings[0]
