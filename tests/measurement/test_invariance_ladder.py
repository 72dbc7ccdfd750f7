"""The ladder, its search and its edges: what must hold of any data, and what is told where something cannot be done."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.errors import DataError, EstimationError, ModelError, Problem
from analysis.measurement import invariance_climb
from analysis.measurement.invariance import Search, invariance
from analysis.measurement.invariance_criteria import Change, cutoffs_for, exceeded
from analysis.measurement.invariance_ladder import Measured, ladder, table_at
from analysis.measurement.invariance_partial import release_of
from analysis.measurement.invariance_result import Invariance
from analysis.measurement.invariance_sample import Treatment, grouped_sample, solve_on, statistics_at
from analysis.sem.score_tests import release_tests
from analysis.sem.solution import Solution
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.sem.models import simulated

TWO_FACTORS = "f1 =~ x1 + x2 + x3\nf2 =~ x4 + x5 + x6\n"
SEEDS = st.integers(0, 10_000)


def grouped(n: int = 600, seed: int = 1, n_groups: int = 2) -> pd.DataFrame:
    """Groups of one population."""
    data = simulated(n, seed)[[f"x{i}" for i in range(1, 7)]]
    return data.assign(place=np.array(["north", "south", "west"])[np.arange(n) % n_groups])


def in_answers(data: pd.DataFrame, cuts: tuple[float, ...] = (-1.0, 0.0, 1.0)) -> pd.DataFrame:
    """Items cut into answers; of two answers, each at a place of its own, without which scales are not identified."""
    items = data.drop(columns="place")
    scores = (items - items.mean()) / items.std()
    if len(cuts) == 1:
        scores += np.linspace(-0.8, 0.8, scores.shape[1])
    return scores.apply(np.digitize, bins=list(cuts)).assign(place=data["place"])


def run(data: pd.DataFrame, model: str = TWO_FACTORS, search: Search | None = None, **options: Any) -> Invariance:
    return invariance(model, data, Treatment("place", **options), search)


@given(seed=SEEDS)
@settings(max_examples=4, deadline=None)
def test_the_rungs_are_the_models_that_sem_fit_gives_with_the_same_equalities(seed: int) -> None:
    """Identified by markers there and by variances here, which does not matter."""
    data = grouped(seed=seed)
    found = run(data, search=Search(max_releases=0))
    equal = {
        "configural": (), "metric": ("loadings",), "scalar": ("loadings", "intercepts"),
        "strict": ("loadings", "intercepts", "residuals"),
    }  # fmt: skip
    for step in found.steps:
        theirs = sem.fit(TWO_FACTORS, data, group="place", group_equal=equal[step.rung]).fit_measures
        for key in ("chisq", "df", "cfi", "rmsea", "srmr", "bic"):
            assert step.fit[key] == pytest.approx(theirs[key], rel=1e-6, abs=1e-8)


@given(seed=SEEDS)
@settings(max_examples=4, deadline=None)
def test_the_order_of_groups_turns_differences_of_means_alone(seed: int) -> None:
    data = grouped(seed=seed)
    data.loc[data["place"] == "south", ["x1", "x2", "x3"]] += 0.5
    swapped = data.iloc[::-1].reset_index(drop=True)
    search = Search(delta_cfi=1.0, delta_rmsea=1.0, delta_srmr=1.0)
    one, other = run(data, search=search), run(swapped, search=search)
    assert [label for label, _ in one.groups] == [label for label, _ in other.groups][::-1]
    for a, b in zip(one.steps, other.steps, strict=True):
        assert a.fit["chisq"] == pytest.approx(b.fit["chisq"], rel=1e-6)
    for mean, turned in zip(one.latent_means, other.latent_means, strict=True):
        assert mean.std_diff is not None
        assert mean.std_diff == pytest.approx(-1.0 * (turned.std_diff or 0.0), rel=1e-5, abs=1e-7)


def test_a_mean_difference_is_found_and_a_shifted_item_let_go() -> None:
    data = grouped(2000, seed=3)
    south = data["place"] == "south"
    data.loc[south, ["x1", "x2", "x3"]] += 0.4 * data[["x1", "x2", "x3"]].std()
    data.loc[south, "x6"] += data["x6"].std()
    model = TWO_FACTORS.replace("x6", "x6 + x7")
    data["x7"] = data["x4"] * 0.6 + simulated(2000, 99)["x4"] * 0.8
    found = run(data, model)
    assert found.level == "partial strict"
    assert [(made.step, made.parameter) for made in found.partial.releases] == [("scalar", "x6 ~ 1")]
    assert found.means_at == "partial scalar"
    assert found.partial.post_hoc
    assert any("post hoc" in words for words in found.warnings)
    first, second = found.latent_means
    assert first.lhs == "f1"
    assert first.est > 3 * (first.se or np.inf)
    assert abs(second.est) < 3 * (second.se or 0.0)


@pytest.mark.parametrize("cuts", [None, (-1.0, 0.0, 1.0), (0.0,)])
def test_score_tests_foretell_what_a_release_gains(cuts: tuple[float, ...] | None) -> None:
    """Of continuous items, of four answers and of two: chi-square falls by about the statistic, df by its df."""
    data = grouped(3000, seed=5)
    data = data if cuts is None else in_answers(data, cuts)
    treatment = Treatment("place", ordered=() if cuts is None else "all", estimator=None if cuts is None else "DWLS")
    sample = grouped_sample(TWO_FACTORS, data, treatment, "model")
    thresholds = {item: len(codes) - 1 for item, codes in sample.categories.items()}
    factors = {"f1": ("x1", "x2", "x3"), "f2": ("x4", "x5", "x6")}
    measured = Measured("model", TWO_FACTORS, factors, frozenset(), sample.groups, thresholds)
    rungs = ladder(measured)
    statistics = statistics_at(sample, table_at(measured, rungs[0], ()))
    for rung in rungs[1:]:
        held = solve_on(sample, statistics, table_at(measured, rung, ()), None, "held")
        names = {"metric": "f2 =~ x5", "scalar": "x5 ~ 1", "strict": "x5 ~~ x5", "thresholds": "x5 | t2"}
        name = "x5" if rung.whole_items else names[rung.name]
        free = solve_on(sample, statistics, table_at(measured, rung, (name,)), held, "free")
        found = invariance_climb.best_release(held, measured, rung, ())
        assert found is None or found[0].x2 >= 0
        test = release_tests(held, [release_of(name, held.table, measured)])[0]
        assert held.df - free.df == test.df == 1
        assert test.x2 == pytest.approx(held.test.chisq - free.test.chisq, rel=0.35, abs=0.5)


@pytest.mark.parametrize(
    ("model", "released"),
    [
        (TWO_FACTORS + "f1 =~ x4\nx1 ~~ x2\n", ("x5 ~~ x5", "f2 =~ x6")),
        ("f1 =~ 1*x1 + 1*x2 + 0.8*x3\nf2 =~ x4 + x5 + x6\nf1 ~~ 0*f2\n", ("x2 ~ 1",)),
    ],
)
def test_residual_variances_of_ordinal_items_are_equal_where_they_should_be(
    model: str, released: tuple[str, ...]
) -> None:
    """With an item of two constructs, loadings at given numbers, and parameters let go, in three groups."""
    sample = grouped_sample(model, in_answers(grouped(1500, 4, 3)), Treatment("place", ordered="all"), "model")
    factors = {"f1": ("x1", "x2", "x3"), "f2": ("x4", "x5", "x6")}
    if "f1 =~ x4" in model:
        factors["f1"] += ("x4",)
    rigid = frozenset({"f1"} if "1*x1" in model else ())
    thresholds = {item: len(codes) - 1 for item, codes in sample.categories.items()}
    measured = Measured("model", model, factors, rigid, sample.groups, thresholds)
    rungs = ladder(measured)
    statistics = statistics_at(sample, table_at(measured, rungs[0], ()))
    solution = solve_on(sample, statistics, table_at(measured, rungs[-1], released), None, "strict")
    rows = list(zip(solution.table.parameters, solution.values, strict=True))
    for item in thresholds:
        residuals = [value for row, value in rows if row.is_variance and row.lhs == item]
        if f"{item} ~~ {item}" in released:
            assert np.ptp(residuals) > 1e-3
        else:
            assert residuals == pytest.approx([residuals[0]] * 3, abs=1e-8)


def test_at_least_two_items_of_each_construct_stay_and_so_does_the_declared_number() -> None:
    data = grouped(800, seed=8)
    south = data["place"] == "south"
    for item, by in {"x1": 0.6, "x2": -0.6, "x3": 0.1, "x4": 0.5, "x5": -0.5, "x6": 0.1}.items():
        data.loc[south, item] += by * data[item].std()
    found = run(data)
    assert len(found.partial.releases) == 2
    assert "2 items of each construct" in found.partial.stopped["scalar"]
    assert "scalar invariance does not hold" in found.means_reason
    assert found.latent_means == ()
    assert found.level == "metric"
    few = run(data, search=Search(max_releases=1))
    assert len(few.partial.releases) == 1
    assert "1 releases are made" in few.partial.stopped["scalar"]


def test_equal_thresholds_of_three_answers_test_nothing_and_stop_nothing() -> None:
    found = run(in_answers(grouped(900, seed=2), (-0.5, 0.5)), ordered="all")
    step = found.step("thresholds")
    assert step.holds is None
    assert step.test is None
    assert "nothing is tested" in step.reason
    assert [s.rung for s in found.steps] == ["configural", "thresholds", "metric", "scalar", "strict"]
    assert len(found.latent_means) == 2


def test_items_of_two_answers_are_tested_at_once() -> None:
    found = run(in_answers(grouped(900, seed=2), (0.0,)), "f =~ x1 + x2 + x3 + x4 + x5 + x6", ordered="all")
    assert [s.rung for s in found.steps] == ["configural", "scalar", "strict"]
    assert found.steps[1].equal == ("thresholds", "loadings", "intercepts")


def test_everything_that_is_wrong_in_any_group_is_told_at_once() -> None:
    data = in_answers(grouped(600, n_groups=3))
    data.loc[(data["place"] == "south") & (data["x2"] == 3), "x2"] = 2
    data.loc[data["place"] == "west", "x5"] = 1
    with pytest.raises(DataError) as caught:
        run(data, ordered="all")
    assert [(p.where, p.what) for p in caught.value.problems] == [
        ("data, group south", "nobody answered 3 to 'x2'"),
        ("data, group west", "'x5' does not vary"),
    ]
    assert all(problem.hint for problem in caught.value.problems)


def test_a_group_too_small_is_named() -> None:
    data = grouped(300)
    data.loc[:2, "place"] = "isle"
    with pytest.raises(DataError, match=r"group isle: 3 rows .* too few for 6 items"):
        run(data)


@pytest.mark.parametrize(
    ("model", "options", "reason"),
    [
        (TWO_FACTORS, {"group": "x1"}, "an item of the model and the column of groups"),
        (TWO_FACTORS, {"group": "one"}, "'one' has 1 group"),
        (TWO_FACTORS, {"group": "county"}, "'county'"),
        (TWO_FACTORS, {"group": "x7"}, "'x7' has 200 groups, too many"),
        (TWO_FACTORS, {"estimator": "ULS"}, "no test of invariance"),
        (TWO_FACTORS, {"missing": "fiml", "estimator": "MLM"}, "MLM is for complete"),
        (TWO_FACTORS + "g =~ f1 + f2", {}, "measure other constructs"),
        ("f =~ x1 + a*x2 + a*x3", {}, "the label a ties parameters"),
        ("f =~ x1 + a*x2 + b*x3\na == b", {}, "constraints"),
        ("f =~ x1 + c(1, 2)*x2 + x3", {}, "values of their own"),
        ("x1 ~ x2", {}, "no latent variable"),
    ],
)
def test_what_cannot_be_done_is_refused_with_a_reason(model: str, options: dict[str, Any], reason: str) -> None:
    data = grouped(200).assign(one="here", x7=simulated(200, 1)["x7"])
    with pytest.raises((ModelError, DataError), match=reason.replace("(", r"\(")):
        invariance(model, data, Treatment(**{"group": "place", **options}))


def test_rows_without_a_group_are_left_out_and_said() -> None:
    data = grouped(400)
    data.loc[:9, "place"] = None
    found = run(data)
    assert found.nobs == 390
    assert "10 rows without a group were left out" in found.warnings


def test_a_heywood_case_is_said_with_its_step() -> None:
    """Correlations that one factor fits with a loading beyond 1, in one group."""
    rng = np.random.default_rng(4)
    raw = rng.standard_normal((300, 3))
    raw -= raw.mean(axis=0)
    white = raw @ np.linalg.inv(np.linalg.cholesky(raw.T @ raw / 300)).T
    root = np.linalg.cholesky(np.array([[1.0, 0.8, 0.7], [0.8, 1.0, 0.5], [0.7, 0.5, 1.0]]))
    other = np.linalg.cholesky(np.array([[1.0, 0.5, 0.5], [0.5, 1.0, 0.5], [0.5, 0.5, 1.0]]))
    data = pd.DataFrame(np.vstack([white @ root.T, white @ other.T]), columns=["x1", "x2", "x3"])
    found = invariance("f =~ x1 + x2 + x3", data.assign(place=np.repeat(["a", "b"], 300)), Treatment("place"))
    assert any("Heywood" in words and "x1 [a]" in words for words in found.steps[0].warnings)
    assert any("Heywood" in words for words in found.warnings)
    assert found.steps[0].holds is None
    assert "saturated" in found.steps[0].reason


def test_constructs_of_one_and_two_items_are_said() -> None:
    found = run(grouped(800, seed=6), "f1 =~ x1\nf2 =~ x2 + x3\nf3 =~ x4 + x5 + x6")
    assert any("'f1' has one item" in words for words in found.warnings)
    assert any("'f2' has two items" in words for words in found.warnings)


def test_regressions_and_names_of_parameters_are_left_out() -> None:
    data = grouped(500)
    plain = run(data)
    named = run(data, "f1 =~ x1 + a*x2 + b*x3\nf2 =~ x4 + x5 + x6\nf2 ~ c*f1\nab := a*b")
    assert [step.fit["chisq"] for step in named.steps] == pytest.approx([step.fit["chisq"] for step in plain.steps])
    assert any("regressions" in words for words in named.warnings)


def test_several_loadings_at_given_numbers_leave_the_variance_free() -> None:
    data = grouped(500)
    model = "f1 =~ 1*x1 + 1*x2 + 1*x3\nf2 =~ x4 + x5 + x6\n"
    found = run(data, model, Search(max_releases=0))
    theirs = sem.fit(model, data, group="place").fit_measures
    assert found.steps[0].fit["df"] == theirs["df"]
    assert found.steps[0].fit["chisq"] == pytest.approx(theirs["chisq"], rel=1e-6)


def test_a_rung_that_cannot_be_fitted_carries_the_reason(monkeypatch: pytest.MonkeyPatch) -> None:
    solve = invariance_climb.solve_on

    def failing(*arguments: Any) -> Solution:
        if arguments[-1] == "metric":
            raise EstimationError(Problem("no minimum was reached"))
        return solve(*arguments)

    monkeypatch.setattr(invariance_climb, "solve_on", failing)
    found = run(grouped(400))
    metric = found.step("metric")
    assert metric.holds is False
    assert metric.fit["chisq"] is None
    assert set(metric.undefined.values()) == {"no minimum was reached"}
    assert found.step("scalar").against == "configural"
    assert "metric invariance does not hold (no minimum was reached)" in found.means_reason
    assert found.level == "configural"


def test_cutoffs_are_chens_for_the_rows_unless_given() -> None:
    many, few = cutoffs_for(301), cutoffs_for(300)
    assert (many.cfi, many.rmsea, many.srmr_loadings, many.srmr) == (0.01, 0.015, 0.03, 0.01)
    assert (few.cfi, few.rmsea, few.srmr_loadings, few.srmr) == (0.005, 0.01, 0.025, 0.005)
    assert cutoffs_for(300, srmr=0.02).srmr_loadings == 0.02
    assert many.sources["cfi"] == "Cheung & Rensvold (2002), Chen (2007)"
    assert few.sources["cfi"] == few.sources["rmsea"] == few.sources["srmr"] == "Chen (2007)"
    assert cutoffs_for(500, cfi=0.01).sources["cfi"] == "given"


def test_an_index_is_exceeded_beyond_its_cutoff_alone() -> None:
    cutoffs = cutoffs_for(500)
    assert exceeded(Change(-0.01, 0.015, 0.03, "standard"), cutoffs, loadings=True) == ()
    assert exceeded(Change(None, None, 0.02, "standard"), cutoffs, loadings=False) == ("SRMR rises by more than 0.01",)
    assert len(exceeded(Change(-0.011, 0.016, 0.031, "standard"), cutoffs, loadings=True)) == 3


@pytest.mark.parametrize(("option", "value"), [("max_releases", -1), ("delta_cfi", -0.1), ("delta_srmr", float("nan"))])
def test_cutoffs_and_limits_below_zero_are_refused(option: str, value: float) -> None:
    with pytest.raises(ModelError, match="below 0"):
        run(grouped(100), search=Search(**{option: value}))


def test_tables_have_a_row_a_step_and_one_for_the_whole() -> None:
    found = run(grouped(400), search=Search(max_releases=0))
    assert list(found.tidy()["step"]) == [step.name for step in found.steps]
    assert found.glance().loc[0, "n_groups"] == 2
    with pytest.raises(KeyError):
        found.step("partial metric")
