"""What a path model must not depend on: units, order of rows and items; and what turning an item round does."""

from __future__ import annotations

import numpy as np
import pytest
from analysis import pls
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pls.models import MODEL, simulated

DATA = simulated(120, 13)
SCHEMES = st.sampled_from(["path", "factorial", "centroid"])


@settings(max_examples=25, deadline=None)
@given(st.integers(0, 10_000), SCHEMES, st.sampled_from(["PLS", "PLSc"]))
def test_units_and_order_of_rows_do_not_matter(seed: int, scheme: str, estimator: str) -> None:
    draw = np.random.default_rng(seed)
    moved = DATA * draw.uniform(0.01, 100, 9) + draw.uniform(-50, 50, 9)
    moved = moved.iloc[draw.permutation(len(moved))]
    first, second = (pls.fit(MODEL, data, scheme=scheme, estimator=estimator) for data in (DATA, moved))
    np.testing.assert_allclose(first.tidy().est, second.tidy().est, atol=1e-8)


@settings(max_examples=10, deadline=None)
@given(SCHEMES)
def test_order_of_statements_and_items_does_not_matter(scheme: str) -> None:
    turned = "\n".join(reversed(MODEL.strip().split("\n"))).replace("a1 + a2 + a3", "a3 + a1 + a2")
    tidies = (pls.fit(model, DATA, scheme=scheme).tidy() for model in (MODEL, turned))
    first, second = (tidy.set_index(["kind", "lhs", "rhs"])["est"].sort_index() for tidy in tidies)
    np.testing.assert_allclose(first, second[first.index], atol=1e-8)


@pytest.mark.parametrize("item", ["a2", "b1", "c3"])
def test_turning_an_item_round_turns_its_loading_alone(item: str) -> None:
    first, second = (pls.fit(MODEL, data).tidy() for data in (DATA, DATA.assign(**{item: -DATA[item]})))
    of_item = (first.rhs == item).to_numpy()
    np.testing.assert_allclose(first.est[~of_item], second.est[~of_item], atol=1e-8)
    np.testing.assert_allclose(first.est[of_item], -second.est[of_item], atol=1e-8)


def test_a_population_of_two_items_each_is_the_first_canonical_pair() -> None:
    """Two blocks of mode B: PLS is canonical correlation analysis (Tenenhaus et al. 2005, section 5)."""
    result = pls.fit("fa <~ a1 + a2 + a3\nfb <~ b1 + b2 + b3\nfb ~ fa", DATA)
    q = [np.linalg.qr((block - block.mean()).to_numpy())[0] for block in (DATA.iloc[:, :3], DATA.iloc[:, 3:6])]
    first = np.linalg.svd(q[0].T @ q[1], compute_uv=False)[0]
    assert abs(result.estimates.paths[1, 0]) == pytest.approx(first, abs=1e-9)
