"""``smartcity freeze``: the plan of a study written down, and what a later run does otherwise."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from analysis.cli import main
from analysis.errors import SpecificationError
from analysis.preregistration import Given, deviations, digest, elements
from analysis.report.plan_tables import sentences
from analysis.report.sections import outline
from analysis.study import load_study
from tests.report.content_fixture import content

Edit = Callable[[str, str, str], None]
PLAN = "models/smartcity/preregistration.md"
HYPOTHESES = "models/smartcity/hypotheses.yaml"
STUDY = "models/smartcity/study.yaml"
STRUCTURAL = "models/smartcity/structural.lav"


@pytest.fixture
def frozen(project: Path) -> Path:
    assert main(["freeze", "--n", "604"]) == 0
    return project


def _responses(project: Path) -> str:
    block = re.findall(r"^```json\n(.*?)^```", (project / PLAN).read_text(encoding="utf-8"), flags=re.M | re.S)
    return str(json.loads(block[0])["elements"]["responses"]["plan"])


def _deviating(project: Path, n: int = 604, responses: str | None = None) -> pd.DataFrame:
    study = load_study(project, "smartcity")
    assert study.preregistration is not None
    return deviations(study.preregistration, study, Given(responses or _responses(project), n)).table


def test_the_plan_holds_what_a_registration_must(frozen: Path) -> None:
    text = (frozen / PLAN).read_text(encoding="utf-8")
    study = load_study(frozen, "smartcity")
    for hypothesis in study.hypotheses:
        assert re.search(rf"^\| {hypothesis.id} \| {re.escape(hypothesis.statement.en)} \|", text, flags=re.M)
    for model in (*study.models.values(), study.two_level):
        assert model is not None
        assert model.strip() in text
    for words in ("604 respondents after screening", "20201008", "| speed | exclude | 128 |", "| main | MLR | fiml |"):
        assert words in text
    assert f"| {STRUCTURAL} | " in text
    assert re.search(r"^\| structural \| 87 \| 212 \|$", text, flags=re.M)
    assert "simulated" in text


def test_words_of_the_study_do_not_break_out_of_the_table(project: Path, edit: Edit) -> None:
    edit(HYPOTHESES, "The higher internal", "<script>x</script> | a\\n``` The higher internal")
    assert main(["freeze"]) == 0
    text = (project / PLAN).read_text(encoding="utf-8")
    prose = text.partition("## The plan, for comparison")[0]
    assert "<script>" not in prose
    (row,) = [line for line in prose.splitlines() if line.startswith("| H1a |")]
    assert len(re.findall(r"(?<!\\)\|", row)) == 9
    assert _deviating(project).empty


def test_each_element_has_the_hash_of_its_content(frozen: Path) -> None:
    (block,) = re.findall(r"^```json\n(.*?)^```", (frozen / PLAN).read_text(encoding="utf-8"), flags=re.M | re.S)
    stored = json.loads(block)["elements"]
    planned = elements(load_study(frozen, "smartcity"))
    assert set(stored) == {*planned, "responses", "sample size"}
    assert all(entry["sha256"] == digest(entry["plan"]) for entry in stored.values())
    assert {name: stored[name]["sha256"] for name in planned} == {n: digest(value) for n, value in planned.items()}


def test_a_frozen_plan_is_not_overwritten_unless_told(frozen: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (frozen / PLAN).read_bytes()
    assert main(["freeze", "--n", "800"]) == 2
    assert "frozen already" in capsys.readouterr().err
    assert (frozen / PLAN).read_bytes() == before
    assert main(["freeze", "--n", "800", "--replace"]) == 0
    assert "800 respondents" in (frozen / PLAN).read_text(encoding="utf-8")


def test_a_study_with_mistakes_cannot_be_frozen(project: Path, edit: Edit, capsys: pytest.CaptureFixture[str]) -> None:
    edit(STRUCTURAL, "intention =~ int1", "intention =~ NA*int1")
    assert main(["freeze"]) == 2
    assert "not identified" in capsys.readouterr().err
    edit(STRUCTURAL, "intention =~ NA*int1", "intention =~ int1")
    assert main(["freeze", "--n", "0"]) == 2
    assert main(["freeze", "--data", "nowhere.csv"]) == 2
    assert not (project / PLAN).exists()


def test_a_plan_may_come_before_the_responses(project: Path) -> None:
    assert main(["freeze", "elsoc2016"]) == 0
    study = load_study(project, "elsoc2016")
    assert study.preregistration is not None
    found = deviations(study.preregistration, study, Given("any", 2916))
    assert found.blind
    assert found.table.empty


def test_nothing_deviates_from_a_plan_that_was_kept(frozen: Path, edit: Edit) -> None:
    edit(STRUCTURAL, "# What satisfaction", "# Where satisfaction")
    edit(HYPOTHESES, "hypotheses:\n", "# A remark\nhypotheses:\n\n")
    edit(STUDY, "threshold: 128", "threshold: 128.0")
    assert _deviating(frozen).empty


@pytest.mark.parametrize(
    ("file", "old", "new", "row"),
    [
        (STUDY, "threshold: 128", "threshold: 100", ("screening rule speed (exclude)", "changed", "threshold: 128.0")),
        (STUDY, "  - {rule: attention, action: exclude}\n", "", ("screening rule attention (exclude)", "left out", "")),
        (STUDY, "seed: 20201008", "seed: 1", ("seed", "changed", "20201008")),
        (STUDY, "estimator: MLR", "estimator: ML", ("estimation", "changed", "estimator: MLR")),
        (HYPOTHESES, "hypotheses:\n", "adjust: bh\nhypotheses:\n", ("adjustment of p values", "changed", "none")),
        (HYPOTHESES, 'sign: "+"\n    source: &belonging', 'sign: "-"\n    source: &belonging',
         ("hypothesis H4a", "changed", "sign: +")),
        (HYPOTHESES, "id: H6", "id: H7", ("hypothesis H6", "left out", "A commune's")),
        (STRUCTURAL, "# What intention", "satisfaction ~ belonging_conative\n# What intention",
         ("model structural", "changed", "")),
        ("models/smartcity/multilevel.yaml", "* offer", "+ offer + center(satisfaction_mean):offer",
         ("mixed model corollary", "changed", "intention_mean")),
        ("data/smartcity/codebook.yaml", "Strongly agree", "Agree very much", ("codebook", "changed", "")),
    ],
)  # fmt: skip
def test_what_deviates_is_named(
    frozen: Path, edit: Edit, file: str, old: str, new: str, row: tuple[str, str, str]
) -> None:
    edit(file, old, new)
    table = _deviating(frozen).set_index("element")
    name, change, was = row
    assert table.loc[name, "change"] == change
    assert str(table.loc[name, "was"]).startswith(was)


def test_check_tells_what_deviates(frozen: Path, edit: Edit, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check"]) == 0
    assert "Against the frozen plan: nothing deviates." in capsys.readouterr().out
    edit(STUDY, "threshold: 128", "threshold: 100")
    assert main(["check"]) == 0
    assert "Against the frozen plan: screening rule speed (exclude) deviates." in capsys.readouterr().out
    (frozen / PLAN).write_text("# Mine\n", encoding="utf-8")
    assert main(["check"]) == 2


def test_other_responses_and_another_number_of_them_deviate(frozen: Path) -> None:
    table = _deviating(frozen, n=500, responses="another file").set_index("element")
    assert set(table.index) == {"responses", "sample size"}
    assert list(table.loc["sample size"]) == ["changed", "604 respondents", "500 respondents"]


@pytest.mark.parametrize(
    "damage", ["", "# Mine\n", "```json\n[]\n```\n", '```json\n{"frozen": "x", "elements": {}}\n```\n']
)
def test_what_is_no_plan_says_so(frozen: Path, damage: str) -> None:
    (frozen / PLAN).write_text(damage, encoding="utf-8")
    study = load_study(frozen, "smartcity")
    with pytest.raises(SpecificationError, match="preregistration"):
        deviations(damage, study)


def test_a_plan_that_was_edited_is_found(frozen: Path) -> None:
    text = (frozen / PLAN).read_text(encoding="utf-8")
    study = load_study(frozen, "smartcity")
    assert '"threshold": 128.0' in text
    with pytest.raises(SpecificationError, match=r"changed after it was frozen: screening rule speed \(exclude\)"):
        deviations(text.replace('"threshold": 128.0', '"threshold": 90.0'), study)


def test_the_report_tells_what_deviates() -> None:
    made = content()
    assert made.plan is not None
    (section,) = [section for section in outline(made).sections if section.id == "deviations"]
    assert section.title == "Deviations from the preregistration"
    assert "before the responses were there" in section.paragraphs[0]
    assert "2 of its elements deviate: seed, hypothesis H5." in section.paragraphs[0]
    assert len(section.parts) == 1
    kept = replace(made.plan, blind=False, deviations=made.plan.deviations.iloc[:0])
    assert "Nothing deviates" in sentences(kept)[0]
    assert [s.parts for s in outline(replace(made, plan=kept)).sections if s.id == "deviations"] == [()]
    assert "deviations" not in {section.id for section in outline(replace(made, plan=None)).sections}
