"""Models and simulated clusters that the tests of two levels share."""

from __future__ import annotations

import numpy as np
import pandas as pd

CONTEXTUAL = """
level: 1
fw =~ x1 + a*x2 + b*x3
y ~ within*fw + z
level: 2
fb =~ x1 + a*x2 + b*x3
y ~ between*fb + w
contextual := between - within
"""

# Every place a parameter can stand in: tied over levels, an item and an outcome of level 1 alone, an outcome of level 2
# alone, free and fixed intercepts, residual covariances.
EVERYTHING = """
level: within
fw =~ x1 + a*x2 + b*x3 + x4
y ~ fw + z
x4 ~ z
x2 ~~ x3
x4 ~ 1
level: between
fb =~ x1 + a*x2 + x3
v ~ fb + 0.3*w
fb ~ w
y ~~ fb
x1 ~ 0*1
fb ~ 1
"""


def clustered(n_clusters: int, seed: int, largest: int = 9) -> pd.DataFrame:
    """Three items x and an outcome y on both levels, x4 and z within clusters alone, v and w constant in clusters; each
    cluster has one to ``largest`` rows.
    """
    generator = np.random.default_rng(seed)
    sizes = generator.integers(1, largest + 1, n_clusters)
    town = np.repeat(np.arange(n_clusters), sizes)
    draw = generator.standard_normal
    w = draw(n_clusters)
    between = 0.5 * w + 0.7 * draw(n_clusters)
    z = draw(len(town))
    within = 0.4 * z + 0.9 * draw(len(town))
    loadings = np.array([1.0, 0.8, 1.2])
    items = (within + between[town])[:, None] * loadings + 0.5 * draw((n_clusters, 3))[town] + draw((len(town), 3))
    y = 0.3 * within + 0.8 * between[town] + 0.2 * z + 0.5 * draw(n_clusters)[town] + draw(len(town))
    columns = {f"x{i + 1}": items[:, i] for i in range(3)}
    v = 0.6 * between + 0.7 * draw(n_clusters)
    return pd.DataFrame(
        columns | {"x4": within + draw(len(town)), "y": y, "z": z, "w": w[town], "v": v[town], "town": town}
    )
