"""A search that leaves out what constraints give, against the search along linearised constraints."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.sem.estimate import estimate
from analysis.sem.explicit import Reduced, minimise_explicit
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sem.models import simulated

MODEL = "f1 =~ x1 + a*x2 + b*x3\nf2 =~ x4 + c*x5 + d*x6\n"


@given(seed=st.integers(0, 1000))
@settings(max_examples=5, deadline=None)
@pytest.mark.parametrize("constraints", ["b == a^2\nd == 1 / sqrt(c + a)", "b == 2 - a", ""])
def test_the_minimum_is_that_of_the_usual_search(constraints: str, seed: int) -> None:
    usual = estimate(MODEL + constraints, simulated(400, seed))
    optimum, binding = minimise_explicit(usual.table, usual.objective, usual.samples)
    assert optimum.converged
    assert binding == usual.binding
    # The usual search misses its constraints by up to 1e-10, which moves F as much.
    assert optimum.value == pytest.approx(usual.optimum.value, abs=1e-10)
    np.testing.assert_allclose(optimum.theta, usual.optimum.theta, rtol=1e-5, atol=1e-7)


def test_constraints_of_another_form_go_the_usual_way() -> None:
    usual = estimate(MODEL + "a * b == 1", simulated(400, 3))
    optimum, _ = minimise_explicit(usual.table, usual.objective, usual.samples)
    np.testing.assert_allclose(optimum.theta, usual.optimum.theta, rtol=1e-6)


def test_derivatives_are_those_of_differences() -> None:
    usual = estimate(MODEL + "b == a^2\nd == 1 / sqrt(c + a)", simulated(400, 7))
    names = list(usual.table.free_names())
    solved = np.array([names.index("f1 =~ x3"), names.index("f2 =~ x6")])
    kept = np.setdiff1d(np.arange(len(names)), solved)
    reduced = Reduced(usual.table, usual.objective, kept, solved)
    at = usual.optimum.theta[kept] * 1.05
    _, jacobian = reduced.all_of(at)
    for k, step in enumerate(1e-6 * np.eye(len(at))):
        slope = (reduced.all_of(at + step)[0] - reduced.all_of(at - step)[0]) / 2e-6
        np.testing.assert_allclose(jacobian[:, k], slope, rtol=1e-6, atol=1e-8)
        difference = (reduced.at(at + step).value - reduced.at(at - step).value) / 2e-6
        assert reduced.at(at).slopes[0][k] == pytest.approx(difference, rel=1e-4, abs=1e-7)


def test_outside_the_domain_of_a_constraint_f_is_infinite() -> None:
    usual = estimate(MODEL + "b == a^2\nd == 1 / sqrt(c + a)", simulated(400, 7))
    names = list(usual.table.free_names())
    solved = np.array([names.index("f1 =~ x3"), names.index("f2 =~ x6")])
    kept = np.setdiff1d(np.arange(len(names)), solved)
    at = np.where(np.isin(kept, [names.index("f1 =~ x2"), names.index("f2 =~ x5")]), -1.0, usual.optimum.theta[kept])
    assert Reduced(usual.table, usual.objective, kept, solved).at(at).value == np.inf
