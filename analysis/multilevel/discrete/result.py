"""The result of a mixed model for a binary or ordinal outcome: plain values, with tables made on demand."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields
from typing import Any

import pandas as pd

from analysis.json_text import json_text
from analysis.multilevel.discrete.outcome import Family
from analysis.multilevel.result import VarianceComponent


@dataclass(frozen=True, slots=True)
class LogitEffect:
    """A coefficient on the logit scale, its Wald test and 95 % interval, and the same as odds ratios."""

    term: str
    est: float
    se: float
    z: float
    pvalue: float
    ci_lower: float
    ci_upper: float
    odds_ratio: float | None
    or_lower: float | None
    or_upper: float | None


@dataclass(frozen=True, slots=True)
class Threshold:
    """The threshold between two neighbouring categories, named ``"1|2"``, on the logit scale."""

    term: str
    est: float
    se: float
    z: float
    ci_lower: float
    ci_upper: float


@dataclass(frozen=True, slots=True)
class ConditionalMode:
    """The mode of a random effect of one group given the data, with its conditional standard deviation."""

    grp: str
    level: str
    term: str
    est: float
    se: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscreteResult:
    """A fitted mixed model for a binary (``family`` binomial) or ordinal (cumulative) outcome with logit link.

    ``levels`` are the values of ``outcome`` in order: a binary model is of the second against the first, an
    ordinal one of higher against lower. ``quadrature`` points per dimension, 1 for Laplace. ``thresholds`` are
    empty for a binary outcome. ``icc`` and R² are on the scale of the latent variable; ``icc`` only where the
    random part is an intercept. ``iterations`` of the search; ``gradient_max`` what is left of the gradient, in
    standardised units. ``undefined`` says why a statistic is None.
    """

    name: str
    formula: str
    family: Family
    quadrature: int
    outcome: str
    levels: tuple[str, ...]
    nobs: int
    n_dropped: int
    npar: int
    groups: dict[str, int]
    thresholds: tuple[Threshold, ...]
    fixed_effects: tuple[LogitEffect, ...]
    random_effects: tuple[VarianceComponent, ...]
    modes: tuple[ConditionalMode, ...]
    loglik: float
    aic: float
    bic: float
    converged: bool
    singular: bool
    icc: float | None
    r2_marginal: float
    r2_conditional: float
    iterations: int
    gradient_max: float
    conventions: tuple[str, ...]
    warnings: tuple[str, ...]
    undefined: dict[str, str]

    @property
    def fixed(self) -> pd.DataFrame:
        """Fixed effects: term, est, se, z, pvalue, ci_lower, ci_upper, odds_ratio, or_lower, or_upper."""
        return _frame(LogitEffect, self.fixed_effects)

    @property
    def random(self) -> pd.DataFrame:
        """Variance components: grp, var1, var2, vcov, sdcor."""
        frame = _frame(VarianceComponent, self.random_effects)
        return frame.astype({"var1": object, "var2": object, "sdcor": float})

    @property
    def conditional_modes(self) -> pd.DataFrame:
        """Conditional modes: grp, level, term, est, se."""
        return _frame(ConditionalMode, self.modes)

    def tidy(self) -> pd.DataFrame:
        """One row per estimate: effect ("threshold", "fixed" or "random"), group, term, then those of ``fixed``.

        Terms of the random part are ``sd__x`` and ``cor__x.y``, in the units of a standard deviation.
        """
        thresholds = [asdict(row) | {"effect": "threshold", "group": ""} for row in self.thresholds]
        fixed = [asdict(row) | {"effect": "fixed", "group": ""} for row in self.fixed_effects]
        random = [
            {"effect": "random", "group": row.grp, "term": _random_term(row), "est": row.sdcor}
            for row in self.random_effects
        ]
        columns = ["effect", "group", *(field.name for field in fields(LogitEffect))]
        return pd.DataFrame([*thresholds, *fixed, *random], columns=columns)

    def glance(self) -> pd.DataFrame:
        """One row for the model."""
        names = ["name", "formula", "family", "quadrature", "nobs", "n_dropped", "npar", "loglik", "aic", "bic"]
        names += ["converged", "singular", "icc", "r2_marginal", "r2_conditional"]
        row = {name: getattr(self, name) for name in names}
        row["icc"] = float("nan") if self.icc is None else self.icc
        row |= {f"n_{group}": count for group, count in self.groups.items()}
        return pd.DataFrame([row])

    def to_json(self) -> str:
        """The result as JSON; an undefined number is null, with its reason under "undefined"."""
        renamed = {"fixed_effects": "fixed", "random_effects": "random", "loglik": "logLik"}
        content: dict[str, Any] = {renamed.get(key, key): value for key, value in asdict(self).items() if key != "name"}
        return json_text(content)


def _frame(kind: type[Any], rows: Sequence[Any]) -> pd.DataFrame:
    return pd.DataFrame([asdict(row) for row in rows], columns=[field.name for field in fields(kind)])


def _random_term(row: VarianceComponent) -> str:
    return f"sd__{row.var1}" if row.var2 is None else f"cor__{row.var1}.{row.var2}"
