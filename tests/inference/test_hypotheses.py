"""Verdicts on hypotheses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
import pytest
from analysis import multilevel, sem
from analysis.errors import SpecificationError
from analysis.inference.hypotheses import judge, verdict

MODEL = """
f =~ a + b + c
g =~ d + e + h
g ~ p*f
double := 2*p
"""


@dataclass(frozen=True)
class Words:
    en: str = "The more f, the more g."
    fr: str = "Plus de f, plus de g."


@dataclass(frozen=True)
class Target:
    kind: str
    model: str
    name: str


@dataclass(frozen=True)
class Claim:
    id: str
    estimand: Target
    sign: str = "+"
    statement: Words = Words()


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
            Claim("H1", Target("parameter", "structural", "g~f")),
            Claim("H2", Target("effect", "structural", "double"), sign="-"),
            Claim("H3", Target("parameter", "structural", "b ~~ b")),
            Claim("H4", Target("mixed", "moderated", "b:center(a)")),
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
        Claim("H1", Target("parameter", "structual", "g ~ f")),
        Claim("H2", Target("parameter", "structural", "f ~ g")),
        Claim("H3", Target("parameter", "structural", "f =~ a")),
        Claim("H4", Target("effect", "structural", "duble")),
        Claim("H5", Target("mixed", "moderated", "center(b)")),
        Claim("H6", Target("parameter", "structural", "nothing")),
        Claim("H7", Target("mixed", "structural", "b")),
    ]
    with pytest.raises(SpecificationError) as caught:
        judge(claims, sems, mixeds)
    assert [problem.where for problem in caught.value.problems] == [f"hypothesis H{i}" for i in range(1, 8)]
    message = str(caught.value)
    for words in ("did you mean 'structural'?", "'f =~ a' is fixed", "did you mean 'double'?", "no mixed model"):
        assert words in message
