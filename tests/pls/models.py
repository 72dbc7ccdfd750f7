"""A path model that several tests share, and rows for it."""

from __future__ import annotations

import numpy as np
import pandas as pd

MODEL = """
fa =~ a1 + a2 + a3
fb =~ b1 + b2 + b3
fc =~ c1 + c2 + c3
fb ~ a*fa
fc ~ c*fa + b*fb
indirect := a*b
"""


def simulated(n: int, seed: int) -> pd.DataFrame:
    """Nine items of three factors that depend on each other."""
    draw = np.random.default_rng(seed).standard_normal
    fa = draw(n)
    fb = 0.5 * fa + 0.8 * draw(n)
    fc = 0.3 * fa + 0.4 * fb + 0.8 * draw(n)
    factors = np.repeat(np.column_stack([fa, fb, fc]), 3, axis=1)
    items = factors * np.tile([1.0, 0.9, 0.7], 3) + 0.7 * draw((n, 9))
    return pd.DataFrame(items, columns=[f"{name}{i}" for name in "abc" for i in (1, 2, 3)])
