"""Data of the benchmarks, the same at every run: items of correlated factors, continuous or cut into seven answers."""

from __future__ import annotations

import numpy as np
import pandas as pd

SEED = 20201013
N_ROWS = 604
_BLOCK = 100_000
_CUTS = (-1.6, -1.0, -0.4, 0.2, 0.8, 1.4)


def factor_model(n_items: int, n_factors: int) -> str:
    """lavaan syntax of a confirmatory factor analysis: items x1, x2, … dealt out to the factors in order."""
    names = np.array_split([f"x{i + 1}" for i in range(n_items)], n_factors)
    return "\n".join(f"f{i + 1} =~ {' + '.join(items)}" for i, items in enumerate(names))


def responses(n_rows: int, n_items: int, n_factors: int) -> pd.DataFrame:
    """Normal items with loadings from .5 to .8 on factors that correlate at .4, drawn block by block."""
    generator = np.random.default_rng(SEED)
    factor_of = np.concatenate(
        [np.full(len(part), i) for i, part in enumerate(np.array_split(np.arange(n_items), n_factors))]
    )
    loading = np.linspace(0.5, 0.8, n_items)
    root = np.linalg.cholesky(np.full((n_factors, n_factors), 0.4) + 0.6 * np.eye(n_factors))
    values = np.empty((n_rows, n_items))
    for start in range(0, n_rows, _BLOCK):
        block = values[start : start + _BLOCK]
        factors = generator.standard_normal((len(block), n_factors)) @ root.T
        generator.standard_normal(out=block)
        block *= np.sqrt(1.0 - loading**2)
        block += factors[:, factor_of] * loading
    return pd.DataFrame(values, columns=[f"x{i + 1}" for i in range(n_items)], copy=False)


def residents(n_rows: int, n_groups: int) -> pd.DataFrame:
    """Residents in communes, unequal in number and in no order: an outcome with random intercept and slope of x."""
    generator = np.random.default_rng(SEED)
    commune = np.append(np.arange(n_groups), generator.integers(0, n_groups, n_rows - n_groups))
    generator.shuffle(commune)
    effects = generator.standard_normal((n_groups, 2)) @ np.array([[0.5, 0.1], [0.0, 0.3]])
    x = generator.standard_normal(n_rows)
    y = 1.0 + 0.5 * x + effects[commune, 0] + effects[commune, 1] * x + generator.standard_normal(n_rows)
    return pd.DataFrame({"y": y, "x": x, "commune": commune})


def two_level_model(n_items: int, n_factors: int) -> str:
    """The factor analysis of ``factor_model`` within clusters, and one of the same items between them."""
    within = factor_model(n_items, n_factors)
    return f"level: 1\n{within}\nlevel: 2\n{within.replace('f', 'g')}"


def clustered_responses(n_rows: int, n_clusters: int, n_items: int, n_factors: int) -> pd.DataFrame:
    """``responses`` of residents of communes of unequal sizes, which add factors of their own: columns of items, and
    ``commune``.
    """
    generator = np.random.default_rng(SEED + 2)
    share = generator.dirichlet(np.full(n_clusters, 4.0))
    commune = np.sort(
        np.concatenate([np.arange(n_clusters), generator.choice(n_clusters, n_rows - n_clusters, p=share)])
    )
    own = responses(n_clusters, n_items, n_factors)
    between = 0.5 * own.iloc[commune].reset_index(drop=True)
    return (responses(n_rows, n_items, n_factors) + between).assign(commune=commune)


def with_missing(data: pd.DataFrame, share: float) -> pd.DataFrame:
    """``data`` with ``share`` of the values removed at random."""
    gone = np.random.default_rng(SEED + 1).random(data.shape) < share
    return data.mask(gone)


def ordinal(data: pd.DataFrame) -> pd.DataFrame:
    """``data`` cut into answers 1 to 7."""
    return pd.DataFrame(np.searchsorted(_CUTS, data.to_numpy()) + 1.0, columns=data.columns)
