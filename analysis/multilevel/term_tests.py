"""Which hypotheses about the fixed effects the F test of a model term is: type III, as SAS and lmerTest define it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from analysis.multilevel.design import Design, FixedPart
from analysis.multilevel.model_matrix import Factor, model_matrix, term_label

Array = NDArray[np.float64]

ZERO = 1e-8  # elements of a contrast smaller than this are zero


def type_three(design: Design) -> dict[str, Array]:
    """Contrast matrices (m, p) by the label of the term, in the order of the formula, the intercept left out.

    A term that no other term contains is tested by its coefficients. A term that others contain (the main effect of
    a factor with an interaction) is tested averaged over the levels of the factors of those: its estimable functions
    in the complete parametrisation, orthogonal to those of the containing terms (Goodnight 1980, SAS R-101).
    """
    part = design.fixed
    of_term = np.array(part.term)
    terms = [position for position, term in enumerate(part.algebra.terms) if term and position in part.term]
    contained = {position: [other for other in terms if _contains(part, other, position)] for position in terms}
    if any(contained.values()):
        estimable, own = _estimable(design)
    else:
        estimable, own = np.eye(len(part.names)), np.arange(len(part.names))
    for position in sorted(terms, key=lambda position: -len(part.algebra.terms[position])):
        if contained[position]:
            above = estimable[np.isin(of_term, contained[position])].T
            rows = estimable[of_term == position].T
            estimable[of_term == position] = (rows - above @ np.linalg.lstsq(above, rows)[0]).T
    tests = {}
    for position in terms:
        L = estimable[of_term == position][:, own]
        L = np.where(np.abs(L) < ZERO * np.abs(L).max(), 0.0, L)
        tests[term_label(part.algebra.terms[position], part.algebra)] = L[np.abs(L).sum(axis=1) > ZERO]
    return tests


def _contains(part: FixedPart, other: int, position: int) -> bool:
    """Whether term ``other`` has the same numbers as the term at ``position``, and its factors and more."""
    term, larger = part.algebra.terms[position], part.algebra.terms[other]
    return term < larger and all(isinstance(part.values[i], Factor) for i in larger - term)


def _estimable(design: Design) -> tuple[Array, NDArray[np.intp]]:
    """Each coefficient (p) as a function of the complete parametrisation, and where its own column stands there."""
    part = design.fixed
    complete = model_matrix(part.algebra, part.values, len(design.y), complete=True)
    functions: Array = np.asarray(np.linalg.lstsq(design.X, complete.X)[0], dtype=np.float64)
    functions[np.abs(functions) < ZERO] = 0.0
    return functions, np.array([complete.names.index(name) for name in part.names])
