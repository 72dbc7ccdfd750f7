"""What the report shows of residents in their communes, beside the estimates of the multilevel models."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from analysis.multilevel.contrasts import Moderation
from analysis.report.parts import SemPart, require

INTERVAL = ("ci_lower", "ci_upper")


@dataclass(frozen=True, slots=True)
class FocusPart:
    """The multilevel model that is examined closely, by its ``title``.

    ``rows``: fitted, residual. ``modes``: group, level, term, est, se. ``influence``: level, n, cooks_distance, term,
    dfbetas. ``coverage``: parameter, level, truth, mean, bias, relative_bias, sd, mean_se, coverage, coverage_error,
    from ``replicates`` samples of which ``n_failed`` could not be fitted and ``share_singular`` were singular;
    ``n_small`` of ``n_groups`` communes have fewer than ``small`` respondents, ``n_in_small`` in all.
    """

    title: str
    rows: pd.DataFrame
    modes: pd.DataFrame
    influence: pd.DataFrame
    coverage: pd.DataFrame
    replicates: int
    n_failed: int
    share_singular: float
    n_groups: int
    n_small: int
    n_in_small: int
    small: int

    def __post_init__(self) -> None:
        """Check the columns of the frames; raises OutputError."""
        require(self.rows, "assumptions", ("fitted", "residual"))
        require(self.modes, "conditional modes", ("level", "term", "est", "se"))
        require(self.influence, "influence", ("level", "n", "cooks_distance", "term", "dfbetas"))
        columns = (
            "parameter",
            "level",
            "truth",
            "bias",
            "relative_bias",
            "sd",
            "mean_se",
            "coverage",
            "coverage_error",
        )
        require(self.coverage, "coverage", columns)


@dataclass(frozen=True, slots=True)
class CommunesPart:
    """``comparison``: model, nobs, npar, loglik, aic, bic, delta_aic, delta_bic, against, chisq, df, mixture, pvalue.

    ``contrasts``: model, term, est, se, df, t, pvalue, ci_lower, ci_upper. ``moderations``: title of the model and what
    it says. ``levels``: the structural model with errors robust to communes and, unless ``two_level_absent`` says why
    not, the model of both levels.
    """

    comparison: pd.DataFrame
    contrasts: pd.DataFrame
    moderations: tuple[tuple[str, Moderation], ...]
    clustered: SemPart
    two_level: SemPart | None
    two_level_absent: str
    focus: FocusPart | None

    def __post_init__(self) -> None:
        """Check the columns of the frames; raises OutputError."""
        tested = ("against", "chisq", "df", "mixture", "pvalue")
        require(self.comparison, "comparison", ("model", "nobs", "npar", "loglik", "aic", "bic", *tested))
        require(self.contrasts, "contrasts", ("model", "term", "est", "se", "df", "pvalue", *INTERVAL))
