"""Mixed models as the terminal shows them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analysis.report.rounding import Kind, interval, show
from analysis.report.terminal import columns, remarks

if TYPE_CHECKING:
    from collections.abc import Sequence

    from analysis.multilevel import DiscreteResult, MixedResult
    from analysis.multilevel.cluster_robust import ClusterRobust
    from analysis.multilevel.parametric_bootstrap import ParametricBootstrap
    from analysis.multilevel.profile_intervals import ProfileIntervals
    from analysis.multilevel.result import FixedEffect, VarianceComponent


def mixed_summary(result: MixedResult) -> str:
    """A mixed model: fixed effects, variance components, fit, what to know."""
    groups = ", ".join(f"{count} {name}" for name, count in result.groups.items())
    lines = [
        f"{'REML' if result.reml else 'ML'}, {result.nobs} observations, {groups}",
        f"log-likelihood {show(result.loglik, Kind.NUMBER)}, AIC {show(result.aic, Kind.NUMBER)}, "
        f"BIC {show(result.bic, Kind.NUMBER)}; R² marginal {show(result.r2_marginal, Kind.BOUNDED)}, "
        f"conditional {show(result.r2_conditional, Kind.BOUNDED)}, within {show(result.r2_within, Kind.BOUNDED)}, "
        f"between {show(result.r2_between, Kind.BOUNDED)}; ICC {show(result.icc, Kind.BOUNDED)}",
        "",
        "Fixed effects",
        *_fixed(result.fixed_effects),
        "",
        "Random effects",
        *_random(result.random_effects),
    ]
    return "\n".join([*lines, *remarks(result.warnings)])


def _fixed(effects: Sequence[FixedEffect]) -> list[str]:
    rows = [
        [
            row.term,
            show(row.est, Kind.ESTIMATE),
            show(row.se, Kind.ESTIMATE),
            show(row.df, Kind.NUMBER),
            show(row.t, Kind.NUMBER),
            show(row.pvalue, Kind.PVALUE),
            interval(row.ci_lower, row.ci_upper, Kind.ESTIMATE),
            show(row.std, Kind.ESTIMATE),
        ]
        for row in effects
    ]
    header = ["", "b", "SE", "df", "t", "p", "95 % interval", "β"]
    shown = len(header) if any(row.std is not None for row in effects) else len(header) - 1
    return columns(header[:shown], [row[:shown] for row in rows])


def _random(components: Sequence[VarianceComponent]) -> list[str]:
    rows = [
        [c.grp, c.var1 or "", c.var2 or "", show(c.vcov, Kind.ESTIMATE), show(c.sdcor, Kind.ESTIMATE)]
        for c in components
    ]
    return columns(["group", "", "", "variance", "SD or r"], rows)


def discrete_summary(result: DiscreteResult) -> str:
    """A binary or ordinal mixed model: effects with odds ratios, thresholds, variance components, fit."""
    groups = ", ".join(f"{count} {name}" for name, count in result.groups.items())
    points = "Laplace approximation" if result.quadrature == 1 else f"{result.quadrature} quadrature points"
    fixed = [
        [
            row.term,
            *(show(value, Kind.ESTIMATE) for value in (row.est, row.se)),
            show(row.z, Kind.NUMBER),
            show(row.pvalue, Kind.PVALUE),
            show(row.odds_ratio, Kind.ESTIMATE),
            interval(row.or_lower, row.or_upper, Kind.ESTIMATE),
        ]
        for row in result.fixed_effects
    ]
    thresholds = [
        [row.term, show(row.est, Kind.ESTIMATE), show(row.se, Kind.ESTIMATE), show(row.z, Kind.NUMBER)]
        for row in result.thresholds
    ]
    lines = [
        f"{result.family} logit, {points}, {result.nobs} observations, {groups}",
        f"log-likelihood {show(result.loglik, Kind.NUMBER)}, AIC {show(result.aic, Kind.NUMBER)}, "
        f"BIC {show(result.bic, Kind.NUMBER)}; R² marginal {show(result.r2_marginal, Kind.BOUNDED)}, "
        f"conditional {show(result.r2_conditional, Kind.BOUNDED)}; ICC {show(result.icc, Kind.BOUNDED)} (latent scale)",
        "",
        f"Fixed effects (log odds of '{result.levels[1]}')"
        if result.family == "binomial"
        else "Fixed effects (log odds of a higher answer)",
        *columns(["", "b", "SE", "z", "p", "odds ratio", "95 % interval"], fixed),
        *(["", "Thresholds", *columns(["", "b", "SE", "z"], thresholds)] if thresholds else []),
        "",
        "Random effects",
        *_random(result.random_effects),
    ]
    return "\n".join([*lines, *remarks(result.warnings)])


def robust_summary(robust: ClusterRobust) -> str:
    """Fixed effects with standard errors robust to what the model leaves out within groups."""
    head = f"Fixed effects, robust by {robust.n_clusters} groups of '{robust.group}' (CR2, Satterthwaite)"
    return "\n".join(["", head, *_fixed(robust.fixed_effects)])


def profile_summary(profile: ProfileIntervals) -> str:
    """Intervals from the profile of the likelihood."""
    rows = [
        [row.parameter, show(row.est, Kind.ESTIMATE), interval(row.lower, row.upper, Kind.ESTIMATE)]
        for row in profile.intervals
    ]
    head = "Profile intervals (maximum likelihood)"
    return "\n".join(["", head, *columns(["", "ML", f"{100 * profile.level:g} % interval"], rows)])


def bootstrap_summary(bootstrap: ParametricBootstrap) -> str:
    """Parametric bootstrap: bias, standard error, percentile interval, and how many fits failed."""
    rows = [
        [
            str(row.parameter),
            *(show(value, Kind.ESTIMATE) for value in (row.est, row.bias, row.se)),
            interval(row.ci_lower, row.ci_upper, Kind.ESTIMATE),
        ]
        for row in bootstrap.tidy().itertuples(index=False)
    ]
    head = f"Parametric bootstrap, {len(bootstrap.replicates)} replicates, {bootstrap.n_failed} of them failed"
    return "\n".join(["", head, *columns(["", "b", "bias", "SE", "95 % interval"], rows)])
