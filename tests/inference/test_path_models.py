"""The structural model by PLS and PLSc beside its own estimation."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import pls, sem
from analysis.inference.families import families_of
from analysis.inference.hypotheses import verdict
from analysis.inference.path_models import PathModels, Resampling, path_models
from analysis.study_files import Estimand, Hypothesis
from analysis.survey.codebook import Text

MODEL = """
sat =~ sat1 + sat2 + sat3
eff =~ eff1 + eff2 + eff3
int =~ int1 + int2 + int3
sat ~ a*eff
int ~ b*sat + eff
indirect := a*b
"""
PLAN = Resampling(200, 3)


def _rows(n: int = 400) -> pd.DataFrame:
    generator = np.random.default_rng(11)
    eff = generator.standard_normal(n)
    sat = 0.5 * eff + generator.standard_normal(n)
    intention = 0.6 * sat + generator.standard_normal(n)
    scores = {"eff": eff, "sat": sat, "int": intention}
    return pd.DataFrame(
        {f"{name}{k}": score + 0.6 * generator.standard_normal(n) for name, score in scores.items() for k in (1, 2, 3)}
    )


def _hypothesis(name: str, kind: str, estimand: str, model: str = "structural") -> Hypothesis:
    words = Text(fr=name, en=name)
    target = Estimand.model_validate({"kind": kind, "model": model, "name": estimand})
    return Hypothesis(id=name, statement=words, estimand=target, sign="+", source="made up")


HYPOTHESES = (
    _hypothesis("H1", "parameter", "int ~ sat"),
    _hypothesis("H2", "effect", "indirect"),
    _hypothesis("H3", "mixed", "sat_mean", "m1"),
)


def _made(data: pd.DataFrame, model: str = MODEL) -> PathModels:
    structural = sem.fit(model, data, name="structural")
    limits = {str(name): (float(data[name].min()) - 1.0, float(data[name].max()) + 1.0) for name in data}
    return path_models(structural, HYPOTHESES, data, limits, PLAN)


def test_every_hypothesis_of_the_model_has_a_row_an_estimator() -> None:
    data = _rows()
    made = _made(data)
    assert list(zip(made.hypotheses["id"], made.hypotheses["estimator"], strict=True)) == [
        (name, estimator) for name in ("H1", "H2") for estimator in ("ML", "PLS", "PLSc")
    ]
    assert set(made.hypotheses["verdict"]) == {"supported"}
    plain = pls.fit(MODEL, data, estimator="PLSc")
    path = plain.paths().set_index(["outcome", "predictor"]).loc[("int", "sat"), "est"]
    shown = made.hypotheses.query("id == 'H1' and estimator == 'PLSc'")["est"].item()
    assert shown == pytest.approx(path, rel=1e-12)
    own = made.hypotheses.query("id == 'H1' and estimator == 'ML'")
    assert own["ci_lower"].isna().all()
    std = next(row for row in sem.fit(MODEL, data).estimates if (row.lhs, row.op, row.rhs) == ("int", "~", "sat"))
    assert own["est"].item() == pytest.approx(std.std_all, rel=1e-12)


def test_composites_attenuate_and_consistent_pls_does_not() -> None:
    est = _made(_rows()).hypotheses.query("id == 'H1'").set_index("estimator")["est"]
    assert est["PLS"] < est["PLSc"]
    assert est["PLSc"] == pytest.approx(est["ML"], abs=0.03)


def test_importance_is_of_the_last_outcome_alone() -> None:
    made = _made(_rows())
    assert set(made.importance["target"]) == {"int"}
    assert set(made.importance["construct"]) == {"sat", "eff"}
    assert made.importance["performance"].between(0, 100).all()
    assert set(made.prediction["construct"]) == {"sat", "int"}


def test_a_model_that_pls_cannot_estimate_says_why() -> None:
    made = _made(_rows(), MODEL.replace("int ~ b*sat + eff", "int ~ b*sat + eff + 0*eff2"))
    assert made.absent.startswith("PLS: ")
    assert "PLSc: " in made.absent
    assert all(frame.empty for frame in (made.hypotheses, made.paths, made.constructs, made.prediction))


def test_the_same_seed_gives_the_same_frames() -> None:
    first, second = _made(_rows()), _made(_rows())
    pd.testing.assert_frame_equal(first.hypotheses, second.hypotheses)
    pd.testing.assert_frame_equal(first.prediction, second.prediction)


def test_p_values_are_adjusted_within_each_estimator_with_those_of_other_models() -> None:
    data = _rows(60)
    structural = sem.fit(MODEL, data, name="structural")
    limits = {str(name): (float(data[name].min()) - 1.0, float(data[name].max()) + 1.0) for name in data}
    families = families_of(HYPOTHESES, "holm").given({"H3": 1e-9})
    frame = path_models(structural, HYPOTHESES, data, limits, PLAN, families).hypotheses
    for _, rows in frame.groupby("estimator"):
        expected = families.adjusted(dict(zip(rows["id"], rows["pvalue"], strict=True)))
        assert dict(zip(rows["id"], rows["pvalue_adjusted"], strict=True)) == expected
        assert (rows["pvalue_adjusted"] >= rows["pvalue"]).all()
    assert list(frame["verdict"]) == list(map(verdict, frame["est"], frame["pvalue_adjusted"], "+" * len(frame)))
    plain = _made(data).hypotheses
    assert plain["pvalue_adjusted"].isna().all()
