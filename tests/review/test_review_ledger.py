"""Published numbers against those of a rerun: within rounding or not, and why a number is not found."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from analysis.errors import SpecificationError
from analysis.review.ledger import Kept, PublishedNumber, compare, parse_ledger
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.references import REPOSITORY

PATHS = pd.DataFrame(
    {"lhs": ["y", "y", "m"], "op": ["=~"] * 3, "rhs": ["a", "b", "a"], "level": [1, 2, 1], "est": [0.2149, -0.4, None]}
)
TABLES = {
    "paths": PATHS,
    "flow": pd.DataFrame({"step": ["analysed"], "n": [1204], "share": [0.254], "kept": [True], "p": [1e-7]}),
}


def _number(printed: str, table: str = "flow", column: str = "n", **row: str) -> PublishedNumber:
    return PublishedNumber(printed=printed, table=table, column=column, row=row)


@pytest.mark.parametrize(
    ("number", "verdict"),
    [
        (_number("0.21**", "paths", "est", lhs="y", rhs="a"), Kept.WITHIN),
        (_number(".215", "paths", "est", lhs="y", rhs="a"), Kept.WITHIN),
        (_number(".215", "paths", "est", lhs="y", op="'=~", rhs="a"), Kept.WITHIN),
        (_number(".22", "paths", "est", lhs="y", rhs="a"), Kept.DIFFERS),
        (_number("\u22120.40", "paths", "est", lhs="y", level="2"), Kept.WITHIN),
        (_number("0.40", "paths", "est", lhs="y", rhs="b"), Kept.DIFFERS),
        (_number("1,204"), Kept.WITHIN),
        (_number("1205"), Kept.DIFFERS),
        (_number("25 %", column="share"), Kept.WITHIN),
        (_number("26 %", column="share"), Kept.DIFFERS),
        (_number("<.001", column="p", kept="true"), Kept.WITHIN),
        (_number(">.001", column="p"), Kept.DIFFERS),
    ],
)
def test_a_number_is_held_to_the_rounding_of_what_is_printed(number: PublishedNumber, verdict: Kept) -> None:
    assert compare(number, TABLES).verdict is verdict


@pytest.mark.parametrize(
    ("number", "reason"),
    [
        (_number("1", "flwo"), "did you mean 'flow'"),
        (_number("1", column="nn"), "no column 'nn'"),
        (_number("1", "paths", "est", lhs="y"), "2 rows"),
        (_number("1", "paths", "est", lhs="z"), "0 rows"),
        (_number("1", "paths", "est", side="z"), "no column 'side'"),
        (_number("1", "paths", "est", lhs="m"), "no number"),
        (_number("1", column="step"), "no number"),
        (_number("1", column="kept"), "no number"),
    ],
)
def test_a_number_that_is_not_there_comes_with_the_reason(number: PublishedNumber, reason: str) -> None:
    entry = compare(number, TABLES)
    assert (entry.verdict, entry.value, entry.difference) == (Kept.NOT_FOUND, None, None)
    assert reason in entry.reason


@settings(max_examples=60)
@given(st.floats(-1e3, 1e3), st.integers(0, 4))
def test_what_is_printed_from_a_rerun_is_within_rounding_of_it(value: float, decimals: int) -> None:
    entry = compare(_number(f"{value:.{decimals}f}", "t", "x"), {"t": pd.DataFrame({"x": [value]})})
    assert entry.verdict is Kept.WITHIN
    assert entry.difference == pytest.approx(value - float(f"{value:.{decimals}f}"))
    moved = {"t": pd.DataFrame({"x": [value + 1.01 * 10.0**-decimals]})}
    assert compare(entry.number, moved).verdict is Kept.DIFFERS


def test_every_mistake_comes_with_its_line() -> None:
    text = (
        "numbers:\n  - {printed: many, table: t, column: c}\n  - {printed: '-', table: t, column: c}\n  - {table: t}\n"
    )
    with pytest.raises(SpecificationError) as caught:
        parse_ledger(text, "published.yaml")
    places = [problem.where for problem in caught.value.problems]
    assert {"published.yaml:1", "published.yaml:2", "published.yaml:3", "published.yaml:4"} == set(places)


def test_the_documented_example_is_read() -> None:
    readme = (REPOSITORY / "data" / "published" / "README.md").read_text(encoding="utf-8")
    (example,) = re.findall(r"^```yaml\n(.*?)^```$", readme, flags=re.M | re.S)
    assert [number.column for number in parse_ledger(example, "published.yaml").numbers] == ["std", "pvalue", "n_left"]
