"""The bootstrap of path models against refitting one resample after the other."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from analysis import pls
from analysis.errors import ModelError
from analysis.pls.bootstrap import BootstrapPlan, Job, bootstrap, leave_one_out, resampled_rows
from analysis.pls.effects import StatisticsOf
from analysis.pls.estimate import estimate
from analysis.pls.model import read_model
from analysis.pls.sample import sample_of
from scipy.stats import norm
from tests.pls.models import MODEL, simulated

DATA = simulated(90, 5)
READ = read_model(MODEL)
SAMPLE = sample_of(DATA, READ.design, "model")


def _job(signs: str = "none", estimator: str = "PLS") -> Job:
    fitted, _ = estimate(SAMPLE.correlations, READ.design, "path", estimator, "model")
    return Job(SAMPLE.rows, READ.design, "path", estimator, signs, fitted)


@pytest.mark.parametrize("estimator", ["PLS", "PLSc"])
def test_replicates_are_those_of_single_fits(estimator: str) -> None:
    resampled = bootstrap(_job(estimator=estimator), StatisticsOf(READ), BootstrapPlan(12, seed=3))
    single = []
    for index in range(12):
        rows = DATA.iloc[resampled_rows(3, index, len(DATA))]
        single.append(pls.fit(MODEL, rows, estimator=estimator).tidy().est.to_numpy())
    np.testing.assert_allclose(resampled.replicates, single, atol=1e-9)
    np.testing.assert_allclose(resampled.se, np.std(single, axis=0, ddof=1), atol=1e-9)


def test_bca_limits_are_efrons_formula_with_a_jackknife_of_single_fits() -> None:
    result = pls.fit(MODEL, DATA, bootstrap=400, interval="bca")
    left_out = [pls.fit(MODEL, DATA.drop(index=i)).tidy().est.to_numpy() for i in DATA.index]
    est, replicates = result.tidy().est.to_numpy(), result.bootstrap.replicates
    k = int(np.flatnonzero((result.tidy().kind == "defined").to_numpy())[0])
    u = np.mean(left_out, axis=0)[k] - np.array(left_out)[:, k]
    a = (u**3).sum() / (6 * (u**2).sum() ** 1.5)
    z0 = norm.ppf((replicates[:, k] < est[k]).mean())
    for z, limit in ((norm.ppf(0.025), "ci_lower"), (norm.ppf(0.975), "ci_upper")):
        share = norm.cdf(z0 + (z0 + z) / (1 - a * (z0 + z)))
        ordered, rank = np.sort(replicates[:, k]), 401 * share
        low = int(rank)
        assert ordered[low - 1] <= result.tidy()[limit][k] <= ordered[low]


def test_leaving_out_a_row_needs_no_refit_of_correlations() -> None:
    single = [np.corrcoef(np.delete(SAMPLE.rows, i, axis=0), rowvar=False) for i in range(len(SAMPLE.rows))]
    np.testing.assert_allclose(leave_one_out(SAMPLE.rows, SAMPLE.rows), single, atol=1e-12)


def test_batches_and_workers_change_no_byte() -> None:
    plan, job = BootstrapPlan(130, seed=9), _job()
    once = bootstrap(job, StatisticsOf(READ), plan).replicates
    with ProcessPoolExecutor(2) as pool:
        parallel = bootstrap(job, StatisticsOf(READ), replace(plan, batch=17), pool).replicates
    np.testing.assert_array_equal(once, parallel)


def test_signs() -> None:
    """A construct whose loadings are of both signs turns round between resamples, unless it is held."""
    draw = np.random.default_rng(2).standard_normal
    n = 60
    f, g = draw(n), draw(n)
    data = pd.DataFrame(
        {"a1": f + 0.4 * draw(n), "a2": -f + 0.4 * draw(n), "y1": f + g, "y2": f + 0.5 * g + 0.3 * draw(n)}
    )
    model = "fa =~ a1 + a2\nfy =~ y1 + y2\nfy ~ fa"
    errors = {}
    for signs in ("none", "individual", "construct"):
        tidy = pls.fit(model, data, bootstrap=300, signs=signs).tidy()
        errors[signs] = float(tidy[tidy.kind == "path"].se.iloc[0])
    assert errors["construct"] == pytest.approx(errors["individual"], rel=1e-6)
    assert errors["construct"] < 0.5 * errors["none"]


def test_resamples_without_a_solution_are_counted() -> None:
    data = simulated(45, 11)
    result = pls.fit(MODEL, data, estimator="PLSc", bootstrap=200)
    assert result.bootstrap.n_failed > 0
    assert len(result.bootstrap.replicates) == 200 - result.bootstrap.n_failed
    assert any(f"{result.bootstrap.n_failed} of 200" in warning for warning in result.warnings)


def test_every_mistake_in_a_plan_at_once() -> None:
    with pytest.raises(ModelError) as error:
        BootstrapPlan(1, -1, "some", "wald")
    assert len(error.value.problems) == 4
