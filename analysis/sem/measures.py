"""Fit measures by name: a number, or None where the measure is not defined."""

Measures = dict[str, int | float | None]
