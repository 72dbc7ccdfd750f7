"""Bivariate normal density and distribution on grids of thresholds, for many correlations at once.

All functions take ``h`` (m, I), ``k`` (m, J) and ``rho`` (m,) with ``|rho| < 1`` and return (m, I, J): the value at
each pair of a row and a column threshold, under the correlation of that table.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Array = NDArray[np.float64]

# Beyond it the normal distribution is 0 or 1 in double precision; stands for infinity without its arithmetic.
FAR = 37.0

# Up to each |rho|: the number of Gauss-Legendre nodes that leaves errors of about 1e-15 (Genz 2004, section 2).
_RULES = ((0.3, 6), (0.75, 12), (0.925, 20))
_LEGENDRE = {n: np.polynomial.legendre.leggauss(n) for n in (6, 12, 20)}


def bivariate_density(h: Array, k: Array, rho: Array) -> tuple[Array, Array]:
    """Standard bivariate normal density, and its derivative with respect to ``rho``, on the grids (m, I, J).

    The density is the derivative of the distribution function with respect to ``rho`` (Plackett 1954).
    """
    x, y, r = h[:, :, None], k[:, None, :], rho[:, None, None]
    free = 1.0 - r * r
    product = x * y
    square = (x * x + y * y - 2.0 * r * product) / free
    density = np.exp(-0.5 * square) / (2.0 * np.pi * np.sqrt(free))
    return density, density * (r + product - r * square) / free


def bivariate_cdf(h: Array, k: Array, rho: Array) -> Array:
    """P(X <= h, Y <= k) of the standard bivariate normal on the grids (m, I, J), to about 1e-15.

    Drezner and Wesolowsky (1990) with the series of Genz (2004, Statistics and Computing 14, 251-260) where
    ``|rho| >= 0.925``; the number of quadrature nodes depends on ``|rho|``.
    """
    h, k = np.clip(h, -FAR, FAR), np.clip(k, -FAR, FAR)
    size = np.abs(rho)
    out = np.empty((len(rho), h.shape[1], k.shape[1]))
    lower = -1.0
    for upper, n_nodes in _RULES:
        chosen = np.flatnonzero((size > lower) & (size <= upper))
        if chosen.size:
            out[chosen] = _cdf_from_independence(h[chosen], k[chosen], rho[chosen], n_nodes)
        lower = upper
    for sign in (-1.0, 1.0):
        chosen = np.flatnonzero(sign * rho > lower)
        if chosen.size:
            out[chosen] = _cdf_near_one(h[chosen], k[chosen], rho[chosen], sign)
    return out


def _cdf_from_independence(h: Array, k: Array, rho: Array, n_nodes: int) -> Array:
    """Integrate the density over the correlation from 0 to ``rho``, in the arc sine of the correlation."""
    nodes, weights = _LEGENDRE[n_nodes]
    half = 0.5 * np.arcsin(rho)[:, None]
    sine = np.sin(half * (1.0 + nodes))
    scale = 1.0 / (1.0 - sine * sine)
    # The exponent h k sin/cos² - (h² + k²)/(2 cos²) at all nodes, as one product of matrices a table.
    features = np.stack([h[:, :, None] * k[:, None, :], (h * h)[:, :, None] + (k * k)[:, None, :]], axis=-1)
    exponent = features.reshape(len(rho), -1, 2) @ np.stack([sine * scale, -0.5 * scale], axis=1)
    integral = (np.exp(exponent, out=exponent).reshape(-1, n_nodes) @ weights).reshape(features.shape[:3])
    independent = ndtr(h)[:, :, None] * ndtr(k)[:, None, :]
    result: Array = independent + integral * (half / (2.0 * np.pi))[:, :, None]
    return result


def _cdf_near_one(h: Array, k: Array, rho: Array, sign: float) -> Array:
    """Integrate from ``rho`` to 1; negative correlations by P(X <= h) - P(X <= h, -Y <= -k)."""
    signed = sign * k
    x, y = h[:, :, None], signed[:, None, :]
    at_one = ndtr(np.minimum(x, y))
    positive = at_one - _integral_to_one(x, y, np.sqrt((1.0 - rho) * (1.0 + rho))[:, None, None])
    result: Array = positive if sign > 0 else ndtr(h)[:, :, None] - positive
    return result


def _integral_to_one(x: Array, y: Array, a: Array) -> Array:
    """Integral of the density over the correlation from sqrt(1 - a²) to 1 (Genz 2004, eq. 5 and 6).

    The smooth factor is expanded at correlation 1, integrated term by term, and Gauss-Legendre takes the rest.
    """
    nodes, weights = _LEGENDRE[20]
    product, gap = x * y, np.abs(x - y)
    gap2, a2 = gap * gap, a * a
    c, d = (4.0 - product) / 8.0, (12.0 - product) / 16.0
    inner = 1.0 - d * gap2 / 5.0
    series = a * np.exp(-0.5 * (gap2 / a2 + product)) * (1.0 - c * (gap2 - a2) * inner / 3.0 + c * d * a2 * a2 / 5.0)
    tail = np.sqrt(2.0 * np.pi) * ndtr(-gap / a)
    series -= np.exp(-0.5 * product) * tail * gap * (1.0 - c * gap2 * inner / 3.0)

    square = (0.5 * a[..., None] * (1.0 + nodes)) ** 2
    root = np.sqrt(1.0 - square)
    product, gap2, c, d = product[..., None], gap2[..., None], c[..., None], d[..., None]
    exact = np.exp(-0.5 * gap2 / square - product / (1.0 + root)) / root
    expanded = np.exp(-0.5 * (gap2 / square + product)) * (1.0 + c * square * (1.0 + d * square))
    remainder = ((exact - expanded) @ weights) * (0.5 * a)
    result: Array = (series + remainder) / (2.0 * np.pi)
    return result
