"""Two groups: permutation tests against fits of each group, and their behaviour where groups are alike or differ."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analysis import pls
from analysis.cli import main
from analysis.errors import DataError, ModelError
from tests.pls.models import MODEL, simulated


def _two(flip: bool = False, shift: float = 0.0) -> pd.DataFrame:
    first, second = simulated(150, 21), simulated(160, 22)
    if flip:
        second["c1"] = -first["c1"].sample(160, replace=True, random_state=1).to_numpy()
    second += shift
    return pd.concat([first.assign(g="one"), second.assign(g="two")], ignore_index=True)


def test_statistics_of_the_sample_are_those_of_the_two_fits() -> None:
    data = _two(shift=0.3)
    found = pls.compare_groups(MODEL, data, "g", permutations=40)
    one, two = (pls.fit(MODEL, data[data.g == label]) for label in ("one", "two"))
    paths = [one.estimates.paths[j, i] - two.estimates.paths[j, i] for j, i in np.argwhere(one.design.path)]
    np.testing.assert_allclose(found.paths.value, paths, atol=1e-8)
    pooled = pls.fit(MODEL, data)
    rows = (data.drop(columns="g") - data.drop(columns="g").mean()) / data.drop(columns="g").std(ddof=0)
    scores = [rows.to_numpy() @ fitted.estimates.weights for fitted in (one, two)]
    c = [np.corrcoef(scores[0][:, j], scores[1][:, j])[0, 1] for j in range(3)]
    np.testing.assert_allclose(found.correlation.value, c, atol=1e-8)
    first, second = pooled.scores[:150], pooled.scores[150:]
    np.testing.assert_allclose(found.mean.value, first.mean(axis=0) - second.mean(axis=0), atol=1e-8)
    log_variance = np.log(first.var(axis=0)) - np.log(second.var(axis=0))
    np.testing.assert_allclose(found.log_variance.value, log_variance, atol=1e-8)


def test_groups_of_one_population_are_invariant() -> None:
    found = pls.compare_groups(MODEL, _two(), "g", permutations=300)
    assert set(found.invariance()["invariance"]) == {"full"}
    assert (found.paths.pvalue > 0.01).all()


def test_a_shift_of_all_items_leaves_partial_invariance() -> None:
    found = pls.compare_groups(MODEL, _two(shift=1.0), "g", permutations=300)
    assert set(found.invariance()["invariance"]) == {"partial"}
    assert (found.mean.pvalue < 0.01).all()


def test_an_item_that_is_turned_round_breaks_invariance() -> None:
    verdict = pls.compare_groups(MODEL, _two(flip=True), "g", permutations=200).invariance().set_index("construct")
    assert verdict.loc["fc", "invariance"] == "none"


def test_the_seed_gives_the_same_bytes() -> None:
    first, second = (pls.compare_groups(MODEL, _two(), "g", permutations=60, seed=8) for _ in range(2))
    np.testing.assert_array_equal(first.paths.pvalue, second.paths.pvalue)


def test_a_column_that_is_no_two_groups_is_refused() -> None:
    data = _two()
    with pytest.raises(ModelError, match="'h' is no column"):
        pls.compare_groups(MODEL, data, "h")
    with pytest.raises(ModelError, match="there is no scheme 'paths'"):
        pls.compare_groups(MODEL, data, "g", scheme="paths")
    with pytest.raises(DataError, match=r"must have two groups"):
        pls.compare_groups(MODEL, data.assign(g="one"), "g")
    with pytest.raises(DataError, match=r"two \(3 rows\)"):
        pls.compare_groups(MODEL, data[:153], "g")


def test_the_command_compares_groups_and_writes_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.lav").write_text(MODEL, encoding="utf-8")
    _two(shift=2.0).to_csv(tmp_path / "d.csv", index=False)
    common = ["fit", str(tmp_path / "m.lav"), "--data", str(tmp_path / "d.csv"), "--group", "g", "--bootstrap", "99"]
    assert main([*common, "--estimator", "PLS", "--scheme", "centroid", "--json", str(tmp_path / "r.json")]) == 0
    shown = capsys.readouterr().out
    assert "one (150 observations) less two (160), 99 permutations" in shown
    written = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert written["groups"] == {"one": 150, "two": 160}
    assert set(written["invariance"].values()) <= {"none", "partial"}
    same = pls.compare_groups(MODEL, _two(shift=2.0), "g", scheme="centroid", permutations=99)
    assert [row["value"] for row in written["paths"]] == pytest.approx(same.paths.value.tolist(), abs=1e-12)


def test_options_that_groups_do_not_have_are_refused_together(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "m.lav").write_text(MODEL, encoding="utf-8")
    common = ["fit", str(tmp_path / "m.lav"), "--estimator", "PLSc", "--group", "g", "--se", "bootstrap"]
    assert main([*common, "--boot-ci", "bc"]) == 2
    said = capsys.readouterr().err
    for words in ("compared by PLS", "compared by permutation", "percentile and BCa", "needs responses"):
        assert words in said
