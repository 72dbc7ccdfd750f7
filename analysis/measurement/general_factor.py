"""What a general factor accounts for beside specific ones: a scale's claim to one score."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.result import SemResult

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class SpecificFactor:
    """A factor beside the general one, of the sum of its own standardised items.

    ``omega``: share of the sum's variance that general and specific factor account for together;
    ``omega_hierarchical``: that of the specific factor alone; ``ecv``: its share of its items' common variance.
    """

    factor: str
    omega: float
    omega_hierarchical: float
    ecv: float


@dataclass(frozen=True, slots=True)
class GeneralFactor:
    """A bifactor model's general factor, of the sum of all standardised items (for ordinal ones: of the responses
    behind the answers).

    ``omega``: share of the sum's variance that all factors account for; ``omega_hierarchical``: that of the general
    factor; ``omega_hierarchical_observed``: with the variance that the sum has in the sample; ``ecv``: the general
    factor's share of the common variance; ``puc``: share of the correlations of items that the general factor alone
    makes. ``item_ecv`` by item. ``loadings_general`` and ``loadings_specific``: standardised, by item.
    """

    omega: float
    omega_hierarchical: float
    omega_hierarchical_observed: float
    ecv: float
    puc: float
    specific: tuple[SpecificFactor, ...]
    item_ecv: dict[str, float]
    loadings_general: dict[str, float]
    loadings_specific: dict[str, float]


def general_factor(model: SemResult, factors: Mapping[str, Sequence[str]], general: str) -> GeneralFactor:
    """Coefficients of the ``general`` factor of a bifactor ``model``, whose items measure one of ``factors`` each, too.

    ω_h = (Σλ_g)² / V and ω = ((Σλ_g)² + Σ_s (Σλ_s)²) / V with V = that plus Σθ (Zinbarg, Revelle, Yovel & Li 2005,
    Psychometrika 70, 123-133); ECV = Σλ_g² / (Σλ_g² + ΣΣλ_s²) (Sijtsma 2009; Reise, Scheines, Widaman & Haviland 2013,
    Educational and Psychological Measurement 73, 5-26); PUC = 1 - Σ k_s (k_s - 1) / (k (k - 1)) (Bonifay, Reise,
    Scheines & Meijer 2015, Structural Equation Modeling 22, 504-516); all as in Rodriguez, Reise & Haviland (2016),
    Psychological Methods 21, 137-150.
    """
    loading = {(row.lhs, row.rhs): np.nan if row.std_all is None else row.std_all for row in model.estimates}
    items = [item for members in factors.values() for item in members]
    of = {item: factor for factor, members in factors.items() for item in members}
    g = np.array([loading[general, item] for item in items])
    s = np.array([loading[of[item], item] for item in items])
    member = np.array([[of[item] == factor for item in items] for factor in factors], dtype=float)
    residual = 1.0 - g**2 - s**2
    by_factor = (member @ s) ** 2
    total = g.sum() ** 2 + by_factor.sum() + residual.sum()
    sizes = member.sum(axis=1)
    sample = model.sample_covariance.loc[items, items].to_numpy(dtype=float)
    deviation = np.sqrt(np.diag(sample))
    return GeneralFactor(
        omega=float((g.sum() ** 2 + by_factor.sum()) / total),
        omega_hierarchical=float(g.sum() ** 2 / total),
        omega_hierarchical_observed=float(g.sum() ** 2 / (sample / np.outer(deviation, deviation)).sum()),
        ecv=float((g**2).sum() / (g**2 + s**2).sum()),
        puc=float(1.0 - (sizes * (sizes - 1.0)).sum() / (len(items) * (len(items) - 1.0))),
        specific=tuple(_specific(name, g, s, own > 0) for name, own in zip(factors, member, strict=True)),
        item_ecv=dict(zip(items, (g**2 / (g**2 + s**2)).tolist(), strict=True)),
        loadings_general=dict(zip(items, g.tolist(), strict=True)),
        loadings_specific=dict(zip(items, s.tolist(), strict=True)),
    )


def _specific(factor: str, g: Array, s: Array, own: NDArray[np.bool_]) -> SpecificFactor:
    g, s = g[own], s[own]
    general, specific = float(g.sum() ** 2), float(s.sum() ** 2)
    total = general + specific + float((1.0 - g**2 - s**2).sum())
    share = float((s**2).sum() / (g**2 + s**2).sum())
    return SpecificFactor(factor, (general + specific) / total, specific / total, share)
