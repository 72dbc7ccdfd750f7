"""Where a slope that depends on a moderator is significant: the kernel that all models with an interaction share."""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Region = Literal["outside", "inside", "below", "above", "everywhere", "nowhere"]


def johnson_neyman_region(
    estimates: Array, covariance: Array, critical: float
) -> tuple[float | None, float | None, Region]:
    """Bounds of the moderator w, and on which side of them |b1 + b3 w| exceeds ``critical`` standard errors.

    ``estimates`` (2,) are the slope at w = 0 and the product's coefficient, ``covariance`` (2, 2) theirs. Bounds are
    the roots of (b1 + b3 w)^2 = t^2 (V11 + 2 w V13 + w^2 V33) (Johnson & Neyman 1936; Bauer & Curran 2005, Multivariate
    Behavioral Research 40(3), 373-400, eq. 12).
    """
    (b1, b3), v, t2 = estimates, covariance, critical**2
    a, b, c = b3**2 - t2 * v[1, 1], 2.0 * (b1 * b3 - t2 * v[0, 1]), b1**2 - t2 * v[0, 0]
    return _positive(float(a), float(b), float(c))


def _positive(a: float, b: float, c: float) -> tuple[float | None, float | None, Region]:
    """Where a w^2 + b w + c is positive."""
    if a == 0.0:
        if b == 0.0:
            return None, None, "everywhere" if c > 0 else "nowhere"
        return (-c / b, None, "above") if b > 0 else (None, -c / b, "below")
    discriminant = b * b - 4.0 * a * c
    if discriminant <= 0.0:
        return None, None, "everywhere" if a > 0 else "nowhere"
    # The form that loses no digits: the larger root first, the other by their product.
    q = -0.5 * (b + np.copysign(np.sqrt(discriminant), b))
    lower, upper = sorted((float(q / a), float(c / q)))
    return lower, upper, "outside" if a > 0 else "inside"
