"""Paths over groups and latent moderators."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from analysis import sem
from analysis.inference.group_invariance import Grouping
from analysis.inference.subgroups import ALL, Subgroups, subgroups
from analysis.sem.estimate import estimate
from analysis.sem.nested import compare

MODEL = """
f =~ x1 + x2 + x3
g =~ y1 + y2 + y3
h =~ z1 + z2 + z3
h ~ a*f + b*g
indirect := a*b
"""
GROUPS = {"sex": Grouping((), ("Woman", "Man"))}


def _rows(other: float = 0.5, product: float = 0.0, n: int = 300) -> pd.DataFrame:
    """Two groups of ``n``; the path of h on f is 0.5 in the first and ``other`` in the second."""
    generator = np.random.default_rng(4)
    f, g = generator.standard_normal((2, 2 * n))
    slope = np.repeat([0.5, other], n)
    h = slope * f + 0.4 * g + product * f * g + 0.8 * generator.standard_normal(2 * n)
    scores = {"x": f, "y": g, "z": h}
    items = {
        f"{name}{k}": score + 0.5 * generator.standard_normal(2 * n)
        for name, score in scores.items()
        for k in (1, 2, 3)
    }
    return pd.DataFrame({**items, "sex": np.repeat(["Woman", "Man"], n)})


def _found(data: pd.DataFrame, constructs: tuple[str, ...] = ()) -> Subgroups:
    return subgroups(MODEL, data, GROUPS, constructs, {"estimator": "ML"})


def test_the_path_that_differs_is_found_and_the_other_is_not() -> None:
    tests = _found(_rows(other=-0.3)).tests.set_index("path")["pvalue"]
    assert tests[ALL] < 0.001
    assert tests["h ~ f"] < 0.001
    assert tests["h ~ g"] > 0.05


def test_estimates_and_tests_are_those_of_the_models_by_hand() -> None:
    data = _rows(other=0.2)
    found = _found(data)
    plain = MODEL.replace("a*", "").replace("b*", "").split("indirect")[0]
    free = sem.fit(plain, data, group="sex", group_equal=("loadings",))
    byhand = {(row.group, row.rhs): row.est for row in free.estimates if row.op == "~"}
    for row in found.paths.itertuples():
        assert row.est == pytest.approx(byhand[row.group, str(row.path).split(" ~ ")[1]], rel=1e-8)
    assert list(found.paths["group"]) == ["Woman", "Man"] * 2
    full = estimate(plain, data, group="sex", group_equal=("loadings",))
    equal = estimate(plain, data, group="sex", group_equal=("loadings", "regressions"))
    together = found.tests.set_index("path").loc[ALL]
    assert together["chisq_diff"] == pytest.approx(compare(equal, full).test.chisq_diff, rel=1e-6)
    assert together["df_diff"] == 2


def test_a_construct_moderates_where_its_product_counts() -> None:
    found = _found(_rows(product=0.3), ("g",)).products
    assert found[["moderator", "outcome", "predictor"]].to_numpy().tolist() == [["g", "h", "f"]]
    assert found["est"].item() == pytest.approx(0.3, abs=0.1)
    assert found["pvalue"].item() < 0.001


def test_what_cannot_be_estimated_says_why() -> None:
    data = _rows()
    data.loc[data["sex"] == "Man", "x1"] = 1.0
    found = _found(data)
    assert found.paths.empty
    assert "x1" in found.absent["sex"]
