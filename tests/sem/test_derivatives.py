"""Analytic derivatives against finite differences, at random points of models that use every kind of parameter."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from analysis.sem.discrepancy.normal import NormalTheory
from analysis.sem.groups import Selection, rows_of_groups
from analysis.sem.moments import SampleMoments
from analysis.sem.objective import Objective
from analysis.sem.partable import TableOptions, bind_exogenous, build_table
from analysis.sem.solution import likelihood_objective
from analysis.sem.starting_values import starting_values
from analysis.sem.syntax import parse_model
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from tests.sem.models import THREE_FACTORS, WITH_COVARIATES, simulated

Array = NDArray[np.float64]

EVERYTHING = """
f1 =~ x1 + x2 + x3
f2 =~ x4 + l*x5 + l*x6
f3 =~ x7 + x8 + x9
f3 ~ f1 + b*f2 + z1
f1 ~ b*f2
x1 ~ x9
x2 ~~ x3
f1 ~ 1
x1 ~ 0*1
x3 ~~ 0.1*x5
"""
MODELS = {"structural": THREE_FACTORS, "covariates": WITH_COVARIATES, "everything": EVERYTHING}


def _problem(text: str, seed: int, missing: str = "listwise") -> tuple[Objective, SampleMoments, Array]:
    table = build_table(parse_model(text), TableOptions(meanstructure=True))
    data = simulated(150, 1)
    if missing == "fiml":
        data = data.mask(np.random.default_rng(2).random(data.shape) < 0.1)
    rows = rows_of_groups(data, table.observed, table.exogenous, table.groups, Selection(missing))
    sample = rows[0].moments
    table = bind_exogenous(table, [(sample.covariance, sample.mean)])
    start = starting_values(table, [sample])
    near = start + np.random.default_rng(seed).uniform(-0.1, 0.1, len(start))
    return likelihood_objective(table, [sample], rows), sample, near


def _numerical(function: Callable[[Array], Array | float], at: Array) -> Array:
    step = 1e-5
    return np.array([(function(at + step * e) - function(at - step * e)) / (2 * step) for e in np.eye(len(at))])


@pytest.mark.parametrize("missing", ["listwise", "fiml"])
@pytest.mark.parametrize("name", MODELS)
@given(seed=st.integers(0, 10_000))
@settings(max_examples=10, deadline=None)
def test_gradient_and_hessian_equal_finite_differences(name: str, missing: str, seed: int) -> None:
    objective, _, theta = _problem(MODELS[name], seed, missing)

    def gradient(x: Array) -> Array:
        return objective.slopes(x)[0]

    hessian = objective.hessian(theta)
    scale = np.abs(hessian).max()
    np.testing.assert_allclose(gradient(theta), _numerical(objective.value, theta), rtol=1e-5, atol=1e-7 * scale)
    np.testing.assert_allclose(hessian, _numerical(gradient, theta), rtol=1e-5, atol=1e-7 * scale)


@pytest.mark.parametrize("name", MODELS)
def test_expected_information_is_half_the_hessian_where_the_model_is_true(name: str) -> None:
    """At S = Sigma and m = mu the two are the same (Magnus & Neudecker 1999, chapter 15)."""
    objective, sample, theta = _problem(MODELS[name], 3)
    (part,) = objective.parts
    (at,) = objective.implied(theta)
    true = NormalTheory(SampleMoments(sample.names, at.covariance, at.mean, sample.n_observations), True)
    there = Objective((replace(part, discrepancy=true),), 150)
    expected = objective.expected_information(theta)
    np.testing.assert_allclose(there.hessian(theta) / 2, expected, rtol=1e-8, atol=1e-10)
