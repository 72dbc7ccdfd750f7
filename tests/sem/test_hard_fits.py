"""Small samples, weak loadings, wrong models, units far apart: a minimum is found where lavaan finds a proper one.

Proper: the Hessian at lavaan's estimates, scaled to unit diagonal, has no eigenvalue near or below zero; many of its
other solutions are on their way to infinity. Data and models are those of ``tests/reference/hard_fits.R``.
"""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pandas as pd
import pytest
from analysis.errors import EstimationError
from analysis.sem.estimate import FitOptions, estimate
from analysis.sem.solution import Solution
from tests.references import REFERENCE

FOLDER = REFERENCE / "hard_fits"
NORMALS = pd.read_csv(FOLDER / "normals.csv").to_numpy()
FITS = pd.read_csv(FOLDER / "fits.csv")
PROPER = FITS[FITS["converged"] & (FITS["curvature"] > 1e-6)]
SCRIPT = FOLDER.with_suffix(".R").read_text(encoding="utf-8")
MODELS = {name: text.replace("\\n", "\n") for name, text in re.findall(r'^  (\w+) = "(f1 =~ .*?)"', SCRIPT, re.M)}
LOADINGS = {"weak": [0.3] * 9, "middling": [0.5] * 9, "uneven": [0.95, 0.6, 0.3] * 3}

# Incomplete rows from which the saturated likelihood rises without bound, so that chi-square does not exist; lavaan
# stops EM after 500 steps and takes what it has then.
UNBOUNDED = {("three", "middling", 25), ("two", "middling", 25), ("two", "weak", 25), ("wrong", "middling", 40)}
# Incomplete rows with several minima: ours and lavaan's differ, and lavaan's is the lower one by this much.
LOCAL = {("wrong", "uneven", 40): 0.02}


def _data(case: pd.Series) -> pd.DataFrame:
    z = NORMALS[case["first"] - 1 : case["first"] - 1 + case["n"]]
    r, rest = 0.4, np.sqrt(1.0 - 0.4**2)
    f = np.column_stack([z[:, 0], r * z[:, 0] + rest * z[:, 1], r * z[:, 0] + rest * z[:, 2]])
    loadings = np.array(LOADINGS[case["loadings"]])
    x = np.repeat(f, 3, axis=1) * loadings + np.sqrt(1.0 - loadings**2) * z[:, 3:]
    if case["units"] == "far":
        x = x * np.tile([100.0, 1.0, 0.01], 3)
    if case["missing"] == "fiml":
        x = np.where((np.arange(1, x.size + 1) % 5 == 0).reshape(x.shape), np.nan, x)
    if case["estimator"] == "WLSMV":
        x = (x > -0.4).astype(float) + (x > 0.6)
    return pd.DataFrame(x, columns=[f"x{i}" for i in range(1, 10)])


def _key(case: pd.Series) -> tuple[str, str, int] | None:
    return (case["model"], case["loadings"], case["n"]) if case["missing"] == "fiml" else None


@cache
def _fit(index: int) -> Solution:
    case = FITS.loc[index]
    options: FitOptions = {"estimator": case["estimator"], "missing": case["missing"]}
    if case["estimator"] == "WLSMV":
        options["ordered"] = "all"
    return estimate(MODELS[case["model"]], _data(case), **options)


def _indices(known: set[tuple[str, str, int]]) -> list[int]:
    return [int(index) for index, case in PROPER.iterrows() if _key(case) in known]  # type: ignore[call-overload]


ORDINARY = sorted(set(PROPER.index) - set(_indices(UNBOUNDED | LOCAL.keys())))


def test_the_set_is_the_one_that_was_meant() -> None:
    assert (len(FITS), len(PROPER), len(ORDINARY)) == (225, 105, 100)


@pytest.mark.parametrize("index", ORDINARY)
def test_the_minimum_is_lavaans_or_a_lower_one(index: int) -> None:
    case, found = FITS.loc[index], _fit(index)
    assert found.optimum.converged
    assert found.df == case["df"]
    assert found.test.chisq < case["chisq"] + 1e-3


def test_nearly_all_are_lavaans_own() -> None:
    same = [abs(_fit(i).test.chisq - FITS.loc[i, "chisq"]) < 1e-3 for i in ORDINARY]
    assert sum(same) == 95


@pytest.mark.parametrize("index", _indices(set(LOCAL)))
def test_of_several_minima_ours_is_within_what_is_said(index: int) -> None:
    excess = _fit(index).test.chisq - FITS.loc[index, "chisq"]
    assert excess == pytest.approx(LOCAL[_key(FITS.loc[index])], abs=0.005)  # type: ignore[index]


@pytest.mark.parametrize("index", _indices(UNBOUNDED))
def test_without_a_saturated_likelihood_there_is_an_error_that_says_so(index: int) -> None:
    with pytest.raises(EstimationError, match=r"determine each other|do not settle"):
        _fit(index)
