"""From estimates of a binary or ordinal mixed model to its result: tests, intervals, shares of variance, remarks."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import special

from analysis.multilevel.discrete.estimate import Estimates, estimate
from analysis.multilevel.discrete.outcome import Family
from analysis.multilevel.discrete.result import ConditionalMode, DiscreteResult, LogitEffect, Threshold
from analysis.multilevel.effect_sizes import intraclass_correlation
from analysis.multilevel.result import VarianceComponent
from analysis.multilevel.variance_shares import variance_shares

Array = NDArray[np.float64]
LATENT_VARIANCE = float(np.pi**2 / 3.0)  # of the standard logistic distribution
WIDTH = float(special.ndtri(0.975))
SINGULAR = 1e-4  # a standard deviation below this is zero, on the logit scale with standardised variables
LARGEST_LOGIT = 709.0  # exp of more overflows
LARGE = 10.0  # logits; a larger standard deviation says that the answers hardly vary within groups
INTERCEPT = ("(Intercept)",)
NO_ICC = "the intraclass correlation of a model with random slopes depends on their variables"
NO_ODDS = "the odds ratio of a unit of the variable is larger than a number can be; take larger units"
NO_CORRELATION = "the correlation of a random effect whose variance is zero"


def fit_discrete(
    formula: str, data: pd.DataFrame, *, family: Family, quadrature: int = 1, name: str = "model"
) -> DiscreteResult:
    """Fit ``formula`` (lme4 notation, one grouping variable) by maximum likelihood.

    ``family`` "binomial" models the log odds of the second of two values, "cumulative" those of a higher against a
    lower category (proportional odds, thresholds free). ``quadrature`` points per random effect of adaptive
    Gauss-Hermite quadrature; 1 is the Laplace approximation. Rows with a missing value in a variable of the
    formula are left out and counted. Raises SpecificationError for a formula that cannot be read, ModelError for
    one that the data cannot answer, DataError for data that carry no mixed model, EstimationError when no estimate
    can be trusted.
    """
    got = estimate(formula, data, family, quadrature)
    n, loglik = len(got.design.y), got.found.best.loglik
    r2 = variance_shares(got.X, got.parameters.beta, got.design.blocks, [got.covariance], LATENT_VARIANCE)
    scalar = got.design.only_block.names == INTERCEPT
    fixed, components = _fixed_effects(got), _components(got)
    return DiscreteResult(
        name=name,
        formula=formula.strip(),
        family=family,
        quadrature=quadrature,
        outcome=got.outcome.name,
        levels=got.outcome.levels,
        nobs=n,
        n_dropped=got.design.n_dropped,
        npar=got.npar,
        groups=got.design.groups,
        thresholds=_thresholds(got),
        fixed_effects=fixed,
        random_effects=components,
        modes=_modes(got),
        loglik=loglik,
        aic=-2.0 * loglik + 2.0 * got.npar,
        bic=-2.0 * loglik + float(np.log(n)) * got.npar,
        converged=got.found.converged,
        singular=got.found.singular,
        icc=intraclass_correlation(float(got.covariance[0, 0]), LATENT_VARIANCE) if scalar else None,
        r2_marginal=r2.marginal,
        r2_conditional=r2.conditional,
        iterations=got.found.best.iterations,
        gradient_max=float(np.abs(got.found.best.gradient).max()),
        conventions=_conventions(got),
        warnings=_warnings(got),
        undefined=_undefined(scalar, fixed, components),
    )


def _thresholds(got: Estimates) -> tuple[Threshold, ...]:
    levels, values = got.outcome.levels, got.parameters.thresholds
    names = [f"{lower}|{upper}" for lower, upper in pairwise(levels)] if len(values) else []
    return tuple(
        Threshold(name, float(est), float(se), float(est / se), float(est - WIDTH * se), float(est + WIDTH * se))
        for name, est, se in zip(names, values, got.errors[: len(values)], strict=True)
    )


def _fixed_effects(got: Estimates) -> tuple[LogitEffect, ...]:
    errors = got.errors[len(got.parameters.thresholds) :]
    return tuple(
        LogitEffect(
            term=term,
            est=float(est),
            se=float(se),
            z=float(est / se),
            pvalue=float(2.0 * special.ndtr(-abs(est / se))),
            ci_lower=float(est - WIDTH * se),
            ci_upper=float(est + WIDTH * se),
            odds_ratio=_odds(est),
            or_lower=_odds(est - WIDTH * se),
            or_upper=_odds(est + WIDTH * se),
        )
        for term, est, se in zip(got.fixed_names, got.parameters.beta, errors, strict=True)
    )


def _odds(logit: float) -> float | None:
    """exp(logit), None where that is larger than a number can be."""
    return float(np.exp(logit)) if logit < LARGEST_LOGIT else None


def _components(got: Estimates) -> tuple[VarianceComponent, ...]:
    """Variances, then covariances, in the order of lme4's VarCorr; a logit model has no residual."""
    terms, grp, covariance = got.design.only_block.names, got.design.only_block.group, got.covariance
    sd = np.sqrt(np.diag(covariance))
    rows = [VarianceComponent(grp, term, None, float(covariance[j, j]), float(sd[j])) for j, term in enumerate(terms)]
    for j, k in zip(*np.triu_indices(len(terms), 1), strict=True):
        product = sd[j] * sd[k]
        correlation = float(np.clip(covariance[j, k] / product, -1.0, 1.0)) if product > 0 else None
        rows.append(VarianceComponent(grp, terms[j], terms[k], float(covariance[j, k]), correlation))
    return tuple(rows)


def _modes(got: Estimates) -> tuple[ConditionalMode, ...]:
    """b = Λ û with covariance Λ H⁻¹ Λ' given the parameters (Bates et al. 2015, equation 58), term by term."""
    factor, modes = got.parameters.factor, got.found.modes
    b = modes.u @ factor.T
    spread = np.linalg.solve(modes.hessian, np.broadcast_to(factor.T, modes.hessian.shape))
    errors = np.sqrt(np.einsum("qr,grq->gq", factor, spread))
    return tuple(
        ConditionalMode(got.design.only_block.group, level, term, float(b[g, j]), float(errors[g, j]))
        for j, term in enumerate(got.design.only_block.names)
        for g, level in enumerate(got.design.only_block.levels)
    )


def _conventions(got: Estimates) -> tuple[str, ...]:
    points, levels = got.quadrature, got.outcome.levels
    return (
        "maximum likelihood by the Laplace approximation"
        if points == 1
        else f"maximum likelihood by adaptive Gauss-Hermite quadrature with {points} points per random effect",
        f"log odds of '{levels[1]}' against '{levels[0]}'"
        if got.family == "binomial"
        else "cumulative logits with proportional odds: a positive effect moves answers to higher categories",
        "standard errors from the observed information of all parameters, variances included",
        "p values and intervals from the normal distribution",
        "ICC and R² on the scale of the latent variable, whose residual variance is π²/3",
        "AIC and BIC count fixed effects, thresholds and variance components",
    )


def _warnings(got: Estimates) -> tuple[str, ...]:
    said = list(got.outcome.warnings)
    if got.design.dropped_terms:
        terms = ", ".join(f"'{term}'" for term in got.design.dropped_terms)
        said.append(f"left out of the fixed part, since the other terms determine them: {terms}")
    if got.found.singular:
        said.append(f"singular fit: {_boundary(got)}; the data do not support this random part")
    large = np.sqrt(np.diag(got.covariance)) * _typical(got) > LARGE
    if large.any():
        what = f"the answers to '{got.outcome.name}' hardly vary within the groups of '{got.design.only_block.group}'"
        said.append(f"{what}: the variance of the random effects is very large")
    return tuple(said)


def _boundary(got: Estimates) -> str:
    """What is zero or determined in a singular random part."""
    design, covariance = got.design, got.covariance
    small = np.sqrt(np.diag(covariance)) * _typical(got) < SINGULAR
    zero = ", ".join(f"'{term}'" for term, is_zero in zip(design.only_block.names, small, strict=True) if is_zero)
    if zero:
        return f"the variance of {zero} between groups of '{design.only_block.group}' is estimated as zero"
    if len(covariance) == 2:
        sign = "+1" if covariance[0, 1] > 0 else "-1"
        return f"the random effects of '{design.only_block.group}' are estimated as correlated by {sign}"
    return f"some random effects of '{design.only_block.group}' are estimated as determined by the others"


def _typical(got: Estimates) -> Array:
    """Root mean squares (q,) of the columns of Z: what a random effect is multiplied by."""
    return np.asarray(np.sqrt((got.design.only_block.Z**2).mean(axis=0)))


def _undefined(
    scalar: bool, fixed: tuple[LogitEffect, ...], components: tuple[VarianceComponent, ...]
) -> dict[str, str]:
    reasons = {} if scalar else {"icc": NO_ICC}
    if any(row.or_upper is None for row in fixed):
        reasons["odds_ratio"] = NO_ODDS
    if any(row.sdcor is None for row in components):
        reasons["sdcor"] = NO_CORRELATION
    return reasons
