from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.sem.bootstrap.batch import BatchProblem, MomentStack, minimise_batch, value_and_gradient
from analysis.sem.bootstrap.draws import WithReplacement, row_counts, unit_sizes
from analysis.sem.bootstrap.refit_job import RefitJob
from analysis.sem.bootstrap.refits import job_of, refit
from analysis.sem.estimate import estimate
from analysis.sem.implied import structure_of
from tests.sem.models import THREE_FACTORS, WITH_COVARIATES, simulated

FACTORS_ALONE = THREE_FACTORS.split("f3 ~", maxsplit=1)[0]
FEEDBACK = """
y1 ~ b1*y2 + x1
y2 ~ b2*y1 + x2
y1 ~~ y2
loop := b1*b2
"""


def _feedback_data() -> pd.DataFrame:
    draw = np.random.default_rng(4).standard_normal
    x, u = draw((400, 2)), draw((400, 2))
    y = np.linalg.solve(np.array([[1, -0.4], [-0.3, 1]]), (x + 0.7 * u).T).T
    return pd.DataFrame(np.hstack([y, x]), columns=["y1", "y2", "x1", "x2"])


def _two_groups() -> pd.DataFrame:
    return pd.concat([simulated(220, 1).assign(g="a"), simulated(260, 2).assign(g="b")], ignore_index=True)


CASES = {
    "structural": (THREE_FACTORS, simulated(300, 1), {}),
    "covariates": (WITH_COVARIATES, simulated(300, 2), {}),
    "means": (WITH_COVARIATES, simulated(300, 3), {"meanstructure": True}),
    "feedback": (FEEDBACK, _feedback_data(), {}),
    "groups": (
        THREE_FACTORS.split("f3 ~")[0],
        _two_groups(),
        {"group": "g", "group_equal": ("loadings", "intercepts")},
    ),
    "linear": (WITH_COVARIATES + "f2 ~ b*z1\nx8 ~~ v*x8\nb == 2*l - v\n", simulated(300, 4), {}),
    "constrained": (WITH_COVARIATES + "f2 ~ b*z1\nb == l^2\n", simulated(300, 4), {}),
}


def _job(name: str) -> tuple[RefitJob, pd.DataFrame]:
    model, data, options = CASES[name]
    solution = estimate(model, data, **options)
    assert solution.rows is not None
    return job_of(solution, solution.rows, "nonparametric", WithReplacement(7)), data


def _drawn(job: RefitJob, data: pd.DataFrame, index: int) -> pd.DataFrame:
    """The resample as rows of the data frame, group after group as they stand in it."""
    counts = row_counts(job.rows, job.kind, job.scheme.counts(unit_sizes(job.rows, job.kind), index))
    return data.loc[np.repeat(data.index, np.concatenate(counts))]


@pytest.mark.parametrize("name", CASES)
def test_refits_equal_fits_to_the_drawn_rows(name: str) -> None:
    job, data = _job(name)
    assert (job.inverse_hessian is None) == (name == "constrained")
    found = refit(job, range(4))
    model, _, options = CASES[name]
    for index in range(4):
        alone = sem.fit(model, _drawn(job, data, index), **options)
        frame = alone.tidy()
        np.testing.assert_allclose(found.values[index], frame["est"], rtol=1e-8, atol=2e-8)
        np.testing.assert_allclose(found.standardised[index], frame["std_all"], rtol=1e-8, atol=2e-8)
        assert found.chisq[index] == pytest.approx(alone.fit_measures["chisq"], rel=1e-8, abs=1e-9)
        assert not found.failure[index]


def _problem(name: str, size: int) -> tuple[BatchProblem, np.ndarray, np.ndarray]:
    """Stacks of moments of random resamples, with an inverse Hessian."""
    model, data, options = CASES[name]
    solution = estimate(model, data, **options)
    assert solution.rows is not None
    generator = np.random.default_rng(0)
    stacks, fixed, structures = [], [], []
    for g, group in enumerate(solution.rows):
        draws = [group.values[generator.integers(len(group.values), size=len(group.values))] for _ in range(size)]
        share = np.full(size, 1 / len(solution.rows))
        covariance = np.array([np.cov(d.T, bias=True) for d in draws])
        stacks.append(MomentStack.of(covariance, np.array([d.mean(axis=0) for d in draws]), share))
        structures.append(structure_of(solution.table, g))
        fixed.append(np.tile(structures[-1].fixed, (size, 1)))
    problem = BatchProblem(tuple(structures), tuple(stacks), tuple(fixed), solution.table.meanstructure)
    theta = solution.optimum.theta
    return problem, theta, np.linalg.inv(solution.objective.hessian(theta))


@pytest.mark.parametrize("name", ["structural", "means", "feedback", "groups"])
def test_gradients_equal_finite_differences(name: str) -> None:
    problem, theta, _ = _problem(name, 3)
    theta = np.tile(theta, (3, 1)) * np.random.default_rng(1).uniform(0.9, 1.1, (3, len(theta)))
    _, gradient = value_and_gradient(problem, theta)
    numeric = np.empty_like(gradient)
    for k in range(theta.shape[1]):
        shift = np.zeros(theta.shape[1])
        shift[k] = 1e-6
        numeric[:, k] = (
            value_and_gradient(problem, theta + shift)[0] - value_and_gradient(problem, theta - shift)[0]
        ) / 2e-6
    np.testing.assert_allclose(gradient, numeric, rtol=1e-6, atol=1e-7)


def test_a_resample_has_the_same_bits_in_any_stack() -> None:
    problem, theta, inverse = _problem("groups", 40)
    whole = minimise_batch(problem, theta, inverse)
    assert whole.converged.all()
    for which in (np.array([17]), np.arange(3, 30), np.arange(39, -1, -1)):
        part = minimise_batch(problem.take(which), theta, inverse)
        assert part.theta.tobytes() == whole.theta[which].tobytes()
        assert part.value.tobytes() == whole.value[which].tobytes()


def test_a_start_without_moments_is_left_unconverged() -> None:
    problem, theta, inverse = _problem("structural", 5)
    found = minimise_batch(problem, -theta, inverse)
    assert not found.converged.any()
    assert np.isinf(found.value).all()


def test_a_far_start_still_ends_at_the_minimum() -> None:
    problem, theta, inverse = _problem("structural", 10)
    near, far = minimise_batch(problem, theta, inverse), minimise_batch(problem, 1.5 * theta, np.eye(len(theta)))
    both = near.converged & far.converged
    assert both.sum() >= 8
    np.testing.assert_allclose(far.theta[both], near.theta[both], rtol=1e-6, atol=1e-6)
