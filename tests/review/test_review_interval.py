"""Intervals hold what they must."""

from __future__ import annotations

import math

import numpy as np
from analysis.review.interval import EVERYTHING, Interval, exactly, over_box, over_corners, total
from hypothesis import given, settings
from hypothesis import strategies as st

NUMBERS = st.floats(-50, 50, allow_nan=False)
SHARES = st.floats(0, 1)


@st.composite
def members(draw: st.DrawFn) -> tuple[Interval, float]:
    """An interval and a number in it."""
    low, high = sorted((draw(NUMBERS), draw(NUMBERS)))
    return Interval(low, high), min(max(low + draw(SHARES) * (high - low), low), high)


def holds(interval: Interval, value: float) -> bool:
    return interval.meets(exactly(value))


@given(members(), members())
def test_arithmetic_holds_the_result_of_members(first: tuple[Interval, float], second: tuple[Interval, float]) -> None:
    (X, x), (Y, y) = first, second
    assert holds(X + Y, x + y)
    assert holds(X - Y, x - y)
    assert holds(X * Y, x * y)
    assert holds(-X, -x)
    assert holds(1 - X, 1 - x)
    assert holds(2 * X + 1, 2 * x + 1)
    assert holds(X.squared(), x * x)
    assert holds(X.magnitude(), abs(x))
    assert holds(X.squared().root(), abs(x))
    assert holds(total([X, Y]), x + y)
    if abs(y) > 1e-6:
        assert holds(X / Y, x / y)


def test_quotients_by_zero_have_no_bound_on_that_side() -> None:
    assert Interval(1, 2) / Interval(0, 4) == Interval(0.25, math.inf)
    assert Interval(-2, -1) / Interval(0, 4) == Interval(-math.inf, -0.25)
    assert Interval(-1, 1) / Interval(0, 4) == EVERYTHING
    assert Interval(1, 2) / Interval(-1, 1) == EVERYTHING


def test_distance_and_meeting() -> None:
    assert Interval(0, 1).distance(Interval(3, 4)) == 2
    assert Interval(0, 1).distance(Interval(0.5, 4)) == 0
    assert Interval(0, 1).meets(Interval(1 + 1e-12, 2))
    assert not Interval(0, 1).meets(Interval(1.0001, 2))
    assert Interval(-5, 5).within(0, 1) == Interval(0, 1)
    assert Interval(7, 8).within(0, 1) == Interval(1, 1)


@settings(max_examples=30)
@given(st.floats(0.1, 3), st.floats(0.1, 3), st.floats(-0.9, 0.9), st.integers(0, 10**6))
def test_boxes_hold_the_values_within(a: float, b: float, c: float, seed: int) -> None:
    def bent(x: float, y: float, z: float) -> float:
        return x * math.sqrt((1 - z * z) / (x * x + y))

    box = [Interval(v - 0.005, v + 0.005) for v in (a, b, c)]
    found = over_box(bent, box)
    points = np.random.default_rng(seed).uniform([i.lower for i in box], [i.upper for i in box], (200, 3))
    values = [bent(*point) for point in points]
    assert found.lower <= min(values)
    assert max(values) <= found.upper
    # Not much wider than what it holds.
    corners = over_corners(bent, *box)
    assert found.radius <= 1.2 * corners.radius + 1e-4
