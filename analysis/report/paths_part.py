"""What the report shows of the structural model by partial least squares."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.report.parts import require


@dataclass(frozen=True, slots=True)
class PathsPart:
    """``hypotheses``: id, statement_en, estimator, nobs, est, se, pvalue, ci_lower, ci_upper, verdict.

    ``constructs``: estimator, construct, mode, alpha, rho_a, rho_c, ave, r2, r2_adjusted. ``paths``: estimator,
    outcome, predictor, est, f2, vif. ``prediction``: construct, item, q2_predict, rmse, mae, lm_rmse, lm_mae.
    ``importance``: target, construct, importance, performance. ``absent`` says what could not be estimated, and why.
    """

    n_resamples: int
    hypotheses: pd.DataFrame
    constructs: pd.DataFrame
    paths: pd.DataFrame
    prediction: pd.DataFrame
    importance: pd.DataFrame
    absent: str

    def __post_init__(self) -> None:
        """Check the columns of the frames; raises OutputError."""
        numbers = ("est", "se", "pvalue", "ci_lower", "ci_upper", "verdict")
        require(self.hypotheses, "hypotheses by PLS", ("id", "statement_en", "estimator", "nobs", *numbers))
        shown = ("mode", "alpha", "rho_a", "rho_c", "ave", "r2", "r2_adjusted")
        require(self.constructs, "constructs by PLS", ("estimator", "construct", *shown))
        require(self.paths, "paths by PLS", ("estimator", "outcome", "predictor", "est", "f2", "vif"))
        require(self.prediction, "PLSpredict", ("construct", "item", "q2_predict", "rmse", "mae", "lm_rmse", "lm_mae"))
        require(self.importance, "importance", ("target", "construct", "importance", "performance"))
