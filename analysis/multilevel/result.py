"""The result of a mixed model: plain values, with tables made on demand."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields
from typing import Any

import pandas as pd

from analysis.json_text import json_text


@dataclass(frozen=True, slots=True)
class FixedEffect:
    """A coefficient with its t statistic on ``df`` degrees of freedom and its 95 % interval.

    ``std`` is the coefficient in standard deviations of outcome and predictor, None for the intercept.
    """

    term: str
    est: float
    se: float
    df: float
    t: float
    pvalue: float
    ci_lower: float
    ci_upper: float
    std: float | None = None


@dataclass(frozen=True, slots=True)
class TermTest:
    """F test of all coefficients of a model term, of type III."""

    term: str
    f: float
    num_df: int
    den_df: float
    pvalue: float


@dataclass(frozen=True, slots=True)
class VarianceComponent:
    """A row of lme4's VarCorr: a variance with its SD (``var2`` None) or a covariance with its correlation.

    ``sdcor`` is None for the correlation of an effect whose variance is zero.
    """

    grp: str
    var1: str | None
    var2: str | None
    vcov: float
    sdcor: float | None


@dataclass(frozen=True, slots=True)
class OptimiserRun:
    """One search for the variances that came to a finite likelihood."""

    name: str
    converged: bool
    loglik: float


@dataclass(frozen=True, slots=True, kw_only=True)
class MixedResult:
    """A fitted linear mixed model.

    ``formula`` as given; ``weights`` the column of prior weights; ``nobs`` analysed rows, ``n_dropped`` rows with a
    missing value; ``groups`` number of groups by grouping factor; ``npar`` fixed effects and variance parameters;
    ``loglik`` restricted if ``reml``; ``icc`` only for a null model with random intercept; ``r2_within`` and
    ``r2_between`` what fixed effects explain of the variance within and between groups; ``undefined`` says why a
    statistic is None.
    """

    name: str
    formula: str
    reml: bool
    weights: str | None
    nobs: int
    n_dropped: int
    npar: int
    groups: dict[str, int]
    fixed_effects: tuple[FixedEffect, ...]
    term_tests: tuple[TermTest, ...]
    random_effects: tuple[VarianceComponent, ...]
    loglik: float
    aic: float
    bic: float
    converged: bool
    singular: bool
    icc: float | None
    r2_marginal: float
    r2_conditional: float
    r2_within: float | None
    r2_between: float | None
    optimisers: tuple[OptimiserRun, ...]
    conventions: tuple[str, ...]
    warnings: tuple[str, ...]
    undefined: dict[str, str]

    @property
    def fixed(self) -> pd.DataFrame:
        """Fixed effects: term, est, se, df, t, pvalue, ci_lower, ci_upper, std."""
        frame = pd.DataFrame([asdict(effect) for effect in self.fixed_effects])
        return frame.astype({"df": float, "std": float})

    @property
    def anova(self) -> pd.DataFrame:
        """F tests of the terms: term, f, num_df, den_df, pvalue."""
        return pd.DataFrame([asdict(test) for test in self.term_tests], columns=[f.name for f in fields(TermTest)])

    @property
    def random(self) -> pd.DataFrame:
        """Variance components: grp, var1, var2, vcov, sdcor."""
        columns = {
            column: [getattr(component, column) for component in self.random_effects]
            for column in ("grp", "var1", "var2", "vcov", "sdcor")
        }
        texts = {column: pd.Series(columns[column], dtype=object) for column in ("grp", "var1", "var2")}
        return pd.DataFrame(columns | texts).astype({"sdcor": float})

    def tidy(self) -> pd.DataFrame:
        """One row per estimate: effect ("fixed" or "random"), group, term, then the columns of ``fixed``.

        Terms of the random part are ``sd__x`` and ``cor__x.y``, in the units of a standard deviation.
        """
        fixed = self.fixed.assign(effect="fixed", group="")
        random = pd.DataFrame(
            [
                {"effect": "random", "group": row.grp, "term": _random_term(row), "est": row.sdcor}
                for row in self.random_effects
            ]
        )
        columns = ["effect", "group", "term", "est", "se", "df", "t", "pvalue", "ci_lower", "ci_upper", "std"]
        return pd.concat([fixed, random.reindex(columns=fixed.columns)], ignore_index=True)[columns]

    def glance(self) -> pd.DataFrame:
        """One row for the model."""
        names = ["name", "formula", "reml", "nobs", "n_dropped", "npar", "loglik", "aic", "bic"]
        names += ["converged", "singular", "icc", "r2_marginal", "r2_conditional", "r2_within", "r2_between"]
        row = {name: getattr(self, name) for name in names}
        row |= {key: float("nan") for key in ("icc", "r2_within", "r2_between") if row[key] is None}
        row |= {f"n_{group}": count for group, count in self.groups.items()}
        return pd.DataFrame([row])

    def to_json(self) -> str:
        """The result as JSON; an undefined number is null, with its reason under "undefined"."""
        content: dict[str, Any] = {
            "formula": self.formula,
            "reml": self.reml,
            "weights": self.weights,
            "nobs": self.nobs,
            "n_dropped": self.n_dropped,
            "npar": self.npar,
            "groups": self.groups,
            "fixed": [asdict(effect) for effect in self.fixed_effects],
            "anova": [asdict(test) for test in self.term_tests],
            "random": [asdict(component) for component in self.random_effects],
            "logLik": self.loglik,
            "aic": self.aic,
            "bic": self.bic,
            "converged": self.converged,
            "singular": self.singular,
            "icc": self.icc,
            "r2_marginal": self.r2_marginal,
            "r2_conditional": self.r2_conditional,
            "r2_within": self.r2_within,
            "r2_between": self.r2_between,
            "warnings": list(self.warnings),
            "conventions": list(self.conventions),
            "undefined": self.undefined,
        }
        return json_text(content)


def _random_term(row: VarianceComponent) -> str:
    if row.var1 is None:
        return "sd__Observation"
    return f"sd__{row.var1}" if row.var2 is None else f"cor__{row.var1}.{row.var2}"
