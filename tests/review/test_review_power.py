"""One digit changed in one cell is found in most tables."""

from __future__ import annotations

from tests.review.one_digit import measure


def test_most_changed_digits_are_found() -> None:
    power = measure(180, first_seed=7)
    assert sum(power.tried.values()) == 180
    assert power.share > 0.75
    assert sum(power.found.values()) + sum(power.missed.values()) == 180
