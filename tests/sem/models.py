"""Models and simulated data that several tests share."""

from __future__ import annotations

import numpy as np
import pandas as pd

THREE_FACTORS = """
f1 =~ x1 + x2 + x3
f2 =~ x4 + x5 + x6
f3 =~ x7 + x8 + x9
f3 ~ a*f1 + b*f2
f2 ~ c*f1
indirect := c*b
total := a + c*b
"""

WITH_COVARIATES = """
f1 =~ x1 + l*x2 + l*x3
f2 =~ x4 + x5 + x6
f2 ~ f1 + z1 + z2
x7 ~ f2 + z1
x8 ~ f2
x4 ~~ x5
"""


def simulated(n: int, seed: int) -> pd.DataFrame:
    """Nine items of three factors that depend on each other and on two covariates z1 and z2."""
    draw = np.random.default_rng(seed).standard_normal
    z = draw((n, 2))
    f1 = draw(n)
    f2 = 0.5 * f1 + 0.3 * z[:, 0] + 0.8 * draw(n)
    f3 = 0.4 * f1 + 0.3 * f2 + 0.8 * draw(n)
    factors = np.repeat(np.column_stack([f1, f2, f3]), 3, axis=1)
    items = factors * np.tile([1.0, 0.8, 0.6], 3) + 0.7 * draw((n, 9)) + np.arange(9)
    columns = [f"x{i}" for i in range(1, 10)]
    return pd.DataFrame(np.column_stack([items, z]), columns=[*columns, "z1", "z2"])
