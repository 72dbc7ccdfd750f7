"""How numbers are shown: conventions, and properties over all numbers."""

from __future__ import annotations

import math

import pytest
from analysis.report.rounding import MINUS, NONE, Kind, interval, p_phrase, show, stars
from hypothesis import given
from hypothesis import strategies as st

NUMBERS = [Kind.NUMBER, Kind.ESTIMATE, Kind.BOUNDED, Kind.CORRELATION]


@pytest.mark.parametrize(
    ("value", "kind", "expected"),
    [
        (0.05, Kind.BOUNDED, ".050"),
        (-0.234, Kind.CORRELATION, f"{MINUS}.23"),
        (1.0, Kind.CORRELATION, "1.00"),
        (0.9999, Kind.BOUNDED, "1.000"),
        (-0.0001, Kind.BOUNDED, ".000"),
        (-0.004, Kind.NUMBER, "0.00"),
        (-1.5, Kind.NUMBER, f"{MINUS}1.50"),
        (0.5, Kind.ESTIMATE, "0.500"),
        (604.0, Kind.COUNT, "604"),
        (0.1234, Kind.PERCENT, "12.3 %"),
        (0.00099, Kind.PVALUE, "< .001"),
        (0.0, Kind.PVALUE, "< .001"),
        (0.001, Kind.PVALUE, ".001"),
        (0.0496, Kind.PVALUE, ".050"),
        (1.0, Kind.PVALUE, "> .999"),
        (3.2e-9, Kind.TINY, "3.2e-09"),
        (0, Kind.TINY, "0"),
        (float("inf"), Kind.NUMBER, "∞"),
        (None, Kind.NUMBER, NONE),
        (float("nan"), Kind.PVALUE, NONE),
        ("", Kind.TEXT, NONE),
        (True, Kind.YES_NO, "yes"),
        (False, Kind.YES_NO, "no"),
    ],
)
def test_a_value_is_shown_by_the_journal_convention(value: object, kind: Kind, expected: str) -> None:
    assert show(value, kind) == expected


@given(st.floats(-1, 1), st.sampled_from([Kind.BOUNDED, Kind.CORRELATION]))
def test_bounded_statistics_have_no_leading_zero_and_stay_near_their_value(value: float, kind: Kind) -> None:
    text = show(value, kind)
    assert not text.removeprefix(MINUS).startswith("0")
    assert abs(float(text.replace(MINUS, "-")) - value) <= 0.5 * 10.0 ** -len(text.partition(".")[2]) + 1e-12


@given(st.floats(-1e6, 1e6), st.sampled_from(NUMBERS))
def test_every_number_of_a_kind_has_the_same_number_of_decimals(value: float, kind: Kind) -> None:
    text = show(value, kind)
    assert len(text.partition(".")[2]) == len(show(0.123456, kind).partition(".")[2])
    assert "-" not in text
    assert (text[0] == MINUS) == (float(text.replace(MINUS, "-")) < 0)


@given(st.floats(0, 1))
def test_p_never_becomes_zero_or_one(value: float) -> None:
    text = show(value, Kind.PVALUE)
    assert text not in {".000", "1.000", "0"}
    assert p_phrase(value) == (f"p {text}" if text[0] in "<>" else f"p = {text}")


@pytest.mark.parametrize(("p", "mark"), [(0.0009, "***"), (0.009, "**"), (0.049, "*"), (0.05, " n.s."), (0.7, " n.s.")])
def test_what_is_not_significant_is_written_out(p: float, mark: str) -> None:
    assert stars(p) == mark


def test_a_p_that_is_absent_gets_no_mark() -> None:
    assert stars(math.nan) == ""
    assert p_phrase(None) == f"p {NONE}"


def test_an_interval_without_a_limit_is_a_dash() -> None:
    assert interval(0.1, 0.2, Kind.NUMBER) == "[0.10, 0.20]"
    assert interval(math.nan, 0.2, Kind.NUMBER) == NONE
