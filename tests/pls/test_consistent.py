"""Consistent PLS: exact on a population that is a factor model; rho_A by hand; published R2."""

from __future__ import annotations

import numpy as np
import pytest
from analysis import pls
from analysis.errors import EstimationError
from analysis.pls.consistent import rho_a
from analysis.pls.estimate import estimate
from analysis.pls.estimates import estimates
from analysis.pls.model import read_model
from analysis.pls.structure import path_coefficients, r_squared
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.pls.models import MODEL, simulated

LOADINGS = st.lists(st.floats(0.4, 0.95), min_size=9, max_size=9)
PATHS = st.lists(st.floats(0.1, 0.5), min_size=3, max_size=3)


def _population(loadings: list[float], paths: list[float]) -> tuple[np.ndarray, np.ndarray]:
    """Correlations of items and of factors: b on a, c on a and b."""
    ab, ca, cb = paths
    factors = np.array([[1, ab, ca + cb * ab], [ab, 1, cb + ca * ab], [ca + cb * ab, cb + ca * ab, 1.0]])
    spread = np.kron(np.eye(3), np.ones((3, 1))) * np.array(loadings)[:, None]
    items = spread @ factors @ spread.T
    np.fill_diagonal(items, 1.0)
    return items, factors


@settings(deadline=None)
@given(LOADINGS, PATHS, st.sampled_from(["path", "factorial", "centroid"]))
def test_a_population_that_is_a_factor_model_is_recovered_exactly(loadings, paths, scheme) -> None:
    items, factors = _population(loadings, paths)
    design = read_model(MODEL).design
    fitted, _ = estimate(items, design, scheme, "PLSc", "model")
    np.testing.assert_allclose(fitted.loadings.sum(axis=1), loadings, atol=1e-8)
    np.testing.assert_allclose(fitted.correlations, factors, atol=1e-8)
    np.testing.assert_allclose([fitted.paths[1, 0], fitted.paths[2, 0], fitted.paths[2, 1]], paths, atol=1e-7)


@given(st.integers(0, 1000))
def test_rho_a_is_the_formula_written_out(seed: int) -> None:
    draw = np.random.default_rng(seed)
    design = read_model("f =~ x1 + x2 + x3\ny ~ f").design
    own = np.corrcoef(draw.standard_normal((50, 4)) + draw.standard_normal((50, 1)), rowvar=False)
    weights = np.zeros((4, 2))
    weights[:3, 0], weights[3, 1] = draw.uniform(0.2, 0.6, 3), 1.0
    w, S = weights[:3, 0], own[:3, :3]
    top = sum(w[i] * w[j] * S[i, j] for i in range(3) for j in range(3) if i != j)
    bottom = sum(w[i] * w[j] * w[i] * w[j] for i in range(3) for j in range(3) if i != j)
    np.testing.assert_allclose(rho_a(own, weights, design), [(w @ w) ** 2 * top / bottom, 1.0], rtol=1e-12)


def test_composites_are_left_as_they_are() -> None:
    model = MODEL.replace("=~", "<~")
    data = simulated(200, 1)
    plain, consistent = (pls.fit(model, data, estimator=name) for name in ("PLS", "PLSc"))
    np.testing.assert_allclose(plain.estimates.paths, consistent.estimates.paths, atol=1e-12)
    np.testing.assert_allclose(plain.estimates.loadings, consistent.estimates.loadings, atol=1e-12)


def test_many_samples_together_are_each_as_alone() -> None:
    design = read_model(MODEL).design
    stack = np.array([np.corrcoef(simulated(80, seed), rowvar=False) for seed in range(12)])
    together, _ = estimates(stack, design, "path", "PLSc")
    for k, one in enumerate(stack):
        alone, _ = estimates(one, design, "path", "PLSc")
        np.testing.assert_array_equal(together.totals[k], alone.totals)


def test_a_negative_reliability_is_named() -> None:
    items, _ = _population([0.7] * 9, [0.4, 0.3, 0.3])
    items[:3, :3] = 1.3 * np.eye(3) - 0.3
    with pytest.raises(EstimationError, match=r"rho_A of construct 'fa' is -\d.*not positive"):
        estimate(items, read_model(MODEL).design, "path", "PLSc", "model")


def test_constructs_that_correlate_at_one_are_named() -> None:
    data = simulated(200, 4)
    data[["b1", "b2", "b3"]] = data[["a1", "a2", "a3"]].to_numpy()
    with pytest.raises(EstimationError, match=r"'fa' and 'fb' correlate at 1\.000"):
        pls.fit(MODEL, data)


def test_r_squared_of_a_published_path_model() -> None:
    """TELKOMNIKA 13(2), June 2015, 686-693, table of construct correlations and of R2, three decimals."""
    design = read_model("PCT ~ ICT\nPAC ~ PCT + ICT\nPSC ~ ICT + PCT + PAC").design
    printed = {("ICT", "PAC"): 0.565, ("ICT", "PCT"): 0.339, ("PAC", "PCT"): 0.433}
    printed |= {("ICT", "PSC"): 0.559, ("PAC", "PSC"): 0.587, ("PCT", "PSC"): 0.458}
    own = np.eye(4)
    for (first, second), value in printed.items():
        i, j = design.constructs.index(first), design.constructs.index(second)
        own[i, j] = own[j, i] = value
    shares = dict(zip(design.constructs, r_squared(own, path_coefficients(own, design)), strict=True))
    for construct, value in {"PCT": 0.115, "PAC": 0.385, "PSC": 0.458}.items():
        assert shares[construct] == pytest.approx(value, abs=1e-3)
