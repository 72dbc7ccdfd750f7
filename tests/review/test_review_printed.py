"""Printed numbers: the interval holds what was rounded, however it was printed."""

from __future__ import annotations

import math

import pytest
from analysis.review.interval import Interval, exactly
from analysis.review.printed import UnreadableNumberError, is_absent, read_number
from hypothesis import given
from hypothesis import strategies as st


@given(st.floats(-1e4, 1e4), st.integers(0, 6), st.sampled_from(["", "*", "***", "a", "**b", " (a)", "ᵃ", "†"]))
def test_a_rounded_number_is_read_as_the_interval_it_came_from(value: float, decimals: int, marks: str) -> None:
    text = f"{value:.{decimals}f}"
    printed = read_number(text.replace("-", "\u2212") + marks)
    assert printed.interval.meets(exactly(value))
    assert math.isclose(printed.interval.radius, 0.5 * 10.0**-decimals, rel_tol=1e-6)
    assert printed.decimals == decimals
    comma = read_number(text.replace(".", ","))
    assert comma.interval == printed.interval
    assert ("decimal comma" in comma.notes) == (decimals > 0)


@given(st.floats(0, 0.999), st.integers(2, 4))
def test_the_zero_before_the_point_may_be_left_out(value: float, decimals: int) -> None:
    text = f"{value:.{decimals}f}"
    assert read_number(text.removeprefix("0")).interval == read_number(text).interval


@pytest.mark.parametrize(
    ("text", "interval"),
    [
        ("0.70", Interval(0.695, 0.705)),
        ("0.7", Interval(0.65, 0.75)),
        ("<.001", Interval(-math.inf, 0.001)),
        ("< 0,001", Interval(-math.inf, 0.001)),
        ("p", None),
        (">.999", Interval(0.999, math.inf)),
        ("n.s.", Interval(0.05, 1)),
        ("ns", Interval(0.05, 1)),
        ("1.2e-05", Interval(1.15e-5, 1.25e-5)),
        ("3.27 × 10^-13", Interval(3.265e-13, 3.275e-13)),
        ("(0.05)", Interval(0.045, 0.055)),
        ("12%", Interval(11.5, 12.5)),
        ("1,234.5", Interval(1234.45, 1234.55)),
        ("0.38 (0.07)", None),
        ("1.2.3", None),
        ("", None),
        ("1,23,4", None),
        ("1e999", None),
    ],
)
def test_forms(text: str, interval: Interval | None) -> None:
    if interval is None:
        with pytest.raises(UnreadableNumberError):
            read_number(text)
        return
    found = read_number(text).interval
    assert found.lower == pytest.approx(interval.lower)
    assert found.upper == pytest.approx(interval.upper)


def test_counts_are_exact_and_commas_in_them_separate_thousands() -> None:
    assert read_number("1,204", count=True).interval == exactly(1204)
    assert read_number("1,204").interval == Interval(1.2035, 1.2045)
    assert read_number("1 204", count=True).interval == exactly(1204)
    assert read_number("12.5", count=True).interval == Interval(12.45, 12.55)


def test_stars_and_footnotes_are_kept() -> None:
    printed = read_number("−.36**b")
    assert (printed.value, printed.stars, printed.marks) == (-0.36, "**", "b")
    assert read_number("0.36***").text == "0.36***"


@pytest.mark.parametrize("text", ["", "-", "–", "—", "\u2212", "n/a", "not printed"])
def test_what_is_absent(text: str) -> None:
    assert is_absent(text)
