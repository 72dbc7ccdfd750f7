"""Path models against plspm: weights, loadings, cross-loadings, paths, effects, explained variance."""

from __future__ import annotations

from functools import cache

import numpy as np
import pandas as pd
import pytest
from analysis import pipeline, pls
from analysis.run import open_run
from analysis.study import load_study
from tests.references import REPOSITORY, case_names, load_case

STUDY = ("pls_smartcity_centroid", "pls_smartcity_path")
CASES = (*case_names("pls", source="rows"), *STUDY)


@pytest.fixture(scope="module")
def responses(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    run = open_run(load_study(REPOSITORY, "smartcity"), None, {})
    return pipeline.write_clean(run, tmp_path_factory.mktemp("study") / "clean").responses


@cache
def _on_own_rows(name: str) -> pls.PlsResult:
    case = load_case(name)
    return pls.fit(case.model, case.frame(), **case.options)


@pytest.fixture(params=CASES)
def fitted(request: pytest.FixtureRequest, responses: pd.DataFrame) -> tuple[pls.PlsResult, dict, float]:
    case = load_case(request.param)
    own = request.param in STUDY
    result = pls.fit(case.model, responses, **case.options) if own else _on_own_rows(request.param)
    return result, dict(case.expected), case.tolerance["estimates"]


def test_there_are_cases_of_every_scheme_and_mode() -> None:
    cases = case_names("pls")
    assert len(cases) >= 10
    assert {load_case(name).options["scheme"] for name in cases} == {"path", "factorial", "centroid"}
    assert any("<~" in load_case(name).model for name in cases)


def test_as_many_rows_are_complete(fitted: tuple[pls.PlsResult, dict, float]) -> None:
    result, expected, _ = fitted
    assert result.nobs == expected["nobs"]


def test_weights_and_loadings(fitted: tuple[pls.PlsResult, dict, float]) -> None:
    result, expected, tolerance = fitted
    theirs = pd.DataFrame(expected["outer"]).set_index("item")
    tidy = result.tidy()
    loadings, weights = (tidy[tidy.kind == kind].set_index("rhs")["est"] for kind in ("loading", "weight"))
    np.testing.assert_allclose(loadings, theirs.loading[loadings.index], atol=tolerance)
    # plspm turns scores round, and leaves their weights as they are.
    turn = (theirs.weight * theirs.loading)[weights.index].groupby(tidy[tidy.kind == "weight"].lhs.to_numpy())
    signs = np.sign(turn.transform("sum"))
    np.testing.assert_allclose(weights, theirs.weight[weights.index] * signs, atol=tolerance)


def test_cross_loadings(fitted: tuple[pls.PlsResult, dict, float]) -> None:
    result, expected, tolerance = fitted
    theirs = pd.DataFrame(expected["crossloadings"]).T.loc[list(result.design.items), list(result.design.constructs)]
    np.testing.assert_allclose(result.cross_loadings, theirs, atol=tolerance)


def test_effects(fitted: tuple[pls.PlsResult, dict, float]) -> None:
    result, expected, tolerance = fitted
    names = result.design.constructs
    totals, paths = (
        pd.DataFrame(m, index=names, columns=names) for m in (result.estimates.totals, result.estimates.paths)
    )
    for effect in expected["effects"]:
        at = effect["to"], effect["from"]
        assert paths.loc[at] == pytest.approx(effect["direct"], abs=tolerance)
        assert totals.loc[at] == pytest.approx(effect["total"], abs=tolerance)
        assert totals.loc[at] - paths.loc[at] == pytest.approx(effect["indirect"], abs=tolerance)


def test_explained_variance_and_ave(fitted: tuple[pls.PlsResult, dict, float]) -> None:
    result, expected, tolerance = fitted
    assert result.r_squared == pytest.approx(expected["r_squared"], abs=tolerance)
    table = result.constructs().set_index("construct")
    assert table.r2_adjusted.dropna().to_dict() == pytest.approx(expected["r_squared_adj"], abs=tolerance)
    theirs = {name: value for name, value in expected["ave"].items() if table["ave"].notna()[name]}
    assert table["ave"].dropna().to_dict() == pytest.approx(theirs, abs=tolerance)
