"""Verdicts on hypotheses."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import multilevel, sem
from analysis.errors import SpecificationError
from analysis.inference.hypotheses import judge, verdict
from analysis.study_files import Hypothesis

MODEL = """
f =~ a + b + c
g =~ d + e + h
g ~ p*f
double := 2*p
"""


def claim(name: str, kind: str, model: str, estimand: str, sign: str = "+", **declared: object) -> Hypothesis:
    content = {
        "id": name,
        "statement": {"en": "The more f, the more g.", "fr": "Plus de f, plus de g."},
        "estimand": {"kind": kind, "model": model, "name": estimand},
        "sign": sign,
        "source": "made up",
        **declared,
    }
    return Hypothesis.model_validate(content)


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    rng = np.random.default_rng(1)
    f = rng.normal(size=300)
    g = 0.6 * f + rng.normal(size=300)
    columns = {n: f + rng.normal(0, 0.7, 300) for n in "abc"} | {n: g + rng.normal(0, 0.7, 300) for n in "deh"}
    return pd.DataFrame(columns | {"commune": np.arange(300) % 20})


@pytest.fixture(scope="module")
def sems(data: pd.DataFrame) -> dict[str, sem.SemResult]:
    return {"structural": sem.fit(MODEL, data)}


@pytest.fixture(scope="module")
def mixeds(data: pd.DataFrame) -> dict[str, multilevel.MixedResult]:
    return {"moderated": multilevel.fit("d ~ center(a) * b + (1 | commune)", data)}


Sems = dict[str, sem.SemResult]
Mixeds = dict[str, multilevel.MixedResult]


@pytest.mark.parametrize(
    ("est", "pvalue", "sign", "expected"),
    [
        (0.3, 0.01, "+", "supported"),
        (-0.3, 0.01, "-", "supported"),
        (-0.3, 0.01, "+", "contrary"),
        (0.3, 0.01, "-", "contrary"),
        (0.3, 0.05, "+", "not supported"),
        (0.3, None, "+", "not supported"),
        (0.3, float("nan"), "+", "not supported"),
    ],
)
def test_verdict(est: float, pvalue: float | None, sign: str, expected: str) -> None:
    assert verdict(est, pvalue, sign) == expected


def test_parameters_effects_and_terms_are_found(sems: Sems, mixeds: Mixeds) -> None:
    table = judge(
        [
            claim("H1", "parameter", "structural", "g~f"),
            claim("H2", "effect", "structural", "double", sign="-"),
            claim("H3", "parameter", "structural", "b ~~ b"),
            claim("H4", "mixed", "moderated", "b:center(a)"),
        ],
        sems,
        mixeds,
    ).set_index("id")
    path = sems["structural"].tidy().query("op == '~'").iloc[0]
    assert table.loc["H1", "est"] == path["est"]
    assert table.loc["H1", "std"] == path["std_all"]
    assert list(table["verdict"][:3]) == ["supported", "contrary", "supported"]
    assert table.loc["H2", "est"] == pytest.approx(2 * path["est"])
    assert table.loc["H4", "est"] == mixeds["moderated"].fixed.set_index("term").loc["center(a):b", "est"]
    assert np.isnan(table.loc["H4", "std"])
    assert table.loc["H1", "statement_fr"] == "Plus de f, plus de g."


def test_every_mistake_is_told(sems: Sems, mixeds: Mixeds) -> None:
    claims = [
        claim("H1", "parameter", "structual", "g ~ f"),
        claim("H2", "parameter", "structural", "f ~ g"),
        claim("H3", "parameter", "structural", "f =~ a"),
        claim("H4", "effect", "structural", "duble"),
        claim("H5", "mixed", "moderated", "center(b)"),
        claim("H6", "parameter", "structural", "nothing"),
        claim("H7", "mixed", "structural", "b"),
    ]
    with pytest.raises(SpecificationError) as caught:
        judge(claims, sems, mixeds)
    assert [problem.where for problem in caught.value.problems] == [f"hypothesis H{i}" for i in range(1, 8)]
    message = str(caught.value)
    for words in ("did you mean 'structural'?", "'f =~ a' is fixed", "did you mean 'double'?", "no mixed model"):
        assert words in message
