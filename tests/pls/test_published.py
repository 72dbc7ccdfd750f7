"""Published path models: what can be recomputed from their tables, within the rounding of what is printed."""

from __future__ import annotations

import numpy as np
import pytest
from analysis.pls.model import read_model
from analysis.pls.structure import path_coefficients, r_squared

# TELKOMNIKA 13(2), June 2015, 686-693: correlations of the constructs, R² as printed, loadings.
NAMES = ("ICT", "PAC", "PCT", "PSC")
LOWER = ((), (0.565,), (0.339, 0.433), (0.559, 0.587, 0.458))
R_SQUARED = {"PCT": 0.115, "PAC": 0.385, "PSC": 0.458}
MODEL = """
ICT =~ ICT2 + ICT3 + ICT4
PAC =~ PAC1 + PAC2
PCT =~ PCT3 + PCT5
PSC =~ PSC1 + PSC2
PCT ~ ICT
PAC ~ PCT + ICT
PSC ~ ICT + PCT + PAC
"""


def test_explained_variance_as_published() -> None:
    design = read_model(MODEL, "telkomnika").design
    at = [NAMES.index(name) for name in design.constructs]
    correlations = np.eye(4)
    for row, values in enumerate(LOWER):
        correlations[row, : len(values)] = correlations[: len(values), row] = values
    correlations = correlations[np.ix_(at, at)]
    found = r_squared(correlations, path_coefficients(correlations, design))
    explained = dict(zip(design.constructs, found.tolist(), strict=True))
    assert {name: explained[name] for name in R_SQUARED} == pytest.approx(R_SQUARED, abs=0.0005)
