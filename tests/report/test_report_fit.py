"""Fit as computed, scaled and robust: each says which it is; and what other estimators say."""

from __future__ import annotations

from dataclasses import replace

import pytest
from analysis.report import narrative
from analysis.report.content import ReportContent, SensitivityPart
from analysis.report.fit_versions import fit_rows, fit_sentence, versions_note
from analysis.report.sections import outline
from analysis.report.sensitivity_tables import agreement
from analysis.report.table import Table
from content_fixture import content


@pytest.fixture(scope="module")
def made() -> ReportContent:
    return content()


def sensitivity(made: ReportContent) -> SensitivityPart:
    assert made.sensitivity is not None
    return made.sensitivity


def plain(made: ReportContent) -> ReportContent:
    """The same content as maximum likelihood on complete rows gives it, without other estimators."""
    (complete, _) = sensitivity(made).models
    measurement = replace(made.measurement, estimator="ML", missing="listwise", glance=complete.glance)
    structural = replace(complete, id="structural", title="Structural model")
    return replace(made, measurement=measurement, structural=structural, sensitivity=None)


def table(made: ReportContent, name: str) -> Table:
    return next(table for table in outline(made).tables if table.id == name)


def test_every_version_of_a_measure_is_named_and_one_is_judged(made: ReportContent) -> None:
    rows = list(fit_rows([made.structural]))
    by_measure = {row.measure: [r for r in rows if r.measure == row.measure] for row in rows}
    assert [row.label for row in by_measure["cfi"]] == ["CFI, naive", "CFI, scaled", "CFI, robust"]
    assert [row.label for row in by_measure["chisq"]] == ["χ², naive", "χ², scaled"]
    assert [row.label for row in by_measure["srmr"]] == ["SRMR"]
    assert all(sum(row.judged for row in versions) == 1 for versions in by_measure.values())
    assert [row.label for row in rows if row.judged and row.measure in {"chisq", "cfi", "rmsea"}] == [
        "χ², scaled",
        "CFI, robust",
        "RMSEA, robust",
    ]


def test_a_model_with_one_version_needs_no_names(made: ReportContent) -> None:
    rows = list(fit_rows([plain(made).structural]))
    assert not [row.label for row in rows if "naive" in row.label or "scal" in row.label]


def test_models_with_and_without_a_version_stand_side_by_side(made: ReportContent) -> None:
    rows = {row.label: row.cells for row in fit_rows([made.structural, *sensitivity(made).models])}
    assert rows["χ², scaled"] == ("272.14", None, "272.14")
    assert rows["AIC"] == ("32558.62", "32558.62", None)


def test_rules_of_thumb_stand_beside_robust_values(made: ReportContent) -> None:
    shown = table(made, "fit").shown.set_index("measure")
    assert shown.loc["CFI, robust", "criterion"] == "close to .95 or above"
    assert shown.loc["CFI, naive", "criterion"].strip() == ""
    assert table(plain(made), "fit").shown.set_index("measure").loc["CFI", "criterion"] == "close to .95 or above"


def test_the_sentence_names_what_is_scaled_and_robust(made: ReportContent) -> None:
    assert fit_sentence(made.structural) == (
        "Yuan-Bentler scaled χ²(209) = 272.14 (scaling factor 1.056), p = .002; robust CFI .988; "
        "robust RMSEA .023 [.014, .030]; SRMR .031"
    )
    assert fit_sentence(plain(made).structural) == (
        "χ²(209) = 287.41, p < .001; CFI .987; RMSEA .025 [.018, .032]; SRMR .031"
    )


def test_the_treatment_of_missing_answers_is_in_words(made: ReportContent) -> None:
    assert "every answer given counts" in " ".join(narrative.estimation_text(made.structural))
    assert "left out (listwise) (102 responses)" in " ".join(narrative.estimation_text(plain(made).structural))


def test_verdicts_that_differ_are_named(made: ReportContent) -> None:
    words = agreement(made, sensitivity(made))
    assert words.startswith("Verdicts differ for 1 of 5 hypotheses: H4 – ")
    assert "Complete rows (ML): not supported" in words
    assert ("Other estimators", words) in narrative.at_a_glance(made)


def test_verdicts_that_agree_are_counted(made: ReportContent) -> None:
    part = sensitivity(made)
    same = replace(part, verdicts=part.verdicts.assign(verdict="supported"))
    assert agreement(made, same) == "All verdicts agree: 5 hypotheses under 3 analyses."
    none = replace(part, verdicts=part.verdicts.iloc[:0])
    assert agreement(made, none) == "No hypothesis rests on the structural model."


def test_the_section_shows_hypotheses_and_fit_under_each_estimator(made: ReportContent) -> None:
    blocks = table(made, "sensitivity").blocks()
    assert [len(block.rows) for block in blocks] == [3] * 5
    assert blocks[0].title.startswith("H1a. ")
    assert [row[1].text for row in blocks[0].rows] == ["604", "502", "502"]
    columns = [column.header for column in table(made, "sensitivity_fit").columns]
    assert columns[1:] == [
        "Main (MLR, FIML)",
        "Complete rows (ML)",
        "Ordinal (WLSMV)",
    ]


def test_without_alternatives_there_is_no_section_and_the_checklist_says_so(made: ReportContent) -> None:
    plan = outline(plain(made))
    assert "sensitivity" not in {section.id for section in plan.sections}
    shown = {row[0].text: row[2].text for block in table(plain(made), "checklist").blocks() for row in block.rows}
    assert shown["Scaled or robust statistics"] == "not available: the estimator has none"
    assert shown["Results under other estimators and treatments of missing answers"].endswith("declares none")
    shown = {row[0].text: row[2].text for block in table(made, "checklist").blocks() for row in block.rows}
    assert shown["Scaled or robust statistics"] == plan.labels["table-fit"]


def test_a_rival_table_of_one_estimator_has_no_empty_rows(made: ReportContent) -> None:
    frame = made.rivals.assign(chisq_scaled=None, pvalue_scaled=None)
    measures = list(table(replace(made, rivals=frame), "rivals").shown["measure"])
    assert "χ²" in measures
    assert "χ², scaled" not in measures
    scaled = made.rivals.assign(chisq_scaled=280.0, pvalue_scaled=0.01)
    measures = list(table(replace(made, rivals=scaled), "rivals").shown["measure"])
    assert measures[:5] == ["χ², naive", "df", "p, naive", "χ², scaled", "p, scaled"]


def test_robust_values_name_their_source(made: ReportContent) -> None:
    assert "Zhang & Savalei" in versions_note([made.structural])
    assert "Brosseau-Liard" not in versions_note([made.structural])
    assert "Brosseau-Liard" in versions_note([replace(made.structural, missing="listwise")])
    complete, ordinal = sensitivity(made).models
    assert "Savalei 2021" in versions_note([complete, ordinal])
    assert versions_note([complete]) == "No statistic here is scaled or robust."
