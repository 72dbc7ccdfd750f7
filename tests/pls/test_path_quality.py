"""Quality, prediction and maps of path models, each against its definition written out on rows."""

from __future__ import annotations

import json
from itertools import combinations

import numpy as np
import pytest
from analysis import pls
from analysis.errors import ModelError
from analysis.pls.estimate import estimate
from analysis.pls.model import read_model
from analysis.pls.predict import fold_masks
from analysis.pls.quality import srmr
from tests.pls.models import MODEL, simulated

DATA = simulated(150, 6)
RESULT = pls.fit(MODEL, DATA)
BLOCKS = {"fa": ["a1", "a2", "a3"], "fb": ["b1", "b2", "b3"], "fc": ["c1", "c2", "c3"]}


def _r2(y: np.ndarray, x: np.ndarray) -> float:
    x = np.column_stack([np.ones(len(y)), x])
    residuals = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    return 1.0 - (residuals @ residuals) / ((y - y.mean()) @ (y - y.mean()))


def test_scores_have_unit_variance_and_give_the_paths() -> None:
    scores = RESULT.scores
    np.testing.assert_allclose(scores.std(axis=0), 1.0, rtol=1e-10)
    assert RESULT.r_squared["fc"] == pytest.approx(_r2(scores[:, 2], scores[:, :2]), rel=1e-10)


def test_f2_and_vif_are_those_of_regressions_on_scores() -> None:
    paths, scores = RESULT.paths().set_index(["outcome", "predictor"]), RESULT.scores
    full, without = _r2(scores[:, 2], scores[:, :2]), _r2(scores[:, 2], scores[:, :1])
    assert paths.loc[("fc", "fb"), "f2"] == pytest.approx((full - without) / (1 - full), rel=1e-9)
    assert paths.loc[("fc", "fb"), "vif"] == pytest.approx(1 / (1 - _r2(scores[:, 1], scores[:, :1])), rel=1e-9)
    assert paths.loc[("fb", "fa"), "vif"] == pytest.approx(1.0)


def test_outer_vif_is_that_of_a_regression_on_the_rest_of_the_block() -> None:
    expected = 1 / (1 - _r2(DATA["a2"].to_numpy(), DATA[["a1", "a3"]].to_numpy()))
    assert RESULT.outer_vif[RESULT.design.items.index("a2")] == pytest.approx(expected, rel=1e-9)


def test_reliability_and_htmt_written_out() -> None:
    r, table = DATA.corr(), RESULT.constructs().set_index("construct")
    loadings = RESULT.tidy().query("kind == 'loading'").set_index("rhs")["est"]
    for construct, items in BLOCKS.items():
        own = loadings[items]
        assert table.loc[construct, "alpha"] == pytest.approx(1.5 * (1 - 3 / r.loc[items, items].to_numpy().sum()))
        assert table.loc[construct, "ave"] == pytest.approx((own**2).mean())
        rho_c = own.sum() ** 2 / (own.sum() ** 2 + (1 - own**2).sum())
        assert table.loc[construct, "rho_c"] == pytest.approx(rho_c)
    within = {name: np.mean([r.loc[i, j] for i, j in combinations(items, 2)]) for name, items in BLOCKS.items()}
    across = r.loc[BLOCKS["fa"], BLOCKS["fc"]].to_numpy().mean()
    assert RESULT.htmt[0, 2] == pytest.approx(across / np.sqrt(within["fa"] * within["fc"]))


def test_srmr_of_the_saturated_composite_model_written_out() -> None:
    r, loadings, between = DATA.corr().to_numpy(), RESULT.estimates.loadings, RESULT.estimates.correlations
    total, owner = 0.0, np.argmax(RESULT.design.block, axis=1)
    for i, j in combinations(range(9), 2):
        if owner[i] != owner[j]:
            implied = loadings[i, owner[i]] * between[owner[i], owner[j]] * loadings[j, owner[j]]
            total += (r[i, j] - implied) ** 2
    assert RESULT.srmr_saturated == pytest.approx(np.sqrt(total / 45), rel=1e-9)


def test_srmr_is_zero_where_the_model_holds() -> None:
    spread = np.kron(np.eye(3), np.ones((3, 1))) * 0.7
    factors = np.array([[1, 0.4, 0.3], [0.4, 1, 0.5], [0.3, 0.5, 1]])
    items = spread @ factors @ spread.T
    np.fill_diagonal(items, 1.0)
    design = read_model(MODEL).design
    fitted, _ = estimate(items, design, "path", "PLSc", "model")
    assert srmr(items, fitted, design, "PLSc") == pytest.approx(0.0, abs=1e-9)


def test_prediction_is_that_of_models_fitted_without_each_fold() -> None:
    values = DATA.to_numpy()
    prediction = pls.pls_predict(values, RESULT.design, folds=5, repetitions=2, seed=4)
    squares, linear, naive = [], [], []
    for mask in fold_masks(len(values), 5, 2, 4):
        training, held = DATA[~mask], DATA[mask]
        fitted = pls.fit(MODEL, training)
        mean, sd = training.mean(), training.std(ddof=0)
        score = ((held - mean) / sd)[BLOCKS["fa"]].to_numpy() @ fitted.estimates.weights[:3, 0]
        guess = score * fitted.estimates.totals[2, 0] * fitted.estimates.loadings[6, 2] * sd["c1"] + mean["c1"]
        squares.append((held["c1"] - guess).to_numpy() ** 2)
        naive.append((held["c1"] - mean["c1"]).to_numpy() ** 2)
        x = np.column_stack([np.ones(len(training)), training[BLOCKS["fa"]]])
        slopes = np.linalg.lstsq(x, training["c1"], rcond=None)[0]
        linear.append((held["c1"] - np.column_stack([np.ones(len(held)), held[BLOCKS["fa"]]]) @ slopes) ** 2)
    at = prediction.items.index("c1")
    assert prediction.rmse[at] == pytest.approx(np.sqrt(np.concatenate(squares).mean()), rel=1e-9)
    assert prediction.lm_rmse[at] == pytest.approx(np.sqrt(np.concatenate(linear).mean()), rel=1e-9)
    q2 = 1 - np.concatenate(squares).sum() / np.concatenate(naive).sum()
    assert prediction.q2_predict[at] == pytest.approx(q2, rel=1e-9)


def test_folds_hold_each_row_once_a_repetition() -> None:
    masks = np.array(list(fold_masks(23, 4, 3, 1))).reshape(3, 4, 23)
    np.testing.assert_array_equal(masks.sum(axis=1), np.ones((3, 23)))


def test_too_many_folds_are_refused() -> None:
    with pytest.raises(ModelError, match="cannot be cut into 200 folds"):
        pls.pls_predict(DATA.to_numpy(), RESULT.design, folds=200)


def test_importance_is_the_slope_between_scores_on_a_scale_of_100() -> None:
    found = pls.importance_map(RESULT, DATA, "fb").tidy().set_index("construct")
    rescaled = 100 * (DATA - DATA.min()) / (DATA.max() - DATA.min())
    scores = {}
    for k, (construct, items) in enumerate(list(BLOCKS.items())[:2]):
        weights = RESULT.estimates.weights[3 * k : 3 * k + 3, k] / rescaled[items].std().to_numpy()
        scores[construct] = rescaled[items].to_numpy() @ (weights / weights.sum())
    slope = np.polyfit(scores["fa"], scores["fb"], 1)[0]
    assert found.loc["fa", "importance"] == pytest.approx(slope, rel=1e-9)
    assert found.loc["fa", "performance"] == pytest.approx(scores["fa"].mean(), rel=1e-9)


def test_maps_refuse_what_has_no_map() -> None:
    with pytest.raises(ModelError, match="'fa' is no outcome"):
        pls.importance_map(RESULT, DATA, "fa")
    with pytest.raises(ModelError, match="answers to 'a1' exceed"):
        pls.importance_map(RESULT, DATA, "fb", {"a1": (0.0, 0.1)})


def test_json_has_the_keys_of_fit_and_its_own_part() -> None:
    content = json.loads(pls.fit(MODEL, DATA, predict=True, bootstrap=50).to_json())
    assert set(content["parameters"][0]) == {
        "lhs", "op", "rhs", "group", "level", "label", "est", "se", "z", "pvalue", "ci_lower", "ci_upper", "std_lv",
        "std_all",
    }  # fmt: skip
    ops = [row["op"] for row in content["parameters"]]
    assert (ops.count("=~"), ops.count("~"), ops.count(":=")) == (9, 3, 1)
    assert {"constructs", "htmt", "predict", "bootstrap"} <= content["pls"].keys()
    assert set(content["r2"]) == {"fb", "fc"}


def test_formative_and_single_items_say_why_they_have_no_reliability() -> None:
    result = pls.fit(MODEL.replace("fa =~", "fa <~") + "\nfc ~ a4\n", DATA.assign(a4=DATA["a1"] ** 2))
    table = result.constructs().set_index("construct")
    assert table.loc[["fa", "a4"], ["alpha", "ave"]].isna().all(axis=None)
    assert {"reliability of fa", "reliability of a4", "se"} == result.undefined.keys()
