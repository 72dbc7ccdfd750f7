from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from typing import Any

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.errors import EstimationError, ModelError
from analysis.sem.bootstrap.measures import FIT_NAMES
from analysis.sem.bootstrap.refit_job import NO_MINIMUM, NOT_REGULAR
from analysis.sem.bootstrap.resample import bootstrap, with_bootstrap
from analysis.sem.bootstrap.result import BootstrapResult
from tests.sem.models import THREE_FACTORS, WITH_COVARIATES, simulated

TWO_FACTORS = "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\nf2 ~ b*f1\n"


class _Backwards:
    """An executor that does the last item first."""

    def map(self, fn: Callable[[Any], Any], items: Iterable[Any], /) -> Iterator[Any]:
        return iter([fn(item) for item in reversed(list(items))][::-1])


def _bytes(result: BootstrapResult) -> bytes:
    arrays = (result.theta, result.replicates, result.standardised_replicates, result.chisq_replicates)
    return b"".join(array.tobytes() for array in arrays) + result.to_json().encode()


@pytest.mark.parametrize("options", [{}, {"missing": "fiml"}], ids=["batches", "one by one"])
def test_results_are_the_same_bytes_whoever_maps(options: dict[str, Any]) -> None:
    data = simulated(150, 3)
    if options:
        data.loc[data.index[::7], "x2"] = np.nan
    n = 25 if options else 230
    alone = bootstrap(TWO_FACTORS, data, n_resamples=n, seed=5, **options)
    assert _bytes(bootstrap(TWO_FACTORS, data, n_resamples=n, seed=5, executor=_Backwards(), **options)) == _bytes(
        alone
    )
    for pool in (ThreadPoolExecutor(2), ProcessPoolExecutor(2)):
        with pool:
            assert _bytes(bootstrap(TWO_FACTORS, data, n_resamples=n, seed=5, executor=pool, **options)) == _bytes(
                alone
            )


def test_a_resample_depends_on_its_index_alone() -> None:
    data = simulated(120, 3)
    few, many = (bootstrap(TWO_FACTORS, data, n_resamples=n, seed=5) for n in (37, 160))
    assert few.theta.tobytes() == many.theta[:37].tobytes()
    other = bootstrap(TWO_FACTORS, data, n_resamples=37, seed=6)
    assert not np.array_equal(few.theta, other.theta)


def test_incomplete_rows_are_refitted_by_full_information() -> None:
    data = simulated(200, 8)
    data.loc[data.index[::5], "x2"] = np.nan
    data.loc[data.index[3::9], "x5"] = np.nan
    found = bootstrap(TWO_FACTORS, data, n_resamples=2, seed=1, missing="fiml")
    for index in range(2):
        generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(1, spawn_key=(index,))))
        drawn = data.iloc[np.sort(generator.integers(200, size=200))]
        alone = sem.fit(TWO_FACTORS, drawn, missing="fiml").tidy()
        np.testing.assert_allclose(found.replicates[index], alone["est"], rtol=1e-6, atol=1e-6)
        np.testing.assert_allclose(found.standardised_replicates[index], alone["std_all"], rtol=1e-6, atol=1e-6)


def _drawn(data: pd.DataFrame, seed: int) -> pd.DataFrame:
    """The first resample of ``seed``, by the same stream of random numbers."""
    generator = np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(0,))))
    return data.iloc[np.sort(generator.integers(len(data), size=len(data)))]


@pytest.mark.parametrize("estimator", ["GLS", "ULS", "WLSMV"])
def test_least_squares_are_refitted_one_by_one(estimator: str) -> None:
    data = simulated(400, 6)
    options: dict[str, Any] = {"estimator": estimator}
    if estimator == "WLSMV":
        data = data.apply(lambda column: pd.cut(column, 4, labels=False)).astype(float)
        options["ordered"] = "all"
    found = bootstrap(TWO_FACTORS, data, n_resamples=2, seed=2, **options)
    plain, alone = sem.fit(TWO_FACTORS, data, **options), sem.fit(TWO_FACTORS, _drawn(data, 2), **options)
    np.testing.assert_allclose(found.tidy()[["est", "std_all"]], plain.tidy()[["est", "std_all"]], rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(found.replicates[0], alone.tidy()["est"], rtol=1e-7, atol=1e-8)
    np.testing.assert_allclose(found.standardised_replicates[0], alone.tidy()["std_all"], rtol=1e-7, atol=1e-8)
    assert found.chisq_replicates[0] == pytest.approx(alone.fit_measures["chisq"], rel=1e-7)
    assert with_bootstrap(plain, found).bootstrap is found


def test_a_resample_without_an_answer_is_a_failure_that_says_so() -> None:
    data = simulated(200, 6).apply(lambda column: pd.cut(column, 3, labels=False)).astype(float)
    data["x1"] = np.where(np.arange(200) < 198, np.minimum(data["x1"], 1.0), 2.0)  # two of 200 gave the last answer
    found = bootstrap(TWO_FACTORS, data, n_resamples=30, seed=0, ordered="all")
    assert found.n_succeeded + len(found.failures) == 30
    assert any("x1" in failure.reason for failure in found.failures)


def test_the_bootstrap_of_bollen_and_stine_is_for_continuous_variables() -> None:
    data = simulated(200, 6).apply(lambda column: pd.cut(column, 3, labels=False)).astype(float)
    with pytest.raises(ModelError, match="continuous variables"):
        bootstrap(TWO_FACTORS, data, n_resamples=30, seed=0, ordered="all", kind="bollen_stine")


def test_standard_errors_are_near_those_of_normal_theory_on_normal_data() -> None:
    data = simulated(500, 11)
    found = bootstrap(THREE_FACTORS, data, n_resamples=1000, seed=2).plain
    normal = sem.fit(THREE_FACTORS, data).tidy()
    free = normal["se"].notna().to_numpy()
    ratio = found.se[free] / normal["se"].to_numpy()[free]
    assert abs(np.log(ratio).mean()) < 0.03
    assert np.abs(np.log(ratio)).max() < 0.25
    assert np.isnan(found.se[~free]).all()


def test_sample_statistics_are_those_of_the_fit() -> None:
    data = simulated(200, 5)
    found = bootstrap(WITH_COVARIATES, data, n_resamples=5, seed=2).tidy()
    plain = sem.fit(WITH_COVARIATES, data).tidy()
    assert (found[["lhs", "op", "rhs"]] == plain[["lhs", "op", "rhs"]]).all(axis=None)
    np.testing.assert_allclose(found[["est", "std_all"]], plain[["est", "std_all"]], rtol=1e-7, atol=1e-9)


def test_failures_are_counted_with_their_reasons() -> None:
    data = simulated(10, 0)  # resamples of 10 rows often have too few different ones for 6 items
    found = bootstrap(TWO_FACTORS, data, n_resamples=40, seed=3)
    counts = found.failure_counts
    assert found.n_succeeded + sum(counts.values()) == 40
    assert counts[NOT_REGULAR] > 10
    assert set(counts) == {NOT_REGULAR, NO_MINIMUM}
    assert len(found.improper) > 0
    assert np.isfinite(found.theta).all()
    failed = [failure.resample for failure in found.failures]
    assert failed == sorted(failed)
    assert max(failed) < 40
    assert not set(found.improper) & set(failed)
    result = with_bootstrap(sem.fit(TWO_FACTORS, data), found)
    assert any(f"{counts[NOT_REGULAR]} of 40 bootstrap resamples failed" in words for words in result.warnings)
    assert any("bootstrap solutions are improper" in words for words in result.warnings)
    assert json.loads(result.to_json())["bootstrap"]["failures"] == counts


def test_nothing_is_made_of_failures_alone() -> None:
    with pytest.raises(EstimationError, match="0 of 2 resamples could be fitted: the covariance matrix"):
        bootstrap(TWO_FACTORS, simulated(8, 26), n_resamples=2, seed=0)


def test_the_result_takes_its_inference_from_the_bootstrap() -> None:
    data = simulated(250, 4)
    plain = sem.fit(THREE_FACTORS, data)
    boot = bootstrap(THREE_FACTORS, data, n_resamples=200, seed=9, boot_ci="bca")
    frame, before = with_bootstrap(plain, boot).tidy(), plain.tidy()
    indirect = frame["op"] == ":="
    assert (frame["est"] == before["est"]).all()
    assert frame["se"].isna().equals(before["se"].isna())
    np.testing.assert_allclose(frame["se"].dropna(), boot.replicates.std(axis=0, ddof=1)[frame["se"].notna()])
    np.testing.assert_allclose((frame["est"] / frame["se"])[indirect], frame["z"][indirect])
    assert ((frame["ci_lower"] < frame["est"]) & (frame["est"] < frame["ci_upper"]))[frame["se"].notna()].all()
    words = with_bootstrap(plain, boot).conventions
    assert not any(w.startswith(("standard errors from expected", "95 % Wald")) for w in words)
    assert "bias-corrected and accelerated intervals (95%) from 200 bootstrap resamples of rows (seed 9)" in words[-1]
    assert boot.glance()["n_succeeded"].item() == 200
    assert "bootstrap" not in json.loads(plain.to_json())


def test_each_kind_of_interval_is_its_own() -> None:
    data = simulated(100, 4)
    ends = [bootstrap(TWO_FACTORS, data, n_resamples=300, seed=9, boot_ci=kind).plain for kind in ("perc", "bc", "bca")]
    assert all(np.array_equal(e.se, ends[0].se, equal_nan=True) for e in ends)
    lower = np.array([e.lower[~np.isnan(e.lower)] for e in ends])
    assert (np.ptp(lower, axis=0) > 0).all()


def test_jackknife_leaves_out_blocks_of_large_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    data = simulated(200, 4)
    rows = bootstrap(TWO_FACTORS, data, n_resamples=2, seed=9, boot_ci="bca").acceleration
    monkeypatch.setattr("analysis.sem.bootstrap.resample._MOST_BLOCKS", 100)
    blocks = bootstrap(TWO_FACTORS, data, n_resamples=2, seed=9, boot_ci="bca").acceleration
    assert rows is not None
    assert blocks is not None
    assert not np.array_equal(rows, blocks)
    np.testing.assert_allclose(rows, blocks, atol=0.03)


def test_bollen_stine_pvalues_are_about_uniform_where_the_model_holds() -> None:
    pvalues = [
        bootstrap(
            TWO_FACTORS, simulated(120, seed), n_resamples=100, seed=seed, kind="bollen_stine"
        ).pvalue_bollen_stine
        for seed in range(40)
    ]
    found = np.array(pvalues, dtype=float)
    assert 0.35 < found.mean() < 0.65
    assert (found < 0.2).sum() <= 16
    assert (found > 0.8).sum() <= 16


def test_bollen_stine_refuses_a_model_that_is_wrong_and_incomplete_rows() -> None:
    data = simulated(300, 1)
    wrong = "f =~ x1 + x2 + x3 + x7 + x8 + x9"
    found = bootstrap(wrong, data, n_resamples=100, seed=0, kind="bollen_stine")
    assert found.pvalue_bollen_stine == 0.0
    df = sem.fit(wrong, data).fit_measures["df"]
    assert found.chisq_replicates.mean() == pytest.approx(df, rel=0.35)
    assert bootstrap(wrong, data, n_resamples=20, seed=0).pvalue_bollen_stine is None
    data.loc[5, "x2"] = np.nan
    with pytest.raises(ModelError, match="complete rows"):
        bootstrap(wrong, data, n_resamples=20, seed=0, kind="bollen_stine", missing="fiml")


def _clustered() -> pd.DataFrame:
    data = simulated(900, 21)
    draw = np.random.default_rng(3).standard_normal
    shared = np.repeat(draw((90, 2)), 10, axis=0)
    data[["x1", "x2", "x3"]] += 0.8 * shared[:, :1]
    data[["x4", "x5", "x6"]] += 0.8 * shared[:, 1:]
    return data.assign(commune=np.repeat(np.arange(90), 10))


def test_clusters_are_drawn_whole() -> None:
    data = _clustered()
    found = bootstrap(TWO_FACTORS, data, n_resamples=600, seed=1, kind="cluster", cluster="commune").plain
    robust = sem.fit(TWO_FACTORS, data, cluster="commune").tidy()["se"].to_numpy()
    of_rows = bootstrap(TWO_FACTORS, data, n_resamples=600, seed=1, cluster="commune").plain
    free = ~np.isnan(robust)
    assert abs(np.log(found.se[free] / robust[free]).mean()) < 0.05
    assert np.abs(np.log(found.se[free] / robust[free])).max() < 0.3
    assert (found.se[free] / of_rows.se[free]).max() > 1.5


def test_the_cluster_bootstrap_needs_clusters() -> None:
    with pytest.raises(ModelError, match="no column of clusters is named"):
        bootstrap(TWO_FACTORS, simulated(100, 1), n_resamples=10, seed=1, kind="cluster")


def test_weights_go_with_their_rows() -> None:
    data = simulated(300, 2).assign(w=np.random.default_rng(0).uniform(0.5, 2.0, 300))
    boot = bootstrap(TWO_FACTORS, data, n_resamples=2, seed=4, weights="w")
    alone = sem.fit(TWO_FACTORS, _drawn(data, 4), weights="w").tidy()
    np.testing.assert_allclose(boot.replicates[0], alone["est"], rtol=1e-7, atol=1e-8)


def test_a_plan_names_all_its_mistakes() -> None:
    with pytest.raises(ModelError) as caught:
        bootstrap(TWO_FACTORS, simulated(100, 1), n_resamples=1, seed=-1, kind="clusters", boot_ci="percent")  # type: ignore[arg-type]
    assert len(caught.value.problems) == 4
    assert "did you mean 'cluster'?" in str(caught.value)


def test_fit_takes_its_standard_errors_from_the_bootstrap_on_request() -> None:
    data = _clustered()
    options: dict[str, Any] = {"cluster": "commune", "bootstrap": 50, "seed": 3, "boot_ci": "bc"}
    result = sem.fit(TWO_FACTORS, data, se="bootstrap", **options)
    alone = bootstrap(TWO_FACTORS, data, n_resamples=50, seed=3, kind="cluster", boot_ci="bc", cluster="commune")
    assert result.bootstrap is not None
    assert _bytes(result.bootstrap) == _bytes(alone)
    assert "test scaled after Yuan and Bentler" in result.conventions
    robust = sem.fit(TWO_FACTORS, data, se="robust")
    assert robust.estimator == "MLR"
    with pytest.raises(ModelError, match="did you mean 'bootstrap'"):
        sem.fit(TWO_FACTORS, data, se="bootstraps")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "options",
    [{}, {"missing": "fiml"}, {"meanstructure": True}, {"estimator": "GLS"}, {"ordered": "all"}],
    ids=["batches", "fiml", "means", "gls", "ordinal"],
)
def test_fit_measures_of_a_resample_are_those_of_its_own_fit(options: dict[str, Any]) -> None:
    data = simulated(300, 8)
    if "missing" in options:
        data.loc[data.index[::5], "x2"] = np.nan
    if "ordered" in options:
        data = data.apply(lambda column: pd.cut(column, 3, labels=False)).astype(float)
    found = bootstrap(TWO_FACTORS, data, n_resamples=2, seed=2, **options)
    whole, alone = (sem.fit(TWO_FACTORS, rows, **options).fit_measures for rows in (data, _drawn(data, 2)))
    np.testing.assert_allclose(found.fit, [whole[name] for name in FIT_NAMES], rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(found.fit_replicates[0], [alone[name] for name in FIT_NAMES], rtol=1e-6, atol=1e-7)


def test_fit_measures_of_a_model_with_covariates_are_those_of_their_own_fit() -> None:
    data = simulated(300, 4)
    found = bootstrap(WITH_COVARIATES, data, n_resamples=2, seed=1)
    alone = sem.fit(WITH_COVARIATES, _drawn(data, 1)).fit_measures
    np.testing.assert_allclose(found.fit_replicates[0], [alone[name] for name in FIT_NAMES], rtol=1e-6, atol=1e-7)
    assert found.summary()["fit"] == found.of_fit
    assert found.of_fit["chisq"]["n"] == 2
