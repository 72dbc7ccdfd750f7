"""``smartcity check``: what a study's files lead to, and every mistake before anything runs."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from analysis.cli import main

Edit = Callable[[str, str, str], None]
HYPOTHESES = "models/smartcity/hypotheses.yaml"
STRUCTURAL = "models/smartcity/structural.lav"


def _mistakes(capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["check"]) == 2
    return capsys.readouterr().err


def test_a_table_of_models(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    # Parameters and df as in the committed fit of the study
    assert re.search(r"^structural +87 +299 +212 +yes$", out, flags=re.M)
    assert re.search(r"^full_mediation +85 +299 +214 +yes$", out, flags=re.M)
    assert "11 hypotheses" in out
    assert not (project / ".cache").exists()


def test_responses_are_not_needed(project: Path) -> None:
    assert main(["check", "elsoc2016"]) == 0


@pytest.mark.parametrize(
    ("file", "old", "new", "words"),
    [
        (STRUCTURAL, "=~ sat1 +", "=~ satt1 +", "structural.lav:10: 'satt1' is neither"),
        (HYPOTHESES, "id: H1b", "id: H1a", "'H1a' stands twice"),
        (HYPOTHESES, '    sign: "+"\n    source: &communication', "    source: &communication", "sign' is missing"),
        (STRUCTURAL, "intention =~ int1", "intention =~ NA*int1", "'structural' is not identified"),
        ("models/smartcity/rivals/full_mediation.lav", "=~ sat1", "=~ NA*sat1", "'full_mediation' is not identified"),
        (STRUCTURAL, "b*satisfaction + c1*", "b*satisfaction + 0.5*", "label 'c1', which no parameter carries"),
        (HYPOTHESES, "intention ~ satisfaction", "internal_efficacy ~~ intention", "does not have the parameter"),
        (HYPOTHESES, '"center(satisfaction_mean):offer"', '"center(internal_efficacy_mean):offer"', "no term"),
    ],
)
def test_each_mistake_has_its_message(
    project: Path, edit: Edit, capsys: pytest.CaptureFixture[str], file: str, old: str, new: str, words: str
) -> None:
    edit(file, old, new)
    said = _mistakes(capsys)
    assert words in said
    assert "→" in said


def test_mistakes_of_several_models_come_together(
    project: Path, edit: Edit, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(STRUCTURAL, "intention =~ int1", "intention =~ NA*int1")
    edit("models/smartcity/rivals/full_mediation.lav", "=~ sat1", "=~ NA*sat1")
    edit(STRUCTURAL, "d3*belonging_conative", "0*belonging_conative")
    said = _mistakes(capsys)
    assert "models/smartcity/structural.lav" in said
    assert "models/smartcity/rivals/full_mediation.lav" in said
    assert re.search(r"hypotheses\.yaml:\d+: no model estimates H4c: 'structural' fixes", said)


def test_what_leads_nowhere_is_noted(project: Path, edit: Edit, capsys: pytest.CaptureFixture[str]) -> None:
    edit("models/smartcity/study.yaml", "  marker: marker\n", "")
    edit(STRUCTURAL, "satisfaction ~ a1", "satisfaction ~ belonging_conative\nsatisfaction ~ a1")
    assert main(["check"]) == 0
    out = capsys.readouterr().out
    assert "Note: no model uses mk1, mk2, mk3 (marker)" in out
    assert "Note: no hypothesis is about 'satisfaction ~ belonging_conative'" in out


@pytest.mark.parametrize(
    ("sesoi", "words"),
    [
        ("{}", "one unit"),
        ("{b: 0.1, beta: 0.1}", "one unit"),
        ("{b: -0.1}", "greater than 0"),
        ("{d: 0.1}", "unknown key 'd'"),
    ],
)
def test_a_smallest_effect_has_one_unit(
    project: Path, edit: Edit, capsys: pytest.CaptureFixture[str], sesoi: str, words: str
) -> None:
    edit(HYPOTHESES, "    source: &belonging", f"    sesoi: {sesoi}\n    source: &belonging")
    assert words in _mistakes(capsys)


def test_terms_of_mixed_models_are_not_standardised(
    project: Path, edit: Edit, capsys: pytest.CaptureFixture[str]
) -> None:
    edit(HYPOTHESES, "{kind: mixed,", "{kind: mixed,")
    path = project / HYPOTHESES
    path.write_text(path.read_text(encoding="utf-8") + "    sesoi: {beta: 0.1}\n", encoding="utf-8")
    assert "not standardised" in _mistakes(capsys)


@pytest.mark.parametrize(("line", "words"), [("adjust: hollm", "adjust"), ("adjust: bh", "")])
def test_the_adjustment_is_one_that_is_known(
    project: Path, edit: Edit, capsys: pytest.CaptureFixture[str], line: str, words: str
) -> None:
    edit(HYPOTHESES, "hypotheses:\n", f"{line}\nhypotheses:\n")
    if words:
        assert words in _mistakes(capsys)
    else:
        assert main(["check"]) == 0
        assert "adjusted by: bh" in capsys.readouterr().out
