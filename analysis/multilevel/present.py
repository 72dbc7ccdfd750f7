"""A solved mixed model as the result that its user reads: tables, warnings, conventions."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.multilevel.effect_sizes import intraclass_correlation, standardised
from analysis.multilevel.result import FixedEffect, MixedResult, OptimiserRun, TermTest, VarianceComponent
from analysis.multilevel.satterthwaite import VarianceUncertainty, coefficient_df, f_test, variance_uncertainty
from analysis.multilevel.singularity import explain_singularity, is_singular
from analysis.multilevel.solution import Solution
from analysis.multilevel.term_tests import type_three
from analysis.multilevel.variance_shares import variance_shares

Array = NDArray[np.float64]

INTERCEPT = ("(Intercept)",)
NO_ICC = "the intraclass correlation is that of a model with an intercept and a random intercept alone"
NO_LEVELS = "the model has several grouping factors: there is no one pair of levels to divide the variance between"
NO_BETWEEN = "neither fixed nor random effects differ between groups"
NO_CORRELATION = "the correlation of a random effect whose variance is zero"


def present(solution: Solution, formula: str, name: str) -> MixedResult:
    """The result of ``solution``, which was asked for as ``formula``."""
    design = solution.design
    uncertainty = variance_uncertainty(solution)
    fixed = _fixed_effects(solution, uncertainty)
    shares = variance_shares(design.X, solution.beta, design.blocks, solution.covariances, solution.sigma2)
    one_factor = len(design.groups) == 1
    null = design.fixed_names == INTERCEPT and [block.names for block in design.blocks] == [INTERCEPT]
    components = tuple(_components(solution))
    singular = is_singular(solution)
    npar = solution.npar
    shift = -2.0 * solution.loglik - solution.search.best.at.deviance
    return MixedResult(
        name=name,
        formula=formula.strip(),
        reml=solution.reml,
        weights=design.weighted_by,
        nobs=len(design.y),
        n_dropped=design.n_dropped,
        npar=npar,
        groups=design.groups,
        fixed_effects=fixed,
        term_tests=_term_tests(solution, uncertainty),
        random_effects=components,
        loglik=solution.loglik,
        aic=-2.0 * solution.loglik + 2.0 * npar,
        bic=-2.0 * solution.loglik + float(np.log(len(design.y))) * npar,
        converged=solution.search.best.converged and solution.search.agreed,
        singular=singular,
        icc=intraclass_correlation(float(solution.covariances[0][0, 0]), solution.sigma2) if null else None,
        r2_marginal=shares.marginal,
        r2_conditional=shares.conditional,
        r2_within=shares.within if one_factor else None,
        r2_between=shares.between if one_factor else None,
        optimisers=tuple(
            OptimiserRun(run.name, run.converged, -0.5 * (run.at.deviance + shift)) for run in solution.search.tried
        ),
        conventions=_conventions(solution),
        warnings=tuple(_warnings(solution, singular)),
        undefined=_undefined(null, one_factor, shares.between, components),
    )


def _fixed_effects(solution: Solution, uncertainty: VarianceUncertainty) -> tuple[FixedEffect, ...]:
    """Wald t tests on Satterthwaite's degrees of freedom, with the interval that belongs to them."""
    errors = np.sqrt(np.diag(solution.cov_beta))
    df = coefficient_df(uncertainty)
    t = solution.beta / errors
    half = special.stdtrit(df, 0.975) * errors
    pvalues = 2.0 * special.stdtr(df, -np.abs(t))
    std = standardised(solution.design, solution.beta)
    columns = (solution.beta, errors, df, t, pvalues, solution.beta - half, solution.beta + half, std)
    numbers = np.column_stack(columns).astype(object)
    numbers[np.isnan(std), -1] = None
    rows = numbers.tolist()
    return tuple(FixedEffect(term, *row) for term, row in zip(solution.design.fixed_names, rows, strict=True))


def _term_tests(solution: Solution, uncertainty: VarianceUncertainty) -> tuple[TermTest, ...]:
    tests = []
    for term, L in type_three(solution.design).items():
        test = f_test(uncertainty, solution.beta, L)
        tests.append(TermTest(term, test.statistic, test.num_df, test.den_df, test.pvalue))
    return tuple(tests)


def _components(solution: Solution) -> Iterator[VarianceComponent]:
    """Variances, then covariances of each random term, then the residual, in the order of lme4's VarCorr."""
    for block, covariance in zip(solution.design.blocks, solution.covariances, strict=True):
        terms, sd = block.names, np.sqrt(np.diag(covariance))
        for j, term in enumerate(terms):
            yield VarianceComponent(block.label, term, None, float(covariance[j, j]), float(sd[j]))
        for j, first in enumerate(terms):
            for k in range(j + 1, len(terms)):
                product = sd[j] * sd[k]
                correlation = float(np.clip(covariance[j, k] / product, -1.0, 1.0)) if product > 0 else None
                yield VarianceComponent(block.label, first, terms[k], float(covariance[j, k]), correlation)
    yield VarianceComponent("Residual", None, None, solution.sigma2, float(np.sqrt(solution.sigma2)))


def _conventions(solution: Solution) -> tuple[str, ...]:
    return (
        "restricted maximum likelihood (REML)" if solution.reml else "maximum likelihood (ML)",
        "AIC and BIC count fixed effects and variance components, as lme4 does",
        "standard errors of fixed effects given the estimated variance components",
        "degrees of freedom by Satterthwaite's method, as lmerTest; p values and intervals from the t distribution",
        "F tests of terms are of type III",
        "R²: of fixed effects (marginal), of random ones too (conditional), of fixed ones within and between groups",
        "within() and between() take the group means of the analysed rows",
    )


def _warnings(solution: Solution, singular: bool) -> Iterator[str]:
    if solution.design.dropped_terms:
        terms = ", ".join(f"'{term}'" for term in solution.design.dropped_terms)
        yield f"left out of the fixed part, since the other terms determine them: {terms}"
    if singular:
        yield explain_singularity(solution)
    if not solution.search.best.converged:
        yield "not converged: the likelihood still rises where the search stopped"
    if not solution.search.agreed:
        ends = "; ".join(f"{run.name}: {run.at.deviance:.6f}" for run in solution.search.tried)
        yield f"not converged: no two starts of the search lead to the highest likelihood (deviances from {ends})"


def _undefined(
    null: bool, one_factor: bool, between: float | None, components: tuple[VarianceComponent, ...]
) -> dict[str, str]:
    reasons = {}
    if not null:
        reasons["icc"] = NO_ICC
    if not one_factor:
        reasons |= dict.fromkeys(("r2_within", "r2_between"), NO_LEVELS)
    elif between is None:
        reasons["r2_between"] = NO_BETWEEN
    if any(row.sdcor is None for row in components):
        reasons["sdcor"] = NO_CORRELATION
    return reasons
