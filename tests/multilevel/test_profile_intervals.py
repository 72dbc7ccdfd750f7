"""Profile intervals: held to lme4, and to what a profile is."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis.multilevel.profile_intervals import icc_interval, profile_intervals
from analysis.multilevel.solution import solve
from analysis.multilevel.variance_surface import deviance, optimum, parameters
from scipy.optimize import approx_fprime
from scipy.stats import f
from tests.references import case_names, load_case

PROFILED = [name for name in case_names("mixed", "rows") if load_case(name).expected.get("profile")]


@pytest.mark.parametrize("name", PROFILED)
def test_intervals_equal_lme4(name: str) -> None:
    case = load_case(name)
    solution = solve(case.model, case.frame(), reml=not case.options["ml"], weights=case.options.get("weights"))
    ours = profile_intervals(solution).tidy().set_index("parameter")
    theirs = case.table("profile").set_index("term")
    assert list(ours.index) == list(theirs.index)
    # lme4 reads its limits off a spline through the profile.
    np.testing.assert_allclose(ours["lower"], theirs["ci_lower"].astype(float), rtol=1e-4, atol=1e-8)
    np.testing.assert_allclose(ours["upper"], theirs["ci_upper"].astype(float), rtol=1e-4)


@pytest.mark.parametrize("name", ["sim_mixed_slopes", "sim_mixed_weights"])
def test_derivatives_equal_finite_differences(name: str) -> None:
    case = load_case(name)
    solution = solve(case.model, case.frame(), reml=False, weights=case.options.get("weights"))
    phi = optimum(solution) + 0.05
    numeric = approx_fprime(phi, lambda at: deviance(solution, at)[0], 1e-7)
    np.testing.assert_allclose(deviance(solution, phi)[1], numeric, rtol=1e-4, atol=1e-3)
    for parameter in parameters(solution):
        numeric = approx_fprime(phi, lambda at, measure=parameter.measure: measure(at)[0], 1e-7)
        np.testing.assert_allclose(parameter.measure(phi)[1], numeric, rtol=1e-4, atol=1e-6)
        assert parameter.measure(optimum(solution))[0] == pytest.approx(parameter.estimate, rel=1e-6)


def test_icc_interval_is_near_the_exact_one_of_a_balanced_design() -> None:
    # 40 groups of 15: Searle's exact interval from the F distribution (Searle, Casella & McCulloch 1992, section 3.5).
    generator = np.random.default_rng(4)
    group = np.repeat(np.arange(40), 15)
    y = 0.5 * generator.standard_normal(40)[group] + generator.standard_normal(600)
    data = pd.DataFrame({"y": y, "g": group.astype(str)})
    means = data.groupby("g")["y"].transform("mean")
    between = 15 * float(((means - y.mean()) ** 2).sum()) / 15 / 39
    within = float(((data["y"] - means) ** 2).sum()) / 560
    ratio = between / within
    exact = [(ratio / f.ppf(p, 39, 560) - 1) / (ratio / f.ppf(p, 39, 560) + 14) for p in (0.975, 0.025)]
    found = icc_interval(solve("y ~ 1 + (1 | g)", data))
    assert [found.lower, found.upper] == pytest.approx(exact, abs=0.02)
    assert found.lower is not None
    assert found.lower < found.est


def test_a_variance_of_zero_has_a_lower_limit_of_zero() -> None:
    # Groups share their mean and vary within: the variance between them is estimated as zero.
    generator = np.random.default_rng(5)
    data = pd.DataFrame({"y": generator.standard_normal(200), "g": np.repeat(np.arange(20), 10)})
    data["y"] -= data.groupby("g")["y"].transform("mean")
    intervals = profile_intervals(solve("y ~ 1 + (1 | g)", data)).tidy().set_index("parameter")
    spread = intervals.loc[[name for name in intervals.index if name.startswith("sd_")]].iloc[0]
    assert spread["est"] == 0.0
    assert spread["lower"] == 0.0
    assert spread["upper"] > 0.0
