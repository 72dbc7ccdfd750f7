"""Two-level models end where what is asked for is of models of one level."""

from __future__ import annotations

from analysis.errors import ModelError, Problem
from analysis.sem.solution import Solution


def require_one_level(solution: Solution, what: str, hint: str) -> None:
    """Raise ModelError for a two-level solution; ``what`` (in the plural) is asked for, ``hint`` says what to do."""
    if solution.two_level is not None:
        raise ModelError(Problem(f"{what} are not computed for two-level models", "model", hint))
