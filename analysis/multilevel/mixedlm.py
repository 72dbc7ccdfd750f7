"""Search for the covariance of the random effects by statsmodels' MixedLM, behind a guard.

MixedLM can report convergence with fixed effects of zero and an infinite likelihood, and it stops short of the
boundary where a variance is zero or a correlation one. So each of its answers is evaluated anew by our own
likelihood, carried on to the maximum next to it, and believed only where a second optimiser of MixedLM leads to
the same maximum.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from analysis.errors import EstimationError, Problem
from analysis.multilevel.crossproducts import CrossProducts
from analysis.multilevel.likelihood import Array, Profile, profile
from analysis.multilevel.whitening import Whitened

OPTIMISERS = ("bfgs", "powell", "lbfgs", "cg", "nm")
LOGLIK_AGREEMENT = 1e-4  # two optimisers agree when their log-likelihoods are this close …
BETA_AGREEMENT = 0.01  # … and their fixed effects differ by less than this share of a standard error
BOUNDARY_LOSS = 1e-6  # a variance is 0 when setting it to 0 costs less log-likelihood than this


@dataclass(frozen=True, slots=True)
class Candidate:
    """What one optimiser found: ``factor`` Λ (q, q) with cov(b) = σ² Λ Λ', and what follows from it."""

    optimiser: str
    converged: bool
    factor: Array
    at: Profile


@dataclass(frozen=True, slots=True)
class Search:
    """The best candidate and all that were found, in the order they were tried."""

    best: Candidate
    tried: tuple[Candidate, ...]


def search(data: Whitened, products: CrossProducts, reml: bool) -> Search:
    """The relative covariance of the random effects with the highest (restricted) likelihood.

    Raises EstimationError when no two optimisers agree on the highest log-likelihood and its fixed effects.
    """
    found: list[Candidate] = []
    for candidate in _candidates(data, products, reml):
        found.append(candidate)
        best = max(found, key=lambda other: other.at.loglik)
        if sum(_agree(best, other) for other in found) >= 2:
            return Search(best, tuple(found))
    listed = "; ".join(f"{c.optimiser} {c.at.loglik:.6f}" for c in found) or "none is finite"
    what = f"no two optimisers agree on the likelihood of the mixed model ({listed})"
    raise EstimationError(Problem(what, "mixed model", "take fewer random effects or rescale the variables"))


def _agree(one: Candidate, other: Candidate) -> bool:
    error = np.sqrt(np.diag(one.at.cov_beta))
    return bool(
        abs(one.at.loglik - other.at.loglik) < LOGLIK_AGREEMENT
        and (np.abs(one.at.beta - other.at.beta) < BETA_AGREEMENT * error).all()
    )


def _candidates(data: Whitened, products: CrossProducts, reml: bool) -> Iterator[Candidate]:
    from statsmodels.regression.mixed_linear_model import MixedLM

    for optimiser in OPTIMISERS:
        options = {"gtol": 1e-8} if optimiser in {"bfgs", "lbfgs", "cg"} else {}
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # convergence and boundary are judged here, from the numbers
            try:
                model = MixedLM(data.y, data.X, data.group, data.Z)
                fitted = model.fit(reml=reml, method=optimiser, **options)
                candidate = _judge(optimiser, fitted, products, reml)
            except np.linalg.LinAlgError:
                continue
        if candidate is not None:
            yield candidate


def _judge(optimiser: str, fitted: Any, products: CrossProducts, reml: bool) -> Candidate | None:
    """The maximum next to a result of MixedLM; None where its numbers contradict the likelihood."""
    covariance = np.asarray(fitted.cov_re_unscaled, dtype=float)
    if not (np.isfinite(fitted.llf) and np.isfinite(covariance).all()):
        return None
    factor = _root(covariance)
    at = profile(products, factor, reml)
    off = np.abs(np.asarray(fitted.fe_params, dtype=float) - at.beta)
    if (off > BETA_AGREEMENT * np.sqrt(np.diag(at.cov_beta))).any():
        return None
    factor, at = _inward(products, _carried_on(products, factor, reml), reml)
    return Candidate(optimiser, bool(fitted.converged), factor, at)


def _root(covariance: Array) -> Array:
    values, vectors = np.linalg.eigh(covariance)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0.0)))


def _carried_on(products: CrossProducts, factor: Array, reml: bool) -> Array:
    """Climb from ``factor`` to the nearest maximum in the elements of a triangular Λ.

    In these elements the likelihood is smooth up to and across the boundary (Λ of lower rank), which the
    elements of a covariance matrix are not.
    """
    from scipy.optimize import minimize

    lower = np.tril_indices(len(factor))

    def negative_loglik(elements: Array) -> float:
        trial = np.zeros_like(factor)
        trial[lower] = elements
        return -profile(products, trial, reml).loglik

    start = np.linalg.qr(factor.T)[1].T[lower]
    end = np.zeros_like(factor)
    end[lower] = minimize(negative_loglik, start, method="BFGS", jac="3-point", options={"gtol": 1e-7}).x
    return end


def _inward(products: CrossProducts, factor: Array, reml: bool) -> tuple[Array, Profile]:
    """A factor of the lowest rank that loses no likelihood worth the name: on the boundary if that is as good.

    Rank is taken away from the smallest eigenvalue of Λ Λ' upwards.
    """
    values, vectors = np.linalg.eigh(factor @ factor.T)
    values = np.maximum(values, 0.0)
    best = (factor, profile(products, factor, reml))
    for rank_lost in range(1, len(values) + 1):
        values[:rank_lost] = 0.0
        factor = vectors * np.sqrt(values)
        at = profile(products, factor, reml)
        if at.loglik < best[1].loglik - BOUNDARY_LOSS:
            break
        best = (factor, at)
    return best
