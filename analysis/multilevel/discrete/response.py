"""The logistic response between two thresholds: probability of an answer given its linear predictor, and derivatives.

An answer says that a latent variable η + ε, ε logistic, lies between a lower and an upper threshold, either of
which may be infinite (McCullagh 1980, Journal of the Royal Statistical Society B 42, section 2). A binary outcome is
the case with the one threshold 0. With a = upper − η, b = lower − η and F the logistic distribution function,

    F(a) − F(b) = F(a) F(−b) (1 − exp(b − a)),

so that in η the log-probability is a sum of two logarithms of F, and its width term depends on thresholds alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Tails:
    """F(a) and F(b) of the distances a, b from a linear predictor to its thresholds; arrays of one shape."""

    upper: Array
    lower: Array

    @property
    def slope(self) -> Array:
        """∂ log p / ∂η = F(a) + F(b) − 1."""
        return self.upper + self.lower - 1.0

    @property
    def upper_weight(self) -> Array:
        """f(a) = F(a) (1 − F(a)): the part of −∂² log p / ∂η² that the upper threshold brings."""
        return self.upper * (1.0 - self.upper)

    @property
    def lower_weight(self) -> Array:
        """f(b), the part that the lower threshold brings."""
        return self.lower * (1.0 - self.lower)


def tails(eta: Array, upper: Array, lower: Array) -> Tails:
    """Tails at linear predictors ``eta``; the thresholds broadcast against it and may be infinite."""
    return Tails(special.expit(upper - eta), special.expit(lower - eta))


def log_probability(eta: Array, upper: Array, lower: Array) -> Array:
    """log F(a) + log F(−b) at linear predictors ``eta``: the log-probability without its width term.

    Exact in both tails, where the difference of two distribution functions would cancel.
    """
    return np.asarray(special.log_expit(upper - eta) + special.log_expit(eta - lower))


@dataclass(frozen=True, slots=True)
class Width:
    """log(1 − exp(−gap)), gap = upper − lower, with its ``slope`` in the gap; 0 where a threshold is infinite."""

    value: Array
    slope: Array


def width(gap: Array) -> Width:
    """The width term of answers whose thresholds are ``gap`` > 0 apart; its slope is 1 / (exp(gap) − 1)."""
    small = -np.expm1(-gap)  # 1 − exp(−gap)
    return Width(np.log(small), np.exp(-gap) / small)
