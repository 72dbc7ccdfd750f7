"""Mixed models refitted by statsmodels' MixedLM, behind a guard.

MixedLM can report convergence with fixed effects of zero and an infinite likelihood. So an answer of its optimisers
counts only where its likelihood is finite, and is compared only where a second optimiser comes to the same one. It
fits one random term without weights, and it stops short of the boundary where a variance is zero or a correlation
one: such models are not compared. Nor are standard errors, which it takes from a Hessian that mixes fixed effects
and variances, where lme4 and we take the variances as they are. It is given orthogonal columns and a standardised
outcome, since its optimisers don't stand odd units; both leave the model what it is.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analysis.crosscheck.agreement import Agreement, compare, not_comparable
from analysis.multilevel import MixedResult
from analysis.multilevel.design import Design, build_design
from analysis.multilevel.formula import parse_formula
from analysis.multilevel.solution import deviance_in_data_units
from analysis.multilevel.whitening import Whitened, whiten

Array = NDArray[np.float64]

OPTIMISERS = ("bfgs", "powell", "lbfgs", "cg", "nm")
LOGLIK_AGREEMENT = 1e-4  # two optimisers agree when their log-likelihoods are this close …
BETA_AGREEMENT = 0.01  # … and their fixed effects differ by less than this share of a standard error


@dataclass(frozen=True, slots=True)
class Answer:
    """What an optimiser of MixedLM found, in whitened units: ``beta`` (p,) with its errors ``se`` (p,).

    ``covariance`` (q, q) is that of the random effects, ``sigma2`` the residual variance.
    """

    beta: Array
    se: Array
    covariance: Array
    sigma2: float
    loglik: float


def refit(result: MixedResult, data: pd.DataFrame) -> Agreement:
    """Fit the model of ``result`` anew by statsmodels to ``data`` and compare."""
    engine = f"statsmodels {version('statsmodels')}"
    formula = parse_formula(result.formula)
    reason = _why_not(result, len(formula.random))
    if reason:
        return not_comparable(result.name, engine, reason)
    design = build_design(formula, data)
    if len(design.y) != result.nobs:
        return not_comparable(result.name, engine, f"{len(design.y)} rows are at hand, {result.nobs} were fitted")
    whitened = whiten(design)
    answer = _agreed(whitened, result.reml)
    if answer is None:
        return not_comparable(result.name, engine, "no two of its optimisers agree on a finite likelihood")
    return compare(result.name, engine, _pairs(result, answer, whitened, design))


def _why_not(result: MixedResult, n_random: int) -> str:
    """Why MixedLM cannot be asked; empty where it can."""
    reasons = {
        "the model has several random terms": n_random > 1,
        "the rows are weighted": result.weights is not None,
        "the fit is singular: statsmodels stops short of the boundary": result.singular,
        "our own fit did not converge": not result.converged,
    }
    return next((reason for reason, holds in reasons.items() if holds), "")


def _agreed(whitened: Whitened, reml: bool) -> Answer | None:
    """The answer of highest likelihood, once two optimisers came to it."""
    found: list[Answer] = []
    for answer in _answers(whitened, reml):
        found.append(answer)
        best = max(found, key=lambda other: other.loglik)
        if sum(_agree(best, other) for other in found) >= 2:
            return best
    return None


def _agree(one: Answer, other: Answer) -> bool:
    return bool(
        abs(one.loglik - other.loglik) < LOGLIK_AGREEMENT
        and (np.abs(one.beta - other.beta) < BETA_AGREEMENT * one.se).all()
    )


def _answers(whitened: Whitened, reml: bool) -> Iterator[Answer]:
    from statsmodels.regression.mixed_linear_model import MixedLM

    (block,) = whitened.blocks
    for optimiser in OPTIMISERS:
        options = {"gtol": 1e-8} if optimiser in {"bfgs", "lbfgs", "cg"} else {}
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # convergence is judged here, from the numbers
            try:
                fitted = MixedLM(whitened.y, whitened.X, block.codes, block.Z).fit(
                    reml=reml, method=optimiser, **options
                )
                answer = Answer(
                    beta=np.asarray(fitted.fe_params, dtype=float),
                    se=np.asarray(fitted.bse_fe, dtype=float),
                    covariance=np.asarray(fitted.cov_re, dtype=float),
                    sigma2=float(fitted.scale),
                    loglik=float(fitted.llf),
                )
            except np.linalg.LinAlgError:
                continue
        numbers = (answer.beta, answer.se, answer.covariance, answer.sigma2, answer.loglik)
        if all(np.isfinite(number).all() for number in numbers):
            yield answer


def _pairs(
    result: MixedResult, answer: Answer, whitened: Whitened, design: Design
) -> Iterator[tuple[str, float | None, float]]:
    """Theirs led back to the units of the data."""
    inverse, root = np.linalg.inv(whitened.R_X), np.linalg.inv(whitened.R_Z[0])
    beta = whitened.ols + whitened.scale * inverse @ answer.beta
    covariance = whitened.scale**2 * root @ answer.covariance @ root.T
    for effect, est in zip(result.fixed_effects, beta, strict=True):
        yield f"est: {effect.term}", effect.est, float(est)
    names = design.blocks[0].names
    for row in result.random_effects:
        if row.var1 is None:
            yield "variance: Residual", row.vcov, whitened.scale**2 * answer.sigma2
        else:
            j, k = names.index(row.var1), names.index(row.var2 or row.var1)
            what = f"covariance: {row.var1}, {row.var2}" if row.var2 else f"variance: {row.var1}"
            yield what, row.vcov, float(covariance[j, k])
    yield "logLik", result.loglik, answer.loglik - 0.5 * deviance_in_data_units(whitened, result.reml)
