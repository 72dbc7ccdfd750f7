"""Mixed models side by side, and what the sizes of groups do to their estimates."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd
import pytest
from analysis.inference.coverage import coverage
from analysis.inference.mixed_comparison import compare_mixed
from analysis.multilevel.solution import solve


@pytest.fixture(scope="module")
def data() -> pd.DataFrame:
    """30 groups of 4 to 16 rows; ``w`` belongs to the groups, ``z`` is missing in ten rows."""
    generator = np.random.default_rng(5)
    sizes = generator.integers(4, 17, 30)
    group = np.repeat(np.arange(30), sizes)
    x, z = generator.standard_normal((2, len(group)))
    w = generator.standard_normal(30)[group]
    y = 0.5 * x + 0.3 * w + 0.5 * generator.standard_normal(30)[group] + generator.standard_normal(len(group))
    z[:10] = np.nan
    return pd.DataFrame({"y": y, "x": x, "z": z, "w": w, "g": group})


LADDER = {
    "null": "y ~ 1 + (1 | g)",
    "within": "y ~ x + (1 | g)",
    "other": "y ~ z + (1 | g)",
    "slopes": "y ~ x + (1 + x | g)",
    "both": "y ~ x + w + (1 + x | g)",
}


def test_models_share_rows_and_are_tested_against_the_largest_nested_one(data: pd.DataFrame) -> None:
    found = compare_mixed(LADDER, data)
    table = found.table.set_index("model")
    assert found.n_rows == len(data) - 10
    assert set(table["nobs"]) == {len(data) - 10}
    assert table["against"].to_dict() == {
        "null": "", "within": "null", "other": "null", "slopes": "within", "both": "slopes",
    }  # fmt: skip
    assert table.loc["slopes", "mixture"] == "1:2"
    assert table.loc["both", "chisq"] == pytest.approx(
        2.0 * (table.loc["both", "loglik"] - table.loc["slopes", "loglik"])
    )
    assert table["delta_aic"].min() == 0.0
    assert table.loc["both", "bic"] == pytest.approx(-2 * table.loc["both", "loglik"] + np.log(len(data) - 10) * 7)


def test_coverage_is_that_of_the_intervals_and_workers_do_not_matter(data: pd.DataFrame) -> None:
    solution = solve("y ~ x + w + (1 | g)", data)
    alone = coverage(solution, 200, seed=2)
    with ThreadPoolExecutor(2) as pool:
        together = coverage(solution, 200, seed=2, executor=pool.map)
    pd.testing.assert_frame_equal(alone.table, together.table)
    table = alone.table.set_index("parameter")
    assert table["level"].to_dict() == {"(Intercept)": 2, "x": 1, "w": 2, "sd_(Intercept)|g": 0, "sigma": 0}
    covered = table.loc[["(Intercept)", "x", "w"], "coverage"]
    assert ((covered > 0.88) & (covered < 1.0)).all()  # 95 % within four Monte Carlo errors
    assert (table["bias"].abs() < 5.0 * table["sd"] / np.sqrt(200)).all()
    sizes = data.groupby("g").size()
    assert (alone.n_small, alone.n_in_small) == (int((sizes < 10).sum()), int(sizes[sizes < 10].sum()))
    assert (alone.smallest, alone.largest, alone.n_failed) == (int(sizes.min()), int(sizes.max()), 0)
