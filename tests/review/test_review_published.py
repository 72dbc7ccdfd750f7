"""The published tables of ``data/published`` give the verdicts that are known of them."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest
from analysis.review.article import Cell
from analysis.review.result import Review, row_label
from analysis.review.verdict import Finding, Verdict
from tests.references import REPOSITORY
from tests.review.one_digit import review_text

PUBLISHED = sorted((REPOSITORY / "data" / "published").glob("*.yaml"))


@pytest.fixture(scope="module")
def reviews() -> dict[str, Review]:
    return {path.stem: review_text(path.read_text(encoding="utf-8")) for path in PUBLISHED}


def _of(outcome: Review, check: str) -> list[Finding]:
    return [finding for finding in outcome.findings if finding.check == check]


def _verdicts(findings: list[Finding]) -> list[str]:
    return [finding.verdict.value for finding in findings]


def test_kerckhoff_and_kenny_hold_together_with_errors_by_n_minus_1(reviews: dict[str, Review]) -> None:
    outcome = reviews["classic_kerckhoff_kenny"]
    assert outcome.consistent
    assert outcome.count(Verdict.NOT_RECOMPUTABLE) == 0
    errors = _of(outcome, "SE of a refitted path")
    assert len(errors) == len(_of(outcome, "refitted path")) == 15
    assert {finding.readings for finding in errors} == {("N − 1",)}
    assert len(_of(outcome, "refitted R-squared")) == 3


def test_zhang_reliabilities_follow_from_the_loadings(reviews: dict[str, Review]) -> None:
    outcome = reviews["zhang2020_place_image_cfa"]
    assert _verdicts(_of(outcome, "CR and AVE")) == ["consistent"] * 10
    assert _verdicts(_of(outcome, "estimate over SE")) == ["consistent"] * 28


def test_esselimani_h3_and_h4_do_not_hold_together(reviews: dict[str, Review]) -> None:
    outcome = reviews["esselimani2021_egov_maghreb"]
    rows: dict[str, set[str]] = {}
    for finding in outcome.findings:
        if finding.cell.table == "table6":
            rows.setdefault(row_label(outcome.article, finding.cell), set()).add(finding.verdict.value)
    assert rows["H1"] == rows["H2"] == {"consistent"}
    assert rows["H3"] == rows["H4"] == {"inconsistent"}
    shares = {row_label(outcome.article, f.cell): f for f in outcome.inconsistent if f.cell.column == "r2"}
    for name, implied in (("H3", 0.515), ("H4", 0.558)):
        found = shares[name].recomputed
        assert found is not None
        assert found.lower <= implied <= found.upper


def test_telkomnika_shares_follow_from_the_matrix(reviews: dict[str, Review]) -> None:
    outcome = reviews["telkomnika2015_pls_ict"]
    assert outcome.consistent
    assert _verdicts(_of(outcome, "refitted R-squared")) == ["consistent"] * 3
    assert _verdicts(_of(outcome, "square root of AVE")) == ["consistent"] * 4


def test_acta_has_one_p_that_does_not_follow(reviews: dict[str, Review]) -> None:
    outcome = reviews["acta2023_political_discontent"]
    found = _of(outcome, "p of an estimate")
    assert len(found) == 45
    wrong = [finding for finding in found if finding.verdict is Verdict.INCONSISTENT]
    assert [(row_label(outcome.article, f.cell), f.cell.of, f.cell.text) for f in wrong] == [
        ("Constant", "institutional", "0.05")
    ]
    assert "0.04" in wrong[0].mend


def test_byrne_scaled_indices(reviews: dict[str, Review]) -> None:
    outcome = reviews["tutorial_byrne_mbi_fit"]
    assert outcome.consistent
    assert _verdicts(_of(outcome, "CFI, TLI, NFI")) == ["consistent"] * 4
    assert [f.cell.text for f in _of(outcome, "scaled chi-square")] == ["567.753", "0.861"]


def test_duncan_haller_portes_is_accepted_with_either_baseline(reviews: dict[str, Review]) -> None:
    outcome = reviews["classic_duncan_haller_portes"]
    assert outcome.consistent
    assert len(_of(outcome, "CFI, TLI, NFI")) == 6
    assert [f.readings for f in _of(outcome, "df of the baseline")] == [("every covariance 0",), ("covariates covary",)]


def test_trust_in_governance_shares_follow_from_f(reviews: dict[str, Review]) -> None:
    outcome = reviews["trust_in_governance2023_hierarchical"]
    assert _verdicts(_of(outcome, "R-squared and F")) == ["consistent"] * 6
    assert [(f.check, f.cell.text) for f in outcome.inconsistent] == [("df of F and coefficients", "5")]


def test_the_abstract_of_the_original_study_has_nothing_to_recompute(reviews: dict[str, Review]) -> None:
    outcome = reviews["lebrument2021_smart_city"]
    assert outcome.article.numbers["n"].text == "604"
    assert _verdicts(list(outcome.findings)) == ["not recomputable"] * 3
    assert "coefficients" in outcome.article.file.not_printed


def test_every_published_file_has_a_test(reviews: dict[str, Review]) -> None:
    assert len(reviews) == 9


@pytest.mark.parametrize("path", PUBLISHED, ids=lambda path: path.stem)
def test_a_review_takes_no_time(path: object) -> None:
    from pathlib import Path

    assert isinstance(path, Path)
    start = time.perf_counter()
    review_text(path.read_text(encoding="utf-8"))
    assert time.perf_counter() - start < 3


def _cells(outcome: Review) -> Iterator[Cell]:
    for table in outcome.article.tables.values():
        yield from (cell for row in table.grid for cell in row)


def test_lines_lead_to_the_cells() -> None:
    for path in PUBLISHED:
        lines = path.read_text(encoding="utf-8").split("\n")
        for cell in _cells(review_text("\n".join(lines))):
            assert cell.text in lines[cell.line - 1]
