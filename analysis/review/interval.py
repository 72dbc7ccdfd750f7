"""Closed intervals, and ranges of functions over boxes of them.

Interval arithmetic: Moore, Kearfott & Cloud (2009), Introduction to Interval Analysis, SIAM, chapters 2 and 5.
Bounds may be wider than the range of a function (where a variable stands in it twice), never narrower, but for
floating-point error, for which ``meets`` leaves room.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import product

# Far below half a unit of any printed place, far above what a few hundred operations lose.
ROOM = 1e-9


@dataclass(frozen=True, slots=True)
class Interval:
    """All numbers from ``lower`` to ``upper``, either of which may be infinite."""

    lower: float
    upper: float

    @property
    def centre(self) -> float:
        """The midpoint."""
        return 0.5 * (self.lower + self.upper)

    @property
    def bounded(self) -> bool:
        """Whether both ends are finite."""
        return math.isfinite(self.lower) and math.isfinite(self.upper)

    @property
    def radius(self) -> float:
        """Half the width."""
        return 0.5 * (self.upper - self.lower)

    def __add__(self, other: Interval | float) -> Interval:
        other = exactly(other)
        return Interval(self.lower + other.lower, self.upper + other.upper)

    def __radd__(self, other: float) -> Interval:
        return self + other

    def __neg__(self) -> Interval:
        return Interval(-self.upper, -self.lower)

    def __rsub__(self, other: float) -> Interval:
        return exactly(other) - self

    def __sub__(self, other: Interval | float) -> Interval:
        return self + (-exactly(other))

    def __mul__(self, other: Interval | float) -> Interval:
        other = exactly(other)
        ends = [_times(a, b) for a in (self.lower, self.upper) for b in (other.lower, other.upper)]
        return Interval(min(ends), max(ends))

    def __rmul__(self, other: float) -> Interval:
        return self * other

    def __rtruediv__(self, other: float) -> Interval:
        return exactly(other) / self

    def __truediv__(self, other: Interval | float) -> Interval:
        other = exactly(other)
        if other.lower <= 0 <= other.upper:
            return self._over_zero(other)
        return self * Interval(1 / other.upper, 1 / other.lower)

    def _over_zero(self, other: Interval) -> Interval:
        """A quotient whose divisor holds zero; one-sided where the divisor has one sign."""
        if other.lower == 0 < other.upper and (self.lower >= 0 or self.upper <= 0):
            if self.lower >= 0:
                return Interval(self.lower / other.upper, math.inf)
            return Interval(-math.inf, self.upper / other.upper)
        return EVERYTHING

    def squared(self) -> Interval:
        """Its square, exact where it holds zero."""
        ends = (self.lower * self.lower, self.upper * self.upper)
        return Interval(0.0 if self.lower <= 0 <= self.upper else min(ends), max(ends))

    def root(self) -> Interval:
        """The square root of what in it is not negative."""
        return Interval(math.sqrt(max(self.lower, 0.0)), math.sqrt(max(self.upper, 0.0)))

    def magnitude(self) -> Interval:
        """The absolute value."""
        if self.lower <= 0 <= self.upper:
            return Interval(0.0, max(-self.lower, self.upper))
        return self if self.lower > 0 else -self

    def within(self, lower: float, upper: float) -> Interval:
        """What of it lies between two bounds; where nothing does, the nearer bound."""
        return Interval(min(max(self.lower, lower), upper), max(min(self.upper, upper), lower))

    def distance(self, other: Interval) -> float:
        """The gap between two intervals; 0 where they meet."""
        return max(self.lower - other.upper, other.lower - self.upper, 0.0)

    def meets(self, other: Interval) -> bool:
        """Whether some number lies in both, but for floating-point error."""
        size = max(1e-3, *(abs(x) for x in (self.lower, self.upper, other.lower, other.upper) if math.isfinite(x)), 0.0)
        return self.distance(other) <= ROOM * size


EVERYTHING = Interval(-math.inf, math.inf)


def exactly(value: Interval | float) -> Interval:
    """A number as an interval of no width."""
    return value if isinstance(value, Interval) else Interval(float(value), float(value))


def _times(a: float, b: float) -> float:
    return 0.0 if a == 0 or b == 0 else a * b


def total(intervals: Iterable[Interval]) -> Interval:
    """Their sum."""
    kept = list(intervals)
    return Interval(sum(i.lower for i in kept), sum(i.upper for i in kept))


def over_corners(function: Callable[..., float], *box: Interval) -> Interval:
    """The range of a function that is monotone in each argument while the others stay: that of its corners."""
    values = [function(*corner) for corner in product(*(_ends(i) for i in box))]
    return Interval(min(values), max(values))


def over_box(function: Callable[..., float], box: Sequence[Interval]) -> Interval:
    """The range of a smooth function over a small box: corners, centre and centres of faces, widened.

    What bends within the box is seen as the gap between the centre and the mean of two opposite faces; twice the sum
    of these gaps, and a hundredth of the width, are added at both ends. For boxes of rounding this exceeds the
    remainder of the Taylor series of second order (Moore, Kearfott & Cloud 2009, section 6.4).
    """
    centre = [i.centre for i in box]
    middle = function(*centre)
    values, bend = [middle], 0.0
    for at, side in enumerate(box):
        ends = [function(*centre[:at], end, *centre[at + 1 :]) for end in _ends(side)]
        values += ends
        bend += abs(0.5 * (ends[0] + ends[-1]) - middle)
    values += [function(*corner) for corner in product(*(_ends(i) for i in box))]
    room = 2 * bend + 0.01 * (max(values) - min(values))
    return Interval(min(values) - room, max(values) + room)


def _ends(side: Interval) -> tuple[float, ...]:
    return (side.lower,) if side.lower == side.upper else (side.lower, side.upper)
