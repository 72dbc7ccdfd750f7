"""Fit a linear mixed model from an lme4 formula and a table."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy import special

from analysis.errors import EstimationError, Problem
from analysis.multilevel.crossproducts import cross_products
from analysis.multilevel.design import Design, build_design
from analysis.multilevel.effect_sizes import explained_variance, intraclass_correlation
from analysis.multilevel.formula import parse_formula
from analysis.multilevel.likelihood import Array, Profile
from analysis.multilevel.mixedlm import search
from analysis.multilevel.result import FixedEffect, MixedResult, OptimiserRun, VarianceComponent
from analysis.multilevel.whitening import random_covariance, unwhiten, whiten

SINGULAR = 1e-4  # lme4's isSingular(): a diagonal of the relative covariance factor below this is zero
INTERCEPT = ("(Intercept)",)
NO_DF = "degrees of freedom are not estimated; p values and intervals take the Wald ratio as normal"
NO_ICC = "the intraclass correlation is that of a model with an intercept and a random intercept alone"
NO_CORRELATION = "the correlation of a random effect whose variance is zero"


def fit(formula: str, data: pd.DataFrame, *, reml: bool = True, name: str = "model") -> MixedResult:
    """Fit ``formula`` (lme4 notation, one grouping variable) to ``data`` by REML or ML.

    Rows with a missing value in a variable of the formula are left out and counted. Raises SpecificationError
    for a formula that cannot be read, ModelError for one that the data cannot answer, DataError for data that
    carry no mixed model, EstimationError when no estimate can be trusted.
    """
    design = build_design(parse_formula(formula), data)
    whitened = whiten(design)
    products = cross_products(whitened.y, whitened.X, whitened.Z, whitened.group)
    found = search(whitened, products, reml)
    at = unwhiten(found.best.at, whitened, reml)
    covariance = random_covariance(found.best.factor, found.best.at, whitened)
    fixed = _fixed_effects(design.fixed_names, at)
    shift = at.loglik - found.best.at.loglik
    q, p = len(design.random_names), len(design.fixed_names)
    npar = p + q * (q + 1) // 2 + 1
    singular = _is_singular(covariance / at.sigma2)
    r2 = explained_variance(design.X, at.beta, design.Z, covariance, at.sigma2)
    null = design.fixed_names == INTERCEPT and design.random_names == INTERCEPT
    components = _components(design, covariance, at.sigma2)
    return MixedResult(
        name=name,
        formula=formula.strip(),
        reml=reml,
        nobs=len(design.y),
        n_dropped=design.n_dropped,
        npar=npar,
        groups={design.group_name: design.n_groups},
        fixed_effects=fixed,
        random_effects=components,
        loglik=at.loglik,
        aic=-2.0 * at.loglik + 2.0 * npar,
        bic=-2.0 * at.loglik + float(np.log(len(design.y))) * npar,
        converged=True,
        singular=singular,
        icc=intraclass_correlation(float(covariance[0, 0]), at.sigma2) if null else None,
        r2_marginal=r2.marginal,
        r2_conditional=r2.conditional,
        optimisers=tuple(OptimiserRun(c.optimiser, c.converged, c.at.loglik + shift) for c in found.tried),
        conventions=_conventions(reml),
        warnings=_warnings(design, covariance, singular),
        undefined=_undefined(null, components),
    )


def _fixed_effects(terms: tuple[str, ...], at: Profile) -> tuple[FixedEffect, ...]:
    errors = np.sqrt(np.diag(at.cov_beta))
    if not (np.isfinite(errors).all() and (errors > 0).all()):
        raise EstimationError(Problem("a standard error is zero or not finite", "mixed model"))
    width = float(special.ndtri(0.975))
    return tuple(
        FixedEffect(
            term=term,
            est=float(est),
            se=float(se),
            df=None,
            t=float(est / se),
            pvalue=float(2.0 * special.ndtr(-abs(est / se))),
            ci_lower=float(est - width * se),
            ci_upper=float(est + width * se),
        )
        for term, est, se in zip(terms, at.beta, errors, strict=True)
    )


def _components(design: Design, covariance: Array, sigma2: float) -> tuple[VarianceComponent, ...]:
    """Variances, then covariances, then the residual, in the order of lme4's VarCorr."""
    terms, grp = design.random_names, design.group_name
    sd = np.sqrt(np.diag(covariance))
    rows = [VarianceComponent(grp, term, None, float(covariance[j, j]), float(sd[j])) for j, term in enumerate(terms)]
    for j, first in enumerate(terms):
        for k in range(j + 1, len(terms)):
            product = sd[j] * sd[k]
            correlation = float(np.clip(covariance[j, k] / product, -1.0, 1.0)) if product > 0 else None
            rows.append(VarianceComponent(grp, first, terms[k], float(covariance[j, k]), correlation))
    rows.append(VarianceComponent("Residual", None, None, sigma2, float(np.sqrt(sigma2))))
    return tuple(rows)


def _is_singular(relative: Array) -> bool:
    """Whether a diagonal element of the Cholesky factor of cov(b) / σ² is (near) zero, as lme4 judges it."""
    rest = relative.copy()
    for j in range(len(rest)):
        pivot = rest[j, j]
        if pivot < SINGULAR**2:
            return True
        rest = rest - np.outer(rest[:, j], rest[j]) / pivot
    return False


def _conventions(reml: bool) -> tuple[str, ...]:
    return (
        "restricted maximum likelihood (REML)" if reml else "maximum likelihood (ML)",
        "AIC and BIC count fixed effects and variance components, as lme4 does",
        "standard errors of fixed effects given the estimated variance components",
        "p values and intervals from the normal distribution",
    )


def _warnings(design: Design, covariance: Array, singular: bool) -> tuple[str, ...]:
    said = []
    if design.dropped_terms:
        terms = ", ".join(f"'{term}'" for term in design.dropped_terms)
        said.append(f"left out of the fixed part, since the other terms determine them: {terms}")
    if singular:
        said.append(_explain_singularity(design, covariance))
    return tuple(said)


def _explain_singularity(design: Design, covariance: Array) -> str:
    sd = np.sqrt(np.diag(covariance))
    spread = sd * np.sqrt((design.Z**2).mean(axis=0))
    small = spread < SINGULAR * np.std(design.y)
    zero = [term for term, is_zero in zip(design.random_names, small, strict=True) if is_zero]
    if zero:
        effects = ", ".join(f"'{term}'" for term in zero)
        cause = f"the variance of {effects} between groups of '{design.group_name}' is estimated as zero"
    elif len(sd) == 2:
        sign = "+1" if covariance[0, 1] > 0 else "-1"
        cause = f"the random effects of '{design.group_name}' are estimated as correlated by {sign}"
    else:
        cause = f"some random effects of '{design.group_name}' are estimated as determined by the others"
    return f"singular fit: {cause}; the data do not support this random part"


def _undefined(null: bool, components: tuple[VarianceComponent, ...]) -> dict[str, str]:
    reasons = {"df": NO_DF}
    if not null:
        reasons["icc"] = NO_ICC
    if any(row.sdcor is None for row in components):
        reasons["sdcor"] = NO_CORRELATION
    return reasons
