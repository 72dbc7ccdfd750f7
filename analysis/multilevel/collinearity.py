"""Which columns of a design say nothing that the columns before them do not say."""

from __future__ import annotations

import numpy as np

from analysis.multilevel.expression import Array

RANK_TOLERANCE = 1e-7  # lme4's rankMatrix tolerance for the fixed part


def independent_columns(X: Array) -> list[int]:
    """Columns of X that those before them do not determine, by Gram-Schmidt with reorthogonalisation.

    A column is left out when what remains of it is shorter than 1e-7 of its length (as R's ``qr``).
    """
    basis = np.zeros((len(X), 0))
    kept: list[int] = []
    for j in range(X.shape[1]):
        column = X[:, j]
        rest = column - basis @ (basis.T @ column)
        rest = rest - basis @ (basis.T @ rest)
        length = float(np.linalg.norm(rest))
        if length > RANK_TOLERANCE * float(np.linalg.norm(column)):
            basis = np.column_stack([basis, rest / length])
            kept.append(j)
    return kept
