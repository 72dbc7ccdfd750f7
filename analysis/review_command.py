"""The command ``review``: read a published article, check its tables, print, write JSON and a page."""

from __future__ import annotations

import argparse
from pathlib import Path

from analysis.errors import DataError, Problem

TEMPLATES = ("sem", "pls", "multilevel", "invariance")


def add_options(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("published", type=Path, nargs="?", metavar="PUBLISHED.yaml", help="tables as printed")
    parser.add_argument("--page", type=Path, metavar="OUT.html", help="write the tables with their verdicts as a page")
    parser.add_argument("--template", choices=TEMPLATES, help="print a file to fill in, and stop")
    parser.add_argument("--checks", action="store_true", help="list the checks, their formulas and needs, and stop")


def run(options: argparse.Namespace) -> int:
    """Review one article; 1 where something printed is inconsistent, 0 otherwise."""
    if options.template is not None:
        template = Path(__file__).parent / "review" / "templates" / f"{options.template}.yaml"
        print(template.read_text(encoding="utf-8"), end="")
        return 0
    if options.checks:
        from analysis.report.review_terminal import checks_table
        from analysis.review.audit import checks

        print(checks_table(checks()))
        return 0
    if options.published is None:
        hint = "name a file, or 'smartcity review --template sem > published.yaml' for one to fill in"
        raise DataError(Problem("there is nothing to review", "smartcity review", hint))
    from analysis import writing
    from analysis.report.review_terminal import review_summary
    from analysis.review.audit import review
    from analysis.review.reading import read_article
    from analysis.survey import plain

    text = plain.read_words(options.published)
    folder = options.published.parent
    article = read_article(text, str(options.published), lambda name: plain.read_words(folder / name))
    outcome = review(article)
    print(review_summary(outcome))
    if options.json is not None:
        writing.write_text(options.json, outcome.to_json() + "\n")
    if options.page is not None:
        from analysis.report.review_page import review_page

        writing.write_text(options.page, review_page(outcome, options.published.name))
        print(f"\nThe page is at {options.page}")
    return 0 if outcome.consistent else 1
