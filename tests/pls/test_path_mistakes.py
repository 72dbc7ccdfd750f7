"""What users get wrong in path models: each named, at the command line with exit code 2."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from analysis import pls
from analysis.cli import main
from analysis.errors import SmartCityError
from tests.pls.models import MODEL, simulated

DATA = simulated(80, 7)
MISTAKES = {
    "no items": (MODEL + "fc ~ fd", "'fd' has no items in the model, and is no column"),
    "unknown item": (MODEL.replace("b3", "b33"), "'b33' is no column of the data"),
    "item twice": (MODEL.replace("c1 +", "a1 + c1 +"), "item 'a1' is in two constructs, 'fa' and 'fc'"),
    "cycle": (MODEL + "fa ~ fc", "the inner model runs in a circle"),
    "no paths": ("fa =~ a1 + a2", "the model has no path between constructs"),
    "lonely construct": (MODEL + "fd =~ x1 + x2", "construct 'fd' has no path to another one"),
    "second order": (MODEL + "g =~ fa + fb\nfc ~ g", "'g' is a construct of the second order"),
    "both modes": (MODEL + "fa <~ x1", "both reflective (=~) and formative (<~)"),
    "item in a path": (MODEL + "fc ~ a1", "'a1' stands in a path, and is an item of construct 'fa' too"),
    "constraint": (MODEL + "a == b", "cannot be held by PLS"),
    "equal labels": (MODEL.replace("c*fa", "a*fa"), "label 'a' makes two paths equal"),
    "unknown label": (MODEL.replace("a*b", "a*d"), "'indirect' uses 'd', which labels no path"),
    "fixed path": (MODEL.replace("c*fa", "0.5*fa"), "is fixed, which PLS cannot do"),
    "threshold": (MODEL + "a1 | t1", "no part of PLS"),
    "group block": ("group: 1\n" + MODEL, "PLS has no blocks"),
}


@pytest.mark.parametrize("kind", MISTAKES)
def test_a_mistake_in_the_model_is_named(kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model, message = MISTAKES[kind]
    (tmp_path / "m.lav").write_text(model, encoding="utf-8")
    DATA.to_csv(tmp_path / "d.csv", index=False)
    assert main(["fit", str(tmp_path / "m.lav"), "--data", str(tmp_path / "d.csv"), "--estimator", "PLS"]) == 2
    assert message in capsys.readouterr().err


def test_all_mistakes_at_once() -> None:
    with pytest.raises(SmartCityError) as error:
        pls.fit(MODEL.replace("c1 +", "a1 + c1 +") + "fa ~ fc\na == b", DATA)
    assert len(error.value.problems) == 3


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (DATA.assign(a1=1.0), "'a1' has the same value in all complete rows"),
        (DATA[:8], "8 complete rows are too few for 9 items"),
        (DATA.assign(a1="often"), "'a1' holds text"),
        (DATA.drop(columns="b1"), "'b1' is no column of the data"),
    ],
)
def test_data_that_cannot_be_used(data: pd.DataFrame, message: str) -> None:
    with pytest.raises(SmartCityError, match=message):
        pls.fit(MODEL, data)


def test_dependent_predictors_are_named() -> None:
    """Three constructs of one item each, the third the sum of the others."""
    model = "b1 ~ a1 + a2 + s"
    data = DATA.assign(s=DATA["a1"] / DATA["a1"].std() + DATA["a2"] / DATA["a2"].std())
    for scheme in ("path", "factorial"):
        with pytest.raises(SmartCityError, match="predictors of construct 'b1' are linearly dependent"):
            pls.fit(model, data, scheme=scheme)


def test_a_prediction_that_cannot_be_made_says_why_and_stops_nothing() -> None:
    data = DATA.assign(a1=0.0)
    data.loc[3, "a1"] = 1.0
    result = pls.fit(MODEL, data, predict=True)
    assert result.prediction is None
    assert result.undefined["prediction"] == "an item is constant in a training sample"


def test_dependent_items_of_a_formative_construct_are_named() -> None:
    with pytest.raises(SmartCityError, match="items of the formative construct 'fa' are linearly dependent"):
        pls.fit(MODEL.replace("fa =~", "fa <~"), DATA.assign(a3=DATA["a1"] + DATA["a2"]))


def test_rows_left_out_and_lines_left_aside_are_said() -> None:
    data = DATA.copy()
    data.loc[3, "a1"] = None
    result = pls.fit(MODEL.replace("fa =~ a1", "fa =~ 1*a1") + "a1 ~~ a2\n", data)
    assert result.nobs == 79
    assert [text.split()[0] for text in result.warnings] == ["variances", "values", "1"]


def test_a_reflective_construct_that_is_at_odds_with_itself_is_said() -> None:
    """Weak paths: items agree with each other, and their weights, which follow the outcome, do not."""
    rows = np.random.default_rng(3).standard_normal((400, 2))
    f, y = np.linalg.qr(rows - rows.mean(axis=0))[0].T
    data = pd.DataFrame({"a1": f + 0.3 * y, "a2": f - 0.3 * y, "y": y + 0.02 * f})
    result = pls.fit("fa =~ a1 + a2\ny ~ fa", data)
    assert any("'fa' load with both signs" in text for text in result.warnings)
    assert result.constructs().set_index("construct").isna().loc["fa", "rho_a"]
    assert "rho_a of fa" in result.undefined


def test_unknown_estimator_and_scheme_at_once() -> None:
    with pytest.raises(SmartCityError) as error:
        pls.fit(MODEL, DATA, estimator="PLSD", scheme="paths")
    assert len(error.value.problems) == 2


def test_the_command_prints_and_writes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.lav").write_text(MODEL, encoding="utf-8")
    DATA.to_csv(tmp_path / "d.csv", index=False)
    common = ["fit", str(tmp_path / "m.lav"), "--data", str(tmp_path / "d.csv"), "--estimator", "PLSc"]
    resampled = [*common, "--se", "bootstrap", "--bootstrap", "60", "--json", str(tmp_path / "r.json")]
    assert main(resampled) == 0
    shown = capsys.readouterr().out
    for title in ("Constructs", "Items", "Paths", "Indirect effects", "Heterotrait-monotrait", "Q²predict"):
        assert title in shown
    assert '"pls"' in (tmp_path / "r.json").read_text(encoding="utf-8")
    assert main([*common, "--cluster", "g", "--std-lv", "--se", "robust"]) == 2
    message = capsys.readouterr().err
    assert "--cluster does not go with PLSc" in message
    assert "--std-lv" in message
    assert "no robust standard errors" in message


def test_compare_has_no_path_models(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "m.lav").write_text(MODEL, encoding="utf-8")
    model = str(tmp_path / "m.lav")
    assert main(["compare", model, model, "--data", "d.csv", "--estimator", "PLS"]) == 2
    assert "no test of nested models" in capsys.readouterr().err
