"""Search for the covariance of the random effects by statsmodels' MixedLM, behind a guard.

MixedLM can report convergence with fixed effects of zero and an infinite likelihood. So each of its answers
is evaluated anew by our own likelihood, and believed only where a second optimiser comes to the same place.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from dataclasses import dataclass

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
    from statsmodels.regression.mixed_linear_model import MixedLM  # noqa: PLC0415  (slow to import)

    for optimiser in OPTIMISERS:
        options = {"gtol": 1e-8} if optimiser in {"bfgs", "lbfgs", "cg"} else {}
        with warnings.catch_warnings(), np.errstate(all="ignore"):
            warnings.simplefilter("ignore")  # convergence and boundary are judged here, from the numbers
            try:
                model = MixedLM(data.y, data.X, data.group, data.Z)
                fitted = model.fit(reml=reml, method=optimiser, **options)
            except np.linalg.LinAlgError:
                continue
        covariance = np.asarray(fitted.cov_re_unscaled, dtype=float)
        if not (np.isfinite(fitted.llf) and np.isfinite(covariance).all()):
            continue
        factor, at = _inward(products, covariance, reml)
        theirs = np.asarray(fitted.fe_params, dtype=float)
        if (np.abs(theirs - at.beta) < BETA_AGREEMENT * np.sqrt(np.diag(at.cov_beta))).all():
            yield Candidate(optimiser, bool(fitted.converged), factor, at)


def _inward(products: CrossProducts, covariance: Array, reml: bool) -> tuple[Array, Profile]:
    """A factor of ``covariance`` of the lowest rank that loses no likelihood worth the name.

    MixedLM nears the boundary without reaching it; lme4 gets there. Rank is taken away from the smallest
    eigenvalue upwards.
    """
    values, vectors = np.linalg.eigh(covariance)
    values = np.maximum(values, 0.0)
    best = (vectors * np.sqrt(values), profile(products, vectors * np.sqrt(values), reml))
    for rank_lost in range(1, len(values) + 1):
        values[:rank_lost] = 0.0
        factor = vectors * np.sqrt(values)
        at = profile(products, factor, reml)
        if at.loglik < best[1].loglik - BOUNDARY_LOSS:
            break
        best = (factor, at)
    return best
