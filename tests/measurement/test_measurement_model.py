"""What of a model measures, and the variants of it."""

from __future__ import annotations

import pytest
from analysis.errors import ModelError, SpecificationError
from analysis.measurement.measurement_model import alone, measurement_model, merged, with_starts

STRUCTURAL = """
f =~ x1 + x2 + x3
g =~ y1 + a*y2 + b*y3
a == b
g ~ c*f + age
g ~~ h
h =~ z1 + z2
x1 ~~ y1
age ~~ age
y1 ~ 1
ind := c*a
"""


def test_regressions_and_what_hangs_on_them_are_left_out() -> None:
    model = measurement_model(STRUCTURAL, "model.lav")
    assert model.text == ("f =~ x1 + x2 + x3\ng =~ y1 + a*y2 + b*y3\nh =~ z1 + z2\nx1 ~~ y1\na == b\n")
    assert model.left_out
    assert model.scales == {"f": ("x1", "x2", "x3"), "g": ("y1", "y2", "y3"), "h": ("z1", "z2")}
    assert model.distinct == model.tops == ("f", "g", "h")


def test_a_measurement_model_stays_as_it_is() -> None:
    model = measurement_model("f =~ x1 + x2\ng =~ y1 + y2\nf ~~ 0*g", "model.lav")
    assert not model.left_out
    assert model.text == "f =~ x1 + x2\ng =~ y1 + y2\nf ~~ 0*g\n"
    assert model.orthogonal == {frozenset({"f", "g"})}


def test_higher_order_and_shared_items() -> None:
    model = measurement_model("f =~ x1 + x2\ng =~ y1 + x2\nh =~ z1 + z2\ntop =~ f + g + w", "model.lav")
    assert model.scales["top"] == ("w", "x1", "x2", "y1")
    assert model.separate == model.distinct == ("h",)
    assert model.tops == ("h", "top")
    assert model.items == ("x1", "x2", "y1", "z1", "z2", "w")


def test_parts_of_a_higher_order_construct_are_separate_but_not_distinct() -> None:
    model = measurement_model("f =~ x1 + x2\ng =~ y1 + y2\ntop =~ f + g", "model.lav")
    assert model.separate == ("f", "g")
    assert model.distinct == ()
    assert alone(model, "f") == "f =~ x1 + x2\n"


def test_unit_variance_frees_markers_and_drops_variances() -> None:
    text = "f =~ 1*x1 + x2 + start(0.5)*x3\ng =~ NA*y1 + y2\ng ~~ 1*g\nh =~ 1*z1 + 1*z2"
    model = measurement_model(text, "model.lav")
    assert model.unit_text == "f =~ x1 + x2 + start(0.5)*x3\ng =~ NA*y1 + y2\nh =~ 1*z1 + 1*z2\n"
    assert model.rigid == {"h"}


def test_two_constructs_become_one() -> None:
    text = "f =~ x1 + x2\nf ~~ g\ng =~ y1 + start(9)*y2\nh =~ z1 + z2\nx1 ~~ y1\n"
    started = with_starts(text, {("f", "x1"): 0.5, ("g", "y2"): 0.25})
    assert merged(started, "f", "g") == ("f =~ start(0.5)*x1 + x2 + y1 + start(0.25)*y2\nh =~ z1 + z2\nx1 ~~ y1\n")


def test_what_measures_nothing_is_refused() -> None:
    with pytest.raises(ModelError, match="no latent variable"):
        measurement_model("y ~ x", "model.lav")
    with pytest.raises(ModelError, match=r"model\.lav:2"):
        measurement_model("level: 1\nf =~ x1 + x2\nlevel: 2\nfb =~ x1 + x2", "model.lav")
    with pytest.raises(SpecificationError):
        measurement_model("f =~ x1 +", "model.lav")
