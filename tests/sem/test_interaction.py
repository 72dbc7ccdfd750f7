from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.errors import ModelError
from analysis.report.terminal import sem_summary
from analysis.sem.interaction import with_products
from analysis.sem.simple_slopes import johnson_neyman, simple_slopes
from hypothesis import given, settings
from hypothesis import strategies as st

MEASUREMENT = "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\ny =~ y1 + y2 + y3"
MODEL = f"{MEASUREMENT}\ny ~ f1 + f2 + f1:f2"
REFERENCE = pd.read_csv(Path(__file__).parent / "products_semtools.csv")
ITEMS = ["x1", "x2", "x3", "x4", "x5", "x6"]


def _simulated(n: int, seed: int) -> pd.DataFrame:
    """Items of y = 0.4 f1 + 0.3 f2 + 0.25 f1 f2 + e, with correlated f1 and f2 of unit variance."""
    draw = np.random.default_rng(seed).standard_normal
    f1 = draw(n)
    f2 = 0.3 * f1 + np.sqrt(1 - 0.09) * draw(n)
    y = 0.4 * f1 + 0.3 * f2 + 0.25 * f1 * f2 + 0.7 * draw(n)
    items = np.repeat(np.column_stack([f1, f2, y]), 3, axis=1) * np.tile([1.0, 0.9, 0.8], 3) + 0.5 * draw((n, 9))
    return pd.DataFrame(items + 4.0, columns=[*ITEMS, "y1", "y2", "y3"])


def _paths(result: sem.SemResult) -> dict[str, sem.Estimate]:
    return {row.rhs: row for row in result.estimates if row.op == "~"}


RESULT = sem.fit(MODEL, _simulated(2000, 1), estimator="MLR")


@pytest.mark.parametrize("method", ["matched", "all"])
def test_products_are_those_of_semtools(method: str) -> None:
    _, data = with_products(MEASUREMENT, REFERENCE[ITEMS], [("f1", "f2")], method)  # type: ignore[arg-type]
    products = [str(name) for name in data if "." in str(name)]
    assert len(products) == (3 if method == "matched" else 9)
    pd.testing.assert_frame_equal(data[products], REFERENCE[products], rtol=1e-12)


@pytest.mark.parametrize("method", ["matched", "all"])
def test_a_true_interaction_is_recovered(method: str) -> None:
    model, data = with_products(MODEL, _simulated(2000, 1), [("f1", "f2")], method)  # type: ignore[arg-type]
    paths = _paths(sem.fit(model, data, estimator="MLR"))
    for name, true in {"f1": 0.4, "f2": 0.3, "f1:f2": 0.25}.items():
        assert abs(paths[name].est - true) < 3.0 * (paths[name].se or 0.0)
    assert (paths["f1:f2"].pvalue or 1.0) < 1e-6


def test_a_product_in_the_syntax_expands_and_is_said() -> None:
    model, data = with_products(MODEL, _simulated(2000, 1), [("f1", "f2")])
    by_hand = sem.fit(model, data, estimator="MLR")
    pd.testing.assert_frame_equal(RESULT.tidy(), by_hand.tidy())
    assert any("f1:f2" in sentence and "matched pairs" in sentence for sentence in RESULT.conventions)


def test_products_that_share_an_item_covary() -> None:
    model, _ = with_products(MEASUREMENT, _simulated(50, 2), [("f1", "f2")], "all")
    assert model.count("~~") == 8
    assert "x1.x4 ~~ x1.x5 + x1.x6 + x2.x4 + x3.x4" in model
    two, _ = with_products(MEASUREMENT, _simulated(50, 2), [("f1", "f2"), ("f1", "y")])
    assert "x1.x4 ~~ x1.y1" in two
    longer = MODEL.replace("x2 + x3", "x2")
    result = sem.fit(longer, _simulated(500, 3))
    assert any("all pairs" in sentence for sentence in result.conventions)


def test_slopes_and_their_errors_follow_the_delta_method() -> None:
    low, middle, _ = simple_slopes(RESULT, "f1", "f2", at=[-1, 0, 1]).slopes
    assert middle.est == pytest.approx(_paths(RESULT)["f1"].est)
    assert middle.se == pytest.approx(_paths(RESULT)["f1"].se)
    labelled = MODEL.replace("f1 + f2 + f1:f2", "b*f1 + f2 + d*f1:f2")
    (variance,) = (r.est for r in RESULT.estimates if (r.lhs, r.op, r.rhs) == ("f2", "~~", "f2"))
    result = sem.fit(f"{labelled}\nlow := b - d*{np.sqrt(variance)!s}", _simulated(2000, 1), estimator="MLR")
    defined = result.estimates[-1]
    assert (low.est, low.se, low.pvalue) == pytest.approx((defined.est, defined.se, defined.pvalue), rel=1e-6)
    assert list(simple_slopes(RESULT, "f1", "f2").tidy()["at"]) == [-1, 0, 1]
    assert johnson_neyman(RESULT, "f1", "f2").tidy()["region"].item() == "outside"


@given(scale=st.floats(-3, 3), level=st.sampled_from([0.01, 0.05, 0.1]))
@settings(max_examples=25, deadline=None)
def test_johnson_neyman_bounds_are_where_significance_changes(scale: float, level: float) -> None:
    moved = tuple(
        replace(row, est=row.est * scale) if (row.op, row.rhs) == ("~", "f1") else row for row in RESULT.estimates
    )
    result = replace(RESULT, estimates=moved)
    found = johnson_neyman(result, "f1", "f2", level=level)
    grid = np.linspace(-60, 60, 4001)
    slopes = simple_slopes(result, "f1", "f2", at=(grid / found.sd).tolist()).slopes
    pvalues = np.array([slope.pvalue for slope in slopes])
    changes = grid[:-1][(pvalues[:-1] < level) != (pvalues[1:] < level)]
    bounds = [bound for bound in (found.lower, found.upper) if bound is not None and abs(bound) < 59]
    assert len(changes) == len(bounds)
    np.testing.assert_allclose(changes, bounds, atol=grid[1] - grid[0])
    at_edge = {"outside": True, "everywhere": True, "inside": False, "nowhere": False}
    if len(bounds) == 2 or found.region in {"everywhere", "nowhere"}:
        assert (pvalues[0] < level) == at_edge[found.region]


def test_what_cannot_be_multiplied_is_named() -> None:
    data = _simulated(200, 4)
    with pytest.raises(ModelError, match="do not match one to one"):
        with_products(MODEL.replace("x2 + x3", "x2"), data, [("f1", "f2")])
    with pytest.raises(ModelError, match="'h' is not measured by items"):
        with_products(f"{MEASUREMENT}\nh =~ f1 + f2", data, [("h", "y")])
    with pytest.raises(ModelError, match="not of moments"):
        sem.fit(MODEL, cov=data.cov(), nobs=200)
    with pytest.raises(ModelError, match=r"already have a column 'x1\.x4'"):
        with_products(MODEL, data.assign(**{"x1.x4": 1.0}), [("f1", "f2")])
    with pytest.raises(ModelError, match="0 paths of a product"):
        johnson_neyman(RESULT, "f1", "y")


def test_a_fit_with_a_latent_product_holds_its_slopes_and_region() -> None:
    assert RESULT.simple_slopes == (simple_slopes(RESULT, "f1", "f2"),)
    assert RESULT.johnson_neyman == (johnson_neyman(RESULT, "f1", "f2"),)
    written = json.loads(RESULT.to_json())
    assert [slope["at"] for slope in written["simple_slopes"][0]["slopes"]] == [-1.0, 0.0, 1.0]
    assert written["johnson_neyman"][0]["region"] == RESULT.johnson_neyman[0].region
    shown = sem_summary(RESULT)
    assert "Simple slopes of y on f1" in shown
    assert "Johnson-Neyman: significant (p < 0.05)" in shown


def test_other_fits_hold_no_slopes() -> None:
    plain = sem.fit(MEASUREMENT, _simulated(200, 1))
    assert plain.simple_slopes == ()
    assert "simple_slopes" not in json.loads(plain.to_json())


def test_a_product_without_its_main_effect_has_no_slopes_and_says_so() -> None:
    result = sem.fit(f"{MEASUREMENT}\ny ~ f2 + f1:f2", _simulated(1000, 2))
    assert result.simple_slopes == ()
    assert any("no simple slopes of y by f1:f2" in warning for warning in result.warnings)


def test_slopes_of_a_bootstrap_have_its_standard_errors() -> None:
    result = sem.fit(MODEL, _simulated(300, 3), se="bootstrap", bootstrap=40)
    at_mean = result.simple_slopes[0].slopes[1]
    assert at_mean.se == pytest.approx(_paths(result)["f1"].se, rel=1e-9)
