"""Does a mixed model fit worse without some of its terms? Likelihood-ratio tests, variances at their bound included."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special

from analysis.errors import ModelError, Problem
from analysis.multilevel.random_blocks import RandomBlock
from analysis.multilevel.solution import Solution

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class LikelihoodRatio:
    """Twice the difference in log-likelihood, ``df`` the parameters that the restricted model lacks.

    ``mixture`` lists the degrees of freedom whose chi-squares, equally weighted, make the null distribution.
    """

    chisq: float
    df: int
    mixture: tuple[int, ...]
    pvalue: float
    reml: bool


def likelihood_ratio(restricted: Solution, full: Solution) -> LikelihoodRatio:
    """Test of ``restricted`` against ``full``, both fitted to the same rows.

    Where the models differ by one random effect with its covariances, the null value is on the boundary and the
    distribution is an equal mixture of chi-squares with k - 1 and k degrees of freedom, k the number of variance
    parameters (Self & Liang 1987, Journal of the American Statistical Association 82, 605-610, case 5; Stram & Lee
    1994, Biometrics 50, 1171-1177). Raises ModelError where the models cannot be compared.
    """
    _require_comparable(restricted, full)
    chisq = max(2.0 * (full.loglik - restricted.loglik), 0.0)
    df = full.npar - restricted.npar
    fewer_effects = _n_effects(full) - _n_effects(restricted)
    same_fixed = len(full.beta) == len(restricted.beta)
    mixture = (df - 1, df) if same_fixed and fewer_effects == 1 else (df,)
    tails = [float(special.chdtrc(k, chisq)) if k else float(chisq <= 0) for k in mixture]
    return LikelihoodRatio(chisq, df, mixture, float(np.mean(tails)), full.reml)


def _n_effects(solution: Solution) -> int:
    return sum(len(block.names) for block in solution.design.blocks)


def _require_comparable(restricted: Solution, full: Solution) -> None:
    problems = []
    if not np.array_equal(restricted.design.rows, full.design.rows):
        what = f"{len(restricted.design.y)} and {len(full.design.y)} rows are analysed, not the same ones"
        problems.append(Problem(what, "likelihood-ratio test", "leave out the rows that either model lacks"))
    elif not np.array_equal(restricted.design.y, full.design.y):
        problems.append(Problem("the outcomes differ", "likelihood-ratio test"))
    elif not _spans(full.design.X, restricted.design.X):
        problems.append(Problem("the fixed effects are not nested", "likelihood-ratio test", "compare AIC and BIC"))
    elif full.reml and len(full.beta) != len(restricted.beta):
        hint = "fit both by maximum likelihood"
        problems.append(Problem("REML likelihoods of different fixed effects", "likelihood-ratio test", hint))
    if restricted.reml != full.reml:
        problems.append(Problem("one model is fitted by REML, the other by ML", "likelihood-ratio test"))
    if not problems and not all(_held(block, full) for block in restricted.design.blocks):
        problems.append(Problem("the random effects are not nested", "likelihood-ratio test", "compare AIC and BIC"))
    if not problems and full.npar <= restricted.npar:
        problems.append(Problem("the first model has no parameter less than the second", "likelihood-ratio test"))
    if problems:
        raise ModelError(problems)


def _spans(full: Array, restricted: Array) -> bool:
    """Whether every column of ``restricted`` is a combination of those of ``full``."""
    basis = np.linalg.qr(full)[0]
    rest = restricted - basis @ (basis.T @ restricted)
    return bool((np.linalg.norm(rest, axis=0) <= 1e-7 * np.linalg.norm(restricted, axis=0)).all())


def _held(block: RandomBlock, full: Solution) -> bool:
    """Whether a term of ``full`` lets the same groups vary in these effects too."""
    same = [other for other in full.design.blocks if other.group == block.group]
    return any(_spans(other.Z, block.Z) for other in same)
