"""Data that several tests of mixed models share."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest


@pytest.fixture(scope="session")
def sleep_like() -> pd.DataFrame:
    """24 groups of five to eight rows with their own intercepts and slopes; ``h`` joins the groups in pairs."""
    generator = np.random.default_rng(11)
    group = np.repeat(np.arange(24), generator.integers(5, 9, 24))
    x, z = generator.standard_normal((2, len(group)))
    y = 1.0 + 0.4 * x + (0.8 * generator.standard_normal(24))[group] + (0.4 * generator.standard_normal(24))[group] * x
    y += generator.standard_normal(len(group))
    names = np.array([f"g{code:02d}" for code in group])
    return pd.DataFrame({"y": y, "x": x, "z": z, "g": names, "h": group // 2})
