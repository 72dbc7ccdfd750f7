"""Population fit under missing values: what chi-square would be if the data were complete, and its expectation.

Full-information chi-squares shrink with the share of missing values and so do the indices made of them. Zhang &
Savalei (2023, Psychological Methods 28(2), 263-283; versions V3 and, under normality, V6) compare the model's
moments with those of the saturated model as complete data would, and correct the degrees of freedom for what is
missing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analysis.sem.casewise import lower_triangle
from analysis.sem.covariance import inverse_information
from analysis.sem.discrepancy.normal import NormalTheory
from analysis.sem.fitted import Fitted
from analysis.sem.groups import GroupRows
from analysis.sem.implied import Derivatives, derivatives, implied
from analysis.sem.moment_information import expected_information
from analysis.sem.robust import SaturatedModel, explained_moments

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CorrectedTest:
    """The chi-square that complete data with the saturated moments would give, and the mean of it under the model
    (``scaling`` times df); scaling is None where it cannot be computed.
    """

    chisq: float
    scaling: float | None


def corrected_test(
    fitted: Fitted, rows: Sequence[GroupRows], models: Sequence[SaturatedModel], df: int, *, robust: bool
) -> CorrectedTest:
    """The corrected chi-square of ``fitted`` and its scaling factor; under normality (not ``robust``) J is A.
    ``models`` are the saturated models of the groups.

    With A the observed information of the saturated moments, J the mean crossproduct of their scores, C their
    information from complete data, D the derivatives of the model's moments and E = (D'AD)^-1, the mean is
    tr(C A^-1 J A^-1) - 2 tr(E D'C A^-1 J D) + tr(E D'CD E D'JD), summed over groups.
    """
    n = sum(len(group.values) for group in rows)
    size = fitted.table.n_free
    own, crossed, bread, complete, meat = (
        0.0, np.zeros((size, size)), np.zeros((size, size)), np.zeros((size, size)), np.zeros((size, size)),
    )  # fmt: skip
    chisq = 0.0
    exogenous = np.array([name in fitted.table.exogenous for name in fitted.table.observed])
    explained = explained_moments(exogenous, True)
    for part, group, model in zip(fitted.objective.parts, rows, models, strict=True):
        at = implied(part.structure, fitted.theta)
        chisq += n * part.share * NormalTheory(group.moments, True).value(at)
        slopes = moment_slopes(derivatives(part.structure, at))[explained] @ part.structure.collect.T
        block = np.ix_(explained, explained)
        whole = expected_information(None, group.saturated.covariance)[block]
        information, scores = model.information[block], model.scores[block]
        if not robust:
            scores = information
        through = np.linalg.solve(information, scores)  # A^-1 J
        own += float(np.trace(whole @ through @ np.linalg.inv(information)))
        crossed += part.share * slopes.T @ whole @ through @ slopes
        bread += part.share * slopes.T @ information @ slopes
        complete += part.share * slopes.T @ whole @ slopes
        meat += part.share * slopes.T @ scores @ slopes
    inverse = inverse_information(bread, fitted.jacobian)
    if inverse is None or df == 0:
        return CorrectedTest(chisq, None)
    mean = own - 2.0 * float(np.sum(inverse * crossed)) + float(np.trace(inverse @ complete @ inverse @ meat))
    return CorrectedTest(chisq, mean / df)


def moment_slopes(d: Derivatives) -> Array:
    """Derivatives of the implied means and of the lower triangle of Sigma, column by column: (q, n_rows)."""
    i, j = lower_triangle(len(d.left))
    return np.vstack([d.mean, d.left[i] * d.right[j] + d.right[i] * d.left[j]])
