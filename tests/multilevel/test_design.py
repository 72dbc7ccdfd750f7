"""Model matrices with R's names, and data that cannot carry a mixed model."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis.errors import DataError, ModelError
from analysis.multilevel.collinearity import independent_columns
from analysis.multilevel.design import Design, build_design
from analysis.multilevel.formula import parse_formula

GOVERNANCE = ["institutional", "coordination", "collaborative"]


@pytest.fixture
def data() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    commune = np.repeat(np.arange(12), 5)
    return pd.DataFrame(
        {
            "y": rng.normal(size=60),
            "x": rng.normal(size=60) + 3.0,
            "w": rng.normal(size=12)[commune],
            "governance": pd.Categorical(np.array(GOVERNANCE)[commune % 3], categories=GOVERNANCE),
            "sex": np.where(rng.random(60) < 0.5, "f", "m"),
            "urban": rng.random(60) < 0.5,
            "commune": [f"c{c}" for c in commune],
        }
    )


def design(formula: str, data: pd.DataFrame) -> Design:
    return build_design(parse_formula(formula), data)


@pytest.mark.parametrize(
    ("fixed", "columns"),
    [
        ("1", ["(Intercept)"]),
        ("0 + x", ["x"]),
        ("x * w", ["(Intercept)", "x", "w", "x:w"]),
        ("(x + w)^2 - 1", ["x", "w", "x:w"]),
        ("governance", ["(Intercept)", "governancecoordination", "governancecollaborative"]),
        ("0 + sex", ["sexf", "sexm"]),
        ("urban", ["(Intercept)", "urbanTRUE"]),
        ("x:sex", ["(Intercept)", "x:sexf", "x:sexm"]),
        ("center(x) * sex", ["(Intercept)", "center(x)", "sexm", "center(x):sexm"]),
        ("poly(x, 2):w", ["(Intercept)", "poly(x, 2)1:w", "poly(x, 2)2:w"]),
    ],
)
def test_columns_are_named_as_r_names_them(fixed: str, columns: list[str], data: pd.DataFrame) -> None:
    assert list(design(f"y ~ {fixed} + (1 | commune)", data).fixed_names) == columns


def test_functions_are_computed(data: pd.DataFrame) -> None:
    built = design("y ~ center(x) + scale(x) + I(x^2 / 2) + log(x + 9) + (1 | commune)", data)
    x = data["x"]
    expected = np.column_stack([np.ones(60), x - x.mean(), x**2 / 2, np.log(x + 9)])
    np.testing.assert_allclose(built.X, expected)
    assert built.dropped_terms == ("scale(x)",)


def test_polynomial_is_orthonormal(data: pd.DataFrame) -> None:
    X = design("y ~ poly(x, 3) + (1 | commune)", data).X
    np.testing.assert_allclose(X[:, 1:].T @ X[:, 1:], np.eye(3), atol=1e-9)
    np.testing.assert_allclose(X[:, 1:].sum(axis=0), 0, atol=1e-9)


def test_center_uses_every_answered_value_as_r_does(data: pd.DataFrame) -> None:
    holed = data.assign(y=data["y"].where(data.index > 9))
    built = design("y ~ center(x) + (1 | commune)", holed)
    assert built.n_dropped == 10
    np.testing.assert_allclose(built.X[:, 1], (data["x"] - data["x"].mean())[10:])


def test_levels_that_leave_with_missing_rows_are_forgotten(data: pd.DataFrame) -> None:
    holed = data.assign(y=data["y"].where(data["governance"] != "coordination"))
    built = design("y ~ governance + (1 | commune)", holed)
    assert built.fixed_names == ("(Intercept)", "governancecollaborative")
    assert built.groups == {"commune": 8}


def test_awkward_names_and_levels(data: pd.DataFrame) -> None:
    odd = data.assign(**{"a b": data["x"], "v1": data["sex"].map({"f": "v0:[T.x]", "m": "l1"})})
    built = design("y ~ `a b` * v1 + (1 | commune)", odd)
    assert built.fixed_names == ("(Intercept)", "`a b`", "v1v0:[T.x]", "`a b`:v1v0:[T.x]")


def test_whole_numbers_as_factor(data: pd.DataFrame) -> None:
    wave = data.assign(wave=np.tile([1.0, 2.0, 10.0], 20))
    assert design("y ~ factor(wave) + (1 | commune)", wave).fixed_names[1:] == ("factor(wave)2", "factor(wave)10")


def test_collinear_terms_are_left_out_and_named(data: pd.DataFrame) -> None:
    twice = data.assign(z=2 * data["x"] - data["w"])
    assert design("y ~ x + w + z + (1 | commune)", twice).dropped_terms == ("z",)


def test_independent_columns_ignore_scale() -> None:
    rng = np.random.default_rng(1)
    X = rng.normal(size=(30, 3)) * [1e-8, 1.0, 1e8]
    assert independent_columns(np.column_stack([X, X @ [1e8, 1.0, 1e-8]])) == [0, 1, 2]


def refused(formula: str, data: pd.DataFrame, error: type[Exception]) -> str:
    with pytest.raises(error) as caught:
        design(formula, data)
    return str(caught.value)


def test_unknown_variables_are_all_named(data: pd.DataFrame) -> None:
    message = refused("y ~ xx + goverance + (1 | comune)", data, ModelError)
    assert "'xx'" in message
    assert "did you mean 'governance'?" in message
    assert "did you mean 'commune'?" in message


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"commune": np.nan}, DataError, "no row has a value"),
        ({"y": np.nan}, DataError, "no row has a value"),
        ({"commune": "one"}, DataError, "single group"),
        ({"commune": np.arange(60)}, DataError, "group of its own"),
        ({"commune": np.linspace(0, 1, 60)}, DataError, "has decimals"),
        ({"y": 4.0}, ModelError, "constant"),
        ({"y": "yes"}, ModelError, "is text"),
        ({"x": np.inf}, DataError, "infinite"),
    ],
)
def test_data_that_carry_no_mixed_model(
    change: dict[str, object], error: type[Exception], words: str, data: pd.DataFrame
) -> None:
    assert words in refused("y ~ x + (1 | commune)", data.assign(**change), error)


@pytest.mark.parametrize(
    ("formula", "words"),
    [
        ("y ~ x + (1 + w | commune)", "random slope of 'w'"),
        ("y ~ x + (0 | commune)", "no effect"),
        ("y ~ log(sex) + (1 | commune)", "is text"),
        ("y ~ log(x - x) + (1 | commune)", "infinite"),
        ("y ~ x + (1 + x + poly(x, 4) | commune)", "collinear"),
        ("y ~ x + (1 + poly(x, 4) | commune)", "60 random effects"),
    ],
)
def test_models_that_ask_in_vain(formula: str, words: str, data: pd.DataFrame) -> None:
    assert words in refused(formula, data, ModelError if "infinite" not in words else DataError)


def test_factor_with_a_single_level(data: pd.DataFrame) -> None:
    assert "single level 'f'" in refused("y ~ sex + (1 | commune)", data.assign(sex="f"), ModelError)


def test_within_and_between_take_means_of_the_analysed_rows(data: pd.DataFrame) -> None:
    holed = data.assign(y=data["y"].where(data.index % 4 > 0))
    built = design("y ~ within(x) + between(x) + within(log(x + 9), commune) + (1 | commune)", holed)
    assert built.fixed_names == ("(Intercept)", "within(x)", "between(x)", "within(log(x + 9), commune)")
    used = data[data.index % 4 > 0]
    means = used.groupby("commune")["x"].transform("mean")
    np.testing.assert_allclose(built.X[:, 1], used["x"] - means, atol=1e-14)
    np.testing.assert_allclose(built.X[:, 2], means)
    np.testing.assert_allclose(pd.Series(built.X[:, 3]).groupby(built.blocks[0].codes).mean(), 0, atol=1e-14)


def test_a_group_variable_has_no_within_part(data: pd.DataFrame) -> None:
    built = design("y ~ within(w) + between(w) + (1 | commune)", data)
    assert built.dropped_terms == ("within(w)",)
    assert built.fixed_names == ("(Intercept)", "between(w)")


def test_nested_groups_and_their_labels(data: pd.DataFrame) -> None:
    quarters = data.assign(quarter=data.index % 2 + 1)
    inner, outer = design("y ~ x + (1 | commune/quarter)", quarters).blocks
    assert (inner.label, outer.label) == ("quarter:commune", "commune")
    assert (inner.n_groups, outer.n_groups) == (24, 12)
    assert inner.levels[:2] == ("1:c0", "1:c1")
    np.testing.assert_array_equal(np.array(inner.levels)[inner.codes], [
        f"{quarter}:{commune}" for quarter, commune in zip(quarters["quarter"], quarters["commune"], strict=True)
    ])  # fmt: skip


def test_random_terms_stand_in_the_order_of_lme4(data: pd.DataFrame) -> None:
    built = design("y ~ x + (1 | governance) + (x || commune)", data)
    assert [(block.label, block.names) for block in built.blocks] == [
        ("commune", ("x",)), ("commune.1", ("(Intercept)",)), ("governance", ("(Intercept)",)),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("weights", "words"),
    [(0.0, "not positive in 60 rows"), (-1.0, "not positive"), (np.inf, "not positive"), ("heavy", "is text")],
)
def test_weights_that_weigh_nothing(weights: object, words: str, data: pd.DataFrame) -> None:
    with pytest.raises((DataError, ModelError), match=words):
        build_design(parse_formula("y ~ x + (1 | commune)"), data.assign(weight=weights), "weight")


def test_a_row_without_weight_is_left_out(data: pd.DataFrame) -> None:
    weighted = data.assign(weight=np.where(data.index < 7, np.nan, 2.0))
    built = build_design(parse_formula("y ~ x + (1 | commune)"), weighted, "weight")
    assert built.n_dropped == 7


def test_an_unknown_weight_is_named(data: pd.DataFrame) -> None:
    with pytest.raises(ModelError, match="'wieght' is not in the data"):
        build_design(parse_formula("y ~ x + (1 | commune)"), data.assign(weight=1.0), "wieght")
