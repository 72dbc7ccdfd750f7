"""Verdicts on hypotheses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from analysis import multilevel, sem
from analysis.errors import SpecificationError
from analysis.inference.families import Families, adjust, families_of
from analysis.inference.hypotheses import judge, verdict, verdicts_under
from analysis.inference.smallest_effect import two_one_sided_tests
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


def test_the_adjusted_p_decides_where_the_study_adjusts(sems: Sems, mixeds: Mixeds) -> None:
    claims = [
        claim("H1", "parameter", "structural", "g ~ f"),
        claim("H2", "mixed", "moderated", "b", status="exploratory"),
        claim("H3", "mixed", "moderated", "center(a):b", family="confirmatory"),
    ]
    plain = judge(claims, sems, mixeds).set_index("id")
    table = judge(claims, sems, mixeds, families_of(claims, "holm")).set_index("id")
    assert plain["pvalue_adjusted"].isna().all()
    assert list(table["status"]) == ["confirmatory", "exploratory", "confirmatory"]
    assert list(table["family"]) == ["confirmatory", "exploratory", "confirmatory"]
    expected = adjust(plain.loc[["H1", "H3"], "pvalue"].to_numpy(), "holm")
    assert list(table.loc[["H1", "H3"], "pvalue_adjusted"]) == pytest.approx(list(expected))
    assert table.loc["H2", "pvalue_adjusted"] == plain.loc["H2", "pvalue"]
    for row in table.itertuples():
        assert row.verdict == verdict(row.est, row.pvalue_adjusted, row.expected)


def test_a_p_that_holds_alone_may_not_hold_in_its_family(sems: Sems) -> None:
    claims = [claim("H1", "parameter", "structural", "g ~ f"), claim("H2", "parameter", "structural", "f =~ b")]
    families = families_of(claims, "holm").given({"H2": 0.9})
    alone = verdicts_under(claims[:1], sems["structural"], "structural", families)
    crowd = Families("holm", {"H1": "f"} | {f"x{i}": "f" for i in range(50)}).given({f"x{i}": 1.0 for i in range(50)})
    weak = replace(
        sems["structural"], estimates=tuple(replace(row, pvalue=0.01) for row in sems["structural"].estimates)
    )
    assert alone == {"H1": "supported"}
    assert verdicts_under(claims[:1], weak, "structural", crowd) == {"H1": "not supported"}


def test_a_rival_has_a_say_on_what_it_estimates_alone(data: pd.DataFrame) -> None:
    claims = [
        claim("H1", "parameter", "structural", "g ~ f"),
        claim("H2", "parameter", "structural", "f =~ a"),
        claim("H3", "effect", "structural", "double"),
        claim("H4", "parameter", "measurement", "f ~~ g"),
        claim("H5", "mixed", "moderated", "b"),
    ]
    rival = sem.fit("f =~ a + b + c\ng =~ d + e + h\ng ~ f", data)
    assert verdicts_under(claims, rival, "structural", families_of(claims, "none")) == {"H1": "supported"}


@pytest.mark.parametrize(("unit", "est", "se"), [("b", "est", "se"), ("beta", "std_all", "std_all_se")])
def test_the_smallest_effect_of_interest_is_in_its_own_unit(sems: Sems, unit: str, est: str, se: str) -> None:
    row = sems["structural"].tidy().query("op == '~'").iloc[0]
    for size, outcome in ((2.0, "equivalent"), (0.05, "not equivalent")):
        table = judge([claim("H1", "parameter", "structural", "g ~ f", sesoi={unit: size})], sems, {})
        expected = two_one_sided_tests(row[est], row[se], size)
        assert table.loc[0, "tost_pvalue"] == expected.pvalue
        assert table.loc[0, "equivalence"] == outcome
        assert (table.loc[0, "sesoi"], table.loc[0, "sesoi_unit"]) == (size, unit)


def test_the_smallest_effect_of_a_mixed_model_has_degrees_of_freedom(sems: Sems, mixeds: Mixeds) -> None:
    table = judge([claim("H1", "mixed", "moderated", "b", sesoi={"b": 0.5})], sems, mixeds)
    term = mixeds["moderated"].fixed.set_index("term").loc["b"]
    expected = two_one_sided_tests(term["est"], term["se"], 0.5, term["df"])
    assert table.loc[0, "tost_pvalue"] == expected.pvalue
    assert judge([claim("H1", "mixed", "moderated", "b")], sems, mixeds).loc[0, "equivalence"] == ""
