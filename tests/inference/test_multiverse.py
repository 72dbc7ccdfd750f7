"""Specifications of a study: which there are, what composites are, what a choice does."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import multilevel, sem
from analysis.inference.families import families_of
from analysis.inference.hypotheses import judge
from analysis.inference.multiverse import (
    Analysis,
    Outcome,
    analyses,
    choice_effects,
    composite_model,
    outcomes,
    screening_settings,
    summary,
    table_of,
    with_composites,
    with_controls,
)
from analysis.study_files import Estimation, Hypothesis, StudyEstimation

MODEL = "f =~ a + b + c\ng =~ d + e + h\ng ~ p*f + x\ndouble := 2*p\n"


def claim(name: str, kind: str, model: str, estimand: str) -> Hypothesis:
    target = {"kind": kind, "model": model, "name": estimand}
    words = {"en": name, "fr": name}
    return Hypothesis.model_validate(
        {"id": name, "statement": words, "estimand": target, "sign": "+", "source": "made up"}
    )


CLAIMS = [
    claim("H1", "parameter", "structural", "g ~ f"),
    claim("H2", "effect", "structural", "double"),
    claim("H3", "mixed", "mixed", "b"),
    claim("H4", "parameter", "structural", "f =~ b"),
]


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    f, x = rng.normal(size=(2, 300))
    g = 0.6 * f + 0.3 * x + rng.normal(size=300)
    columns = {n: f + rng.normal(0, 0.7, 300) for n in "abc"} | {n: g + rng.normal(0, 0.7, 300) for n in "deh"}
    return pd.DataFrame(columns | {"x": x, "commune": np.arange(300) % 20})


def test_controls_are_held_constant_for_all_that_they_may_move(data: pd.DataFrame) -> None:
    controlled = with_controls("f =~ a + b + c\nk =~ x + commune\ng =~ d + e + h\ng ~ f + k\n", ("v", "w"))
    assert [line for line in controlled.splitlines() if "v + w" in line] == ["g ~ v + w", "f ~ v + w", "k ~ v + w"]
    assert "f ~~ k" in controlled.splitlines()
    rng = np.random.default_rng(2)
    common = rng.normal(size=300)
    confounded = data.assign(v=common, **{n: data[n] + common for n in "abcdeh"})
    model, way = "f =~ a + b + c\ng =~ d + e + h\ng ~ f\n", Analysis("ML", "listwise", "latent", controls="v")
    raw, held = (
        sem.fit(text, confounded).estimates for text in (model, with_controls(model, way.controls.split(", ")))
    )
    plain = sem.fit(model, data).estimates
    slope = [next(row.est for row in rows if (row.lhs, row.rhs) == ("g", "f")) for rows in (raw, held, plain)]
    assert slope[1] == pytest.approx(slope[2], abs=0.05)
    assert slope[0] > slope[1]


def test_every_analysis_has_a_twin_with_controls() -> None:
    ways = analyses(StudyEstimation(), ("age", "x"))
    assert [way.controls for way in ways] == ["off"] * 8 + ["age, x"] * 8
    assert {way.controls for way in analyses(StudyEstimation())} == {"off"}


def test_the_studys_own_setting_comes_first_and_every_single_change_is_there() -> None:
    levels = dict.fromkeys("abcdefg", ("off", "on")) | {"h": ("off", "1", "2")}
    own = {rule: of_rule[1] if rule in "abch" else "off" for rule, of_rule in levels.items()}
    settings = screening_settings(levels, own, 40, 5)
    distinct = {tuple(setting.items()) for setting in settings}
    assert len(distinct) == len(settings) == 40
    assert settings[:2] == (own, dict.fromkeys(levels, "off"))
    for rule, of_rule in levels.items():
        assert all({**own, rule: level} in settings for level in of_rule)
    assert settings == screening_settings(levels, own, 40, 5)
    assert settings != screening_settings(levels, own, 40, 6)
    assert len(screening_settings(levels, own, 10_000, 5)) == 2**7 * 3
    assert screening_settings(levels, own, 1, 5) == (own,)
    assert screening_settings({}, {}, 9, 5) == ({},)


def test_analyses_cross_estimator_missing_answers_and_constructs() -> None:
    own = StudyEstimation(
        estimator="MLR", missing="fiml", sensitivity={"o": Estimation(estimator="WLSMV", ordered="all")}
    )
    found = analyses(own)
    assert found[0] == Analysis("MLR", "fiml", "latent")
    assert len(found) == len(set(found)) == 9
    assert found[-1] == Analysis("WLSMV", "listwise", "latent", "all")
    assert analyses(StudyEstimation(estimator="GLS"))[0].estimator == "GLS"


def test_a_composite_model_has_means_in_the_place_of_latent_variables(data: pd.DataFrame) -> None:
    text, items = composite_model(MODEL)
    assert items == {"f": ("a", "b", "c"), "g": ("d", "e", "h")}
    found = sem.fit(text, with_composites(data, items)).tidy().query("op == '~'").set_index("rhs")["est"]
    means = pd.DataFrame({"f": data[["a", "b", "c"]].mean(axis=1), "x": data["x"]}).assign(one=1.0)
    g = data[["d", "e", "h"]].mean(axis=1)
    slopes = np.linalg.lstsq(means.to_numpy(), g.to_numpy(), rcond=None)[0]
    assert [found["f"], found["x"]] == pytest.approx(list(slopes[:2]), rel=1e-6)


def test_a_mean_takes_half_of_the_answers(data: pd.DataFrame) -> None:
    holes = data[["a", "b", "c"]].head(3).astype(float)
    holes.iloc[1, 0] = np.nan
    holes.iloc[2, :2] = np.nan
    found = with_composites(holes, {"f": ("a", "b", "c")})["f"]
    assert found.iloc[1] == pytest.approx(holes.iloc[1, 1:].mean())
    assert np.isnan(found.iloc[2])


def test_a_measurement_model_alone_has_no_composites() -> None:
    assert composite_model("f =~ a + b + c\na ~~ b")[0] == ""


def test_outcomes_are_the_verdicts_of_the_report(data: pd.DataFrame) -> None:
    mixeds = {"mixed": multilevel.fit("d ~ b + (1 | commune)", data)}
    families = families_of(CLAIMS, "holm")
    how = Analysis("MLR", "listwise", "latent")
    found = outcomes(CLAIMS, {"structural": MODEL}, mixeds, data, how, families)
    fitted = sem.fit(MODEL, data, name="structural", estimator="MLR")
    judged = judge(CLAIMS, {"structural": fitted}, mixeds, families)
    assert [o.verdict for o in found] == list(judged["verdict"])
    assert [o.pvalue for o in found] == pytest.approx(list(judged["pvalue_adjusted"]))
    assert [o.est for o in found] == pytest.approx([*judged["std"][:2], judged["est"][2], judged["std"][3]])
    path = fitted.tidy().query("op == '~' and rhs == 'f'").iloc[0]
    assert found[0].ci_lower == pytest.approx(path["std_all_ci_lower"])
    assert [o.unit for o in found] == ["beta", "beta", "b", "beta"]


def test_what_cannot_be_estimated_says_why(data: pd.DataFrame) -> None:
    families = families_of(CLAIMS, "none")
    composite = outcomes(CLAIMS, {"structural": MODEL}, {}, data, Analysis("ML", "listwise", "composite"), families)
    assert [bool(o.error) for o in composite] == [False, False, True, True]
    broken = outcomes(CLAIMS, {"structural": MODEL}, {}, data[:4], Analysis("ML", "listwise", "latent"), families)
    assert all(o.error and o.est is None for o in broken)


def _made(shift: dict[str, float]) -> pd.DataFrame:
    specifications = []
    for estimator in ("ML", "MLR"):
        for speed in ("on", "off"):
            for constructs in ("latent", "composite"):
                est = 0.3 + sum(shift.get(level, 0.0) for level in (estimator, speed, constructs))
                choices = {"estimator": estimator, "speed": speed, "constructs": constructs}
                verdict = "supported" if est > 0.25 else "not supported"
                found = Outcome(id="H1", unit="beta", nobs=100, est=est, pvalue=0.01, verdict=verdict)
                specifications.append((choices, [found]))
    return table_of(specifications)


def test_the_choice_that_moves_the_estimate_most_is_found_by_how_much() -> None:
    table = _made({"composite": -0.1, "off": 0.02})
    effects = choice_effects(table, ["estimator", "speed", "constructs"])
    by = effects.drop_duplicates("choice").set_index("choice")["range"]
    assert dict(by) == pytest.approx({"estimator": 0.0, "speed": 0.02, "constructs": 0.1}, abs=1e-12)
    means = effects.set_index("level")["mean"]
    assert means["latent"] - means["composite"] == pytest.approx(0.1)
    assert means["latent"] == pytest.approx(table.query("constructs == 'latent'")["est"].mean())
    (row,) = summary(table, effects).to_dict("records")
    assert (row["moves_most"], row["by"]) == ("constructs", pytest.approx(0.1))
    assert (row["specifications"], row["failed"], row["own_verdict"]) == (8, 0, "supported")
    assert row["share_same_verdict"] == row["share_supported"] == pytest.approx((table["est"] > 0.25).mean())


def test_specifications_that_failed_are_counted_and_left_out() -> None:
    table = _made({})
    lost = table["specification"] == 3
    table.loc[lost, "est"] = np.nan
    (row,) = summary(table, choice_effects(table, ["estimator", "speed", "constructs"])).to_dict("records")
    assert (row["specifications"], row["failed"]) == (8, 1)
    assert row["share_supported"] == 1.0
