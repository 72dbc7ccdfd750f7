"""The likelihood by quadrature: its gradient, its limit, and what must not change it."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import multilevel
from analysis.errors import EstimationError, ModelError
from analysis.multilevel.discrete.likelihood import evaluate
from analysis.multilevel.discrete.problem import sorted_rows
from analysis.multilevel.discrete.quadrature import product_rule
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.special import expit


def _answers(seed: int, categories: int, slopes: bool) -> pd.DataFrame:
    generator = np.random.default_rng(seed)
    group = np.repeat(np.arange(20), 12)
    x = generator.standard_normal(240)
    latent = 0.7 * x + generator.standard_normal(20)[group] + generator.logistic(size=240)
    latent += slopes * 0.5 * generator.standard_normal(20)[group] * x
    cuts = np.quantile(latent, np.arange(1, categories) / categories)
    return pd.DataFrame({"y": np.searchsorted(cuts, latent), "x": x, "g": group})


@pytest.mark.parametrize("points", [1, 5])
@pytest.mark.parametrize(("categories", "q"), [(2, 1), (2, 2), (4, 1), (4, 2)])
def test_gradient_equals_finite_differences(points: int, categories: int, q: int) -> None:
    data = _answers(3, categories, slopes=q == 2)
    x = data["x"].to_numpy()
    X = x[:, None] if categories > 2 else np.column_stack([np.ones(240), x])
    Z = np.column_stack([np.ones(240), x])[:, :q]
    rows = sorted_rows(data["y"].to_numpy(), categories > 2, X, Z, data["g"].to_numpy())
    factor = [0.8] if q == 1 else [0.8, 0.2, 0.5]
    vector = np.array([*([-1.0, 0.2, 1.1] if categories > 2 else [0.1]), 0.6, *factor])
    rule, start = product_rule(points, q), np.zeros((20, q))

    def loglik(at: np.ndarray) -> float:
        found = evaluate(at, rows, rule, start)
        assert found is not None
        return found.loglik

    found = evaluate(vector, rows, rule, start)
    assert found is not None
    steps = 1e-4 * np.eye(len(vector))
    differences = [(loglik(vector + step) - loglik(vector - step)) / 2e-4 for step in steps]
    np.testing.assert_allclose(found.gradient, differences, rtol=1e-6, atol=1e-5)


def test_many_points_give_the_integral_itself() -> None:
    data = _answers(5, 2, slopes=False)
    result = multilevel.fit("y ~ x + (1 | g)", data, family="binomial", quadrature=25)
    intercept, slope = (row.est for row in result.fixed_effects)
    sd = result.random_effects[0].sdcor
    total = 0.0
    for _, part in data.groupby("g"):
        sign, eta = 2 * part["y"].to_numpy() - 1, intercept + slope * part["x"].to_numpy()

        def density(b: float, sign: np.ndarray = sign, eta: np.ndarray = eta) -> float:
            return float(np.prod(expit(sign * (eta + sd * b))) * np.exp(-0.5 * b * b) / np.sqrt(2 * np.pi))

        total += float(np.log(quad(density, -8, 8, epsabs=1e-14)[0]))
    assert result.loglik == pytest.approx(total, rel=1e-9)


def test_two_random_effects_are_integrated_over_the_plane() -> None:
    data = _answers(3, 4, slopes=True)
    x = data["x"].to_numpy()
    rows = sorted_rows(data["y"].to_numpy(), True, x[:, None], np.column_stack([np.ones(240), x]), data["g"].to_numpy())
    cuts, beta, factor = np.array([-1.0, 0.2, 1.1]), 0.6, np.array([[0.8, 0.0], [0.2, 0.5]])
    found = evaluate(np.array([*cuts, beta, 0.8, 0.2, 0.5]), rows, product_rule(21, 2), np.zeros((20, 2)))
    assert found is not None
    # The trapezoidal rule on a fine grid: for a smooth integrand that vanishes at the border it is exact to rounding.
    grid = np.linspace(-8.0, 8.0, 161)
    u = np.stack([axis.ravel() for axis in np.meshgrid(grid, grid)])
    bounds = np.concatenate([[-np.inf], cuts, [np.inf]])
    total = 0.0
    for _, part in data.groupby("g"):
        z = np.column_stack([np.ones(len(part)), part["x"]])
        eta = beta * part["x"].to_numpy()[:, None] + z @ factor @ u
        upper, lower = bounds[part["y"].to_numpy() + 1][:, None], bounds[part["y"].to_numpy()][:, None]
        density = np.prod(expit(upper - eta) - expit(lower - eta), axis=0) * np.exp(-0.5 * (u**2).sum(axis=0))
        total += float(np.log(density.sum() * 0.1**2 / (2 * np.pi)))
    assert found.loglik == pytest.approx(total, rel=1e-9)


@settings(max_examples=8, deadline=None)
@given(st.integers(0, 2**16))
def test_order_of_rows_and_names_of_groups_do_not_matter(seed: int) -> None:
    data = _answers(seed, 4, slopes=False)
    plain = multilevel.fit("y ~ x + (1 | g)", data, family="cumulative")
    other = data.sample(frac=1.0, random_state=seed).assign(g=lambda frame: "n" + (99 - frame["g"]).astype(str))
    shuffled = multilevel.fit("y ~ x + (1 | g)", other, family="cumulative")
    assert shuffled.loglik == pytest.approx(plain.loglik, rel=1e-9)
    np.testing.assert_allclose(shuffled.fixed["est"], plain.fixed["est"], rtol=1e-4, atol=1e-6)


def test_two_categories_are_a_binary_outcome() -> None:
    data = _answers(7, 2, slopes=False)
    by_label = multilevel.fit("y ~ x + (1 | g)", data.assign(y=np.where(data["y"], "yes", "no")), family="binomial")
    by_number = multilevel.fit("y ~ x + (1 | g)", data, family="binomial")
    assert by_label.levels == ("no", "yes")
    np.testing.assert_allclose(by_label.fixed["est"], by_number.fixed["est"], rtol=1e-9)


@pytest.mark.parametrize(
    ("change", "family", "words"),
    [
        ({}, "binomial", "has 4 values"),
        ({"y": lambda d: d["y"] > 1}, "cumulative", "words without an order"),
        ({"y": lambda d: d["y"] / 2}, "cumulative", "no whole numbers"),
        ({"y": lambda d: (d["y"] > 1).astype(int)}, "cumulative", "two values"),
        ({}, "poisson", "there is no family 'poisson'"),
    ],
)
def test_outcomes_that_do_not_suit_the_family_are_named(change: dict, family: str, words: str) -> None:
    data = _answers(9, 4, slopes=False).assign(**change)
    with pytest.raises(ModelError, match=words):
        multilevel.fit("y ~ x + (1 | g)", data, family=family)


def test_separation_names_the_variable() -> None:
    data = _answers(11, 2, slopes=False)
    data["x"] = np.where(data["y"] == 1, 1.0, 0.0) + 0.01 * data["x"]
    with pytest.raises(EstimationError, match="'x'"):
        multilevel.fit("y ~ x + (1 | g)", data, family="binomial")


def test_an_empty_category_is_said() -> None:
    data = _answers(13, 4, slopes=False)
    data["y"] = data["y"].replace({3: 4})
    result = multilevel.fit("y ~ x + (1 | g)", data, family="cumulative")
    assert any("nobody is in the category '3'" in warning for warning in result.warnings)
    assert [row.term for row in result.thresholds] == ["0|1", "1|2", "2|4"]


def test_answers_that_hardly_vary_within_groups_are_said() -> None:
    data = _answers(15, 2, slopes=False)
    data["y"] = (data["g"] % 2).where(data.index % 80 > 0, 1 - data["g"] % 2)
    result = multilevel.fit("y ~ x + (1 | g)", data, family="binomial", quadrature=9)
    assert any("the variance of the random effects is very large" in warning for warning in result.warnings)
