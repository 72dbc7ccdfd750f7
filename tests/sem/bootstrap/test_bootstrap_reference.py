"""The bootstrap against lavaan's, within what two finite sets of resamples differ by."""

from __future__ import annotations

import numpy as np
import pandas as pd
from analysis import sem
from tests.references import REFERENCE

FOLDER = REFERENCE / "bootstrap"
MODEL = (FOLDER / "model.lav").read_text(encoding="utf-8")
DATA = pd.read_csv(REFERENCE / "simulated.csv").head(300)
EXPECTED = pd.read_csv(FOLDER / "estimates.csv")
TEST = pd.read_csv(FOLDER / "test.csv").iloc[0]
N_RESAMPLES = 2000
RESULT = sem.fit(MODEL, DATA, se="bootstrap", bootstrap=N_RESAMPLES, seed=3, test="bollen.stine")


def test_standard_errors_are_lavaans_within_monte_carlo_error() -> None:
    """The log of a standard error from r near-normal replicates has variance 1 / (2 r); four of them are allowed."""
    ours = RESULT.tidy().set_index(["lhs", "op", "rhs"])["se"]
    theirs = EXPECTED.set_index(["lhs", "op", "rhs"])["se"]
    allowed = 4.0 * np.sqrt(0.5 / N_RESAMPLES + 0.5 / TEST["resamples"])
    ratio = np.log(ours.loc[theirs.index] / theirs)
    assert len(ratio) == 17
    assert np.abs(ratio).max() < allowed


def test_the_p_value_of_bollen_and_stine_is_lavaans_within_monte_carlo_error() -> None:
    """Two shares of p have variance p (1 - p) (1 / r + 1 / r'); three standard deviations are allowed."""
    p = TEST["pvalue"]
    allowed = 3.0 * np.sqrt(p * (1.0 - p) * (1.0 / N_RESAMPLES + 1.0 / TEST["resamples_test"]))
    ours = RESULT.fit_measures["pvalue_bollen_stine"]
    assert ours is not None
    assert 0.02 < p < 0.98
    assert abs(ours - p) < allowed
