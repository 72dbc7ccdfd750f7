"""The page of a review: every verdict in its cell and in words, safe words, no network, a text to paste."""

from __future__ import annotations

import base64
import hashlib
import re
from html import unescape

import pytest
from analysis.report.review_page import SIGNS, review_page
from analysis.report.review_words import report_text
from analysis.review.result import Review
from analysis.review.verdict import Verdict
from tests.references import REPOSITORY
from tests.report.html_page import Page
from tests.review.one_digit import review_text

ARTICLES = sorted(path.stem for path in (REPOSITORY / "data" / "published").glob("*.yaml"))


def _review(name: str) -> Review:
    return review_text((REPOSITORY / "data" / "published" / f"{name}.yaml").read_text(encoding="utf-8"))


def _marked(page: Page) -> list[dict[str, str | None]]:
    return [attrs for _, attrs in page.tags if "cell" in (attrs.get("class") or "").split()]


@pytest.mark.parametrize("name", ARTICLES)
def test_every_verdict_is_on_the_page_with_its_sign_and_word(name: str) -> None:
    outcome = _review(name)
    text = review_page(outcome, f"{name}.yaml")
    page = Page(text)
    assert page.unbalanced == []
    marked = _marked(page)
    assert len(marked) == len(outcome.verdicts)
    for verdict, sign in SIGNS.items():
        words = f'<span class="sign" aria-hidden="true">{sign}</span><span class="hidden">{verdict.value}: </span>'
        assert text.count(words) == outcome.count(verdict)
    ids = page.values("id")
    assert len(ids) == len(set(ids))
    assert {attrs["aria-describedby"] for attrs in marked} <= set(ids)
    assert all(attrs["tabindex"] == "0" for attrs in marked)


@pytest.mark.parametrize("name", ARTICLES)
def test_every_finding_is_told_with_its_formula(name: str) -> None:
    outcome = _review(name)
    text = unescape(review_page(outcome, "x.yaml"))
    for check in {finding.check for finding in outcome.findings}:
        assert outcome.checks[check].formula in text
    for finding in outcome.findings:
        for words in (*finding.readings, finding.mend, finding.missing, finding.remark):
            assert words in text
    for table in outcome.article.tables.values():
        assert all(cell.text in text for row in table.grid for cell in row)


def test_the_page_needs_no_network_and_runs_its_own_script_alone() -> None:
    text = review_page(_review("acta2023_political_discontent"), "x.yaml")
    page = Page(text)
    assert page.values("src") == []
    assert page.values("href") == ["#main"]
    assert "@import" not in text
    assert "url(" not in text
    (script,) = re.findall(r"<script>(.*?)</script>", text, flags=re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    assert f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{digest}'" in text


def test_the_text_to_paste_is_neutral_and_whole() -> None:
    outcome = _review("acta2023_political_discontent")
    text = report_text(outcome)
    assert (
        "1. Regression analysis, final model, Constant, p (institutional): the printed value 0.05 can't follow from "
        "the numbers it depends on, which give 0.043 to 0.044 (t with 705 df; normal) [p of an estimate]. "
        "A typo would explain it: 0.04 in place of 0.05." in text
    )
    assert "The article would have to print:\n- the estimate and its standard error [estimate over SE; 45" in text
    (pasted,) = re.findall(r'<pre id="report" tabindex="0">(.*?)</pre>', review_page(outcome, "x"), flags=re.DOTALL)
    assert unescape(pasted) == text


def test_the_text_of_an_article_that_holds_together() -> None:
    text = report_text(_review("zhang2020_place_image_cfa"))
    assert "All of them can follow from the others." in text
    assert "can't follow" not in text


HOSTILE = """
slug: "</title><script>alert(1)</script>"
citation: "<img src=http://example.org/x onerror=alert(1)>"
n: "100"
models: {m: "f =~ a + b + c"}
tables:
  "t\\"><script>alert(2)</script>":
    kind: correlations
    title: "</style><b>bold</b>"
    columns: variable | r = <i>r</i>
    notes: "<script>alert(3)</script>"
    rows: |
      <script>alert(4)</script> | 1.20
      "x' onclick='alert(5)" | .3 | .4
claims:
  - {words: "<script>alert(6)</script>"}
not_printed: ["<script>alert(7)</script>"]
"""


def test_hostile_words_stay_words() -> None:
    outcome = review_text(
        HOSTILE.replace("columns: variable | r = <i>r</i>", "columns: variable | r\n    diagonal: one")
    )
    text = review_page(outcome, "<script>alert(8)</script>.yaml")
    page = Page(text)
    assert page.unbalanced == []
    assert (page.count("script"), page.count("img"), page.count("style"), page.count("title")) == (1, 0, 1, 1)
    assert not any(name.startswith("on") for _, attrs in page.tags for name in attrs)
    assert text.count("alert(") == text.count("&lt;script&gt;alert(") + text.count("onerror=alert(1)&gt;") + text.count(
        "onclick=&#39;alert(5)"
    )


def test_an_impossible_number_is_said_to_be_out_of_range() -> None:
    outcome = review_text(
        HOSTILE.replace("columns: variable | r = <i>r</i>", "columns: variable | r\n    diagonal: one")
    )
    assert outcome.count(Verdict.INCONSISTENT) >= 1
    assert "the printed value 1.20 lies outside the range of this statistic, \u22121.000 to 1.000." in report_text(
        outcome
    )
